"""What a projection cannot store is parked alone, with its reason, and all else is there."""

from uuid import UUID, uuid4

import asyncpg
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from controls import NOW, SESSION, USER, failure, planned, report, start
from given import given
from histories import stories
from orchestrator.decide import decide
from orchestrator.session import Session
from projected import assert_folds
from projecting import EPOCH, IMPORTED, OTHER, PARKED, PERSON, RUN, Told
from projector.projection import Projection
from projector.statements import adding
from projector.writing import MANY
from projectorstage import value
from shared import subjects
from shared.direct_get import Entry
from shared.events import SessionStarted
from shared.ledger_events import BudgetSet, MoneyReserved
from shared.record_events import ContactImported, ContactSuppressed

OUTSTANDING = "SELECT array_agg(subject ORDER BY subject) FROM outstanding"


async def test_money_of_a_session_that_is_parked_is_told_as_the_folded_log_has_it(
    connection: asyncpg.Connection, postgres_url: str
):
    told, projection = Told(), Projection(connection, EPOCH, 0)
    begun = replace(start(1), steps=(planned(1, skill="nowhere"),))
    told.happens(RUN, *decide(begun, Session(), NOW, RUN.subject).events)
    aside = MoneyReserved(attempt_id=uuid4(), noun="session", id=SESSION, day=NOW.date())
    told.happens(subjects.ledger(USER), aside, BudgetSet(scope="user"))
    await projection.write(told.readings())
    rows = await assert_folds(told.entries, postgres_url)
    assert (len(rows["agent_sessions"]), len(rows["ledger"]), len(rows["budgets"])) == (0, 1, 1)


async def test_what_was_worked_out_before_its_history_was_parked_is_passed_over(
    connection: asyncpg.Connection, postgres_url: str
):
    told, projection, other = Told(), Projection(connection, EPOCH, 0), Projection(connection, EPOCH, 0)
    bad = told.happens(PERSON, ContactImported(outlet="a\0b", fingerprint="one"))
    told.happens(PERSON, IMPORTED)
    ahead = other.ahead(told.readings(bad))
    await projection.write(told.readings()[:bad])
    await other.follow(bad)
    await other.write(told.readings(bad), ahead)
    assert await value(postgres_url, "SELECT count(*) FROM contacts") == 0
    assert await value(postgres_url, PARKED) == [
        f"{bad} a value that the tables cannot hold: CharacterNotInRepertoireError"
    ]


async def test_what_is_parked_is_passed_over_by_its_projection_and_by_one_that_comes_back(
    connection: asyncpg.Connection, postgres_url: str
):
    told, projection = Told(), Projection(connection, EPOCH, 0)
    bad = told.happens(PERSON, ContactImported(outlet="a\0b", fingerprint="one"))
    await projection.project(told.entries)
    told.happens(PERSON, IMPORTED)
    await projection.project(told.entries[bad:])
    told.happens(PERSON, IMPORTED)
    back = Projection(connection, EPOCH, bad + 1)
    await back.resume()
    await back.project(told.entries[bad + 1 :])
    assert await value(postgres_url, "SELECT count(*) FROM contacts") == 0
    assert await value(postgres_url, "SELECT seq FROM checkpoint") == bad + 2


async def test_a_batch_of_which_a_later_part_fails_leaves_nothing_of_the_parts_before(
    connection: asyncpg.Connection, postgres_url: str
):
    told, begun = Told(), given(start(1))
    told.happens(RUN, *given().when(start(1)).events)
    told.happens(RUN, *begun.when(failure(retryable=False)).events)
    again = told.happens(RUN, *given().when(start(1)).events)
    await Projection(connection, EPOCH, 0).project(told.entries)
    assert await value(postgres_url, PARKED) == [
        f"{again} a row is missing, there already, or another user's"
    ]
    await assert_folds(told.entries, postgres_url)


