"""A command that has waited in the queue for a day is an alarm: the queue forgets it after seven."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from controls import USER
from orchestrator.waited import Waited
from shared.bus import Bus
from shared.clock import utc_now
from shared.delivery import Delivery
from shared.pull import Puller

OLD = "a queued command has waited for long"
Handle = Callable[[Delivery], Awaitable[None]]


async def handled(bus: Bus, count: int, handle: Handle, days: float) -> list[dict]:
    """Queue commands, handle them as if so many days had passed, and return the alarms."""
    for _ in range(count):
        await bus.publish(f"cmd.{USER}.session.run", b"{}")
    seen = asyncio.Event()

    async def note(delivery: Delivery) -> None:
        try:
            await handle(delivery)
        finally:
            if delivery.seq == count:
                seen.set()

    waited = Waited(note, lambda: utc_now() + timedelta(days=days))
    with capture_logs() as lines:
        task = asyncio.create_task(Puller(bus, "CMD", "orchestrator", waited.handle, in_flight=1).run())
        await asyncio.wait_for(seen.wait(), 20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return [dict(line) for line in lines if line["event"] == OLD]


async def done(delivery: Delivery) -> None:
    await delivery.ack()


async def stuck(_: Delivery) -> None:
    raise OSError


async def test_what_has_waited_two_days_is_an_alarm_once_a_minute(bus: Bus):
    alarms = await handled(bus, 5, done, days=2)
    assert alarms == [{"event": OLD, "log_level": "error", "seq": 1, "hours": 48, "lost_after_hours": 168}]


@pytest.mark.parametrize(("days", "alarms"), [(0.5, 0), (1.5, 1)])
async def test_so_is_what_cannot_be_handled_and_comes_again(bus: Bus, days: float, alarms: int):
    assert len(await handled(bus, 1, stuck, days)) == alarms
