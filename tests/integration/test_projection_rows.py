"""What rows say of sessions, skills and pitches whose commits come in an odd order, or from two users."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest
from msgspec.structs import replace

from controls import NOW, SESSION, SUBJECT, USER, attempt_id, claim, failure, later, start, usage
from given import given
from orchestrator.asked import Cancel, ExpireLease, WakeUp
from orchestrator.decide import decide
from orchestrator.session import Session
from projected import assert_folds
from projecting import CAMPAIGN, EPOCH, RUN, SENT, Told
from projector.projection import Projection
from record_histories import corrected
from shared import subjects
from shared.commit import Commit


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
