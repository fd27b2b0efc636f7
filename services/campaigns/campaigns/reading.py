"""From an import's body to good rows, each with its line; the other lines are named."""

import base64
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Generic, NamedTuple, TypeVar

from campaigns import csvfile
from campaigns.cells import Fault
from campaigns.columns import Columns
from campaigns.crowd import for_each
from campaigns.imports import LISTED, MOST_ROWS, Import, Imported, Repetition, RowError
from shared.refusal import Refusal

DIGITS = 16

A = TypeVar("A")
B = TypeVar("B")
R = TypeVar("R")


class Line(NamedTuple, Generic[R]):
    """A good row."""

    number: int
    row: R


class Done(NamedTuple):
    """What came of one row: the sequence after which it is there, and whether it changed anything."""

    seq: int
    happened: bool


@dataclass
class Batch(Generic[R]):
    """What one message asks to import."""

    lines: list[Line[R]] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    repeated: list[Repetition] = field(default_factory=list)
    identities: list[tuple[int, str]] = field(default_factory=list)
    failed: int = 0
    total: int = 0
    ignored: tuple[str, ...] = ()

    def refuse(self, line: int, faults: Iterable[Fault]) -> None:
        self.failed += 1
        self.errors += [RowError(line=line, field=fault.field, message=fault.message) for fault in faults]

    def unanimous(
        self, lines: Sequence[Line[A]], what: Callable[[A], Hashable], fault: Fault
    ) -> list[Line[A]]:
        """Refuse all rows that speak of the same and differ: which of them is right, nobody says."""
        told: dict[Hashable, set[A]] = defaultdict(set)
        for line in lines:
            told[what(line.row)].add(line.row)
        agreed = []
        for line in lines:
            if len(told[same := what(line.row)]) == 1:
                agreed.append(line)
            else:
                self._identify(line.number, same)
                self.refuse(line.number, [fault])
        return agreed

    def once(self, lines: Iterable[Line[A]], what: Callable[[A], Hashable]) -> list[Line[A]]:
        """Of all rows that speak of the same, keep the first."""
        first: dict[Hashable, int] = {}
        kept = []
        for line in lines:
            same = what(line.row)
            self._identify(line.number, same)
            original = first.setdefault(same, line.number)
            if original == line.number:
                kept.append(line)
            else:
                self.repeated.append(Repetition(line=line.number, first=original))
        return kept

    def _identify(self, line: int, same: Hashable) -> None:
        self.identities.append((line, sha256(repr(same).encode()).hexdigest()[:DIGITS]))

    async def for_each(
        self, items: Iterable[A], line: Callable[[A], int], do: Callable[[A], Awaitable[B]]
    ) -> list[B]:
        """Do it for many lines; what is refused is an error of its line, any other error ends the import."""
        done: list[B] = []

        async def attempt(item: A) -> None:
            try:
                done.append(await do(item))
            except Refusal as refusal:
                if refusal.code == "unavailable":
                    raise
                self.refuse(line(item), [Fault(refusal.field, refusal.message)])

        await for_each(items, attempt)
        return done

    def report(self, done: list[Done], *, dry_run: bool) -> Imported:
        return Imported(
            imported=sum(one.happened for one in done),
            unchanged=sum(not one.happened for one in done),
            duplicates=len(self.repeated),
            failed=self.failed,
            total=self.total,
            seq=max((one.seq for one in done), default=0),
            errors=tuple(sorted(self.errors, key=lambda error: error.line)[:LISTED]),
            repeated=tuple(self.repeated[:LISTED]),
            ignored=self.ignored,
            identities=tuple(self.identities) if dry_run else (),
            dry_run=dry_run,
        )


def read(request: Import, columns: Columns, check: Callable[[dict[str, Any]], R | list[Fault]]) -> Batch[R]:
    """Read and check every row."""
    return checked(_file(request, columns), check)


def checked(file: csvfile.File, check: Callable[[dict[str, Any]], R | list[Fault]]) -> Batch[R]:
    if (rows := len(file.records)) > MOST_ROWS:
        raise Refusal("too_many_rows", "csv", f"{rows} rows at once: send {MOST_ROWS} at most in one message")
    batch: Batch[R] = Batch(total=rows, ignored=file.ignored)
    for record in file.records:
        found = list(record.faults) or check(record.cells)
        if isinstance(found, list):
            batch.refuse(record.line, found)
        else:
            batch.lines.append(Line(record.line, found))
    return batch


def _file(request: Import, columns: Columns) -> csvfile.File:
    if request.rows is not None:
        return csvfile.File(tuple(csvfile.Record(n, cells) for n, cells in enumerate(request.rows, 1)), ())
    if request.csv is not None:
        return csvfile.read(request.csv, columns)
    try:
        return csvfile.read(base64.b64decode(request.csv_base64 or "", validate=True), columns)
    except ValueError:
        raise Refusal("invalid", "csv_base64", "csv_base64: is not base64") from None