async def test_what_does_not_fit_is_not_worked_out_ahead_and_is_parked_in_its_turn(
    connection: asyncpg.Connection, postgres_url: str
):
    told, projection = Told(), Projection(connection, EPOCH, 0)
    told.happens(PERSON, IMPORTED)
    begun = given().when(start()).events
    told.happens(RUN, *begun)
    again = told.happens(RUN, *begun)
    twice = told.happens(subjects.session(USER, UUID(int=3)), *begun, *begun)
    told.happens(PERSON, ContactSuppressed())
    assert projection.ahead(told.readings()) is None
    await projection.write(told.readings(), None)
    assert await value(postgres_url, PARKED) == [
        f"{again} a row is missing, there already, or another user's",
        f"{twice} a row of agent_sessions is added twice",
    ]
    await assert_folds(told.entries, postgres_url)


async def test_many_rows_are_copied_all_or_none_and_those_beside_a_bad_one_are_there(
    connection: asyncpg.Connection, postgres_url: str
):
    told, projection = Told(), Projection(connection, EPOCH, 0)
    for number in range(100, MANY + 120):
        one = subjects.session(USER, UUID(int=number, version=4))
        told.happens(one, *decide(start(1), Session(), NOW, one.subject).events)
    unknown = SessionStarted(agent="scout-agent", steps=(planned(1, skill="none"),), input={}, fingerprint="")
    bad = told.happens(RUN, unknown)
    told.happens(PERSON, IMPORTED)
    batch = projection.ahead(told.readings())
    assert batch is not None
    assert {table for wave in batch.waves for table, _ in wave.copied} >= {"agent_sessions"}
    parts = [part for wave in batch.waves for one in wave.meant for part in one.parts]
    assert not [part for part in parts if (part.table, part.sql) == ("agent_sessions", adding)]
    await projection.project(told.entries)
    assert await value(postgres_url, PARKED) == [
        f"{bad} ForeignKeyViolationError: agent_session_steps_skill_name_fkey"
    ]
    await assert_folds(told.entries, postgres_url)


@pytest.mark.parametrize("at_once", [True, False])
async def test_each_history_that_cannot_be_stored_is_parked_alone_with_its_reason(
    at_once: bool, connection: asyncpg.Connection, postgres_url: str
):
    told, projection = Told(), Projection(connection, EPOCH, 0)
    told.write(*stories(32, commits=30))
    unknown = SessionStarted(
        agent="scout-agent", steps=(planned(1, skill="none"),), input={}, fingerprint="print"
    )
    orphan = told.happens(RUN, unknown)
    nothing = told.happens(subjects.session(USER, UUID(int=3)), *given(start()).when(report()).events)
    long = told.happens(PERSON, ContactImported(outlet=" ".join(map(str, range(200_000))), fingerprint="one"))
    told.entries.append(Entry(long + 1, subjects.session(USER, UUID(int=4)).subject, b"{}"))
    told.entries.append(Entry(long + 2, OTHER.subject, b"{}"))
    told.happens(OTHER, IMPORTED)
    told.write(*stories(33, commits=30))
    with capture_logs() as logs:
        for batch in [told.entries] if at_once else [[entry] for entry in told.entries]:
            await projection.project(batch)
    parked = [
        f"{orphan} ForeignKeyViolationError: agent_session_steps_skill_name_fkey",
        f"{nothing} a row is missing, there already, or another user's",
        f"{long} a value that the tables cannot hold: ProgramLimitExceededError",
        f"{long + 1} the commit cannot be read: commit_id: is missing",
        f"{long + 2} the commit cannot be read: commit_id: is missing",
    ]
    assert await value(postgres_url, PARKED) == parked
    assert {f"{line['seq']} {line['reason']}" for line in logs} == {*parked}
    outstanding = await value(postgres_url, OUTSTANDING)
    assert {subjects.session(USER, id_).subject for id_ in (SESSION, UUID(int=3), UUID(int=4))} <= {
        *outstanding
    }
    assert not {PERSON.subject, OTHER.subject} & {*outstanding}
    assert await value(postgres_url, "SELECT count(*) FROM contacts") == 0
