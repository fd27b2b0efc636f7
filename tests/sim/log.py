"""The log over the simulated server: the real append with its guard, loads read from memory."""

from functools import lru_cache

from shared.commit import Commit, decode
from shared.jetstream_log import JetStreamLog
from shared.log import Past, Recorded
from shared.subjects import Aggregate
from sim.bus import SimBus


class SimLog(JetStreamLog):
    def __init__(self, bus: SimBus) -> None:
        super().__init__(bus)  # type: ignore[arg-type]
        self._sim = bus

    async def load(self, aggregate: Aggregate, after: int = 0) -> Past:
        await self._sim.passes()
        stored = self._sim.server.streams["EVT"].by_subject.get(aggregate.subject, [])
        return Past(tuple(Recorded(one.seq, read(one.body)) for one in stored if one.seq > after))

    async def last_seq(self) -> int:
        return len(self._sim.server.streams["EVT"].messages)


@lru_cache(maxsize=4096)
def read(body: bytes) -> Commit:
    return decode(body)
