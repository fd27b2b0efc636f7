"""Entries that are the same opportunity: one address, or one title written in nearly the same way."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]

ALIKE = 0.6
MOST_ALIKE = 200
TRACKING = re.compile("utm_.*|fbclid|gclid|ref", re.DOTALL)


def merged(rows: Sequence[Json]) -> list[list[Json]]:
    """Group rows that are the same, each group and the groups in the order given."""
    parent = list(range(len(rows)))

    def root(index: int) -> int:
        while parent[index] != index:
            index = parent[index]
        return index

    for one, other in _candidates(rows):
        if root(one) != root(other) and same(rows[one], rows[other]):
            first, last = sorted((root(one), root(other)))
            parent[last] = first
    groups: dict[int, list[Json]] = defaultdict(list)
    for index, row in enumerate(rows):
        groups[root(index)].append(row)
    return list(groups.values())


def same(one: Json, other: Json) -> bool:
    """Two pages of one site are two things, and so are titles with different numbers.

    A site's front page says nothing: platforms have many calls.
    """
    pages = [page(row["url"]) for row in (one, other) if row.get("url")]
    if len(pages) == 2 and pages[0].split("/")[0] == pages[1].split("/")[0]:  # noqa: PLR2004
        if pages[0] != pages[1]:
            return False
        if not pages[0].endswith("/"):
            return True
    days = {row["deadline"] for row in (one, other) if row.get("deadline")}
    return (
        one.get("kind") == other.get("kind")
        and len(days) < 2  # noqa: PLR2004
        and _numbers(one["title"]) == _numbers(other["title"])
        and likeness(one["title"], other["title"]) >= ALIKE
    )


def page(url: str) -> str:
    """Return host, path and query of an address, without what only says where it was found.

    What cannot be read as an address is a page of its own.
    """
    said = url.strip().casefold()
    try:
        parts = urlsplit(said if "//" in said else f"//{said}")
    except ValueError:
        return said
    kept = sorted(pair for pair in parse_qsl(parts.query) if not TRACKING.fullmatch(pair[0]))
    query = "&".join("=".join(pair) for pair in kept)
    return f"{parts.netloc.removeprefix('www.')}/{parts.path.strip('/')}{'?' if query else ''}{query}"


def likeness(one: str, other: str) -> float:
    """Return the share of trigrams that two titles have in common (Jaccard), word order aside."""
    mine, theirs = _trigrams(one), _trigrams(other)
    return len(mine & theirs) / (len(mine | theirs) or 1)


def _candidates(rows: Sequence[Json]) -> Iterator[tuple[int, int]]:
    blocks: dict[Any, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        if row.get("url"):
            blocks[page(row["url"])].append(index)
        blocks[row.get("kind"), row.get("deadline")].append(index)
    for block in blocks.values():
        yield from combinations(block[:MOST_ALIKE], 2)
    open_ended = [index for index, row in enumerate(rows) if not row.get("deadline")][:MOST_ALIKE]
    yield from ((one, other) for one in open_ended for other in range(len(rows)) if one != other)


def _words(title: str) -> list[str]:
    return "".join(sign if sign.isalnum() else " " for sign in title.casefold()).split()


def _numbers(title: str) -> list[str]:
    return sorted(word for word in _words(title) if any(map(str.isdigit, word)))


def _trigrams(title: str) -> set[str]:
    return {f"  {word} "[at : at + 3] for word in _words(title) for at in range(len(word) + 1)}
