"""How names of genres, places and artists are compared: Synth-Pop, synth pop and synthpop are one."""

import re
from collections.abc import Iterable
from unicodedata import normalize

_BESIDE = re.compile(r"[^\w&]|_")


def key(name: str) -> str:
    """Keep the letters and digits of any script; a name that has none is its own key."""
    plain = normalize("NFKC", name).casefold()
    return _BESIDE.sub("", plain) or plain


def keys(names: Iterable[str]) -> list[str]:
    """Return the key of each name, each once, in order."""
    return list(dict.fromkeys(map(key, names)))
