"""The shipped research and scoring skills on the shipped sample, in a real read model."""

import asyncio
import csv
import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import pytest

from projector.ddl import ddl
from projector.namekeys import keys, plain
from quality.speed import CROWD, SEALED
from servers import Rig
from shared.outage import NOTICED_WHEN_GONE
from shared.schema import problems
from skill_runner.context import SkillError
from skill_runner.tables import ReadModel
from skillmodules import SKILLS, shipped, skill_module
from totalaud.stack.ports import LOOPBACK, free_port

USER, OTHER = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
QUESTION = "Find me UK indie radio DJs who like synthpop"
FITTING = {
    "Harbour Lights FM",
    "Radio Saltmarsh",
    "Northern Static",
    "Valley Signal",
    "Canal Street Sessions",
    "Night Bus Radio",
}
INSERT = """
INSERT INTO contacts (id, user_id, name, outlet, role, type, genres, regions, source, source_url, suppressed,
                      erased, imported_at, seq, search_words, genre_keys, region_keys)
VALUES ($1, $2, $3::jsonb, $4, $5, $6, $7, $8, $9::jsonb, $10::jsonb, $11, $12, $13, 1,
        $14, $15, $16)
"""


class Context:
    """What a skill reads, on a connection of this test."""

    def __init__(self, url: str, user: UUID = USER) -> None:
        self.user = user
        self._url = url

    def now(self) -> datetime:
        return NOW

    def rows(self, sql: str, **named: Any) -> list[dict[str, Any]]:
        return asyncio.run(self._rows(sql, named))

    async def _rows(self, sql: str, named: dict[str, Any]) -> list[dict[str, Any]]:
        model = ReadModel(self._url)
        found = await model.rows(sql, {"user": self.user, **named}, 0, 0)
        await model._connection.close()
        return found


