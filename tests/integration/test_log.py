"""Both logs keep the same promises."""

import asyncio
import gc
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.js.errors import APIError

from controls import NOW, USER
from servers import Rig
from shared.bus import Bus
from shared.clock import utc_now
from shared.commit import Commit
from shared.direct_get import read_page
from shared.events import SessionCancelled
from shared.jetstream_log import LEADER_S, JetStreamLog
from shared.json import dumps, loads
from shared.listening import Heard
from shared.log import Conflict, Log, MemoryLog, Past, Recorded, TooLarge
from shared.subjects import Aggregate, execution, session

ASKED = "$JS.API.DIRECT.GET.{}"


def commit(reason: str = "because") -> Commit:
    return Commit(commit_id=uuid4(), at=NOW, causation_id="test", events=(SessionCancelled(reason=reason),))


@pytest.fixture(params=["memory", "jetstream"])
def log(request: pytest.FixtureRequest, bus: Bus) -> Log:
    return MemoryLog() if request.param == "memory" else JetStreamLog(bus)


@pytest.fixture
def one() -> Aggregate:
    return session(USER, uuid4())


async def test_an_unknown_session_has_no_past(log: Log, one: Aggregate):
    assert (await log.load(one)).seq == 0


async def test_what_is_appended_is_loaded_in_order(log: Log, one: Aggregate):
    first, second = commit("one"), commit("two")
    seq = await log.append(one, first, expected=0)
    await log.append(one, second, expected=seq)
    assert [recorded.commit for recorded in (await log.load(one)).recorded] == [first, second]


async def test_loading_after_a_sequence_leaves_out_what_came_before(log: Log, one: Aggregate):
    seq = await log.append(one, commit(), expected=0)
    second = commit("two")
    await log.append(one, second, expected=seq)
    assert [recorded.commit for recorded in (await log.load(one, after=seq)).recorded] == [second]


async def test_a_page_has_as_many_commits_as_were_asked_for_and_says_whether_there_are_more(
    log: Log, one: Aggregate
):
    seqs = [0]
    for number in range(5):
        seqs.append(await log.append(one, commit(str(number)), expected=seqs[-1]))
    first = await log.page(one, 0, most=3, most_bytes=1_000_000)
    rest = await log.page(one, first.seq, most=3, most_bytes=1_000_000)
    assert ([recorded.seq for recorded in first.recorded], first.more) == (seqs[1:4], True)
    assert ([recorded.seq for recorded in rest.recorded], rest.more) == (seqs[4:], False)
    assert await log.page(one, rest.seq, most=3, most_bytes=1_000_000) == Past()


async def test_a_page_from_a_moment_on_begins_with_what_was_appended_then(log: Log, one: Aggregate):
    seq = await log.append(one, replace(commit("before"), at=utc_now()), expected=0)
    await asyncio.sleep(0.01)
    moment = utc_now()
    await asyncio.sleep(0.01)
    after = replace(commit("after"), at=utc_now())
    last = await log.append(one, after, expected=seq)
    page = await log.page(one, moment, most=9, most_bytes=1_000_000)
    assert (page.recorded, page.more) == ((Recorded(last, after),), False)
    assert len((await log.page(one, moment - timedelta(days=9), most=9, most_bytes=1_000_000)).recorded) == 2
    assert await log.page(one, moment + timedelta(days=1), most=9, most_bytes=1_000_000) == Past()


async def test_a_page_is_not_much_larger_than_asked_for_but_never_empty(log: Log, one: Aggregate):
    seq = 0
    for _ in range(4):
        seq = await log.append(one, commit("x" * 30_000), expected=seq)
    page = await log.page(one, 0, most=100, most_bytes=45_000)
    assert (len(page.recorded) in (1, 2), page.more) == (True, True)
    one_only = await log.page(one, 0, most=100, most_bytes=1)
    assert (len(one_only.recorded), one_only.more) == (1, True)


