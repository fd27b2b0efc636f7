"""Where the sweep looks: one orchestrator at a time, and nobody's turn is left out."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from orchestrator.open_sessions import ProjectedSessions
from projector import database
from proxy import proxied
from shared import streams
from shared.bus import Bus
from shared.clock import utc_now
from shared.subjects import execution, ledger, session


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


async def test_a_sweep_ends_though_the_connection_was_lost_without_a_word_meanwhile(
    bus: Bus, where: ProjectedSessions, postgres_url: str
):
    async with (
        proxied(postgres_url) as proxy,
        asyncio.timeout(5),
        ProjectedSessions(bus, proxy.url).held(),
    ):
        proxy.silence()


async def test_money_in_doubt_is_looked_at_for_as_long_as_a_report_of_it_may_come(
    where: ProjectedSessions, postgres_url: str
):
    today = utc_now().date()
    rows = [("settled", 1, 0), ("settled", 1, 8), ("settled", 1, 9), ("reserved", 0, 99), ("settled", 0, 0)]
    async with database.connected(postgres_url) as connection:
        for number, (state, in_doubt, days) in enumerate(rows):
            await connection.execute(
                "INSERT INTO ledger (attempt_id, user_id, state, in_doubt_usd, day)"
                " VALUES ($1, $1, $2, $3, $4)",
                *(UUID(int=number, version=4), state, in_doubt, today - timedelta(days=days)),
            )
    async with where.held() as found:
        assert found == [ledger(UUID(int=number, version=4)) for number in (0, 1, 3)]


async def test_a_commit_under_an_id_that_is_none_is_passed_over(bus: Bus, where: ProjectedSessions):
    user = UUID(int=1, version=4)
    begun = execution(user, UUID(int=2, version=4))
    for subject in (f"evt.{user}.session.by-hand", f"evt.nobody.ledger.{user}", begun.subject):
        await bus.publish(subject, b"{}")
    async with where.held() as found:
        assert found == [begun]


async def test_the_log_is_read_from_behind_the_checkpoint_to_its_end(
    bus: Bus, where: ProjectedSessions, postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("orchestrator.open_sessions.PAGE", 1)
    user = UUID(int=1, version=4)
    projected, *later = (session(user, UUID(int=number, version=4)) for number in range(4))
    for one in (projected, *later):
        await bus.publish(one.subject, b"{}")
    async with database.connected(postgres_url) as connection:
        await connection.execute("UPDATE checkpoint SET seq = 1")
    async with where.held() as found:
        assert found == later
