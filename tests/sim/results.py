"""Earlier results of a simulation, read from its log: what the read model's table would say of it."""

from datetime import datetime
from uuid import UUID

from shared.events import StepCompleted
from sim.bus import SimBus
from sim.streams import aggregate_of
from skill_runner.results import Earlier


class SimResults:
    """The tables are never behind here; an answer takes time, and is a place to die at."""

    def __init__(self, bus: SimBus) -> None:
        self._bus = bus

    async def changed(self, _user: UUID, _log_seq: int, *, cohort: bool) -> int:
        del cohort
        await self._bus.passes()
        return 0

    async def objected(self, _user: UUID, _people: set[UUID], _log_seq: int) -> set[UUID]:
        return set()

    async def find(self, user: UUID, key: str, since: datetime) -> Earlier | None:
        await self._bus.passes()
        for message in reversed(self._bus.server.streams["EVT"].messages):
            for event in message.commit.events:
                if (
                    isinstance(event, StepCompleted)
                    and (event.cache_key, event.cached) == (key, None)
                    and event.started_at >= since
                    and aggregate_of(message.subject).user == user
                ):
                    return _earlier(event)
        return None


def _earlier(event: StepCompleted) -> Earlier:
    used = event.usage
    return Earlier(
        event.attempt_id,
        event.output,
        list(event.warnings),
        used.provider if used else None,
        used.model if used else None,
        used.cost_usd if used else None,
        used.list_price_usd if used else None,
        used.simulated if used else False,
    )