async def test_the_last_commits_of_many_are_read_at_once(log: Log):
    many = [session(USER, uuid4()) for _ in range(1200)]
    first = {one: commit() for one in many[:1100]}
    seqs = dict(
        zip(
            first,
            await asyncio.gather(*(log.append(one, first[one], expected=0) for one in first)),
            strict=True,
        )
    )
    second = commit("two")
    seq = await log.append(many[7], second, expected=seqs[many[7]])
    found = await log.lasts(many)
    assert found.keys() == first.keys()
    assert (found[many[7]].seq, found[many[7]].commit) == (seq, second)
    assert (found[many[8]].seq, found[many[8]].commit) == (seqs[many[8]], first[many[8]])


async def test_what_is_more_than_nats_holds_for_a_connection_is_read_whole(bus: Bus, one: Aggregate):
    """It cuts off whoever has more than 64 MB still to be sent to them."""
    log, long = JetStreamLog(bus), "x" * 7_500_000
    history: list[Recorded] = []
    for _ in range(10):
        seq = await log.append(one, last := commit(long), expected=history[-1].seq if history else 0)
        history.append(Recorded(seq, last))
    assert (await log.load(one)).recorded == tuple(history)
    others = {session(USER, uuid4()): commit(long) for _ in range(10)}
    for another, last in others.items():
        await log.append(another, last, expected=0)
    found = await log.lasts([one, *others])
    assert {another: told.commit for another, told in found.items()} == others | {one: history[-1].commit}


async def test_of_nobody_there_is_no_last_commit(log: Log, one: Aggregate):
    assert await log.lasts([one]) == {}
    assert await log.lasts([]) == {}


async def test_an_id_is_another_user_s_while_only_others_have_such_a_history_under_it(
    log: Log, one: Aggregate
):
    theirs = session(uuid4(), one.uuid)
    await log.append(execution(uuid4(), one.uuid), commit(), expected=0)
    await log.append(session(uuid4(), uuid4()), commit(), expected=0)
    assert not await log.is_of_another_user(one)
    await log.append(theirs, commit(), expected=0)
    assert (await log.is_of_another_user(one), await log.is_of_another_user(theirs)) == (True, False)
    await log.append(one, commit(), expected=0)
    assert not await log.is_of_another_user(one)


async def test_sessions_do_not_see_each_other(log: Log, one: Aggregate):
    other = session(USER, uuid4())
    await log.append(other, commit(), expected=0)
    assert (await log.load(one)).recorded == ()


async def test_a_stale_expectation_is_a_conflict(log: Log, one: Aggregate):
    await log.append(one, commit(), expected=0)
    with pytest.raises(Conflict):
        await log.append(one, commit(), expected=0)


async def test_of_many_at_once_exactly_one_wins(log: Log, one: Aggregate):
    results = await asyncio.gather(
        *(log.append(one, commit(str(n)), expected=0) for n in range(20)), return_exceptions=True
    )
    assert sum(isinstance(result, int) for result in results) == 1


async def test_the_same_commit_again_is_where_it_was(log: Log, one: Aggregate):
    mine = commit()
    seq = await log.append(one, mine, expected=0)
    assert await log.append(one, mine, expected=0) == seq


async def test_a_commit_that_no_message_can_hold_is_too_large(log: Log, one: Aggregate):
    with pytest.raises(TooLarge):
        await log.append(one, commit("x" * 9_000_000), expected=0)
    assert (await log.load(one)).seq == 0


async def test_a_commit_that_would_fit_but_for_its_headers_is_too_large(bus: Bus, one: Aggregate):
    room = bus.max_payload - len(commit("").encode(one))
    with pytest.raises(TooLarge):
        await JetStreamLog(bus).append(one, commit("x" * (room - 10)), expected=0)
    await bus.settled()


@pytest.mark.parametrize(
    ("limit", "raised"), [({"max_msg_size": 1_000}, TooLarge), ({"max_bytes": 1_000}, APIError)]
)
async def test_what_the_stream_itself_has_no_room_for_is_no_conflict(
    bus: Bus, one: Aggregate, limit: dict[str, int], raised: type[Exception]
):
    told = await bus.client.request("$JS.API.STREAM.INFO.EVT", b"{}")
    await bus.client.request("$JS.API.STREAM.UPDATE.EVT", dumps(loads(told.data)["config"] | limit))
    async with asyncio.timeout(10):
        with pytest.raises(raised):
            await JetStreamLog(bus).append(one, commit("x" * 2_000), expected=0)


