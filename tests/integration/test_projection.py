"""A projection on a real PostgreSQL, without a log: in one batch, in several, or worked out ahead."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from controls import (
    NOW,
    SESSION,
    SUBJECT,
    USER,
    attempt_id,
    claim,
    failure,
    later,
    planned,
    report,
    start,
    usage,
)
from given import given
from histories import Written, definitions, stories
from orchestrator.asked import Cancel, ExpireLease, WakeUp
from orchestrator.decide import decide
from orchestrator.session import Session
from projected import COMPARED, assert_folds
from projector.changes import Add, Ensure, Remove, Row
from projector.database import connected, make, take_over
from projector.entry import Reading, read
from projector.projection import Fenced, Projection
from projector.statements import adding
from projector.waves import waves
from projector.writing import MANY, Step, prepare, write
from projectorstage import value
from record_histories import corrected, record_stories
from shared import subjects
from shared.commit import Commit
from shared.direct_get import Entry
from shared.events import AnyEvent, SessionStarted
from shared.ledger_events import BudgetSet, MoneyReserved
from shared.record_events import (
    ArtistSet,
    ContactImported,
    ContactSuppressed,
    FactAdded,
    FactRemoved,
    OutreachRecorded,
)
from shared.subjects import Aggregate

RUN = subjects.session(USER, SESSION)
CAMPAIGN = UUID(int=32)
SENT = OutreachRecorded(outreach_id=UUID(int=33), contact_id=UUID(int=5), kind="sent", at=NOW)
PERSON, OTHER = (subjects.contact(USER, UUID(int=number)) for number in (5, 6))
EPOCH = UUID(int=77)
IMPORTED = ContactImported(outlet="Tees Sample FM", fingerprint="one")
PARKED = "SELECT array_agg(seq || ' ' || reason ORDER BY seq) FROM projection_errors"
OUTSTANDING = "SELECT array_agg(subject ORDER BY subject) FROM outstanding"


class Told:
    """Commits one behind the other, the definitions first."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.write(*definitions())

    def write(self, *written: Written) -> None:
        for aggregate, commit in written:
            self.entries.append(Entry(len(self.entries) + 1, aggregate.subject, commit.encode(aggregate)))

    def happens(self, aggregate: Aggregate, *events: AnyEvent) -> int:
        self.write((aggregate, Commit(commit_id=uuid4(), at=later(len(self.entries)), events=events)))
        return len(self.entries)

    def readings(self, after: int = 0) -> list[Reading]:
        return [read(entry) for entry in self.entries[after:]]


@pytest.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with connected(postgres_url) as connection:
        await make(connection)
        await take_over(connection, EPOCH)
        yield connection


async def test_what_is_worked_out_ahead_is_written_as_what_is_not(
    connection: asyncpg.Connection, postgres_url: str
):
    told, projection, other = Told(), Projection(connection, EPOCH, 0), Projection(connection, EPOCH, 0)
    told.write(*stories(31, commits=60))
    half = len(told.entries) // 2
    first, second = told.readings()[:half], told.readings(half)
    ahead = other.ahead(second)
    assert ahead is not None
    await projection.write(first, projection.ahead(first))
    await other.follow(half)
    await other.write(second, ahead)
    assert other.seq == await value(postgres_url, "SELECT seq FROM checkpoint") == len(told.entries)
    await assert_folds(told.entries, postgres_url)


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


@pytest.mark.parametrize("cut", ["one commit", "one batch", "two batches"])
async def test_a_row_that_is_removed_and_told_again_holds_only_what_was_told_last(
    cut: str, connection: asyncpg.Connection, postgres_url: str
):
    told, projection = Told(), Projection(connection, EPOCH, 0)
    artist, (one, other) = subjects.record(USER, "artist", UUID(int=20)), (UUID(int=21), UUID(int=22))
    first = FactAdded(fact_id=one, text="They are four", source="their page")
    before = told.happens(artist, ArtistSet(name="Neon Harbour"), first, replace(first, fact_id=other))
    await projection.project(told.entries)
    removed = FactRemoved(fact_id=one), FactRemoved(fact_id=other)
    again = FactAdded(fact_id=one, text="They are three")
    for events in [[*removed, again]] if cut == "one commit" else [removed, [again]]:
        told.happens(artist, *events)
    for batch in (
        [[entry] for entry in told.entries[before:]] if cut == "two batches" else [told.entries[before:]]
    ):
        await projection.project(batch)
    rows = await assert_folds(told.entries, postgres_url)
    assert [(fact["text"], fact["source"]) for fact in rows["artist_facts"].values()] == [
        ("They are three", None)
    ]


