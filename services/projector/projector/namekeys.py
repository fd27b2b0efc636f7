"""How names of genres, places and artists are compared: Synth-Pop, synth pop and synthpop are one."""

import re
from collections.abc import Iterable

_BESIDE = re.compile(r"[^a-z0-9&]")


def key(name: str) -> str:
    return _BESIDE.sub("", name.casefold())


def keys(names: Iterable[str]) -> list[str]:
    """Return the key of each name, each once, in order."""
    return list(dict.fromkeys(map(key, names)))
