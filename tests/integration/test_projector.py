"""The projector on real servers: exactly once, rebuilt alive, parked alone, fenced, true to one log."""

import asyncio
import json
import os
import random
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import psutil
import pytest
from nats.aio.msg import Msg

from bench.history import COMMITS, SKILL, histories, write
from bench.reads import reading
from controls import NOW, SESSION, SUBJECT, USER, planned, start
from histories import Written, definition, definitions, stories
from orchestrator.asked import Cancel
from orchestrator.decide import decide
from orchestrator.session import Session
from projected import assert_folded, rows_of
from projector import reader, spreading, statements
from projector.database import connected, make, make_bare, take_over
from projector.ddl import ddl
from projector.live import Live
from projector.operating import Operating
from projector.projection import Fenced, Projection
from projector.reader import page
from projector.record_tables import OWNED
from record_histories import corrected, record_stories, recorded
from servers import Rig, fresh_database
from shared import subjects
from shared.bus import Bus
from shared.commit import Commit
from shared.events import SessionStarted, SkillRegistered
from shared.jetstream_log import JetStreamLog
from shared.record_events import (
    ArtistSet,
    CampaignCreated,
    ContactErased,
    ContactImported,
    FactAdded,
    FactRemoved,
)
from shared.subjects import Aggregate

SEED = (Path(__file__).parent.parent / "seed" / "schema.sql").read_text()
SHAPE = """
SELECT c.table_name, c.column_name, c.data_type, c.is_nullable, c.column_default
FROM information_schema.columns c WHERE c.table_schema = 'public' ORDER BY 1, 2
"""
KEYS = """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype IN ('p', 'f') AND connamespace = 'public'::regnamespace ORDER BY 1, 2
"""
WHOLE_SHAPE = (
    """SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage,
      pg_get_expr(d.adbin, d.adrelid), c.reloptions, c.relrowsecurity, c.relpersistence, c.relacl
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY c.relname, a.attnum""",
    """SELECT conrelid::regclass::text, conname, convalidated, condeferrable, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2""",
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2",
    """SELECT tablename, policyname, cmd, roles, qual FROM pg_policies
    WHERE schemaname = 'public' ORDER BY 1, 2""",
)
NEARLY_SWAPPED = """
SELECT count(*) > 0 FROM pg_indexes
WHERE indexname = 'agent_sessions_by_time' AND schemaname = 'projection_next'
"""
SESSIONS = 1_500
SEALED = {"$sealed": str(UUID(int=5, version=4)), "n": "bg==", "c": "Yw=="}


class Writer:
    """Appends commits, each behind the last one of its subject."""

    def __init__(self, bus: Bus) -> None:
        self.log = JetStreamLog(bus)
        self.enough = False
        self._last: dict[str, int] = {}

    async def write(self, written: Iterable[Written], pause_s: float = 0) -> None:
        for aggregate, commit in written:
            if self.enough:
                return
            expected = self._last.get(aggregate.subject, 0)
            self._last[aggregate.subject] = await self.log.append(aggregate, commit, expected=expected)
            await asyncio.sleep(pause_s)

    async def happens(self, aggregate: Aggregate, *events: Any) -> None:
        await self.write([(aggregate, Commit(commit_id=uuid4(), at=NOW, events=events))])


@pytest.fixture
async def writer(bus: Bus) -> Writer:
    writer = Writer(bus)
    await writer.write(definitions())
    return writer


@asynccontextmanager
async def projecting(bus: Bus, url: str) -> AsyncIterator[Live]:
    live = Live(bus, url)
    task = asyncio.create_task(live.run())
    try:
        yield live
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def value(url: str, sql: str, *given: Any) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql, *given)
    finally:
        await connection.close()