@pytest.mark.parametrize("again", [Add, Ensure])
async def test_a_row_that_is_removed_makes_room_for_one_of_the_same_key_in_the_same_wave(
    again: type[Add | Ensure], connection: asyncpg.Connection, postgres_url: str
):
    row = Row("outstanding", RUN.subject)
    first, last = ({"noun": "session", "id": id_, "user_id": USER} for id_ in (SESSION, UUID(int=3)))
    for seq, changes in enumerate([[Add(row, first)], [Remove(row), again(row, last)]]):
        (wave,) = waves([(RUN.subject, changes)])
        await write(connection, prepare(wave), Step(seq, seq + 1, uuid4(), EPOCH))
    assert await value(postgres_url, "SELECT array_agg(id) FROM outstanding") == [UUID(int=3)]


@pytest.mark.parametrize("seed", range(2))
async def test_a_batch_of_which_everything_fits_is_one_transaction(
    seed: int, connection: asyncpg.Connection, postgres_url: str
):
    told = Told()
    told.write(*stories(seed), *record_stories(seed))
    await Projection(connection, EPOCH, 0).project(told.entries)
    transactions = " UNION ".join(f"SELECT xmin::text FROM {table}" for table in (*COMPARED, "checkpoint"))
    assert await value(postgres_url, f"SELECT count(*) FROM ({transactions}) AS t") == 1
    await assert_folds(told.entries, postgres_url)


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_session_that_goes_on_for_longer_than_its_column_can_hold_took_as_long_as_it_can(
    at_once: bool, connection: asyncpg.Connection, postgres_url: str
):
    told, projection = Told(), Projection(connection, EPOCH, 0)
    told.happens(RUN, *given().when(start()).events)
    end = given(start()).when(Cancel()).events
    told.write((RUN, Commit(commit_id=uuid4(), at=NOW + timedelta(days=40), events=end)))
    for batch in [told.entries] if at_once else [[entry] for entry in told.entries]:
        await projection.project(batch)
    rows = await assert_folds(told.entries, postgres_url)
    assert rows["agent_sessions"][SESSION]["duration_ms"] == 2**31 - 1


async def test_what_spreads_over_other_rows_is_of_the_checkpoint_s_own_transaction(
    connection: asyncpg.Connection, postgres_url: str
):
    told, projection = Told(), Projection(connection, EPOCH, 0)
    before = told.happens(RUN, *given().when(start(2)).events)
    await projection.project(told.entries)
    told.happens(RUN, *given(start(2)).when(failure(retryable=False)).events)
    await projection.project(told.entries[before:])
    skipped = "SELECT xmin::text FROM agent_session_steps WHERE status = 'skipped'"
    of_the_step = await value(postgres_url, skipped)
    assert of_the_step is not None
    assert of_the_step == await value(postgres_url, "SELECT xmin::text FROM checkpoint")
    told.happens(subjects.record(USER, "campaign", CAMPAIGN), SENT)
    await projection.project(told.entries[-1:])
    of_the_pitch = await value(postgres_url, "SELECT xmin::text FROM pitches")
    assert of_the_pitch == await value(postgres_url, "SELECT xmin::text FROM checkpoint")


async def test_what_is_under_way_is_not_in_doubt_though_an_attempt_before_it_is(
    connection: asyncpg.Connection, postgres_url: str
):
    told, session = Told(), Session()
    first, second = (
        replace(one, claim=replace(one.claim, most_usd=Decimal(2))) for one in (claim(), claim(1, 2))
    )
    late = failure(usage=replace(usage(), in_doubt_usd=Decimal(1)))
    commands = (start(1), first, ExpireLease(attempt_id()), WakeUp(), second, late)
    for number, command in enumerate(commands):
        session, events = decide(command, session, later(60 * number), SUBJECT)
        told.happens(RUN, *events)
    await Projection(connection, EPOCH, 0).project(told.entries)
    rows = await assert_folds(told.entries, postgres_url)
    assert rows["skill_executions"][attempt_id(1, 2)]["in_doubt_usd"] == 2
    assert rows["agent_sessions"][SESSION]["in_doubt_usd"] == 1


