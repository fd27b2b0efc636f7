"""The names that a question may contain: of genres, places and kinds, and the user's own."""

import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from shared.refusal import Refusal
from totalaud.planner.rules import EVERY

OUTLETS = {
    "BBC Radio 6 Music": ("BBC 6 Music", "BBC Radio 6", "BBC6", "Radio 6", "6 Music", "6Music", "BBC 6"),
    "BBC Radio 1": ("Radio 1", "Radio One", "BBC Radio One"),
    "BBC Radio 2": ("Radio 2", "Radio Two", "BBC Radio Two"),
    "BBC Radio 3": ("Radio 3",),
    "BBC Introducing": ("BBC Music Introducing",),
    "Radio X": (),
    "Amazing Radio": (),
    "NTS Radio": ("NTS",),
    "Rinse FM": (),
    "KEXP": (),
}
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th"},
)
ACCENTS = re.compile("[\u0300-\u036f]")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names by their key; `kinds` has the words for each type of contact.

    `within` has the keys of all that a known place lies in.
    """

    genres: Mapping[str, str]
    places: Mapping[str, str]
    kinds: Mapping[str, tuple[str, ...]]
    outlets: Mapping[str, str] = field(default_factory=dict)
    campaigns: Mapping[str, str] = field(default_factory=dict)
    releases: Mapping[str, str] = field(default_factory=dict)
    artists: Mapping[str, str] = field(default_factory=dict)
    within: Mapping[str, AbstractSet[str]] = field(default_factory=dict)

    @property
    def several_campaigns(self) -> bool:
        return len(set(self.campaigns.values())) > 1


def vocabulary(
    skills: Path,
    *,
    outlets: Iterable[str] = (),
    campaigns: Iterable[str] = (),
    releases: Iterable[str] = (),
    artists: Iterable[str] = (),
    genres: Iterable[str] = (),
    places: Iterable[str] = (),
) -> Vocabulary:
    """Take the music's words from the skills folder's library, and the names from the user's tables.

    A genre of the user's that is made of known ones, such as indie folk, is read as these: both are near; one
    that names a place, such as Irish folk, is one of its own.
    One that is a word of the grammar, such as all, is that word.
    """
    music = _library(skills, "music")
    plain = EVERY.union(*music.TYPES.values())
    read = {one: music.understood(one) for one in genres}
    strange = (one for one, said in read.items() if said.words or said.regions)
    return Vocabulary(
        genres=without(plain, by_key(strange)) | music.known_genres(),
        places=without(plain, by_key(places)) | music.known_places(),
        kinds={name: tuple(words) for name, words in music.TYPES.items()},
        outlets={**known_outlets(), **by_key(outlets)},
        campaigns=by_key(campaigns),
        releases=by_key(releases),
        artists=by_key(artists),
        within={said: music.reach(name) for said, name in music.known_places().items()},
    )


def lead_times(skills: Path) -> dict[str, Any]:
    """Return the lead times of the skills' library, by channel."""
    return dict(_library(skills, "lead_times").LEAD_TIMES)


def known_outlets() -> dict[str, str]:
    return {key(said): name for name, others in OUTLETS.items() for said in (name, *others)}


def by_key(names: Iterable[str | None]) -> dict[str, str]:
    """Return names by their key, also by those of what one writes who has no & and no accents at hand."""
    real = [name for name in names if name and key(name)]
    spelt = {key(said): name for name in real for said in (name.replace("&", "and"), name)}
    return {**{said: name for whole, name in spelt.items() for said in unaccented(whole)}, **spelt}


def without(plain: AbstractSet[str], names: Mapping[str, str]) -> dict[str, str]:
    return {said: name for said, name in names.items() if said not in plain}


def key(name: str) -> str:
    """Make one of all ways to write a name: Synth-Pop, synth pop."""
    return re.sub(r"[^\w&]|_", "", name.casefold())


def unaccented(name: str) -> list[str]:
    """Return a key without accents, umlauts in both ways of writing them: bjoerk and bjork.

    So it is with letters that have no accent to lose: borns for børns, lodz for łódź.
    """
    whole = unicodedata.normalize("NFC", name)
    both = (whole.translate(UMLAUTS), whole)
    return [ACCENTS.sub("", unicodedata.normalize("NFD", one.translate(LETTERS))) for one in both]


def _library(skills: Path, name: str) -> Any:
    """Load a module of the skills' library; raises Refusal where it is not there."""
    file = skills / "library" / f"{name}.py"
    spec = spec_from_file_location(f"totalaud_skills_{name}", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise Refusal(
            "no_library",
            "TOTALAUD_SKILLS",
            f"{file} is missing, by which questions are read: name the skills folder with TOTALAUD_SKILLS, "
            "or copy library/ into your own",
        )
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
