"""Where the sweep looks: one orchestrator at a time, and nobody's turn is left out."""

import asyncio
from uuid import UUID

import pytest

from orchestrator.open_sessions import ProjectedSessions
from projector import database
from shared import streams
from shared.bus import Bus
from shared.subjects import execution


@pytest.fixture
async def where(bus: Bus, postgres_url: str) -> ProjectedSessions:
    await streams.provision(bus, ack_wait_s=1)
    async with database.connected(postgres_url) as connection:
        await database.make(connection)
    return ProjectedSessions(bus, postgres_url)


async def test_who_comes_while_another_one_looks_has_its_turn_after_it(where: ProjectedSessions):
    turns: list[str] = []

    async def look(name: str, seconds: float) -> None:
        async with where.held():
            turns.append(f"{name} begins")
            await asyncio.sleep(seconds)
            turns.append(f"{name} ends")

    first = asyncio.create_task(look("first", 0.5))
    while not turns:
        await asyncio.sleep(0.01)
    await asyncio.gather(first, look("second", 0))
    assert turns == ["first begins", "first ends", "second begins", "second ends"]


async def test_a_commit_under_an_id_that_is_none_is_passed_over(bus: Bus, where: ProjectedSessions):
    user = UUID(int=1, version=4)
    begun = execution(user, UUID(int=2, version=4))
    for subject in (f"evt.{user}.session.by-hand", f"evt.nobody.ledger.{user}", begun.subject):
        await bus.publish(subject, b"{}")
    async with where.held() as found:
        assert found == [begun]
