"""A commit of which nobody knows whether it is stored: what it may have begun is looked after soon."""

from uuid import uuid4

import pytest
from nats.errors import ConnectionClosedError

from controls import start
from orchestrator.sessions import Sessions
from shared.commit import Commit
from shared.log import Conflict, MemoryLog
from shared.subjects import Aggregate, session

AGGREGATE = session(uuid4(), uuid4())


class Silent(MemoryLog):
    """Stores what it is given and does not say so."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def append(self, aggregate: Aggregate, commit: Commit, *, expected: int) -> int:
        await super().append(aggregate, commit, expected=expected)
        raise self._error


class Overtaken(MemoryLog):
    """Somebody else is faster, once."""

    raced = False

    async def append(self, aggregate: Aggregate, commit: Commit, *, expected: int) -> int:
        if not self.raced:
            self.raced = True
            raise Conflict
        return await super().append(aggregate, commit, expected=expected)


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionClosedError()])
async def test_a_lost_answer_has_the_sweep_look_soon(error: Exception):
    sessions = Sessions(Silent(error))
    with pytest.raises(type(error)):
        await sessions.decide(AGGREGATE, start())
    assert sessions.sweep_wanted.is_set()


async def test_a_lost_race_is_decided_again_and_needs_no_sweep():
    sessions = Sessions(Overtaken())
    assert (await sessions.decide(AGGREGATE, start())).events
    assert not sessions.sweep_wanted.is_set()
