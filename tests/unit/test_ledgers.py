"""Many ask one ledger at once: one commit answers all that wait, and the limit holds to the cent."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from time import process_time
from uuid import UUID

import pytest
from msgspec.structs import replace

from controls import NOW, USER
from orchestrator import ledgers as module
from orchestrator.ledger import Exceeded, Ledger, Release, Reserve, SetBudget, Settle
from orchestrator.ledgers import Known, Ledgers
from shared.log import Conflict, MemoryLog, Past
from shared.refusal import Refusal
from shared.subjects import ledger

TODAY = date(2026, 11, 1)


class CountedLog(MemoryLog):
    """A log that takes a moment, as the real one does, and counts."""

    loads = appends = conflicts = 0
    takes_s = 0.001

    async def load(self, aggregate, after=0):
        self.loads += 1
        await asyncio.sleep(0)
        return await super().load(aggregate, after)

    async def page(self, aggregate, after, *, most, most_bytes):
        self.loads += 1
        await asyncio.sleep(0)
        return await super().page(aggregate, after, most=most, most_bytes=most_bytes)

    async def append(self, aggregate, commit, *, expected):
        await asyncio.sleep(self.takes_s)
        try:
            seq = await super().append(aggregate, commit, expected=expected)
        except Conflict:
            self.conflicts += 1
            raise
        self.appends += 1
        return seq


def ledgers(log: MemoryLog) -> Ledgers:
    return Ledgers(log, clock=lambda: NOW)


def reserve(number: int, amount: str = "1") -> Reserve:
    return Reserve(UUID(int=number), "session", UUID(int=number), Decimal(amount), TODAY)


async def reserved(to: Ledgers, number: int) -> bool:
    try:
        await to.do(USER, reserve(number), "test")
    except Exceeded:
        return False
    return True


async def test_a_limit_under_a_used_id_is_refused_alone():
    book, low = ledgers(CountedLog()), SetBudget("user", Decimal(1), command_id="a", fingerprint="print-1")
    await book.do(USER, low, "test")
    high = SetBudget("user", Decimal(2), command_id="a", fingerprint="print-2")
    other = SetBudget("day", Decimal(3), command_id="b", fingerprint="print-3")
    before, beside = [asyncio.create_task(book.do(USER, one, "test")) for one in (reserve(1), other)]
    await asyncio.sleep(0)
    with pytest.raises(Refusal) as refused:
        await book.do(USER, high, "test")
    set_ = await beside
    assert before.done()
    assert (refused.value.code, refused.value.field) == ("conflict", "command_id")
    assert set_.ledger.purse("day", TODAY).limit == Decimal(3)
    assert set_.ledger.purse("user", TODAY).limit == Decimal(1)


async def test_a_limit_that_was_set_before_changes_nothing_whoever_is_decided_beside_it():
    book, limit = ledgers(CountedLog()), SetBudget("user", Decimal(5), "fail", "a", "print")
    commands = reserve(1), limit, reserve(2), limit
    done = await asyncio.gather(*(book.do(USER, command, "test") for command in commands))
    assert [one.changed for one in done] == [True, True, True, False]
    assert len({one.seq for one in done[1:]}) == 1


async def test_two_hundred_at_once_with_money_for_fifty():
    log = CountedLog()
    book = ledgers(log)
    await book.do(USER, SetBudget("user", Decimal(50), "fail"), "test")
    given = await asyncio.gather(*(reserved(book, number) for number in range(1, 201)))
    assert sum(given) == 50
    assert log.appends <= 4


async def test_many_at_once_take_hardly_longer_the_more_was_paid_in_the_last_days():
    """With a copy for each of what is remembered they would take three seconds."""
    log = CountedLog()
    book = ledgers(log)
    long = Ledger(
        settled={UUID(int=number): TODAY for number in range(1_000, 200_000)}, days={TODAY: Decimal(0)}
    )
    await book.do(USER, SetBudget("day", Decimal(500)), "test")
    book._queue(USER).known = Known(long, 1)
    begun = process_time()
    given = await asyncio.gather(*(reserved(book, number) for number in range(1, 801)))
    assert process_time() - begun < 0.5
    assert sum(given) == 800
    assert log.appends <= 4


async def test_two_orchestrators_share_a_ledger_without_a_storm():
    log = CountedLog()
    one, two = ledgers(log), ledgers(log)
    await one.do(USER, SetBudget("user", Decimal(50), "fail"), "test")
    given = await asyncio.gather(*(reserved((one, two)[number % 2], number) for number in range(1, 201)))
    assert sum(given) == 50
    assert log.conflicts <= 5


async def test_the_same_reservation_by_two_orchestrators_is_one():
    log = CountedLog()
    one, two = ledgers(log), ledgers(log)
    assert await reserved(one, 1)
    assert await reserved(two, 1)
    assert len((await two.load(USER)).ledger.open) == 1
    assert log.appends == 1


async def test_what_is_known_is_not_read_again_to_be_added_to():
    log = CountedLog()
    book = ledgers(log)
    assert [await reserved(book, number) for number in (1, 2, 3)] == [True] * 3
    assert (log.loads, log.appends) == (0, 3)


async def test_who_never_had_money_set_aside_has_a_ledger_with_nothing_in_it():
    assert await ledgers(CountedLog()).load(USER) == module.Known()


async def test_a_long_ledger_is_read_page_by_page_and_goes_on_from_the_last_one(
    monkeypatch: pytest.MonkeyPatch,
):
    class Away(CountedLog):
        """The log, that is away once at its third page."""

        async def page(self, aggregate, after, *, most, most_bytes):
            if self.loads == 2:
                self.loads = 10
                raise TimeoutError
            return await super().page(aggregate, after, most=most, most_bytes=most_bytes)

    log = Away()
    book = ledgers(log)
    assert [await reserved(book, number) for number in range(7)] == [True] * 7
    monkeypatch.setattr(module, "PAGE_COMMITS", 2)
    log.loads, another = 0, ledgers(log)
    with pytest.raises(TimeoutError):
        await another.load(USER)
    assert await another.load(USER) == await book.load(USER)
    assert log.loads == 1 + 10 + 2 + 1, "a balance to begin with is looked for once"


class Diary:
    """A ledger that is used day by day, by a clock that is set."""

    def __init__(self) -> None:
        self.log, self.now = CountedLog(), NOW
        self.log.takes_s = 0
        self.book = self.opened()

    def opened(self) -> Ledgers:
        return Ledgers(self.log, clock=lambda: self.now)

    async def use(self, *numbers: int) -> None:
        for number in numbers:
            one = replace(reserve(number), day=self.now.date())
            await self.book.do(USER, one, "test")
            await self.book.do(USER, Settle(one.attempt_id, Decimal("0.5")), "test")


async def test_a_ledger_of_long_ago_is_read_from_a_balance_of_nine_days_ago(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PAGE_COMMITS", 10)
    diary = Diary()
    for half_day in range(60):
        await diary.use(*range(10 * half_day, 10 * half_day + 10))
        diary.now += timedelta(hours=6 if half_day % 2 == 0 else 18)
    diary.now += timedelta(hours=3)
    await diary.book.do(USER, replace(reserve(1000), day=diary.now.date()), "test")
    diary.log.loads, another = 0, diary.opened()
    found, known = await another.load(USER), await diary.book.load(USER)
    assert diary.log.loads <= 4 + 10 * 4 + 2, "two pages, twice, a day"
    assert (found.seq, found.ledger.spent, found.ledger.open) == (known.seq, Decimal(300), known.ledger.open)
    assert found.ledger.settled.keys() >= known.ledger.settled.keys()


@pytest.mark.parametrize("idle", [4, 7, 20])
async def test_what_was_settled_within_eight_days_is_known_however_long_nothing_happened_before(idle: int):
    diary = Diary()
    await diary.use(1, 2)
    diary.now += timedelta(days=idle)
    await diary.use(3)
    await diary.book.do(USER, SetBudget("user", Decimal(9), "wait"), "test")
    diary.now += timedelta(days=2)
    found = (await diary.opened().load(USER)).ledger
    assert found.spent == Decimal("1.5")
    assert found.limits["user"].limit_usd == Decimal(9)
    assert {UUID(int=3), *((UUID(int=1), UUID(int=2)) if idle < 7 else ())} <= found.settled.keys()


async def test_what_was_told_in_the_commit_of_a_balance_before_it_is_in_it():
    diary = Diary()
    await diary.use(1)
    await diary.book.do(USER, reserve(2), "test")
    diary.now += timedelta(days=1)
    at_once = (
        SetBudget("user", Decimal(9), "wait"),
        Settle(UUID(int=2), Decimal(1)),
        replace(reserve(3), day=diary.now.date()),
    )
    await asyncio.gather(*(diary.book.do(USER, one, "test") for one in at_once))
    last = (await diary.log.load(ledger(USER))).recorded[-1].commit
    assert [event.type for event in last.events] == ["MoneySettled", "BalanceCarriedForward", "MoneyReserved"]
    diary.now += timedelta(days=9)
    found = (await diary.opened().load(USER)).ledger
    assert (found.spent, found.open.keys()) == (Decimal("1.5"), {UUID(int=3)})


async def test_what_another_orchestrator_gave_back_is_not_refused_as_too_much():
    log = CountedLog()
    one, two = ledgers(log), ledgers(log)
    await one.do(USER, SetBudget("user", Decimal(1), "fail"), "test")
    assert [await reserved(book, 1) for book in (one, two)] == [True] * 2
    await one.do(USER, Release(UUID(int=1)), "test")
    assert await reserved(two, 2)


async def test_what_another_orchestrator_gave_back_is_not_taken_for_set_aside():
    log = CountedLog()
    one, two = ledgers(log), ledgers(log)
    assert [await reserved(book, 1) for book in (one, two)] == [True] * 2
    await one.do(USER, Release(UUID(int=1)), "test")
    assert await reserved(two, 1)
    assert [*(await one.load(USER)).ledger.open] == [UUID(int=1)]


class Copied(CountedLog):
    """Its copy lacks everything so many times."""

    behind = 0

    async def at_least(self, aggregate):
        return (await self.load(aggregate)).seq

    async def page(self, aggregate, after, *, most, most_bytes):
        self.behind -= 1
        if self.behind >= 0:
            return Past()
        return await super().page(aggregate, after, most=most, most_bytes=most_bytes)


async def test_what_a_copy_of_the_log_lacks_is_settled_all_the_same():
    log = Copied()
    one, two = ledgers(log), ledgers(log)
    assert await reserved(one, 1)
    log.behind = 2
    assert (await two.do(USER, Settle(UUID(int=1), Decimal("0.5")), "test")).changed
    assert (await two.load(USER)).ledger.spent == Decimal("0.5")


async def test_a_copy_of_the_log_that_is_behind_after_a_conflict_is_not_taken_for_a_log_that_lost_its_end():
    log = Copied()
    one, two = ledgers(log), ledgers(log)
    assert [await reserved(book, number) for book, number in ((one, 1), (two, 1), (one, 2))] == [True] * 3
    log.behind = 3
    assert (await two.do(USER, Settle(UUID(int=1), Decimal("0.5")), "test")).changed


async def test_who_asks_for_the_account_is_told_what_a_copy_of_the_log_lacks():
    log = Copied()
    one, two = ledgers(log), ledgers(log)
    assert await reserved(one, 1)
    log.behind = 2
    assert [*(await two.load(USER)).ledger.open] == [UUID(int=1)]


async def test_who_is_cancelled_while_waiting_takes_nobody_along():
    log = CountedLog()
    book = ledgers(log)
    tasks = [asyncio.create_task(reserved(book, number)) for number in range(1, 11)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    await asyncio.sleep(0.0005)
    tasks[5].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [one for one in results if not isinstance(one, asyncio.CancelledError)] == [True] * 8
    assert len((await ledgers(log).load(USER)).ledger.open) >= 8


async def test_an_append_that_fails_is_told_to_one_and_tried_by_the_next():
    class Failing(CountedLog):
        broken = True

        async def append(self, aggregate, commit, *, expected):
            if self.broken:
                self.broken = False
                raise TimeoutError
            return await super().append(aggregate, commit, expected=expected)

    book = ledgers(Failing())
    results = await asyncio.gather(*(reserved(book, number) for number in (1, 2, 3)), return_exceptions=True)
    assert [type(one) for one in results if one is not True] == [TimeoutError]
    assert [*(await book.load(USER)).ledger.open] == [UUID(int=2), UUID(int=3)]


async def test_settled_money_can_be_spent_by_who_comes_later():
    book = ledgers(CountedLog())
    await book.do(USER, SetBudget("user", Decimal(1), "fail"), "test")
    assert await reserved(book, 1)
    assert not await reserved(book, 2)
    await book.do(USER, Settle(UUID(int=1), Decimal("0.2")), "test")
    with pytest.raises(Exceeded):
        await book.do(USER, reserve(2), "test")
    await book.do(USER, reserve(3, "0.8"), "test")


async def test_a_ledger_is_a_history_like_any_other():
    log = CountedLog()
    await ledgers(log).do(USER, reserve(1), "cause")
    (recorded,) = (await log.load(ledger(USER))).recorded
    assert (recorded.commit.causation_id, recorded.commit.at) == ("cause", NOW)


async def conflicts(book: Ledgers, log: CountedLog, *users: int) -> list[int]:
    """Set money aside for one user after the other; tell how often each was not remembered."""
    found = []
    for user in users:
        before = log.conflicts
        await book.do(UUID(int=user), reserve(log.appends + 1), "test")
        found.append(log.conflicts - before)
    return found


async def test_the_ledger_that_was_asked_for_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "CACHED", 2)
    log = CountedLog()
    assert await conflicts(ledgers(log), log, 1, 2, 1, 3, 1, 2, 3) == [0, 0, 0, 0, 0, 1, 1]


async def test_a_ledger_that_somebody_waits_for_is_not_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "CACHED", 1)
    log = CountedLog()
    book = ledgers(log)
    asked = []
    for number, user in enumerate((USER, UUID(int=2), USER), 1):
        asked.append(asyncio.create_task(book.do(user, reserve(number), "test")))
        await asyncio.sleep(0)
    await asyncio.gather(*asked)
    assert (log.appends, log.conflicts) == (3, 0)
