"""What becomes of money that was set aside, told by a session's events."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace
from nats.errors import NoRespondersError
from nats.js.errors import NoStreamResponseError

from controls import LEASE_S, NOW, SESSION, USER, attempt_id, claim, failure, report, start, usage
from given import given
from orchestrator.asked import Cancel, ClaimAttempt, ExpireLease
from orchestrator.ledger import Doubt, LedgerCommand, Release, Reserve, Settle
from orchestrator.ledgers import Known, Ledgers
from orchestrator.settling import SILENT_FOR, Settling, overdue, settlement
from shared.commit import Commit
from shared.log import Behind, MemoryLog, Past, Recorded
from shared.subjects import Aggregate, ledger, session, skill

PAID = start(1, pool="anthropic")
CLAIM = ClaimAttempt(replace(claim().claim, most_usd=Decimal("0.02")), LEASE_S)


def past(*commands) -> Past:
    """A history, each command's events in a commit of its own."""
    recorded = []
    for number in range(len(commands)):
        events = given(*commands[:number]).when(commands[number]).events
        recorded.append(Recorded(number + 1, Commit(commit_id=uuid4(), at=NOW, events=tuple(events))))
    return Past(tuple(recorded))


class Book:
    """A user's ledger in which the attempt's money is set aside, beside the session's history."""

    def __init__(self, *commands) -> None:
        self.log = MemoryLog()
        self.ledgers = Ledgers(self.log, clock=lambda: NOW)
        self.session = given(*commands).session
        self.past = past(*commands)
        self.later = NOW + SILENT_FOR + timedelta(seconds=1)
        self.settling = Settling(self.ledgers, self.log, clock=lambda: self.later)

    async def reserved(self) -> "Book":
        seq = 0
        for recorded in self.past.recorded:
            seq = await self.log.append(session(USER, SESSION), recorded.commit, expected=seq)
        reserve = Reserve(attempt_id(), "session", SESSION, Decimal("0.02"), NOW.date())
        await self.ledgers.do(USER, reserve, "test")
        return self

    async def follow(self, whose=session(USER, SESSION)) -> bool:  # noqa: B008 - frozen
        return await self.settling.follow(whose, self.past.recorded[-1].commit.events, self.session)

    async def money(self) -> tuple[Decimal, Decimal, int]:
        """What was spent, what of it is in doubt, and how many attempts have money set aside."""
        now = (await self.ledgers.load(USER)).ledger
        return now.spent, now.in_doubt, len(now.open)


UNTOUCHED = (0, 0, 1)


def told(*commands):
    """What the last command's events mean."""
    return [found for event in past(*commands).recorded[-1].commit.events if (found := settlement(event))]


def test_a_success_is_settled_at_its_cost():
    assert told(PAID, CLAIM, report(usage=usage(1))) == [Settle(attempt_id(), Decimal("0.01"))]


def test_a_failure_after_a_call_is_settled_at_its_cost():
    assert told(PAID, CLAIM, failure(usage=usage(1))) == [Settle(attempt_id(), Decimal("0.01"))]


def test_what_was_in_doubt_within_an_attempt_is_told_apart():
    used = replace(usage(1), in_doubt_usd=Decimal("0.005"))
    assert told(PAID, CLAIM, failure(usage=used)) == [Settle(attempt_id(), Decimal("0.01"), Decimal("0.005"))]


def test_a_failure_before_any_call_gives_everything_back():
    assert told(PAID, CLAIM, failure()) == [Release(attempt_id())]


def test_a_lost_runner_leaves_all_in_doubt():
    assert told(PAID, CLAIM, ExpireLease(attempt_id())) == [Doubt(attempt_id())]


def test_a_late_report_is_settled_too():
    assert told(PAID, CLAIM, Cancel(), report(usage=usage(2))) == [Settle(attempt_id(), Decimal("0.02"))]


def test_simulated_calls_were_never_reserved():
    assert told(PAID, CLAIM, report(usage=replace(usage(0), simulated=True))) == []


def test_a_cancelled_attempt_tells_itself_what_it_cost():
    assert told(PAID, CLAIM, Cancel()) == []
    assert overdue(attempt_id(), past(PAID, CLAIM, Cancel()), NOW + SILENT_FOR / 2) is None


def test_one_that_does_not_has_lost_its_runner():
    later = NOW + SILENT_FOR + timedelta(seconds=1)
    assert overdue(attempt_id(), past(PAID, CLAIM, Cancel()), later) == Doubt(attempt_id())


