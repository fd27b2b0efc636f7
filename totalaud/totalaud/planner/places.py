"""Which place is meant where one says in which other it lies: Leeds, UK is Leeds."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise

from totalaud.planner.question import Unreadable
from totalaud.planner.vocabulary import key

Within = Mapping[str, AbstractSet[str]]


def narrowest(places: Sequence[str], plain: str, within: Within) -> list[str]:
    """Leave out what only says where the place beside it lies; refuse what may be one place or two."""
    wider = set[str]()
    for first, second in pairwise(places):
        beside = f"{first}, {second}".casefold()
        if beside not in plain and beside.replace(",", "") not in plain:
            continue
        if _lies_in(first, second, within):
            wider.add(second)
        elif _lies_in(second, first, within):
            wider.add(first)
        elif len(places) == 2 and key(first) in within and not _is_town(second, within):  # noqa: PLR2004
            raise Unreadable(f"I know another {first}: say “{first} and {second}”, or {second} alone")
    return [one for one in places if one not in wider]


def _lies_in(place: str, other: str, within: Within) -> bool:
    return key(place) != key(other) and key(other) in within.get(key(place), ())


def _is_town(place: str, within: Within) -> bool:
    return key(place) in within and not any(_lies_in(other, place, within) for other in within)
