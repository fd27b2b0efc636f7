"""Cuts many things into parts that are each of a size to be stored or sent at once."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def parts(items: Iterable[T], weight: Callable[[T], int], *, most: int) -> Iterator[list[T]]:
    """Yield the items in order, `most` of their weight at a time; one that is heavier goes alone."""
    part: list[T] = []
    total = 0
    for item in items:
        more = weight(item)
        if part and total + more > most:
            yield part
            part, total = [], 0
        part.append(item)
        total += more
    if part:
        yield part