def test_nobody_waits_for_a_clock_that_was_put_back_to_get_there_again():
    history = past(PAID, CLAIM, Cancel())
    assert overdue(attempt_id(), history, NOW - SILENT_FOR / 2) is None
    assert overdue(attempt_id(), history, NOW - timedelta(days=1)) == Doubt(attempt_id())


def test_an_attempt_that_was_never_claimed_gives_everything_back():
    later = NOW + SILENT_FOR + timedelta(seconds=1)
    assert overdue(attempt_id(), past(PAID, Cancel()), later) == Release(attempt_id())


def test_what_another_attempt_has_told_settles_nothing_of_this_one():
    later = NOW + SILENT_FOR + timedelta(seconds=1)
    history = past(start(2, pool="anthropic"), CLAIM, report(usage=usage(1)), Cancel())
    assert overdue(attempt_id(2), history, later) == Release(attempt_id(2))


def test_an_attempt_whose_history_the_log_has_lost_gives_everything_back():
    assert overdue(attempt_id(), Past(), NOW) == Release(attempt_id())


def test_an_attempt_that_runs_is_left_alone():
    assert overdue(attempt_id(), past(PAID, CLAIM), NOW + timedelta(days=1)) is None


def test_a_report_that_was_logged_but_not_settled_is_found():
    history = past(PAID, CLAIM, report(usage=usage(1)))
    assert overdue(attempt_id(), history, NOW) == Settle(attempt_id(), Decimal("0.01"))


def test_a_late_report_counts_rather_than_the_loss_before_it():
    history = past(PAID, CLAIM, ExpireLease(attempt_id()), report(usage=usage(1)))
    assert overdue(attempt_id(), history, NOW) == Settle(attempt_id(), Decimal("0.01"))


async def test_what_a_commit_tells_is_settled_at_once():
    book = await Book(PAID, CLAIM, report(usage=usage(1))).reserved()
    assert await book.follow()
    assert await book.money() == (Decimal("0.01"), 0, 0)
    commit = (await book.log.load(ledger(USER))).recorded[-1].commit
    assert commit.causation_id == str(attempt_id())


async def test_nothing_is_settled_of_free_attempts_of_nobody_s_and_of_events_that_mean_no_money():
    free = await Book(start(1), claim(), report(usage=usage(1))).reserved()
    assert await free.follow()
    paid = await Book(PAID, CLAIM, report(usage=usage(1))).reserved()
    assert await paid.follow(skill("find"))
    begun = await Book(PAID, CLAIM).reserved()
    assert await begun.follow()
    assert [await book.money() for book in (free, paid, begun)] == [UNTOUCHED] * 3


