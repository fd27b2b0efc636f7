"""A session is followed while it runs: the twin of the specification's subscription to `agent_sessions`."""

import asyncio
import json
import time
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from seedblocks import SEED
from totalaud import watch

SOON_S = 0.5
LONG = [{"skill": "sleep", "input": {"seconds": seconds}} for seconds in (0.3, 0.2, 0.4)]
ROW = "SELECT * FROM agent_sessions WHERE id = $1"


def types(commits) -> list[str]:
    return [event["type"] for commit in commits for event in commit.events]


async def test_the_block_follows_one_session_by_its_id():
    block = Path(SEED / "realtime.ts").read_text()
    assert "table: 'agent_sessions'" in block
    assert "id=eq.${sessionId}" in block


async def test_each_step_appears_within_half_a_second(user):
    accepted = await user.run("tester", LONG)
    delays = [age(commit.at) async for commit in watch(accepted.id, user.user)]
    assert len(delays) >= len(LONG)
    assert max(delays) < SOON_S


async def test_the_row_changes_within_half_a_second_of_each_step(user):
    accepted = await user.run("tester", LONG)
    async for commit in watch(accepted.id, user.user):
        completed = [event["step"] for event in commit.events if event["type"] == "StepCompleted"]
        for step in completed:
            await row_where(user, accepted.id, lambda row, step=step: row["current_step"] >= step)
    await row_where(user, accepted.id, lambda row: row["status"] == "completed")


async def test_watch_misses_nothing_from_whatever_sequence(user):
    accepted = await user.run("tester", LONG)
    live = [commit async for commit in watch(accepted.id, user.user)]
    assert types(live)[0] == "SessionStarted"
    assert types(live)[-1] == "SessionCompleted"
    assert live == [commit async for commit in user.events(accepted.id)]
    for start in live:
        again = [commit async for commit in watch(accepted.id, user.user, start.seq)]
        assert again == live[live.index(start) :]


async def test_a_watch_that_begins_in_the_middle_goes_on_where_it_was_asked_to(user):
    accepted = await user.run("tester", LONG)
    first = []
    async for commit in watch(accepted.id, user.user):
        first.append(commit)
        if "StepCompleted" in types([commit]):
            break
    rest = [commit async for commit in watch(accepted.id, user.user, first[-1].seq + 1)]
    assert [*first, *rest] == [commit async for commit in user.events(accepted.id)]


async def test_a_subscription_to_the_feed_hears_every_commit(user):
    session_id = uuid4()
    feed = await user.bus.client.subscribe(f"feed.{user.user}.session.{session_id}")
    await user.bus.settled()
    await user.run("tester", LONG, session_id=session_id)
    heard = []
    while not heard or "SessionCompleted" not in str(heard[-1]):
        heard.append(json.loads((await feed.next_msg(10)).data))
    logged = [commit async for commit in user.events(session_id)]
    assert [commit["commit_id"] for commit in heard] == [commit.commit_id for commit in logged]
    assert [commit["session_id"] for commit in heard] == [str(session_id)] * len(heard)


def age(at: str) -> float:
    return time.time() - datetime.fromisoformat(at).timestamp()


async def row_where(user, session_id, holds) -> None:
    async with asyncio.timeout(SOON_S):
        while (row := await user.tables.row(ROW, UUID(session_id))) is None or not holds(row):
            await asyncio.sleep(0.01)
