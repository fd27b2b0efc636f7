"""Imports artists, opportunities and coverage: each row is a record of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from campaigns.history import Histories, Known
from campaigns.imports import Import, Imported
from campaigns.keeping import Told
from campaigns.reading import Batch, Done, Line
from shared.keyring import normal

S = TypeVar("S")


class Keyed(NamedTuple):
    """What is to be stored, and the text that tells the same record from another."""

    identity: str
    told: Told[Any]


Locate = Callable[[UUID, str], Awaitable[tuple[UUID, Known[S]]]]


@dataclass(frozen=True, slots=True)
class WholeImporting(Generic[S]):
    """`read` turns a body into rows, `locate` finds the record of an identity."""

    histories: Histories[S, Any]
    read: Callable[[Any], Batch[Keyed]]
    locate: Locate[S]

    async def handle(self, user: UUID, request: Import, cause: str) -> Imported:
        """Import what is good and new; a repetition finds everything unchanged."""
        batch = await asyncio.to_thread(self.read, request)

        async def take(line: Line[Keyed]) -> Done:
            id_, known = await self.locate(user, line.row.identity)
            if request.dry_run:
                return Done(known.seq, bool(self.histories.life.decide(line.row.told, known.state)))
            done = await self.histories.record(user, id_, line.row.told, cause, known)
            return Done(done.seq, done.happened)

        lines = batch.once(batch.lines, lambda row: normal(row.identity))
        done = await batch.for_each(lines, lambda line: line.number, take)
        return batch.report(done, dry_run=request.dry_run)