def sample() -> list[dict[str, Any]]:
    with (SKILLS / "scout/example/contacts.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def values(row: dict[str, Any], user: UUID) -> tuple[Any, ...]:
    genres, regions = row["genres"].split(";"), row["regions"].split(";")
    words = plain(" ".join([row["outlet"], row["role"], row["type"], *genres, *regions]))
    sealed = '{"$sealed": "00000000-0000-4000-8000-000000000009", "n": "bg==", "c": "Yw=="}'
    return (
        *(uuid5(user, row["email"]), user, sealed, row["outlet"], row["role"], row["type"], genres, regions),
        *(sealed, sealed, row["suppressed"] == "yes", False, NOW, words),
        *(keys(genres), keys(regions)),
    )


@pytest.fixture
async def tables(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres_url)
    for statement in ddl():
        await connection.execute(statement)
    await connection.executemany(INSERT, [values(row, user) for row in sample() for user in (USER, OTHER)])
    yield connection
    await connection.close()


async def research(url: str, user: UUID = USER, **given: Any) -> dict[str, Any]:
    run = skill_module("scout/research_contacts.py").run
    output = await asyncio.to_thread(run, {"max_results": 20, **given}, Context(url, user))
    told = {**output, "contacts": [{**each, "imported_at": NOW.isoformat()} for each in output["contacts"]]}
    assert problems(shipped()["research-contacts"].output_schema, told) == []
    return told


def outlets(output: dict[str, Any]) -> set[str]:
    return {contact["outlet"] for contact in output["contacts"]}


async def test_the_question_of_the_specification_finds_the_fitting_contacts_and_no_other(
    tables: asyncpg.Connection, postgres_url: str
):
    output = await research(postgres_url, query=QUESTION)
    assert outlets(output) == FITTING
    assert (output["total"], output["widened"]) == (len(FITTING), [])
    assert all("$sealed" in contact["name"] for contact in output["contacts"])


async def test_the_call_of_the_specification_finds_the_same(tables: asyncpg.Connection, postgres_url: str):
    given = {"query": "indie radio UK", "type": "radio", "genres": ["synthpop"], "regions": ["UK"]}
    output = await research(postgres_url, **given)
    assert outlets(output) == FITTING
    scored = await asyncio.to_thread(
        skill_module("scout/score_contacts.py").run,
        {"contacts": output["contacts"], "criteria": {"genres": ["synthpop"], "regions": ["UK"]}},
        Context(postgres_url),
    )
    assert problems(shipped()["score-contacts"].output_schema, scored) == []
    scores = [contact["relevance_score"] for contact in scored["contacts"]]
    assert scores == sorted(scores, reverse=True)


async def test_a_place_without_anybody_is_widened_and_it_is_said(
    tables: asyncpg.Connection, postgres_url: str
):
    output = await research(postgres_url, query="synthpop radio in Cardiff")
    assert outlets(output) == {"Valley Signal"}
    assert output["widened"] == ["nobody fits in cardiff: looked in wales"]


async def test_suppressed_and_erased_contacts_and_those_of_others_are_never_found(
    tables: asyncpg.Connection, postgres_url: str
):
    await tables.execute(
        "UPDATE contacts SET erased = true WHERE outlet = 'Valley Signal' AND user_id = $1", USER
    )
    await tables.execute("DELETE FROM contacts WHERE outlet = 'Night Bus Radio' AND user_id = $1", USER)
    assert outlets(await research(postgres_url, query=QUESTION)) == FITTING - {
        "Valley Signal",
        "Night Bus Radio",
    }
    assert (await research(postgres_url, user=uuid4(), query=QUESTION))["contacts"] == []


async def test_a_sign_between_words_is_not_looked_for(tables: asyncpg.Connection, postgres_url: str):
    found, same = [
        await research(postgres_url, query=query)
        for query in ("radio & podcasts in the UK", "radio and podcasts in the UK")
    ]
    assert found["total"] == same["total"] > 0


async def test_an_outlet_is_found_by_its_words(tables: asyncpg.Connection, postgres_url: str):
    for query in ("Ironworks", "iron & works & ironworks", "ironworks &"):
        assert outlets(await research(postgres_url, query=query)) == {"Ironworks FM"}


async def test_twenty_thousand_contacts_are_searched_in_less_than_a_second(
    tables: asyncpg.Connection, postgres_url: str
):
    rows = [{**row, "email": f"{number}-{row['email']}"} for number in range(1500) for row in sample()]
    await tables.executemany(INSERT, [values(row, USER) for row in rows])
    took = []
    for _ in range(5):
        began = time.monotonic()
        output = await research(postgres_url, query=QUESTION)
        took.append(time.monotonic() - began)
    assert min(took) < 1
    assert output["total"] == 1501 * len(FITTING)
    assert len(output["contacts"]) == 20


async def test_the_crowd_on_which_speed_is_measured_fits_into_the_tables(tables: asyncpg.Connection):
    crowd = CROWD.format(user=USER, now=NOW.isoformat(), sealed=SEALED)
    for statement in crowd.strip().removesuffix(";").split(";\n"):
        await tables.fetch(re.sub("^INSERT", "EXPLAIN INSERT", statement.strip(), flags=re.MULTILINE))


async def test_a_query_waits_for_a_postgresql_that_comes_back(postgres: Rig, postgres_url: str):
    """Or a skill that reads would use up its attempts within two seconds, less than a restart takes."""
    model = ReadModel(postgres_url)
    assert await model.rows("SELECT 1 AS n", {}, 0, 0) == [{"n": 1}]
    await postgres.kill()
    asking = asyncio.create_task(model.rows("SELECT 2 AS n", {}, 0, 30))
    await asyncio.sleep(0.5)
    await postgres.restart()
    assert await asking == [{"n": 2}]
    await model.close()


async def test_a_worker_s_connection_is_looked_after_so_that_no_firewall_forgets_it(postgres_url: str):
    model = ReadModel(postgres_url)
    shown = await model.rows("SHOW tcp_keepalives_idle", {}, 0, 0)
    assert shown == [{"tcp_keepalives_idle": NOTICED_WHEN_GONE["tcp_keepalives_idle"]}]
    await model.close()


async def test_a_postgresql_that_stays_away_is_named_and_worth_another_try():
    with pytest.raises(SkillError, match="PostgreSQL is away") as told:
        await ReadModel(f"postgresql://{LOOPBACK}:{free_port()}/x").rows("SELECT 1", {}, 0, 0.3)
    assert (told.value.code, told.value.retryable) == ("tables_away", True)


async def test_a_postgresql_that_stands_still_is_away_before_the_skill_s_time_is_up(
    postgres: Rig, postgres_url: str
):
    model = ReadModel(postgres_url)
    standing = asyncio.create_task(postgres.stand_still(4))
    with pytest.raises(SkillError, match="PostgreSQL is away") as told:
        await asyncio.wait_for(model.rows("SELECT 1 AS n", {}, 0, 1), 3)
    assert (told.value.code, told.value.retryable) == ("tables_away", True)
    await standing
    assert await model.rows("SELECT 1 AS n", {}, 0, 30) == [{"n": 1}]
    await model.close()


async def test_a_connection_that_brings_no_answer_is_given_up_and_another_one_asked(
    tables: asyncpg.Connection, postgres_url: str
):
    model = ReadModel(postgres_url)
    await model.rows("SELECT 1 AS n", {}, 0, 30)
    async with tables.transaction():
        await tables.execute("LOCK TABLE checkpoint")
        with pytest.raises(SkillError, match="PostgreSQL is away") as told:
            await asyncio.wait_for(model.rows("SELECT 1 AS n", {}, 1, 1), 4)
    assert (told.value.code, told.value.retryable) == ("tables_away", True)
    assert await model.rows("SELECT 1 AS n", {}, 0, 30) == [{"n": 1}]
    await model.close()


async def test_what_is_wrong_with_a_query_itself_is_told_at_once(postgres_url: str):
    model = ReadModel(postgres_url)
    with pytest.raises(asyncpg.DataError):
        await model.rows("SELECT CAST(:n AS int)", {"n": "x"}, 0, 30)
    await model.close()
