"""A projection on a real PostgreSQL, without a log: in one batch, in several, or worked out ahead."""

from uuid import UUID, uuid4

import asyncpg
import pytest
from msgspec.structs import replace

from controls import SESSION, USER, failure, start
from given import given
from histories import stories
from projected import COMPARED, assert_folds
from projecting import CAMPAIGN, EPOCH, RUN, SENT, Told
from projector.changes import Add, Ensure, Remove, Row
from projector.projection import Fenced, Projection
from projector.waves import waves
from projector.writing import Step, prepare, write
from projectorstage import value
from record_histories import record_stories
from shared import subjects
from shared.record_events import ArtistSet, FactAdded, FactRemoved


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