async def test_doubts_whose_history_the_log_has_lost_are_given_back_however_many(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("orchestrator.settling.AT_ONCE", 2)
    book = Book()
    for number in range(3):
        lost = attempt_id(attempt=number)
        await book.ledgers.do(USER, Reserve(lost, "session", SESSION, Decimal("0.02"), NOW.date()), "test")
        await book.ledgers.do(USER, Doubt(lost), "test")
    assert (await book.money())[1] == Decimal("0.06")
    await book.settling.sweep(USER)
    assert await book.money() == (0, 0, 0)


class AwayLedgers(Ledgers):
    """A ledger that cannot be written to the first time."""

    def __init__(self, log: MemoryLog, error: Exception) -> None:
        super().__init__(log, clock=lambda: NOW)
        self.tried = 0
        self._error = error

    async def do(self, user: UUID, command: LedgerCommand, cause: str) -> Known:
        self.tried += 1
        if self.tried == 1:
            raise self._error
        return await super().do(user, command, cause)


@pytest.mark.parametrize(
    "error",
    [NoRespondersError(), NoStreamResponseError(), OSError(), TimeoutError(), Behind()],
    ids=lambda error: type(error).__name__,
)
async def test_what_cannot_be_settled_is_left_to_the_sweep_and_keeps_nothing_else(error: Exception):
    book = await Book(PAID, CLAIM, report(usage=usage(1))).reserved()
    ledgers = AwayLedgers(book.log, error)
    settling = Settling(ledgers, book.log)
    events = book.past.recorded[-1].commit.events
    assert not await settling.follow(session(USER, SESSION), (*events, *events), book.session)
    assert (ledgers.tried, await book.money()) == (2, (Decimal("0.01"), 0, 0))
    assert await settling.follow(session(USER, SESSION), events, book.session)


async def test_the_sweep_settles_what_is_over_once_and_leaves_alone_what_runs():
    over = await Book(PAID, CLAIM, report(usage=usage(1))).reserved()
    runs = await Book(PAID, CLAIM).reserved()
    for book in (over, runs):
        await book.settling.sweep(USER)
        await book.settling.sweep(USER)
    assert (await over.money(), await runs.money()) == ((Decimal("0.01"), 0, 0), UNTOUCHED)
    assert len((await over.log.load(ledger(USER))).recorded) == 2


async def test_the_sweep_clears_up_a_doubt_by_the_report_that_came_late():
    book = await Book(PAID, CLAIM, ExpireLease(attempt_id()), report(usage=usage(1))).reserved()
    await book.ledgers.do(USER, Doubt(attempt_id()), "test")
    assert await book.money() == (Decimal("0.02"), Decimal("0.02"), 0)
    await book.settling.sweep(USER)
    assert await book.money() == (Decimal("0.01"), 0, 0)


class CountedLog(MemoryLog):
    """A log that counts how often histories of sessions are read whole."""

    read = 0

    async def load(self, aggregate: Aggregate, after: int = 0) -> Past:
        self.read += aggregate.noun == "session" and after == 0
        return await super().load(aggregate, after)

    async def lasts(self, aggregates: Sequence[Aggregate]) -> dict[Aggregate, Recorded]:
        before = self.read
        found = await super().lasts(aggregates)
        self.read = before
        return found


class Doubted(Book):
    """One whose attempt was lost, and counts as spent until it reports."""

    def __init__(self, *commands) -> None:
        super().__init__(PAID, CLAIM, ExpireLease(attempt_id()), *commands)
        self.log = CountedLog()
        self.ledgers = Ledgers(self.log, clock=lambda: NOW)
        self.settling = Settling(self.ledgers, self.log, clock=lambda: self.later)

    async def swept(self) -> int:
        """Sweep, and tell how many histories were read for it."""
        self.log.read = 0
        await self.settling.sweep(USER)
        return self.log.read

    async def goes_on(self, command) -> None:
        """Append to the session, as another orchestrator does that dies before it settles."""
        decided = past(PAID, CLAIM, ExpireLease(attempt_id()), command).recorded[-1].commit
        whose = session(USER, SESSION)
        await self.log.append(whose, decided, expected=(await self.log.load(whose)).seq)


async def doubted(*commands) -> Doubted:
    book = Doubted(*commands)
    await book.reserved()
    await book.ledgers.do(USER, Doubt(attempt_id()), "test")
    return book


async def test_the_sweep_reads_a_doubtful_session_once_and_then_not_before_it_goes_on():
    book = await doubted()
    assert [await book.swept() for _ in range(3)] == [1, 0, 0]
    await book.goes_on(report(usage=usage(1)))
    assert [await book.swept() for _ in range(2)] == [1, 0]
    assert await book.money() == (Decimal("0.01"), 0, 0)


@pytest.mark.parametrize("lost", [False, True])
async def test_a_session_that_cannot_be_read_keeps_no_other_one_s_money(lost: bool):
    unreadable = uuid4()
    book = await Book(
        PAID, CLAIM, *([ExpireLease(attempt_id())] if lost else []), report(usage=usage(1))
    ).reserved()
    attempts = [uuid4(), attempt_id()]
    await book.ledgers.do(USER, Reserve(attempts[0], "session", unreadable, Decimal(1), NOW.date()), "test")
    if lost:
        for one in attempts:
            await book.ledgers.do(USER, Doubt(one), "test")
    book.log._messages[session(USER, unreadable).subject] = [(99, b"{")]
    await book.settling.sweep(USER)
    assert await book.money() == ((Decimal("1.01"), 1, 0) if lost else (Decimal("0.01"), 0, 1))


async def test_the_sweep_reads_it_again_where_the_ledger_counts_something_else_than_it_did():
    told = report(usage=replace(usage(1), in_doubt_usd=Decimal("0.005")))
    book = await doubted(told)
    assert [await book.swept() for _ in range(3)] == [1, 1, 0]
    await book.ledgers.do(USER, Settle(attempt_id(), Decimal(0), Decimal("0.02")), "a tardy one")
    assert [await book.swept() for _ in range(3)] == [1, 0, 0]
    assert await book.money() == (Decimal("0.015"), Decimal("0.005"), 0)
