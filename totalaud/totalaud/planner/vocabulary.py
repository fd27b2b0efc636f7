"""The names that a question may contain: of genres, places and kinds, and the user's own."""

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from shared.refusal import Refusal

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


MUSIC = ("library/music.py", "scout/research_contacts.py")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names by their key; `kinds` has the words for each type of contact."""

    genres: Mapping[str, str]
    places: Mapping[str, str]
    kinds: Mapping[str, tuple[str, ...]]
    outlets: Mapping[str, str] = field(default_factory=dict)
    campaigns: Mapping[str, str] = field(default_factory=dict)
    releases: Mapping[str, str] = field(default_factory=dict)


def vocabulary(
    skills: Path,
    *,
    outlets: Iterable[str] = (),
    campaigns: Iterable[str] = (),
    releases: Iterable[str] = (),
) -> Vocabulary:
    """Take the music's words from the skills folder's library, and the names from the user's tables."""
    music = _module(_music(skills))
    return Vocabulary(
        genres=music.known_genres(),
        places=music.known_places(),
        kinds={name: tuple(words) for name, words in music.TYPES.items()},
        outlets={**known_outlets(), **by_key(outlets)},
        campaigns=by_key(campaigns),
        releases=by_key(releases),
    )


def _music(skills: Path) -> Path:
    for name in MUSIC:
        if (skills / name).is_file():
            return skills / name
    raise Refusal(
        "no_library",
        "TOTALAUD_SKILLS",
        f"{skills / MUSIC[0]} is missing, whose words questions are read by: name the skills folder with "
        "TOTALAUD_SKILLS, or copy library/ into your own",
    )


def lead_times(skills: Path) -> dict[str, Any]:
    """Return the lead times of the skills' library, by channel."""
    return dict(_module(skills / "library" / "lead_times.py").LEAD_TIMES)


def known_outlets() -> dict[str, str]:
    return {key(said): name for name, others in OUTLETS.items() for said in (name, *others)}


def by_key(names: Iterable[str | None]) -> dict[str, str]:
    return {key(name): name for name in names if name and key(name)}


def key(name: str) -> str:
    """Make one of all ways to write a name: Synth-Pop, synth pop."""
    return re.sub(r"[^\w&]|_", "", name.casefold())


def _module(file: Path) -> Any:
    spec = spec_from_file_location(f"totalaud_skills_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(file)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
