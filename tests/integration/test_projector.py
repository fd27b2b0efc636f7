"""The projector on real servers: exactly once, parked alone, fenced, true to one log."""

import asyncio
import random
from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from nats.aio.msg import Msg
from structlog.testing import capture_logs

from controls import NOW, SESSION, SUBJECT, USER, planned, start
from histories import stories
from orchestrator.asked import Cancel
from orchestrator.decide import decide
from orchestrator.session import Session
from projected import RECORDS, assert_folded, rows_of
from projector import reader
from projector.live import SHORTEST_WAIT_S, Live
from projectorstage import (
    Writer,
    ask,
    caught_up,
    have_rebuilt,
    operated,
    projecting,
    service,
    until,
    value,
    waits,
)
from record_histories import corrected, record_stories, recorded
from servers import Rig, read_only
from shared import subjects
from shared.bus import Bus
from shared.commit import Commit
from shared.events import SessionStarted
from shared.record_events import (
    ArtistSet,
    CampaignCreated,
    ContactErased,
    ContactImported,
    FactAdded,
    FactRemoved,
)
from totalaud import readers

FULL = """
CREATE SEQUENCE tried;
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM nextval('public.tried');
RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON skill_executions EXECUTE FUNCTION full_disk();
"""
HANG_UP = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'totalaud-projector'"
)
FILL = "SELECT count(pg_notify('x', repeat('x', 7000) || n)) FROM generate_series(1, 1000) n"
SEALED = {"$sealed": str(UUID(int=5, version=4)), "n": "bg==", "c": "Yw=="}


