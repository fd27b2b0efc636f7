"""How a worker reads the tables for skills that are plain code: signals, threads, names of servers."""

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from skill_runner.context import SkillError
from skill_runner.surroundings import OURS, Surroundings
from skill_runner.tables import Blocking, ReadModel
from totalaud.stack.ports import LOOPBACK

LONG = "SELECT 2 AS n FROM pg_sleep(60)"
GOES_ON = "SELECT pid FROM pg_stat_activity WHERE query = :long AND state = 'active'"


class Interrupted(Exception):  # noqa: N818 - what a skill of its own would call it
    pass


def interrupt(*_: object) -> None:
    raise Interrupted


@pytest.fixture
def tables(postgres_url: str) -> Iterator[Blocking]:
    reading = Blocking(ReadModel(postgres_url.replace(LOOPBACK, "localhost")))
    yield reading
    reading.close()


def tell(url: str, sql: str) -> None:
    async def told() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(sql)
        await connection.close()

    asyncio.run(told())


def break_off(tables: Blocking) -> None:
    """Ask for what takes long, and wait for it no more."""
    assert tables.rows("SELECT 1 AS n", {}, 0, 30) == [{"n": 1}]
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(Interrupted):
            tables.rows(LONG, {}, 0, 30)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_query_that_a_signal_breaks_off_leaves_nothing_to_the_next(tables: Blocking):
    break_off(tables)
    assert tables.rows("SELECT 3 AS n", {}, 0, 30) == [{"n": 3}]


def test_a_query_whose_skill_is_gone_does_not_go_on(tables: Blocking):
    break_off(tables)
    until = time.monotonic() + 20
    while tables.rows(GOES_ON, {"long": LONG}, 0, 30):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_connection_that_is_not_set_up_to_its_end_is_not_read_from(
    tables: Blocking, monkeypatch: pytest.MonkeyPatch
):
    broken_off = iter([asyncpg.QueryCanceledError()])

    async def unhurried(_: Any) -> None:
        for error in broken_off:
            raise error

    monkeypatch.setattr("skill_runner.tables.unhurried", unhurried)
    assert tables.rows("""SELECT CAST('{"a": 1}' AS jsonb) AS n""", {}, 0, 30) == [{"n": {"a": 1}}]


def test_how_far_the_tables_are_is_asked_anew_of_the_server_that_takes_another_one_s_place(
    tables: Blocking, postgres_url: str
):
    tell(postgres_url, "CREATE TABLE checkpoint AS SELECT 7 AS seq")
    assert tables.rows("SELECT 1 AS n", {}, 7, 30) == [{"n": 1}]
    tell(postgres_url, "UPDATE checkpoint SET seq = 6")
    tables._tables.give_up()
    with pytest.raises(SkillError, match="not yet as far"):
        tables.rows("SELECT 1 AS n", {}, 7, 0)


def test_a_skill_s_threads_read_one_after_the_other(tables: Blocking):
    with ThreadPoolExecutor(4) as threads:
        found = threads.map(lambda n: tables.rows("SELECT CAST(:n AS int) AS n", {"n": n}, 0, 30), range(8))
        assert [*found] == [[{"n": n}] for n in range(8)]


def test_what_looks_up_a_server_s_name_is_nothing_that_a_skill_has_left(tables: Blocking):
    before = Surroundings()
    tables.rows("SELECT 1 AS n", {}, 0, 30)
    assert any(thread.name.startswith(OURS) for thread in threading.enumerate())
    assert before.changed() == []


def test_a_string_that_stands_in_many_rows_is_held_once_and_forgotten_with_them(tables: Blocking):
    twice = "SELECT CAST(:text AS text) AS text, CAST(:id AS uuid) AS id FROM generate_series(1, 2)"
    first, second = tables.rows(twice, {"text": "from berlin", "id": str(UUID(int=1))}, 0, 30)
    assert first["text"] is second["text"]
    assert first["id"] is second["id"]
    (later,) = tables.rows("SELECT CAST(:text AS text) AS text", {"text": "from berlin"}, 0, 30)
    assert later["text"] is not first["text"]


def test_what_is_no_string_is_refused_as_text_and_not_made_one(tables: Blocking):
    with pytest.raises(asyncpg.DataError, match="expected str, got int"):
        tables.rows("SELECT CAST(:text AS text) AS text", {"text": 5}, 0, 30)
