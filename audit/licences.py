"""Licences: each package names one that lets everybody use, change and pass it on; MPL-2.0 as it is."""

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageMetadata

from audit.lock import normal

FREE = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MPL-2.0",
        "PostgreSQL", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib",
    }
)  # fmt: skip
CLASSIFIED = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
SAID = {
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD 2-Clause License": "BSD-2-Clause",
    "Apache 2.0": "Apache-2.0",
}
SILENT = frozenset({"DFSG approved", "OSI Approved"})
WORDS = re.compile(r"\(|\)|[^\s()]+")


def licence(found: Distribution) -> str | None:
    """Return what a package says of its licence, as an SPDX expression where it can be told."""
    said = found.metadata
    if expression := _first(said, "License-Expression"):
        return expression
    classified = [
        name.rsplit(" :: ", 1)[-1] for name in said.get_all("Classifier") or () if name.startswith("License")
    ]
    named = [CLASSIFIED.get(name, name) for name in classified if name not in SILENT]
    if named:
        return " OR ".join(
            name if " " not in name else f"LicenseRef-{name.replace(' ', '-')}" for name in named
        )
    text = _first(said, "License").strip()
    return SAID.get(text, text.splitlines()[0]) if text else None


def _first(said: PackageMetadata, field: str) -> str:
    return (said.get_all(field) or [""])[0]


def is_free(expression: str) -> bool:
    """Tell whether an SPDX expression is satisfied by licences of our list."""
    words = WORDS.findall(expression)
    value, rest = _either(words)
    return value and not rest


def complaints(installed: Iterable[Distribution], ours: set[str]) -> Iterator[str]:
    for found in installed:
        if normal(found.name) in ours:
            continue
        said = licence(found)
        if said is None:
            yield f"{found.name}: names no licence"
        elif not is_free(said):
            yield f"{found.name}: its licence is not on the list: {said}"


def _either(words: list[str]) -> tuple[bool, list[str]]:
    value, rest = _both(words)
    while rest and rest[0].upper() == "OR":
        other, rest = _both(rest[1:])
        value = value or other
    return value, rest


def _both(words: list[str]) -> tuple[bool, list[str]]:
    value, rest = _one(words)
    while rest and rest[0].upper() == "AND":
        other, rest = _one(rest[1:])
        value = value and other
    return value, rest


def _one(words: list[str]) -> tuple[bool, list[str]]:
    if not words:
        return False, []
    if words[0] != "(":
        return words[0] in FREE, words[1:]
    value, rest = _either(words[1:])
    return value and rest[:1] == [")"], rest[1:]
