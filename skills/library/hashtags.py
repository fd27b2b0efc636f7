"""Hashtags: how they are written, what the platforms allow, and the words of scenes."""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

MOST_LETTERS = 64
DIVERSITY = 0.5
SAME_KIND = 0.5
OF_EMOJI = dict.fromkeys("\ufe0e\ufe0f\u20e3")
SPOKEN = str.maketrans({"&": " and ", "'": None, "\u2019": None} | OF_EMOJI)
AND_OF_LETTERS = re.compile(r"(?<=\b\w)\s*&\s*(?=\w\b)")


class Platform(NamedTuple):
    """How many hashtags a post may have before more do nothing or harm, and what a tag about a format is."""

    most: int
    formats: tuple[str, ...]


PLATFORMS = {
    "instagram": Platform(30, ("reels", "new music")),
    "tiktok": Platform(5, ("music tok", "new music")),
    "youtube": Platform(15, ("music video", "new music")),
    "x": Platform(8, ("new music", "now playing")),
    "bluesky": Platform(8, ("music sky", "new music")),
}
NEAR = {
    "synthpop": ("electropop", "synthwave", "new wave"),
    "electropop": ("synthpop", "dance pop", "indietronica"),
    "new wave": ("post-punk", "synthpop", "dark wave"),
    "indie": ("indie pop", "indie rock", "alternative"),
    "indie pop": ("indie", "bedroom pop", "dream pop"),
    "indie rock": ("indie", "alternative", "garage rock"),
    "dream pop": ("shoegaze", "indie pop", "bedroom pop"),
    "shoegaze": ("dream pop", "noise pop", "indie rock"),
    "electronic": ("house", "techno", "ambient"),
    "house": ("deep house", "techno", "disco"),
    "techno": ("house", "electronic", "rave"),
    "ambient": ("electronic", "drone", "neoclassical"),
    "drum and bass": ("jungle", "electronic", "breakbeat"),
    "hip hop": ("rap", "grime", "boom bap"),
    "rap": ("hip hop", "trap", "grime"),
    "grime": ("rap", "hip hop", "drill"),
    "r&b": ("soul", "neo soul", "alt r&b"),
    "soul": ("neo soul", "r&b", "funk"),
    "folk": ("singer songwriter", "acoustic", "americana"),
    "singer songwriter": ("acoustic", "folk", "indie folk"),
    "metal": ("hardcore", "hard rock", "metalcore"),
    "punk": ("pop punk", "hardcore", "garage rock"),
    "rock": ("alternative", "garage rock", "hard rock"),
    "jazz": ("neo soul", "nu jazz", "jazz fusion"),
    "pop": ("alt pop", "electropop", "indie pop"),
    "country": ("americana", "alt country", "folk"),
}
SCENES = {
    "synth fam": ("synthpop", "electropop", "synthwave", "new wave", "electronic", "dark wave"),
    "indie artist": ("indie", "indie pop", "indie rock", "dream pop", "shoegaze", "bedroom pop", "pop"),
    "electronic music": ("house", "techno", "ambient", "drum and bass", "electronic", "jungle", "disco"),
    "uk rap": ("grime", "drill"),
    "hip hop culture": ("hip hop", "rap", "trap", "boom bap"),
    "soul music": ("soul", "r&b", "neo soul", "funk"),
    "folk music": ("folk", "singer songwriter", "acoustic", "americana", "country"),
    "metalheads": ("metal", "hardcore", "hard rock", "metalcore"),
    "diy punk": ("punk", "pop punk", "garage rock", "post-punk"),
    "jazz musician": ("jazz", "nu jazz", "jazz fusion"),
    "live music": ("rock", "alternative"),
}
UNSIGNED = "unsigned artist"


class Candidate(NamedTuple):
    """A tag with its worth from 0 to 1; `why` is a sentence without any figure of reach."""

    tag: str
    kind: str
    worth: float
    why: str


def tag(name: str) -> str | None:
    """Write a name as a hashtag, None where no letter is left of it: letters, their marks, and digits only.

    R&B is said with an n, any other & as and.
    """
    spoken = AND_OF_LETTERS.sub(" n ", unicodedata.normalize("NFKC", name)).translate(SPOKEN)
    words = "".join(one if _written(one) else " " for one in spoken).split()
    joined = "".join(
        word if any(map(str.isupper, word[1:])) else word[:1].upper() + word[1:] for word in words
    )
    if not any(map(str.isalpha, joined)) or len(joined) > MOST_LETTERS:
        return None
    return f"#{joined}"


def _written(sign: str) -> bool:
    """Whether it may stand in a tag; many scripts write vowels as marks."""
    return sign.isalnum() or unicodedata.category(sign).startswith("M")


def diverse(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """Choose by worth less likeness to what is chosen: MMR (Carbonell & Goldstein 1998)."""
    left, chosen = _distinct(candidates), list[Candidate]()
    while left and len(chosen) < most:
        best = max(left, key=lambda one: (_gain(one, chosen), one.tag))
        chosen.append(best)
        left.remove(best)
    return chosen


def _gain(one: Candidate, chosen: Sequence[Candidate]) -> float:
    alike = max((likeness(one, other) for other in chosen), default=0.0)
    return DIVERSITY * one.worth - (1 - DIVERSITY) * alike


def likeness(one: Candidate, other: Candidate) -> float:
    """Return 0 to 1: half of it the same kind, half the letters in threes that both have."""
    mine, theirs = _threes(one.tag), _threes(other.tag)
    shared = len(mine & theirs) / (len(mine | theirs) or 1)
    return SAME_KIND * (one.kind == other.kind) + (1 - SAME_KIND) * shared


def _threes(text: str) -> set[str]:
    plain = text.casefold()
    return {plain[index : index + 3] for index in range(len(plain) - 2)}


def _distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep the worthiest of those that differ only in case."""
    kept: dict[str, Candidate] = {}
    for one in candidates:
        other = kept.get(one.tag.casefold())
        if other is None or one.worth > other.worth:
            kept[one.tag.casefold()] = one
    return list(kept.values())
