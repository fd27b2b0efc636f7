"""What is read of a cluster's log is all that there is, though a copy that answers is behind it."""

from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import uuid4

import pytest

from cluster import running_cluster
from controls import NOW, SESSION, USER, attempt_id, start
from copies import Copies, copies
from histories import definition
from orchestrator.asked import Cancel, Retry
from orchestrator.commands import Commands, Sent
from orchestrator.ledger import Reserve, SetBudget
from orchestrator.ledgers import Ledgers
from orchestrator.sessions import Sessions
from orchestrator.settling import SILENT_FOR, Settling
from recordservice import Service
from recordstage import ADA, MASTER_KEY, WORDS, Place, spring
from servers import Rig, fresh_database
from shared.bus import Bus
from shared.commit import Commit
from shared.events import AnyEvent, SessionCancelled, SkillRegistered
from shared.jetstream_log import JetStreamLog
from shared.json import dumps
from shared.registry import Registry
from shared.subjects import Aggregate, session, skill
from shared.vault import Vault, migrate

__all__ = ["spring"]

FILE = f"name,email,suppressed\nFictional Ada,{ADA},{{}}\n"


@pytest.fixture(scope="module")
async def cluster_bus() -> AsyncIterator[Bus]:
    async with running_cluster(ack_wait_s=5) as cluster:
        bus = await Bus.connect(cluster.url, name="test")
        yield bus
        await bus.close()


@pytest.fixture(scope="module")
async def place(cluster_bus: Bus, _postgres: Rig) -> AsyncIterator[Place]:
    async with fresh_database(_postgres.url) as url:
        await migrate(url)
        vault = await Vault.connect(url, MASTER_KEY)
        yield Place(cluster_bus, vault, url)
        await vault.close()


@pytest.fixture
def service(place: Place) -> Service:
    return place.service(uuid4())


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> Copies:
    return copies(monkeypatch)


async def append(log: JetStreamLog, aggregate: Aggregate, event: AnyEvent) -> int:
    commit = Commit(commit_id=uuid4(), at=NOW, events=(event,))
    return await log.append(aggregate, commit, expected=(await log.load(aggregate)).seq)


@pytest.mark.parametrize("times", [1, 2, 3, 4])
@pytest.mark.parametrize("lacks", [1, 2], ids=["the last commit", "all of it"])
async def test_all_that_has_happened_is_loaded(cluster_bus: Bus, behind: Copies, times: int, lacks: int):
    log, one = JetStreamLog(cluster_bus), session(USER, uuid4())
    seqs = [await append(log, one, SessionCancelled()) for _ in range(2)]
    behind.are_behind(seqs[-lacks] - 1, times=times, pages=2 * times)
    loaded = await log.load(one)
    behind.are_behind(seqs[-lacks] - 1, times=times)
    lasts = await log.lasts([one, session(USER, uuid4())])
    assert [recorded.seq for recorded in loaded.recorded] == seqs
    assert {whose: last.seq for whose, last in lasts.items()} == {one: seqs[-1]}


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_a_commit_whose_answer_was_lost_is_known_for_ones_own(
    cluster_bus: Bus, behind: Copies, times: int
):
    log, one = JetStreamLog(cluster_bus), session(USER, uuid4())
    commit = Commit(commit_id=uuid4(), at=NOW, events=(SessionCancelled(),))
    seq = await log.append(one, commit, expected=0)
    behind.are_behind(seq - 1, times=times, pages=2 * times)
    assert await log.append(one, commit, expected=0) == seq


async def test_what_has_no_past_has_none_however_far_copies_are(cluster_bus: Bus, behind: Copies):
    log, nobody = JetStreamLog(cluster_bus), session(USER, uuid4())
    seq = await append(log, session(USER, uuid4()), SessionCancelled())
    behind.are_behind(seq - 1, times=3)
    assert (await log.load(nobody)).seq == 0
    assert await log.lasts([nobody]) == {}


async def test_who_objects_again_is_suppressed_again(spring: Service, behind: Copies):
    first = await spring.ask("contacts.suppress", email=ADA)
    await spring.ask("contacts.unsuppress", email=ADA)
    behind.are_behind(first["seq"])
    assert not (await spring.ask("contacts.suppress", email=ADA))["unchanged"]


async def test_a_file_that_says_again_who_objected_is_imported(service: Service, behind: Copies):
    first = await service.ask("contacts.import", csv=FILE.format("yes"))
    await service.ask("contacts.import", csv=FILE.format("no"))
    behind.are_behind(first["seq"])
    assert (await service.ask("contacts.import", csv=FILE.format("yes")))["imported"] == 1