async def test_the_last_sequence_is_that_of_the_newest_commit(log: Log, one: Aggregate):
    seq = await log.append(one, commit(), expected=0)
    assert await log.last_seq() == seq


async def test_a_commit_that_nats_stored_late_is_no_conflict(nats: Rig, bus: Bus, one: Aggregate):
    log, mine = JetStreamLog(bus), commit()
    standing = asyncio.create_task(nats.stand_still(6))
    await asyncio.sleep(0.1)
    seq = await log.append(one, mine, expected=0)
    await standing
    assert (await log.load(one)).recorded == (Recorded(seq, mine),)


async def test_who_stops_waiting_for_a_log_that_is_away_leaves_no_error_behind(
    nats: Rig, bus: Bus, one: Aggregate
):
    told: list[object] = []
    loop = asyncio.get_running_loop()
    gc.collect()
    loop.set_exception_handler(lambda _loop, context: told.append(context))
    try:
        standing = asyncio.create_task(nats.stand_still(LEADER_S * 2))
        await asyncio.sleep(0.1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await JetStreamLog(bus).load(one)
        await standing
        gc.collect()
    finally:
        loop.set_exception_handler(None)
    assert told == []


async def test_a_long_past_is_loaded_whole(bus: Bus):
    log, one, seq = JetStreamLog(bus), session(USER, uuid4()), 0
    for number in range(1_050):
        seq = await log.append(one, commit(str(number)), expected=seq)
    assert len((await log.load(one)).recorded) == 1_050


async def test_large_pasts_that_many_ask_for_at_once_are_read_and_nobody_is_cut_off(bus: Bus, one: Aggregate):
    log, cut_off, seq = JetStreamLog(bus), asyncio.Event(), 0

    async def hear_of_it() -> None:
        cut_off.set()

    bus.on_reconnect(hear_of_it)
    for _ in range(2):
        seq = await log.append(one, commit("x" * 5_000_000), expected=seq)
    async with asyncio.timeout(60):
        pasts = await asyncio.gather(*(log.load(one) for _ in range(40)))
    assert {past.seq for past in pasts} == {seq}
    assert not cut_off.is_set()


async def test_a_log_that_is_away_is_not_taken_for_an_empty_one(bus: Bus, one: Aggregate):
    await bus.client.jetstream().delete_stream("EVT")
    with pytest.raises(NoRespondersError):
        await JetStreamLog(bus).load(one)


async def test_a_commit_survives_the_kill_of_its_server(nats: Rig, bus: Bus):
    log, one, mine = JetStreamLog(bus), session(USER, uuid4()), commit()
    await log.append(one, mine, expected=0)
    await nats.kill()
    await nats.start()
    assert (await log.load(one)).recorded[0].commit == mine


def test_the_live_form_names_its_session():
    one = Aggregate(USER, "session", str(UUID(int=5)))
    assert commit().encode(one).startswith(b'{"session_id":"00000000-0000-0000-0000-000000000005",')


@pytest.mark.parametrize("lost", [{0}, {1}, {2}, {0, 1, 2}], ids=["begin", "middle", "end", "all"])
async def test_a_page_of_which_a_part_was_lost_with_the_connection_is_not_taken_for_whole(
    bus: Bus, one: Aggregate, lost: set[int]
):
    async def relay(heard: Heard) -> None:
        told = await bus.replies.many(ASKED.format("EVT"), heard.body, is_last=is_last, silence=5)
        for place, message in enumerate(told):
            if place not in lost:
                await bus.client.publish(heard._message.reply, message.data, headers=message.headers)

    def is_last(message: Msg) -> bool:
        return "Status" in (message.headers or {})

    log, seq = JetStreamLog(bus), 0
    for _ in range(3):
        seq = await log.append(one, commit(), expected=seq)
    await bus.listen(ASKED.format("RELAYED"), relay)
    assert len((await read_page(bus, "EVT", one.subject, 1)).entries) == 3
    with pytest.raises(TimeoutError):
        await read_page(bus, "RELAYED", one.subject, 1)
