"""The log over the simulated server: the real append with its guard; pages come from a copy, maybe behind."""

import asyncio
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from shared.jetstream_log import JetStreamLog
from shared.log import Past, Recorded, of_another_user
from shared.subjects import Aggregate
from sim.bus import SimBus
from sim.streams import Stored

NOTHING = Past()


class SimLog(JetStreamLog):
    def __init__(self, bus: SimBus) -> None:
        super().__init__(bus)  # type: ignore[arg-type]
        self._sim = bus

    async def load(self, aggregate: Aggregate, after: int = 0) -> Past:
        await self._sim.passes()
        return _past(self._all, aggregate, after)

    async def page(self, aggregate: Aggregate, after: int | datetime, *, most: int, most_bytes: int) -> Past:
        """What is simulated is small."""
        del most_bytes
        await self._sim.passes()
        if isinstance(after, int):
            found = _past(self._copy(), aggregate, after).recorded
        else:
            found = tuple(one for one in _past(self._copy(), aggregate).recorded if one.commit.at >= after)
        return Past(found[:most], len(found) > most)

    async def at_least(self, aggregate: Aggregate) -> int:
        await self._sim.passes()
        return _past(self._all, aggregate).seq

    async def lasts(self, aggregates: Sequence[Aggregate]) -> dict[Aggregate, Recorded]:
        await self._sim.passes()
        stored = self._all
        return {one: stored[one.subject][-1].recorded for one in aggregates if stored.get(one.subject)}

    async def is_of_another_user(self, aggregate: Aggregate) -> bool:
        return of_another_user(aggregate, self._all)

    async def last_seq(self) -> int:
        return len(self._sim.server.streams["EVT"].messages)

    @property
    def _all(self) -> Mapping[str, list[Stored]]:
        return self._sim.server.streams["EVT"].by_subject

    def _copy(self) -> Mapping[str, list[Stored]]:
        """Return all that a copy of the log has, by subject; it may be behind."""
        behind = self._sim.server.chance.behind()
        if not behind:
            return self._all
        upto = asyncio.get_running_loop().time() - behind
        return {subject: [one for one in all_ if one.at <= upto] for subject, all_ in self._all.items()}


def _past(stored: Mapping[str, list[Stored]], aggregate: Aggregate, after: int = 0) -> Past:
    found = stored.get(aggregate.subject)
    if not found or found[-1].seq <= after:
        return NOTHING
    return Past(tuple([one.recorded for one in found[bisect_right(found, after, key=attrgetter("seq")) :]]))
