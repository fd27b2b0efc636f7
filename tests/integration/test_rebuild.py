"""A rebuild beside the live projection: the same rows, keys and rights, and no reader notices."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import psutil
import pytest
from structlog.testing import capture_logs

from bench.history import COMMITS, SKILL, histories, write
from bench.reads import reading
from controls import NOW, SESSION, USER, planned
from histories import definition, stories
from projected import assert_folded, rows_of
from projector import spreading
from projector.apart import rebuilt
from projector.beside import NEXT
from projector.database import connected, make_bare
from projector.ddl import keys_of
from projector.finishing import finish
from projector.lanes import LANES
from projector.lines import ALIVE, Lines
from projector.live import Live
from projector.operating import Operating
from projector.origin import Origin
from projector.projection import Projection
from projector.rebuild import IDLE_MS, Behind, _swap, rebuild
from projectorstage import Writer, ask, caught_up, have_rebuilt, operated, projecting, service, until, value
from proxy import proxied
from servers import Rig, dead
from shared import subjects
from shared.bus import Bus
from shared.counts import refused
from shared.doors import NOT_NOW
from shared.events import SessionStarted, SkillRegistered
from shared.listening import Heard
from shared.refusal import Refusal
from totalaud.door import TRY_S, connect
from totalaud.errors import Unreachable
from totalaud.operator import BROKEN_OFF, Operator

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
LEFT = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'projection%'"
EPOCHS = "SELECT epoch FROM checkpoint"
FILLING = "SELECT seq > 0 FROM projection_next.checkpoint"
NEARLY_SWAPPED = """
SELECT count(*) > 0 FROM pg_indexes
WHERE indexname = 'agent_sessions_by_time' AND schemaname = 'projection_next'
"""
SESSIONS, FEWER, LONGEST_S = 1_500, 500, 20
VACUUM_AT_ONCE = (
    "ALTER SYSTEM SET autovacuum_naptime = 1",
    "SELECT pg_reload_conf()",
    """ALTER TABLE agent_session_steps SET (
      autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
      autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)""",
    "UPDATE agent_session_steps SET status = status",
)
AS_BEFORE = ("ALTER SYSTEM RESET autovacuum_naptime", "SELECT pg_reload_conf()")
KNOWN_TO_THE_PLANNER = "SELECT array_agg(DISTINCT tablename::text) FROM pg_stats WHERE schemaname = 'public'"
SWAPPING = """
SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'LOCK TABLE public.%' AND wait_event_type = 'Lock'
"""
NOBODY_SLEEPS = "SELECT count(*) = 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
VACUUMED = "SELECT count(*) > 0 FROM pg_stat_progress_vacuum WHERE relid = 'agent_session_steps'::regclass"


@pytest.mark.timeout(180)
async def test_a_rebuild_under_load_equals_the_live_rows_and_no_query_fails_or_goes_back(
    bus: Bus, nats: Rig, writer: Writer, nats_url: str, postgres_url: str
):
    await writer.happens(subjects.skill(SKILL), SkillRegistered(definition=definition(SKILL)))
    await write(nats.url, histories(SESSIONS, USER))
    await writer.write(stories(7))
    async with operated(bus, nats_url, postgres_url):
        await caught_up(bus, postgres_url)
        before = await rows_of(postgres_url)
        async with reading(postgres_url) as reads:
            writing = asyncio.create_task(writer.write(stories(8), pause_s=0.002))
            for _ in range(2):
                done = await have_rebuilt(bus)
                assert done["events"] > SESSIONS * COMMITS
            await writing
            await caught_up(bus, postgres_url)
        assert reads.done > 100
        assert (reads.failed, reads.backward) == (0, 0), reads.told
    rows = await assert_folded(bus, postgres_url)
    assert len(before["agent_sessions"]) > SESSIONS
    assert before["agent_sessions"].items() <= rows["agent_sessions"].items()
    assert await value(postgres_url, LEFT) == 0


async def test_a_rebuild_keeps_who_may_read(bus: Bus, writer: Writer, nats_url: str, postgres_url: str):
    role = f"reader_{uuid4().hex[:8]}"
    async with operated(bus, nats_url, postgres_url):
        await caught_up(bus, postgres_url)
        await value(postgres_url, f"CREATE ROLE {role}")
        try:
            await value(postgres_url, f"GRANT SELECT ON agent_sessions TO {role}")
            await have_rebuilt(bus)
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
    async with operated(bus, nats_url, postgres_url):
        await caught_up(bus, postgres_url)
        before = await whole_shape(postgres_url)
        await have_rebuilt(bus)
    columns, constraints, indexes, policies = await whole_shape(postgres_url)
    assert [columns, constraints, indexes, policies] == before
    assert sum("FOREIGN KEY" in told[-1] for told in constraints) == 4
    assert len(indexes) > len(columns) // 20
    assert policies


async def test_rebuilt_tables_are_planned_by_what_they_hold(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    async with operated(bus, nats_url, postgres_url):
        await writer.write(stories(16, commits=50))
        await caught_up(bus, postgres_url)
        await have_rebuilt(bus)
    filled = {table for table, rows in (await rows_of(postgres_url)).items() if rows}
    assert {"agent_sessions", "skill_executions"} < filled
    assert filled <= set(await value(postgres_url, KNOWN_TO_THE_PLANNER))


async def test_a_row_that_refers_to_none_is_parked_by_a_rebuild_as_it_was_live(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    aggregate = subjects.session(USER, SESSION)
    begun = SessionStarted(
        agent="scout-agent", steps=(planned(1, skill="no-such-skill"),), input={}, fingerprint="print"
    )
    parked = "SELECT array_agg((subject, seq, reason)::text) FROM projection_errors"
    async with operated(bus, nats_url, postgres_url):
        await writer.write(stories(14, commits=50))
        await writer.happens(aggregate, begun)
        await writer.write(stories(15, commits=50))
        await caught_up(bus, postgres_url)
        before = await value(postgres_url, parked)
        assert len(before) == 1
        await have_rebuilt(bus)
        assert await value(postgres_url, parked) == before
    await assert_folded(bus, postgres_url)


async def test_a_rebuild_does_not_wait_until_the_live_tables_are_vacuumed(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    await writer.happens(subjects.skill(SKILL), SkillRegistered(definition=definition(SKILL)))
    await write(nats_url, histories(FEWER, USER))
    async with operated(bus, nats_url, postgres_url):
        await caught_up(bus, postgres_url)
        try:
            for statement in VACUUM_AT_ONCE:
                await value(postgres_url, statement)
            await until(lambda: value(postgres_url, VACUUMED))
            assert (await have_rebuilt(bus))["seconds"] < LONGEST_S
        finally:
            for statement in AS_BEFORE:
                await value(postgres_url, statement)
    await assert_folded(bus, postgres_url)


def rebuilding(of: int | None = None, *, lanes: bool = False) -> list[psutil.Process]:
    """Return the rebuild's process, if it runs, and its lanes if they are asked for."""
    return [
        child
        for child in psutil.Process(of).children(recursive=lanes)
        if child.status() != psutil.STATUS_ZOMBIE and "projector.rebuilding" in child.cmdline()
    ]