async def test_what_another_user_tells_of_the_same_contact_and_campaign_leaves_the_pitch_as_it_is(
    connection: asyncpg.Connection, postgres_url: str
):
    told, projection = Told(), Projection(connection, EPOCH, 0)
    theirs = replace(SENT, outreach_id=uuid4(), at=later(60))
    before = told.happens(subjects.record(USER, "campaign", CAMPAIGN), SENT)
    for event in (theirs, corrected(theirs)):
        told.happens(subjects.record(UUID(int=9), "campaign", CAMPAIGN), event)
    for batch in (told.entries[:before], *([entry] for entry in told.entries[before:])):
        await projection.project(batch)
    rows = await assert_folds(told.entries, postgres_url)
    assert [(row["user_id"], row["sends"]) for row in rows["pitches"].values()] == [(USER, 1)]


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_skill_is_filed_beside_a_session_that_was_known_when_it_began_however_a_batch_is_cut(
    at_once: bool, connection: asyncpg.Connection, postgres_url: str
):
    told, projection = Told(), Projection(connection, EPOCH, 0)
    before, after = (subjects.execution(USER, UUID(int=number)) for number in (50, 51))
    beside = replace(start(1), agent=None, beside_session=SESSION)
    told.happens(before, *decide(beside, Session(), NOW, before.subject).events)
    told.happens(RUN, *given().when(start(1)).events)
    told.happens(after, *decide(beside, Session(), NOW, after.subject).events)
    for batch in [told.entries] if at_once else [[entry] for entry in told.entries]:
        await projection.project(batch)
    rows = (await assert_folds(told.entries, postgres_url))["skill_executions"].values()
    filed = {row["execution_id"]: row["agent_session_id"] for row in rows}
    assert filed == {None: SESSION, UUID(int=50): None, UUID(int=51): SESSION}


async def test_skills_of_two_users_under_one_id_are_each_filed_beside_their_own_user_s_session(
    connection: asyncpg.Connection, postgres_url: str
):
    told, projection = Told(), Projection(connection, EPOCH, 0)
    sessions = {USER: UUID(int=60), UUID(int=9): UUID(int=61)}
    for user, beside in sessions.items():
        session, alone = subjects.session(user, beside), subjects.execution(user, SESSION)
        told.happens(session, *decide(start(1), Session(), NOW, session.subject).events)
        begun = decide(replace(start(1), agent=None, beside_session=beside), Session(), NOW, alone.subject)
        (first,) = begun.session.open
        failed = decide(failure(attempt_id=first), begun.session, NOW, alone.subject)
        again = decide(WakeUp(), failed.session, later(60), alone.subject)
        for decision in (begun, failed, again):
            told.happens(alone, *decision.events)
    await projection.project(told.entries)
    rows = (await assert_folds(told.entries, postgres_url))["skill_executions"].values()
    filed = sorted((row["user_id"], row["agent_session_id"]) for row in rows if row["execution_id"])
    assert filed == sorted([*sessions.items()] * 2)


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


async def test_nothing_is_written_where_somebody_else_moved_the_checkpoint(
    connection: asyncpg.Connection, postgres_url: str
):
    told = Told()
    told.write(*stories(34, commits=30))
    behind, stranger = Projection(connection, EPOCH, 1), Projection(connection, uuid4(), 0)
    for fenced in (behind, stranger):
        with pytest.raises(Fenced):
            await fenced.project(told.entries[fenced.seq :])
    assert await value(postgres_url, "SELECT count(*) FROM skills") == 0
    assert await value(postgres_url, "SELECT seq FROM checkpoint") == 0


async def test_nothing_is_removed_where_somebody_else_moved_the_checkpoint(
    connection: asyncpg.Connection, postgres_url: str
):
    told, artist = Told(), subjects.record(USER, "artist", UUID(int=20))
    fact = FactAdded(fact_id=UUID(int=21), text="They are four")
    before = told.happens(artist, ArtistSet(name="Neon Harbour"), fact)
    await Projection(connection, EPOCH, 0).project(told.entries)
    told.happens(artist, FactRemoved(fact_id=fact.fact_id), fact)
    with pytest.raises(Fenced):
        await Projection(connection, uuid4(), before).project(told.entries[before:])
    assert await value(postgres_url, "SELECT count(*) FROM artist_facts") == 1
