"""The log over the simulated server: the real append with its guard, loads read from a copy in memory."""

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
        stored = self._copy().get(aggregate.subject)
        if not stored or stored[-1].seq <= after:
            return NOTHING
        new = stored[bisect_right(stored, after, key=attrgetter("seq")) :]
        return Past(tuple([one.recorded for one in new]))

    async def page(self, aggregate: Aggregate, after: int | datetime, *, most: int, most_bytes: int) -> Past:
        """What is simulated is small."""
        del most_bytes
        if isinstance(after, int):
            found = (await self.load(aggregate, after)).recorded
        else:
            found = tuple(one for one in (await self.load(aggregate)).recorded if one.commit.at >= after)
        return Past(found[:most], len(found) > most)

    async def at_least(self, aggregate: Aggregate) -> int:
        await self._sim.passes()
        stored = self._sim.server.streams["EVT"].by_subject.get(aggregate.subject)
        return stored[-1].seq if stored else 0

    async def lasts(self, aggregates: Sequence[Aggregate]) -> dict[Aggregate, Recorded]:
        await self._sim.passes()
        stored = self._copy()
        return {one: stored[one.subject][-1].recorded for one in aggregates if stored.get(one.subject)}

    async def is_of_another_user(self, aggregate: Aggregate) -> bool:
        return of_another_user(aggregate, self._sim.server.streams["EVT"].by_subject)

    async def last_seq(self) -> int:
        return len(self._sim.server.streams["EVT"].messages)

    def _copy(self) -> Mapping[str, list[Stored]]:
        """Return all that a copy of the log has, by subject; it may be behind."""
        stored = self._sim.server.streams["EVT"].by_subject
        behind = self._sim.server.chance.behind()
        if not behind:
            return stored
        upto = asyncio.get_running_loop().time() - behind
        return {subject: [one for one in all_ if one.at <= upto] for subject, all_ in stored.items()}
