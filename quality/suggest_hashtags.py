"""Hashtags for forty judged artists a seed: well written, none twice, of many kinds, and to the point."""

import re
from collections.abc import Sequence
from random import Random
from typing import Any
from uuid import uuid4

from quality.harness import Bench
from quality.row import Row, interval

Json = dict[str, Any]

SKILL = "suggest-hashtags"
ARTISTS, FIRST, KINDS = 40, 8, 4
WRITTEN = re.compile(r"#(?=\w*[^\W\d_])[^\W_]{1,64}")
FITTING = {
    "synthpop": "synthpop electropop synthwave newwave synthfam electronic darkwave indiepop",
    "Dream Pop": "dreampop shoegaze indiepop bedroompop indieartist ethereal",
    "hip-hop": "hiphop rap grime trap boombap hiphopculture ukrap",
    "techno": "techno house electronic rave electronicmusic acidtechno",
    "singer-songwriter": "singersongwriter acoustic folk indiefolk folkmusic americana",
    "metal": "metal hardcore metalcore hardrock metalheads heavymetal",
    "neo soul": "neosoul soul rnb soulmusic funk",
    "R&B": "rnb soul neosoul altrnb soulmusic",
    "punk": "punk poppunk hardcore garagerock diypunk",
    "jazz": "jazz nujazz jazzfusion neosoul jazzmusician",
    "Drum & Bass": "drumandbass drumnbass jungle electronic breakbeat electronicmusic dnb",
    "indie": "indie indiepop indierock alternative indieartist",
}
ALWAYS = "newmusic nowplaying unsignedartist reels musictok musicvideo musicsky"
PLACES = ("Leeds, UK", "Bristol", "Cardiff, Wales", "Glasgow", "São Paulo", "Köln", "Newcastle upon Tyne")
FIRST_WORDS = ("Neon", "Paper", "The Quiet", "Östra", "Low", "Mid-Air", "DJ", "50")
LAST_WORDS = ("Harbour", "Foxes", "Engines", "Señal", "& Daughters", "Club", "Don't Know", "1975")


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """Judge the first eight; the baseline puts a hash before every word of name, title, genre and place."""
    user = uuid4()
    good, naive, kinds, invalid, twice = [], [], [], 0, 0
    for seed in seeds:
        judged = [_artist(Random(seed * ARTISTS + index)) for index in range(ARTISTS)]
        found = [await bench.run(SKILL, given, user=user) for given, _ in judged]
        tags = [[one["tag"] for one in output["hashtags"]] for output in found]
        good.append(_mean(precision(mine, fit) for mine, (_, fit) in zip(tags, judged, strict=True)))
        naive.append(_mean(precision(words(given), fit) for given, fit in judged))
        kinds.append(_mean(len({one["kind"] for one in output["hashtags"]}) >= KINDS for output in found))
        invalid += sum(not WRITTEN.fullmatch(one) for mine in tags for one in mine)
        twice += sum(len({one.casefold() for one in mine}) < len(mine) for mine in tags)
    lead = [mine - other for mine, other in zip(good, naive, strict=True)]
    low, high = interval(lead)
    bad = invalid + twice
    return [
        Row(SKILL, "P@8 of judged artists", _mean(naive), _mean(good), low, high, "lead > 0.2", low > 0.2),
        Row(SKILL, "tags badly written or twice", None, bad, None, None, "0", not bad),
        Row(SKILL, "share with 4 kinds or more", None, _mean(kinds), None, None, "1", min(kinds) == 1),
    ]


def words(given: Json) -> list[str]:
    artist = given["artist"]
    said = [artist["name"], given["release"]["title"], *artist["genres"], artist["location"]]
    return [f"#{word}" for name in said for word in name.split()]


def precision(tags: Sequence[str], fitting: set[str]) -> float:
    """Return the share of the first eight that fit; fewer than eight are judged as they are."""
    first = tags[:FIRST]
    return sum(one.removeprefix("#").casefold() in fitting for one in first) / (len(first) or 1)


def _artist(draw: Random) -> tuple[Json, set[str]]:
    name = f"{draw.choice(FIRST_WORDS)} {draw.choice(LAST_WORDS)}"
    title = f"{draw.choice(['Glass', 'Night', 'Août'])} {draw.choice(['Coast', 'Shift', 'Maps'])}"
    genres = draw.sample(sorted(FITTING), draw.choice([1, 1, 2]))
    place, kind = draw.choice(PLACES), draw.choice(["single", "ep", "album"])
    given = {
        "artist": {"name": name, "genres": genres, "location": place},
        "release": {"title": title, "type": kind},
        "platform": draw.choice(["instagram", "youtube", "x", "bluesky"]),
    }
    town = _joined(place.split(",")[0])
    own = {_joined(name), _joined(title), town, f"{town}music", f"new{kind}"}
    return given, {*own, *ALWAYS.split(), *(tag for genre in genres for tag in FITTING[genre].split())}


def _joined(name: str) -> str:
    return "".join(filter(str.isalnum, name.replace("&", "n"))).casefold()


def _mean(values: Any) -> float:
    given = list(values)
    return sum(given) / len(given)