@pytest.mark.parametrize("seed", range(3))
async def test_every_column_of_every_record_is_the_folded_log_live_and_rebuilt(
    seed: int, bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    history = list(record_stories(seed))
    async with operated(bus, nats_url, postgres_url):
        await writer.write(history[:100], pause_s=0.002)
        await caught_up(bus, postgres_url)
        await writer.write(history[100:])
        await caught_up(bus, postgres_url)
        rows = await assert_folded(bus, postgres_url)
        assert await value(postgres_url, "SELECT count(*) FROM projection_errors") == 0
        assert all(rows[table] for table in RECORDS)
        await have_rebuilt(bus)
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
    assert {name: rows[name] for name in RECORDS} == {name: before[name] for name in RECORDS}
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


async def test_while_postgres_takes_no_changes_the_projection_waits(
    bus: Bus, writer: Writer, postgres_url: str
):
    history = list(stories(6))
    async with projecting(bus, postgres_url):
        await writer.write(history[:60])
        await caught_up(bus, postgres_url)
        with capture_logs() as told:
            async with read_only(postgres_url):
                await writer.write(history[60:])
                await until(lambda: waits(told, "ReadOnlySQLTransactionError"))
            await caught_up(bus, postgres_url)
    await assert_folded(bus, postgres_url)


async def test_a_projector_that_begins_while_postgres_is_away_waits(bus: Bus):
    with capture_logs() as told:
        async with projecting(bus, "postgresql://127.0.0.1:1/away"):
            await until(lambda: waits(told, "ConnectionRefusedError"))


async def waits_least(live: Live) -> bool:
    return live._wait_s == SHORTEST_WAIT_S


async def test_a_postgres_that_comes_back_without_tables_is_filled_though_nothing_more_happens(
    bus: Bus, writer: Writer, postgres_url: str
):
    async with projecting(bus, postgres_url):
        await writer.write(stories(3))
        await caught_up(bus, postgres_url)
        connection = await asyncpg.connect(postgres_url)
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await connection.execute(HANG_UP)
        await connection.close()
        await caught_up(bus, postgres_url)
    await assert_folded(bus, postgres_url)


async def connected_again(bus: Bus) -> bool:
    return bool(bus.client.is_connected)


async def test_what_jsonb_cannot_hold_parks_its_session_alone(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    for number, bad in enumerate(('"a\\u0000b"', "1e400", '"\\ud800"'), start=20):
        aggregate = subjects.session(USER, UUID(int=number, version=4))
        commit = Commit(commit_id=uuid4(), at=NOW, events=decide(start(1), Session(), NOW, SUBJECT).events)
        body = commit.encode(aggregate).replace(b'"synthpop"', bad.encode())
        await bus.publish(aggregate.subject, body)
    await writer.write(stories(9))
    async with operated(bus, nats_url, postgres_url):
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


async def test_a_commit_under_an_id_that_is_none_is_parked_alone(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    strange = [f"evt.{USER}.session.by-hand", f"evt.{USER}.execution.1", f"evt.nobody.ledger.{SESSION}"]
    for subject in strange:
        await bus.publish(subject, b"{}")
    await writer.write(stories(9))
    async with operated(bus, nats_url, postgres_url):
        await caught_up(bus, postgres_url)
        status = await ask(bus, "status")
    assert [error["subject"] for error in status["errors"]] == strange
    rows = await assert_folded(bus, postgres_url)
    assert len(rows["agent_sessions"]) > 10


async def test_later_commits_of_a_parked_session_are_passed_over_also_by_a_projector_that_comes_back(
    bus: Bus, writer: Writer, postgres_url: str
):
    aggregate = subjects.session(USER, SESSION)
    unknown = planned(1, skill="no-such-skill")
    begun = SessionStarted(agent="scout-agent", steps=(unknown,), input={}, fingerprint="print")
    cancelled = decide(Cancel(), Session(status="running"), NOW, SUBJECT).events
    await writer.happens(aggregate, begun)
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
        await writer.happens(aggregate, *cancelled)
        await caught_up(bus, postgres_url)
    await writer.happens(aggregate, *cancelled)
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
    rows = await assert_folded(bus, postgres_url)
    assert not rows["agent_sessions"]
    assert set(rows["outstanding"]) == {aggregate.subject}
    reason = await value(postgres_url, "SELECT reason FROM projection_errors")
    assert reason == "ForeignKeyViolationError: agent_session_steps_skill_name_fkey"


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_session_that_ends_before_it_began_took_no_time(
    at_once: bool, bus: Bus, writer: Writer, postgres_url: str
):
    """The clock was put back by more than the column can hold: one without a battery, once it is set."""
    aggregate = subjects.session(USER, SESSION)
    ended = decide(Cancel(), Session(status="running"), NOW, SUBJECT).events
    put_back = Commit(commit_id=uuid4(), at=NOW - timedelta(days=40), events=ended)
    await writer.happens(aggregate, *decide(start(), Session(), NOW, SUBJECT).events)
    if at_once:
        await writer.write([(aggregate, put_back)])
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
        if not at_once:
            await writer.write([(aggregate, put_back)])
            await caught_up(bus, postgres_url)
    rows = await assert_folded(bus, postgres_url)
    assert rows["agent_sessions"][SESSION]["duration_ms"] == 0


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
        name=SEALED, email=SEALED, source_url=SEALED, source="a colleague, in plain as it was at first",
        outlet="Radio Nowhere", role="presenter", kind="radio",
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
    own = "name, email, phone, notes, source, source_url, role, words, search_words"
    gone = f"SELECT count(*) FROM contacts WHERE erased AND num_nonnulls({own}) = 0"
    assert await value(postgres_url, gone) == 1


async def test_who_fills_the_queue_of_notify_which_any_role_may_do_stops_no_tables(
    bus: Bus, writer: Writer, postgres_url: str
):
    url = await readers.add(postgres_url, USER)
    filling, holding = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        async with projecting(bus, postgres_url):
            await caught_up(bus, postgres_url)
            await holding.execute("LISTEN x")
            async with holding.transaction():
                await holding.execute("SELECT 1")
                with pytest.raises(asyncpg.ProgramLimitExceededError, match="NOTIFY queue"):
                    await filling.execute(FILL)
                events = decide(start(), Session(), NOW, SUBJECT).events
                await writer.happens(subjects.session(USER, SESSION), *events)
                await caught_up(bus, postgres_url)
    finally:
        await filling.close()
        await holding.close()
        await readers.remove(postgres_url, USER)


async def test_what_the_feed_brings_is_not_asked_of_the_stream_again(
    bus: Bus, writer: Writer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reader, "LOOK_S", 60)
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
    async with operated(bus, nats_url, postgres_url):
        await caught_up(bus, postgres_url)
        status = await ask(bus, "status")
    assert (status["seq"], status["log_seq"], status["lag"]) == (3, 3, 0)
    assert (status["errors"], status["rebuilding"], status["rebuilt_seq"]) == ([], False, None)
    assert status["halted"] is None


async def test_tables_that_take_nothing_are_tried_ever_more_slowly_and_told_of_now_and_then(
    bus: Bus, writer: Writer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("projector.live.LONGEST_WAIT_S", 2 * SHORTEST_WAIT_S)
    history = list(stories(6))
    async with projecting(bus, postgres_url) as live:
        await writer.write(history[:60])
        await caught_up(bus, postgres_url)
        connection = await asyncpg.connect(postgres_url)
        await connection.execute(FULL)
        with capture_logs() as told:
            await writer.write(history[60:])
            await asyncio.sleep(1.5)
        assert 2 <= await value(postgres_url, "SELECT last_value FROM tried") <= 5
        assert [line["reason"] for line in told].count("DiskFullError") == 1
        assert live._wait_s == 2 * SHORTEST_WAIT_S
        await connection.execute("DROP FUNCTION full_disk CASCADE")
        await connection.close()
        await caught_up(bus, postgres_url)
        await until(lambda: waits_least(live))
    await assert_folded(bus, postgres_url)