async def test_who_is_erased_right_after_an_import_is_erased_by_name_too(service: Service, behind: Copies):
    """Texts may hold the name without the contact's id: they are sealed with a key of its own."""
    named = (await service.vault.ids()).person_written(service.user, "Fictional Ada")
    before = await service.log.last_seq()
    await service.vault.make_keys(service.user, {named})
    await service.ask("contacts.import", csv=FILE.format("no"))
    behind.are_behind(before)
    assert (await service.ask("contacts.erase", email=ADA))["known"]
    assert await service.vault.keys(service.user, {named}) == {named: None}


async def test_a_history_has_what_was_just_imported(service: Service, behind: Copies):
    before = await service.log.last_seq()
    await service.ask("contacts.import", csv=FILE.format("no"))
    behind.are_behind(before)
    assert len((await service.ask("contacts.history", email=ADA))["events"]) == 1


async def test_what_another_process_has_just_made_is_known(place: Place, spring: Service, behind: Copies):
    before = await spring.log.last_seq()
    await spring.ask("campaign.create", name="Autumn")
    behind.are_behind(before)
    await place.service(spring.user).ask("outreach.record", **WORDS | {"campaign": "Autumn"})


async def test_a_skill_that_was_just_pushed_is_known(cluster_bus: Bus, behind: Copies):
    log, pushed = JetStreamLog(cluster_bus), definition("just-pushed")
    registry = Registry(log)
    seq = await append(log, skill(pushed.name), SkillRegistered(definition=pushed))
    behind.are_behind(seq - 1)
    assert await registry.definition(pushed.name, pushed.hash) == pushed


async def test_a_limit_that_is_set_to_what_it_was_before_is_set(cluster_bus: Bus, behind: Copies):
    log, user = JetStreamLog(cluster_bus), uuid4()
    here, there = Ledgers(log), Ledgers(log)
    first = await here.do(user, SetBudget("user", Decimal(5)), "test")
    await there.do(user, SetBudget("user", Decimal(10)), "test")
    behind.are_behind(first.seq)
    assert (await here.do(user, SetBudget("user", Decimal(5)), "test")).changed


async def test_who_is_given_more_money_is_refused_nothing_for_want_of_it(cluster_bus: Bus, behind: Copies):
    log, user = JetStreamLog(cluster_bus), uuid4()
    here, there = Ledgers(log), Ledgers(log)
    first = await here.do(user, SetBudget("user", Decimal(0)), "test")
    await there.do(user, SetBudget("user", Decimal(5)), "test")
    behind.are_behind(first.seq)
    reserve = Reserve(attempt_id(), "session", SESSION, Decimal(1), NOW.date())
    assert (await here.do(user, reserve, "test")).changed


@pytest.mark.parametrize("times", [1, 2])
async def test_nothing_is_given_back_of_what_is_set_aside_for_a_call_that_runs(
    cluster_bus: Bus, behind: Copies, times: int
):
    log, user = JetStreamLog(cluster_bus), uuid4()
    one, ledgers = session(user, uuid4()), Ledgers(log, clock=lambda: NOW)
    asked = await Sessions(log, clock=lambda: NOW).decide(one, start(1, pool="anthropic"))
    (attempt,) = asked.known.session.open
    reserve = Reserve(attempt, "session", one.uuid, Decimal(1), NOW.date())
    await ledgers.do(user, reserve, "test")
    behind.are_behind(asked.known.seq - 1, times=times, pages=2 * times + 1)
    await Settling(ledgers, log, clock=lambda: NOW + SILENT_FOR * 2).sweep(user)
    assert (await ledgers.load(user)).ledger.open


async def test_what_another_orchestrator_has_just_retried_is_cancelled(cluster_bus: Bus, behind: Copies):
    """Where the copy has it as cancelled still, there would be nothing to do."""
    log, one = JetStreamLog(cluster_bus), session(USER, uuid4())
    here, there, begin = Sessions(log), Sessions(log), start(1)
    await here.decide(one, begin)
    ended = await here.decide(one, Cancel())
    await there.decide(one, Retry(1, begin.steps))
    behind.are_behind(ended.known.seq, times=2)
    assert (await here.decide(one, Cancel())).events


async def test_who_has_had_a_session_go_on_is_not_told_of_its_end_before_that(
    cluster_bus: Bus, behind: Copies
):
    log, one = JetStreamLog(cluster_bus), session(USER, uuid4())
    sessions, begin = Sessions(log), start(1)
    await sessions.decide(one, begin)
    ended = await sessions.decide(one, Cancel())
    retried = await sessions.decide(one, Retry(1, begin.steps))
    behind.are_behind(ended.known.seq, times=2)
    asked = Sent(USER, "session", "events", dumps({"session_id": one.id}), None, "test")
    told = await Commands(sessions, None, None, None, log).handle(asked)  # type: ignore[arg-type]
    assert told.answer["commits"][-1]["seq"] == retried.known.seq
