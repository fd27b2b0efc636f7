"""Work that waits while no runner asks for any is told, unless runners are busy."""

from types import SimpleNamespace
from typing import Any

import pytest
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import ConsumerInfo, SequenceInfo
from structlog.testing import capture_logs

from controls import NOW
from orchestrator.pools import LONG_S, PULLS, TAKEN, WAITING, Pools
from shared.subjects import POOLS


def queue(*, waiting: int = 0, taken: int = 0, pulls: int = 0, handed_out: int = 0) -> ConsumerInfo:
    return ConsumerInfo(
        name="",
        stream_name="WORK",
        created=NOW,
        config=SimpleNamespace(),
        num_pending=waiting,
        num_ack_pending=taken,
        num_waiting=pulls,
        delivered=SequenceInfo(consumer_seq=handed_out, stream_seq=0),
    )


class Nats:
    """A NATS that tells of the custom pool's queue what it is given, and that the others are empty."""

    def __init__(self) -> None:
        self.told: ConsumerInfo | Exception = queue(pulls=1)
        self.client = self

    def jetstream(self) -> Any:
        return self

    async def consumer_info(self, _stream: str, pool: str) -> ConsumerInfo:
        if pool != "custom":
            return queue(pulls=1)
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


async def alarms(*seen: tuple[float, ConsumerInfo | Exception]) -> list[dict[str, Any]]:
    """Return what is said where the queue looks like that at each time."""
    now, nats = 0.0, Nats()
    pools = Pools(nats, lambda: now)  # type: ignore[arg-type]
    with capture_logs() as logs:
        for at, told in seen:
            now, nats.told = at, told
            await pools.look()
    return [dict(line) for line in logs]


@pytest.mark.parametrize("left", [{"waiting": 3}, {"taken": 3}, {"waiting": 1, "taken": 2}])
async def test_work_of_which_nobody_asks_for_more_is_told_each_time_once_that_lasts(left: dict[str, int]):
    seen = [(at, queue(**left)) for at in (0.0, LONG_S - 1, LONG_S, LONG_S + 30)]
    told = {"event": "no runner asks for work", "log_level": "warning", "pool": "custom", "attempts": 3}
    assert await alarms(*seen) == [told] * 2


@pytest.mark.parametrize(
    "between",
    [queue(waiting=1, pulls=1), queue(), queue(waiting=1, handed_out=1), NatsTimeout()],
    ids=["somebody asks", "nothing is left", "something was handed out", "NATS does not tell"],
)
async def test_it_begins_anew_where(between: ConsumerInfo | Exception):
    after = queue(waiting=1, handed_out=1)
    seen = [(0.0, queue(waiting=1)), (LONG_S / 2, between), (LONG_S, after), (LONG_S * 1.4, after)]
    assert await alarms(*seen) == []


async def test_each_pool_is_measured():
    nats = Nats()
    nats.told = queue(waiting=1, taken=2, pulls=3)
    found = await Pools(nats).measure()  # type: ignore[arg-type]
    assert {metric: values[("custom",)] for metric, values in found.items()} == {
        WAITING: 1,
        TAKEN: 2,
        PULLS: 3,
    }
    assert set(found[PULLS]) == {(pool,) for pool in POOLS}