@pytest.mark.parametrize(
    "killing",
    [(SESSIONS, FILLING), (FEWER, NEARLY_SWAPPED)],
    ids=["while filling", "before the swap"],
)
async def test_a_rebuild_whose_process_is_killed_says_so_and_changes_nothing(
    killing: tuple[int, str], bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    sessions, killed_when = killing
    await writer.happens(subjects.skill(SKILL), SkillRegistered(definition=definition(SKILL)))
    await write(nats_url, histories(sessions, USER))
    async with operated(bus, nats_url, postgres_url):
        await caught_up(bus, postgres_url)
        before = await rows_of(postgres_url)
        reader = await asyncpg.connect(postgres_url)
        async with reader.transaction():
            await reader.execute("SELECT FROM agent_sessions LIMIT 1")
            asked = asyncio.create_task(ask(bus, "rebuild"))
            await until(lambda: value(postgres_url, killed_when))
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
        await have_rebuilt(bus)
    await assert_folded(bus, postgres_url)


async def test_a_rebuild_that_waits_long_says_that_it_is_alive(
    *,
    bus: Bus,
    writer: Writer,
    nats_url: str,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    silent_s = 8.0
    (tmp_path / "sitecustomize.py").write_text("from projector import lines\nlines.ALIVE_S = 0.5\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setattr("projector.apart.SILENT_S", silent_s)
    await value(postgres_url, "CREATE SCHEMA projection_next")
    await value(postgres_url, "CREATE TABLE projection_next.agents ()")
    async with operated(bus, nats_url, postgres_url):
        await caught_up(bus, postgres_url)
        reader = await asyncpg.connect(postgres_url)
        async with reader.transaction():
            await reader.execute("SELECT FROM projection_next.agents")
            asked = asyncio.create_task(have_rebuilt(bus))
            await asyncio.wait([asked], timeout=1.5 * silent_s)
            assert not asked.done()
        await reader.close()
        await asked


async def test_a_rebuild_whose_answer_is_lost_is_told_as_done(bus: Bus, nats_url: str, postgres_url: str):
    async with operated(bus, nats_url, postgres_url), proxied(nats_url) as proxy:
        await caught_up(bus, postgres_url)
        mine = await connect(proxy.url)
        reader = await asyncpg.connect(postgres_url)
        async with reader.transaction():
            await reader.execute("SELECT FROM agent_sessions LIMIT 1")
            asked = asyncio.create_task(Operator(mine).rebuild())
            await until(lambda: value(postgres_url, NEARLY_SWAPPED))
            proxy.silence()
            await proxy.cut()
        await reader.close()
        while (await ask(bus, "status"))["rebuilding"]:
            await asyncio.sleep(0.05)
        proxy.resume()
        assert (await asked)["ok"] is True
        await mine.close()


async def test_a_rebuild_goes_on_for_who_asked_though_postgres_lets_nobody_in(
    *, bus: Bus, nats_url: str, postgres: Rig, postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("totalaud.operator.ASK_AGAIN_S", 0.1)
    name, heard = urlsplit(postgres_url).path[1:], asyncio.Semaphore(0)

    async def hear(_: Heard) -> None:
        heard.release()

    async with operated(bus, nats_url, postgres_url):
        await caught_up(bus, postgres_url)
        reader, owner = await asyncpg.connect(postgres_url), await asyncpg.connect(postgres.url)
        async with reader.transaction():
            await reader.execute("SELECT FROM agent_sessions LIMIT 1")
            asked = asyncio.create_task(Operator(bus).rebuild())
            await until(lambda: value(postgres_url, SWAPPING))
            await owner.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            await bus.listen("ops.projection.status", hear)
            for _ in range(BROKEN_OFF + 1):
                await heard.acquire()
        await asked
        await owner.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await reader.close()
        await owner.close()


async def test_a_rebuild_says_whose_transaction_it_waits_for(
    bus: Bus, nats_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("projector.readers.LONG_S", 0)
    told: asyncio.Queue[str] = asyncio.Queue()
    async with operated(bus, nats_url, postgres_url):
        await caught_up(bus, postgres_url)
        reader = await asyncpg.connect(postgres_url, server_settings={"application_name": "a notebook"})
        async with reader.transaction():
            await reader.execute("SELECT FROM agent_sessions LIMIT 1")
            asked = asyncio.create_task(Operator(bus).rebuild(told.put_nowait))
            said = await asyncio.wait_for(told.get(), 30)
            assert not asked.done()
        await asked
        status = await ask(bus, "status")
    assert f"process {reader.get_server_pid()} (" in said
    assert "a notebook; since 20" in said
    assert status["waits_for"] is None
    await reader.close()


async def test_whoever_waits_for_a_rebuild_waits_for_a_log_that_is_away_too(bus: Bus):
    looked = asyncio.Event()

    async def status(heard: Heard) -> None:
        await heard.answer(refused(heard.subject, NOT_NOW))
        looked.set()

    async def rebuild_later(heard: Heard) -> None:
        await looked.wait()
        await heard.answer(b'{"events": 3, "seconds": 0.1}')

    await bus.listen("ops.projection.status", status)
    await bus.listen("ops.projection.rebuild", rebuild_later)
    assert await Operator(bus).rebuild() == {"events": 3, "seconds": 0.1}


async def stopped_in_the_swap(url: str) -> psutil.Process:
    """Stop a rebuild that waits for a reader, and let that one go: the rebuild has the tables then."""
    reader = await asyncpg.connect(url)
    try:
        async with reader.transaction():
            await reader.execute("SELECT FROM agent_sessions LIMIT 1")
            async with asyncio.timeout(30), connected(url) as looking:
                while not await looking.fetchval(SWAPPING):
                    await asyncio.sleep(0.005)
            (process,) = rebuilding()
            process.suspend()
            return process
    finally:
        await reader.close()


async def test_a_rebuild_that_stands_still_in_the_swap_stops_neither_readers_nor_the_projection_for_ever(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("projector.apart.SILENT_S", 2 * IDLE_MS / 1000)
    async with operated(bus, nats_url, postgres_url):
        await writer.write(stories(16, commits=50))
        await caught_up(bus, postgres_url)
        asked = asyncio.create_task(ask(bus, "rebuild"))
        process = await stopped_in_the_swap(postgres_url)
        await writer.write(stories(17, commits=50))
        await value(postgres_url, "SELECT count(*) FROM agent_sessions")
        assert not asked.done()
        error = (await asked)["error"]
        assert error["code"] == "broken_off"
        assert "it had stood still" in error["message"]
        assert not process.is_running()
        await caught_up(bus, postgres_url)
        await have_rebuilt(bus)
    await assert_folded(bus, postgres_url)


async def test_what_one_hand_fails_at_ends_what_the_other_has_postgres_do(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    hands = iter(["SELECT pg_sleep(60)", "SELECT pg_sleep(0.5), 1 / 0"])
    monkeypatch.setattr("projector.finishing.keys_of", lambda _: [next(hands)])
    await value(postgres_url, "CREATE SCHEMA projection_next")
    async with connected(postgres_url, "projection_next") as connection:
        await make_bare(connection)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await finish(connection, postgres_url, keys=True)
        await until(lambda: value(postgres_url, NOBODY_SLEEPS), seconds=5)


async def test_a_key_of_a_large_table_may_take_longer_than_any_other_statement(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    await value(postgres_url, "CREATE SCHEMA projection_next")
    async with connected(postgres_url, "projection_next") as connection:
        await make_bare(connection)
        monkeypatch.setattr("projector.database.COMMAND_S", 1)
        long = iter(["SELECT pg_sleep(1.5)"])
        monkeypatch.setattr("projector.finishing.keys_of", lambda _: [*long])
        await finish(connection, postgres_url, keys=True)
    assert not [*long]


async def test_a_rebuild_takes_its_time_where_the_database_gives_others_little(
    bus: Bus, writer: Writer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    await writer.write(stories(19, commits=20))
    long = iter(["SELECT pg_sleep(1.5)"])
    monkeypatch.setattr("projector.finishing.keys_of", lambda name: [*long, *keys_of(name)])
    for setting in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        database = postgres_url.rsplit("/", 1)[1].partition("?")[0]
        await value(postgres_url, f'ALTER DATABASE "{database}" SET {setting} = 1000')
    await rebuild(bus, postgres_url, Absent())
    await assert_folded(bus, postgres_url)


async def test_a_rebuild_ends_with_its_projector_and_leaves_no_tables(
    bus: Bus, nats: Rig, writer: Writer, postgres_url: str
):
    await writer.happens(subjects.skill(SKILL), SkillRegistered(definition=definition(SKILL)))
    async with service(nats, postgres_url) as projector:
        await caught_up(bus, postgres_url)
        await write(nats.url, histories(SESSIONS, USER))
        await bus.tell("ops.projection.rebuild", b"{}")
        await until(lambda: value(postgres_url, FILLING))
        running = rebuilding(projector.pid, lanes=True)
        assert len(running) == 1 + LANES
        projector.kill()
        await dead(running)
    assert await value(postgres_url, LEFT) == 0


class Attending:
    """What a rebuild's process says to its projector, and hears of it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin
        assert process.stdout
        self.process = process
        self.stdin = process.stdin
        self.lines = Lines(process.stdout, process.stdin)

    async def hear(self) -> object:
        """Return what it says next but that it is alive; None when it is gone."""
        while (heard := await self.lines.hear()) == ALIVE:
            pass
        return heard

    async def let(self) -> None:
        await self.lines.tell({"has": "gate"})

    async def ended(self) -> tuple[int, bytes]:
        """Return its code, and what it had to complain of."""
        assert self.process.stderr
        return await self.process.wait(), await self.process.stderr.read()


@pytest.fixture
async def attending(bus: Bus, writer: Writer, nats_url: str, postgres_url: str) -> AsyncIterator[Attending]:
    """A rebuild of tables that are up to date, and nobody projects any more."""
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "projector.rebuilding", stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    try:
        attending = Attending(process)
        await attending.lines.tell({"nats_url": nats_url, "database_url": postgres_url})
        yield attending
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_a_rebuild_swaps_only_when_it_is_let_and_asks_again_where_it_could_not(
    attending: Attending, postgres_url: str
):
    reader = await asyncpg.connect(postgres_url)
    async with reader.transaction():
        await reader.execute("SELECT FROM agent_sessions LIMIT 1")
        assert await attending.hear() == {"wants": "gate"}
        await attending.let()
        assert await attending.hear() == {"swapped": False}
        assert await attending.hear() == {"wants": "gate"}
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(attending.hear(), 0.3)
    await attending.let()
    assert await attending.hear() == {"swapped": True}
    assert list(await attending.hear()) == ["rebuilt"]
    assert await attending.ended() == (0, b"")
    await reader.close()


async def test_a_rebuild_whose_projector_is_gone_before_the_swap_changes_nothing(
    attending: Attending, postgres_url: str
):
    before = await value(postgres_url, EPOCHS)
    assert await attending.hear() == {"wants": "gate"}
    attending.stdin.close()
    assert await attending.hear() is None
    assert await attending.ended() == (1, b"")
    assert await value(postgres_url, LEFT) == 0
    assert await value(postgres_url, EPOCHS) == before


class Gone:
    """A live projection that nobody can stop any more."""

    @property
    def gate(self):
        raise ConnectionError

    def swapped(self) -> None:
        raise AssertionError


async def test_a_rebuild_that_breaks_off_leaves_no_tables(bus: Bus, writer: Writer, postgres_url: str):
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
        with pytest.raises(ConnectionError):
            await rebuild(bus, postgres_url, Gone())
    assert await value(postgres_url, LEFT) == 0


async def test_tables_that_the_live_ones_have_passed_do_not_take_their_place(
    bus: Bus, writer: Writer, postgres_url: str
):
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
    before = await rows_of(postgres_url)
    await value(postgres_url, f"CREATE SCHEMA {NEXT}")
    async with connected(postgres_url, NEXT) as connection:
        await make_bare(connection)
        with pytest.raises(Behind):
            await _swap(Projection(connection, uuid4(), 2), Origin(bus))
    assert await rows_of(postgres_url) == before


class Busy:
    """A live projection that projects one more commit before it stands still."""

    def __init__(self, live: Live, go_on: Callable[[], Awaitable[None]]) -> None:
        self.swapped = live.swapped
        self._live = live
        self._go_on = go_on

    @property
    def gate(self) -> AbstractAsyncContextManager[None]:
        return self._stand_still()

    @asynccontextmanager
    async def _stand_still(self) -> AsyncIterator[None]:
        await self._go_on()
        async with self._live.gate:
            yield


async def test_tables_take_the_place_of_live_ones_that_never_rest(
    bus: Bus, writer: Writer, postgres_url: str
):
    names = iter(["first", "second", "third"])

    async def go_on() -> None:
        name = next(names)
        await writer.happens(subjects.skill(name), SkillRegistered(definition=definition(name)))
        await caught_up(bus, postgres_url)

    async with projecting(bus, postgres_url) as live:
        await caught_up(bus, postgres_url)
        await rebuild(bus, postgres_url, Busy(live, go_on))
    assert list(names) == ["second", "third"]


async def test_nothing_is_projected_while_a_rebuild_has_the_gate(bus: Bus, writer: Writer, postgres_url: str):
    async with projecting(bus, postgres_url) as live:
        await caught_up(bus, postgres_url)
        async with live.gate:
            await writer.happens(subjects.skill("first"), SkillRegistered(definition=definition("first")))
            await asyncio.sleep(0.3)
            assert await value(postgres_url, "SELECT count(*) FROM skills WHERE name = 'first'") == 0
        await caught_up(bus, postgres_url)
    assert await value(postgres_url, "SELECT count(*) FROM skills WHERE name = 'first'") == 1


class Absent:
    """No live projection at all."""

    def __init__(self) -> None:
        self.gate = asyncio.Lock()

    def swapped(self) -> None:
        pass


async def test_a_rebuild_makes_the_tables_that_are_not_there(bus: Bus, writer: Writer, postgres_url: str):
    await writer.write(stories(18, commits=20))
    await rebuild(bus, postgres_url, Absent())
    await value(postgres_url, "DROP TABLE checkpoint, ledger")
    await rebuild(bus, postgres_url, Absent())
    await assert_folded(bus, postgres_url)


async def test_a_rebuild_names_what_others_had_made_on_the_tables(
    bus: Bus, writer: Writer, postgres_url: str
):
    await writer.write(stories(18, commits=20))
    with capture_logs() as told:
        await rebuild(bus, postgres_url, Absent())
        await value(postgres_url, "CREATE VIEW failures AS SELECT id FROM agent_sessions")
        await value(postgres_url, "CREATE TABLE notes (of uuid REFERENCES agent_sessions, text text)")
        await rebuild(bus, postgres_url, Absent())
        await rebuild(bus, postgres_url, Absent())
    (gone,) = (line["what"] for line in told if line["event"] == "went with the old tables")
    assert "view public.failures" in gone
    assert "constraint notes_of_fkey on table public.notes" in gone


async def test_tables_of_another_log_are_replaced_however_far_they_are(
    bus: Bus, writer: Writer, postgres_url: str
):
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
    await value(postgres_url, "UPDATE checkpoint SET seq = 99, stream_created = $1", NOW)
    await value(postgres_url, f"CREATE SCHEMA {NEXT}")
    async with connected(postgres_url, NEXT) as connection:
        await make_bare(connection)
        await _swap(Projection(connection, uuid4(), 2), Origin(bus))
    assert await value(postgres_url, "SELECT seq FROM checkpoint") == 0


@pytest.mark.parametrize("away", ["NATS", "PostgreSQL"])
async def test_a_rebuild_without_one_of_its_servers_says_so(away: str, nats_url: str, postgres_url: str):
    urls = (
        ("nats://127.0.0.1:1", postgres_url) if away == "NATS" else (nats_url, "postgresql://127.0.0.1:1/x")
    )
    with pytest.raises(Refusal, match="NATS or PostgreSQL is away"):
        await rebuilt(*urls, Gone())


async def test_a_postgresql_that_stands_still_is_told_of_while_the_operator_still_listens(
    bus: Bus, nats_url: str, postgres: Rig, postgres_url: str
):
    async with operated(bus, nats_url, postgres_url):
        await caught_up(bus, postgres_url)
        standing = asyncio.create_task(postgres.stand_still(4))
        answer = await ask(bus, "status", timeout=TRY_S)
        await standing
    assert answer["error"]["message"] == "NATS or PostgreSQL is away: TimeoutError"


@pytest.mark.parametrize("schema", ["projection_next", "projection_last"])
async def test_what_is_left_of_another_rebuild_and_cannot_be_dropped_is_told_before_the_work(
    schema: str, bus: Bus, writer: Writer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("projector.beside.DROPS", 1)
    await value(postgres_url, f"CREATE SCHEMA {schema}")
    await value(postgres_url, f"CREATE TABLE {schema}.agents ()")
    reader = await asyncpg.connect(postgres_url)
    async with reader.transaction():
        await reader.execute(f"SELECT FROM {schema}.agents")
        with pytest.raises(Refusal, match="old tables are still read"):
            await rebuild(bus, postgres_url, Gone())
    await reader.execute(f"CREATE TABLE {schema}.of_somebody_else ()")
    await reader.close()
    with pytest.raises(Refusal, match=f"the schema {schema} holds something that is not ours"):
        await rebuild(bus, postgres_url, Gone())
    await value(postgres_url, f"DROP TABLE {schema}.of_somebody_else")
    with pytest.raises(ConnectionError):
        await rebuild(bus, postgres_url, Gone())
    assert await value(postgres_url, LEFT) == 0


async def test_of_two_projectors_one_rebuilds_and_both_say_so(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    await writer.happens(subjects.skill(SKILL), SkillRegistered(definition=definition(SKILL)))
    await write(nats_url, histories(SESSIONS, USER))
    async with projecting(bus, postgres_url) as writes, projecting(bus, postgres_url) as stands_by:
        await bus.listen("ops.projection.*", Operating(nats_url, postgres_url, writes).hear)
        await caught_up(bus, postgres_url)
        before = await whole_shape(postgres_url)
        reader = await asyncpg.connect(postgres_url)
        async with reader.transaction():
            await reader.execute("SELECT FROM agent_sessions LIMIT 1")
            first = asyncio.create_task(rebuilt(nats_url, postgres_url, stands_by))
            await until(lambda: value(postgres_url, FILLING))
            assert (await ask(bus, "status"))["rebuilding"]
            assert (await ask(bus, "rebuild"))["error"]["code"] == "busy"
        await reader.close()
        assert (await first)["events"] > SESSIONS
        assert not (await ask(bus, "status"))["rebuilding"]
        await caught_up(bus, postgres_url)
        assert await whole_shape(postgres_url) == before
    await assert_folded(bus, postgres_url)


@pytest.mark.parametrize("sql", spreading.IN_ORDER)
async def test_a_rebuild_has_the_indexes_that_its_statements_look_by(sql: str, postgres_url: str):
    async with connected(postgres_url) as connection:
        await make_bare(connection)
        await connection.execute(f"PREPARE hot AS {sql}")
        given = ", ".join(["'{}'"] * len(set(re.findall(r"\$\d", sql))))
        explained = await connection.fetch(f"EXPLAIN EXECUTE hot({given})")
    assert not [row[0] for row in explained if "Seq Scan" in row[0]]


@pytest.mark.parametrize(
    ("silent", "said"), [(BROKEN_OFF - 1, "the rebuild broke off"), (BROKEN_OFF, "no projector")]
)
async def test_whoever_waits_for_a_rebuild_waits_for_a_projector_that_is_started_anew(
    silent: int, said: str, bus: Bus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("totalaud.operator.ASK_AGAIN_S", 0.01)
    rebuilding, idle = {"rebuilding": True, "tables": "old"}, {"rebuilding": False, "tables": "old"}
    answers = [rebuilding, rebuilding, *[Unreachable("no projector answers")] * silent, idle, idle, idle]

    async def status(_: Operator) -> dict[str, Any]:
        match answers.pop(0):
            case Unreachable() as error:
                raise error
            case answer:
                return answer

    monkeypatch.setattr(Operator, "projection_status", status)
    await bus.listen("ops.projection.rebuild", lambda _: asyncio.sleep(0))
    with pytest.raises(Unreachable, match=said):
        await Operator(bus).rebuild()