async def until(check: Callable[[], Any], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                if await check():
                    return
            await asyncio.sleep(0.05)


async def caught_up(bus: Bus, url: str) -> None:
    async def done() -> bool:
        return await value(url, "SELECT seq FROM checkpoint") == await JetStreamLog(bus).last_seq()

    await until(done)


async def shape_of(statements: Iterable[str], server_url: str) -> tuple[list[tuple], list[tuple]]:
    async with fresh_database(server_url) as url:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                await connection.execute(statement)
            columns = [tuple(row) for row in await connection.fetch(SHAPE)]
            return columns, [tuple(row) for row in await connection.fetch(KEYS)]
        finally:
            await connection.close()


async def test_the_tables_have_the_seeds_columns_types_defaults_and_keys(postgres: Rig):
    columns, keys = await shape_of([SEED], postgres.url)
    our_columns, our_keys = await shape_of(ddl(), postgres.url)
    assert len(columns) == 48
    assert set(columns) <= set(our_columns)
    assert set(keys) <= set(our_keys)
    seeds = {table for table, _ in keys}
    assert {key for key in our_keys if key[0] in seeds} == set(keys)


@pytest.mark.parametrize("seed", range(3))
async def test_every_column_of_every_record_is_the_folded_log_live_and_rebuilt(
    seed: int, bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    history = list(record_stories(seed))
    async with projecting(bus, postgres_url) as live:
        await bus.listen("ops.projection.*", Operating(nats_url, postgres_url, live).hear)
        await writer.write(history[:100], pause_s=0.002)
        await caught_up(bus, postgres_url)
        await writer.write(history[100:])
        await caught_up(bus, postgres_url)
        rows = await assert_folded(bus, postgres_url)
        assert await value(postgres_url, "SELECT count(*) FROM projection_errors") == 0
        assert all(rows[table] for table in OWNED)
        await ask(bus, "rebuild")
        assert await rows_of(postgres_url) == rows


async def test_another_users_record_id_touches_no_row(bus: Bus, writer: Writer, postgres_url: str):
    thief, artist, campaign = (UUID(int=number, version=4) for number in (9, 31, 32))
    fact = FactAdded(fact_id=UUID(int=33, version=4), text="played in Nowhere")
    sent = recorded(random.Random(1), campaign, UUID(int=5, version=4))
    async with projecting(bus, postgres_url):
        await writer.happens(subjects.record(USER, "artist", artist), ArtistSet(name="Nobody"), fact)
        await writer.happens(subjects.record(USER, "campaign", campaign), CampaignCreated(name="one"), sent)
        await caught_up(bus, postgres_url)
        before = await rows_of(postgres_url)
        await writer.happens(subjects.record(thief, "artist", artist), FactRemoved(fact_id=fact.fact_id))
        await writer.happens(subjects.record(thief, "artist", artist), ArtistSet(name="Somebody"))
        await writer.happens(subjects.record(thief, "campaign", campaign), corrected(sent))
        await caught_up(bus, postgres_url)
    rows = await assert_folded(bus, postgres_url)
    assert {name: rows[name] for name in OWNED} == {name: before[name] for name in OWNED}
    assert await value(postgres_url, "SELECT count(*) FROM projection_errors") == 2


@pytest.mark.parametrize("seed", range(3))
async def test_every_column_of_every_row_is_the_folded_log(
    seed: int, bus: Bus, writer: Writer, postgres_url: str
):
    async with projecting(bus, postgres_url):
        await writer.write(stories(seed), pause_s=0.001)
        await caught_up(bus, postgres_url)
    rows = await assert_folded(bus, postgres_url)
    assert len(rows["agent_sessions"]) > 10


async def test_one_large_batch_gives_the_same_rows(bus: Bus, writer: Writer, postgres_url: str):
    await writer.write(stories(4))
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
    await assert_folded(bus, postgres_url)


@asynccontextmanager
async def service(nats: Rig, url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The projector as a process, killed at the end."""
    env = {**os.environ, "TOTALAUD_NATS_URL": nats.url, "TOTALAUD_DATABASE_URL": url}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "projector", env=env)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_a_projector_killed_again_and_again_projects_each_commit_once(
    bus: Bus, nats: Rig, writer: Writer, postgres_url: str
):
    writing = asyncio.create_task(writer.write(stories(5, count=200, commits=5000), pause_s=0.01))
    for _ in range(3):
        async with service(nats, postgres_url):
            before = await seq_of(postgres_url)
            await until(lambda at=before: moved(postgres_url, at))
    assert not writing.done()
    writer.enough = True
    await writing
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
    await assert_folded(bus, postgres_url)


async def seq_of(url: str) -> int:
    with suppress(asyncpg.UndefinedTableError):
        return await value(url, "SELECT seq FROM checkpoint")
    return 0


async def moved(url: str, at: int) -> bool:
    return await seq_of(url) > at


async def test_nats_killed_and_postgres_away_lose_nothing(
    bus: Bus, nats: Rig, postgres: Rig, writer: Writer, postgres_url: str
):
    history = list(stories(6))
    async with projecting(bus, postgres_url):
        await writer.write(history[:60])
        await caught_up(bus, postgres_url)
        await postgres.kill()
        await writer.write(history[60:120])
        await postgres.start()
        await caught_up(bus, postgres_url)
        await nats.kill()
        await asyncio.sleep(1)
        await nats.start()
        await until(lambda: connected_again(bus))
        await writer.write(history[120:])
        await caught_up(bus, postgres_url)
    await assert_folded(bus, postgres_url)


async def connected_again(bus: Bus) -> bool:
    return bool(bus.client.is_connected)


async def ask(bus: Bus, verb: str, timeout: float = 60) -> dict[str, Any]:
    answer = await bus.request(f"ops.projection.{verb}", b"{}", timeout=timeout)
    assert answer is not None
    return json.loads(answer)


@pytest.mark.timeout(180)
async def test_a_rebuild_under_load_equals_the_live_rows_and_no_query_fails_or_goes_back(
    bus: Bus, nats: Rig, writer: Writer, nats_url: str, postgres_url: str
):
    await writer.happens(subjects.skill(SKILL), SkillRegistered(definition=definition(SKILL)))
    await write(nats.url, histories(SESSIONS, USER))
    await writer.write(stories(7))
    async with projecting(bus, postgres_url) as live:
        await bus.listen("ops.projection.*", Operating(nats_url, postgres_url, live).hear)
        await caught_up(bus, postgres_url)
        before = await rows_of(postgres_url)
        async with reading(postgres_url) as reads:
            writing = asyncio.create_task(writer.write(stories(8), pause_s=0.002))
            for _ in range(2):
                done = await ask(bus, "rebuild")
                assert done["ok"] is True
                assert done["events"] > SESSIONS * COMMITS
            await writing
            await caught_up(bus, postgres_url)
        assert reads.done > 100
        assert (reads.failed, reads.backward) == (0, 0), reads.told
    rows = await assert_folded(bus, postgres_url)
    assert len(before["agent_sessions"]) > SESSIONS
    assert before["agent_sessions"].items() <= rows["agent_sessions"].items()
    left = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'projection%'"
    assert await value(postgres_url, left) == 0


async def test_a_rebuild_keeps_who_may_read(bus: Bus, writer: Writer, nats_url: str, postgres_url: str):
    role = f"reader_{uuid4().hex[:8]}"
    async with projecting(bus, postgres_url) as live:
        await bus.listen("ops.projection.*", Operating(nats_url, postgres_url, live).hear)
        await caught_up(bus, postgres_url)
        await value(postgres_url, f"CREATE ROLE {role}")
        try:
            await value(postgres_url, f"GRANT SELECT ON agent_sessions TO {role}")
            await ask(bus, "rebuild")
            assert await value(
                postgres_url, f"SELECT has_table_privilege('{role}', 'agent_sessions', 'SELECT')"
            )
        finally:
            await value(postgres_url, f"DROP OWNED BY {role}")
            await value(postgres_url, f"DROP ROLE {role}")


async def whole_shape(url: str) -> list[list[tuple]]:
    connection = await asyncpg.connect(url)
    try:
        return [[tuple(row) for row in await connection.fetch(sql)] for sql in WHOLE_SHAPE]
    finally:
        await connection.close()


async def test_rebuilt_tables_have_every_key_index_and_policy_that_the_live_ones_had(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    async with projecting(bus, postgres_url) as live:
        await bus.listen("ops.projection.*", Operating(nats_url, postgres_url, live).hear)
        await caught_up(bus, postgres_url)
        before = await whole_shape(postgres_url)
        await ask(bus, "rebuild")
    columns, constraints, indexes, policies = await whole_shape(postgres_url)
    assert [columns, constraints, indexes, policies] == before
    assert sum("FOREIGN KEY" in told[-1] for told in constraints) == 4
    assert len(indexes) > len(columns) // 20
    assert policies


async def test_a_row_that_refers_to_none_is_parked_by_a_rebuild_as_it_was_live(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    aggregate = subjects.session(USER, SESSION)
    begun = SessionStarted(
        agent="scout-agent", steps=(planned(1, skill="no-such-skill"),), input={}, fingerprint="print"
    )
    parked = "SELECT array_agg((subject, seq, reason)::text) FROM projection_errors"
    async with projecting(bus, postgres_url) as live:
        await bus.listen("ops.projection.*", Operating(nats_url, postgres_url, live).hear)
        await writer.write(stories(14, commits=50))
        await writer.happens(aggregate, begun)
        await writer.write(stories(15, commits=50))
        await caught_up(bus, postgres_url)
        before = await value(postgres_url, parked)
        assert len(before) == 1
        await ask(bus, "rebuild")
        assert await value(postgres_url, parked) == before
    await assert_folded(bus, postgres_url)


def rebuilding(of: int | None = None) -> list[psutil.Process]:
    """Return the rebuild's process, if it runs."""
    return [
        child
        for child in psutil.Process(of).children()
        if child.status() != psutil.STATUS_ZOMBIE and "projector.rebuilding" in child.cmdline()
    ]


@pytest.mark.parametrize("filling", [True, False])
async def test_a_rebuild_whose_process_is_killed_says_so_and_changes_nothing(
    filling: bool, bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    await writer.happens(subjects.skill(SKILL), SkillRegistered(definition=definition(SKILL)))
    await write(nats_url, histories(SESSIONS, USER))
    sql = "SELECT seq > 0 FROM projection_next.checkpoint" if filling else NEARLY_SWAPPED
    async with projecting(bus, postgres_url) as live:
        await bus.listen("ops.projection.*", Operating(nats_url, postgres_url, live).hear)
        await caught_up(bus, postgres_url)
        before = await rows_of(postgres_url)
        reader = await asyncpg.connect(postgres_url)
        async with reader.transaction():
            await reader.execute("SELECT FROM agent_sessions LIMIT 1")
            asked = asyncio.create_task(ask(bus, "rebuild"))
            await until(lambda: value(postgres_url, sql))
            status = await ask(bus, "status")
            assert status["rebuilding"]
            assert status["rebuilt_seq"] > 0
            (process,) = rebuilding()
            process.kill()
            error = (await asked)["error"]
        await reader.close()
        assert error["code"] == "broken_off"
        assert "code -9" in error["message"]
        assert await rows_of(postgres_url) == before
        await writer.write(stories(16, commits=50))
        await caught_up(bus, postgres_url)
        assert (await ask(bus, "rebuild"))["ok"] is True
    await assert_folded(bus, postgres_url)


async def test_a_rebuild_ends_with_its_projector(bus: Bus, nats: Rig, writer: Writer, postgres_url: str):
    await writer.happens(subjects.skill(SKILL), SkillRegistered(definition=definition(SKILL)))
    await write(nats.url, histories(SESSIONS, USER))
    async with service(nats, postgres_url) as projector:
        await caught_up(bus, postgres_url)
        await bus.tell("ops.projection.rebuild", b"{}")
        async with asyncio.timeout(20):
            while not (running := rebuilding(projector.pid)):
                await asyncio.sleep(0.01)
        projector.kill()
        async with asyncio.timeout(5):
            while running[0].is_running() and running[0].status() != psutil.STATUS_ZOMBIE:
                await asyncio.sleep(0.01)


async def test_what_jsonb_cannot_hold_parks_its_session_alone(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    for number, bad in enumerate(('"a\\u0000b"', "1e400", '"\\ud800"'), start=20):
        aggregate = subjects.session(USER, UUID(int=number, version=4))
        commit = Commit(commit_id=uuid4(), at=NOW, events=decide(start(1), Session(), NOW, SUBJECT).events)
        body = commit.encode(aggregate).replace(b'"synthpop"', bad.encode())
        await bus.publish(aggregate.subject, body)
    await writer.write(stories(9))
    async with projecting(bus, postgres_url) as live:
        await bus.listen("ops.projection.*", Operating(nats_url, postgres_url, live).hear)
        await caught_up(bus, postgres_url)
        status = await ask(bus, "status")
    assert len(status["errors"]) == 3
    assert not any("synthpop" in error["reason"] for error in status["errors"])
    await assert_folded_but(bus, postgres_url, parked=3)


async def assert_folded_but(bus: Bus, url: str, *, parked: int) -> None:
    """The fold knows no jsonb: what only PostgreSQL refuses is told from the errors' table."""
    rows = await rows_of(url)
    assert await value(url, "SELECT count(*) FROM projection_errors") == parked
    assert len(rows["agent_sessions"]) > 10
    assert not {UUID(int=number, version=4) for number in (20, 21, 22)} & rows["agent_sessions"].keys()


async def test_later_commits_of_a_parked_session_are_passed_over(bus: Bus, writer: Writer, postgres_url: str):
    aggregate = subjects.session(USER, SESSION)
    unknown = planned(1, skill="no-such-skill")
    begun = SessionStarted(agent="scout-agent", steps=(unknown,), input={}, fingerprint="print")
    await writer.happens(aggregate, begun)
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
        await writer.happens(aggregate, *decide(Cancel(), Session(status="running"), NOW, SUBJECT).events)
        await caught_up(bus, postgres_url)
    rows = await assert_folded(bus, postgres_url)
    assert not rows["agent_sessions"]
    assert set(rows["outstanding"]) == {aggregate.subject}
    reason = await value(postgres_url, "SELECT reason FROM projection_errors")
    assert reason == "ForeignKeyViolationError: agent_session_steps_skill_name_fkey"


async def test_another_users_session_id_touches_no_row(bus: Bus, writer: Writer, postgres_url: str):
    await writer.happens(subjects.session(USER, SESSION), *decide(start(), Session(), NOW, SUBJECT).events)
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
        before = await rows_of(postgres_url)
        thief = UUID(int=9, version=4)
        await writer.happens(
            subjects.session(thief, SESSION), *decide(Cancel(), Session(), NOW, SUBJECT).events
        )
        await writer.happens(
            subjects.execution(thief, SESSION), *decide(start(1), Session(), NOW, SUBJECT).events
        )
        await caught_up(bus, postgres_url)
    rows = await assert_folded(bus, postgres_url)
    tables = ("agent_sessions", "agent_session_steps", "skill_executions")
    assert {name: rows[name] for name in tables} == {name: before[name] for name in tables}


async def test_a_contact_is_found_by_words_but_never_by_its_name(bus: Bus, writer: Writer, postgres_url: str):
    contact = subjects.contact(USER, UUID(int=5, version=4))
    imported = ContactImported(
        name=SEALED, email=SEALED, outlet="Radio Nowhere", role="presenter", kind="radio",
        genres=("synthpop", "dream pop"), regions=("UK",), fingerprint="print",
    )  # fmt: skip
    found = "SELECT count(*) FROM contacts WHERE search @@ plainto_tsquery('simple', $1)"
    async with projecting(bus, postgres_url):
        await writer.happens(contact, imported)
        await caught_up(bus, postgres_url)
        assert [await value(postgres_url, found, word) for word in ("nowhere", "synthpop", "yw")] == [1, 1, 0]
        await writer.happens(contact, ContactErased())
        await caught_up(bus, postgres_url)
    await assert_folded(bus, postgres_url)
    gone = "SELECT count(*) FROM contacts WHERE erased AND num_nonnulls(name, email, phone, notes) = 0"
    assert await value(postgres_url, gone) == 1


@pytest.mark.parametrize(
    "table", ["agent_sessions", "agent_session_steps", "skill_executions", "outreach", "contacts"]
)
async def test_rows_are_looked_up_by_key_however_empty_the_tables_were(table: str, postgres_url: str):
    async with connected(postgres_url) as connection:
        await make(connection)
        await connection.execute(f"PREPARE hot AS {statements.altering(table)}")
        explained = await connection.fetch("EXPLAIN EXECUTE hot('{}', '{}', '{}')")
    plan = "\n".join(row[0] for row in explained)
    assert f"Index Scan using {table}_pkey" in plan
    assert "by_user" not in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("sql", spreading.IN_ORDER)
async def test_a_rebuild_has_the_indexes_that_its_statements_look_by(sql: str, postgres_url: str):
    async with connected(postgres_url) as connection:
        await make_bare(connection)
        await connection.execute(f"PREPARE hot AS {sql}")
        given = ", ".join(["'{}'"] * len(set(re.findall(r"\$\d", sql))))
        explained = await connection.fetch(f"EXPLAIN EXECUTE hot({given})")
    assert not [row[0] for row in explained if "Seq Scan" in row[0]]


async def test_outreach_is_looked_up_by_its_pitch_however_empty_the_tables_were(postgres_url: str):
    async with connected(postgres_url) as connection:
        await make(connection)
        await connection.execute(f"PREPARE hot AS {spreading.REFOLD}")
        explained = await connection.fetch("EXPLAIN EXECUTE hot('{}', '{}', '{}', '{}')")
    plan = "\n".join(row[0] for row in explained)
    assert plan.count("outreach_by_pitch") == 2
    assert "Seq Scan" not in plan


async def test_whoever_wrote_before_is_stopped_by_the_checkpoint(bus: Bus, writer: Writer, postgres_url: str):
    async with connected(postgres_url) as old, connected(postgres_url) as new:
        await make(old)
        first, second = uuid4(), uuid4()
        stale = Projection(old, first, await take_over(old, first))
        fresh = Projection(new, second, await take_over(new, second))
        entries = await page(bus, 1)
        with pytest.raises(Fenced):
            await stale.project(entries)
        assert await value(postgres_url, "SELECT count(*) FROM skills") == 0
        await fresh.project(entries)
        with pytest.raises(Fenced):
            await Projection(new, second, 0).project(entries)
    await assert_folded(bus, postgres_url)


async def test_a_second_projector_stands_by_until_the_first_is_gone(
    bus: Bus, writer: Writer, postgres_url: str
):
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
        epoch = await value(postgres_url, "SELECT epoch FROM checkpoint")
        async with projecting(bus, postgres_url):
            await writer.write(stories(10, commits=50))
            await caught_up(bus, postgres_url)
            assert await value(postgres_url, "SELECT epoch FROM checkpoint") == epoch
    async with projecting(bus, postgres_url):
        await writer.happens(
            subjects.session(USER, SESSION), *decide(start(), Session(), NOW, SUBJECT).events
        )
        await caught_up(bus, postgres_url)
    await assert_folded(bus, postgres_url)


async def test_another_log_is_refused_until_a_rebuild(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
    await value(postgres_url, "UPDATE checkpoint SET stream_created = $1", NOW - timedelta(days=1))
    async with projecting(bus, postgres_url) as live:
        await bus.listen("ops.projection.*", Operating(nats_url, postgres_url, live).hear)
        await until(lambda: halted(live))
        status = await ask(bus, "status")
        assert status["halted"] == "the tables were made from another log: run 'totalaud projection rebuild'"
        await writer.write(stories(11, commits=50))
        assert (await ask(bus, "status"))["lag"] == 50
        assert (await ask(bus, "rebuild"))["ok"] is True
        await caught_up(bus, postgres_url)
        assert (await ask(bus, "status"))["halted"] is None
    await assert_folded(bus, postgres_url)


async def test_a_log_that_lost_its_last_commit_is_another_log(bus: Bus, writer: Writer, postgres_url: str):
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
    await value(postgres_url, "UPDATE checkpoint SET commit_id = $1", uuid4())
    async with projecting(bus, postgres_url) as live:
        await until(lambda: halted(live))


async def test_tables_of_another_release_are_refused_until_a_rebuild(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
    await value(postgres_url, "UPDATE checkpoint SET shape = 'older'")
    async with projecting(bus, postgres_url) as live:
        await until(lambda: halted(live))
        assert live.halted == "the tables are of another release: run 'totalaud projection rebuild'"
        await bus.listen("ops.projection.*", Operating(nats_url, postgres_url, live).hear)
        await ask(bus, "rebuild")
        await until(lambda: not_halted(live))


async def halted(live: Live) -> bool:
    return live.halted is not None


async def not_halted(live: Live) -> bool:
    return live.halted is None


async def test_who_waits_for_a_sequence_is_notified(bus: Bus, writer: Writer, postgres_url: str):
    heard: asyncio.Queue[int] = asyncio.Queue()
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
        connection = await asyncpg.connect(postgres_url)
        await connection.add_listener("projection", lambda *told: heard.put_nowait(int(told[-1])))
        await writer.happens(
            subjects.session(USER, SESSION), *decide(start(), Session(), NOW, SUBJECT).events
        )
        assert await asyncio.wait_for(heard.get(), 5) == await writer.log.last_seq()
        await connection.close()


async def test_what_the_feed_brings_is_not_asked_of_the_stream_again(
    bus: Bus, writer: Writer, postgres_url: str
):
    asked: list[bytes] = []

    async def hear(message: Msg) -> None:
        asked.append(message.data)

    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
        spy = await bus.client.subscribe("$JS.API.DIRECT.GET.EVT", cb=hear)
        await writer.write(stories(12, commits=100), pause_s=0.005)
        await caught_up(bus, postgres_url)
        await spy.unsubscribe()
    assert len(asked) < 20


async def test_what_there_was_no_room_for_is_read_from_the_stream(
    bus: Bus, writer: Writer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
        monkeypatch.setattr(reader, "WAITING_BYTES", 5_000)
        await writer.write(stories(13))
        await caught_up(bus, postgres_url)
    await assert_folded(bus, postgres_url)


async def test_status_tells_how_far_the_projection_is(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    async with projecting(bus, postgres_url) as live:
        await bus.listen("ops.projection.*", Operating(nats_url, postgres_url, live).hear)
        await caught_up(bus, postgres_url)
        status = await ask(bus, "status")
    assert (status["seq"], status["log_seq"], status["lag"]) == (3, 3, 0)
    assert (status["errors"], status["rebuilding"], status["rebuilt_seq"]) == ([], False, None)
    assert status["halted"] is None
