"""How names of genres, places and artists are compared: Synth-Pop, synth pop and synthpop are one."""

import re
from collections.abc import Iterable
from unicodedata import category, combining, normalize
from unicodedata import name as name_of

ACCENTS = range(200, 256)
POINTS = range(10, 36)
_BESIDE = re.compile(r"[^\w&]|_")


def plain(text: str) -> str:
    """Write one form for letter cases and Unicode forms; PostgreSQL knows those of its locale alone."""
    return normalize("NFKC", text).casefold()


def key(name: str) -> str:
    """Keep the letters and digits of any script; a name that has none is its own key."""
    folded = plain(name)
    return _BESIDE.sub(_kept, folded) or folded


def keys(names: Iterable[str]) -> list[str]:
    """Return the key of each name, each once, in order."""
    return list(dict.fromkeys(map(key, names)))


def _kept(beside: re.Match[str]) -> str:
    """Keep marks that are letters of their script, as vowels of Thai and Hindi are; not accents or points."""
    sign = beside[0]
    kind, place = category(sign), combining(sign)
    passed = place in ACCENTS or place in POINTS or "SELECTOR" in name_of(sign, "")
    return sign if kind == "Mc" or (kind == "Mn" and not passed) else ""
