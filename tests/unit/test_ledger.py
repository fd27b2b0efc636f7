"""A user's money, one rule a sentence."""

import time
from copy import copy
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from orchestrator.ledger import (
    REMEMBERED,
    Doubt,
    Exceeded,
    Ledger,
    Release,
    Reserve,
    SetBudget,
    Settle,
    decide,
    fold,
)
from shared.ledger_events import BalanceCarriedForward, BudgetSet, MoneyReleased, MoneyReserved, MoneySettled
from shared.refusal import Refusal

TODAY = date(2026, 11, 1)
TOMORROW = TODAY + timedelta(days=1)
SESSION = UUID(int=1)


def reserve(number: int, amount: str | None = "1", day: date = TODAY) -> Reserve:
    return Reserve(UUID(int=number), "session", SESSION, None if amount is None else Decimal(amount), day)


def settle(number: int, cost: str | None = "0", in_doubt: str = "0") -> Settle:
    return Settle(UUID(int=number), None if cost is None else Decimal(cost), Decimal(in_doubt))


def doubt(number: int) -> Doubt:
    return Doubt(UUID(int=number))


def limit(amount: str | None, scope="user", policy=None, command_id=None) -> SetBudget:
    return SetBudget(scope, None if amount is None else Decimal(amount), policy, command_id)


def after(*commands, ledger: Ledger | None = None) -> Ledger:
    ledger = ledger or Ledger()
    for command in commands:
        ledger = fold(decide(command, ledger), ledger)
    return ledger


def exceeded(command, ledger: Ledger) -> Exceeded:
    with pytest.raises(Exceeded) as found:
        decide(command, ledger)
    return found.value


def test_money_is_set_aside_while_the_limit_has_it():
    (event,) = decide(reserve(1), after(limit("1")))
    assert isinstance(event, MoneyReserved)


def test_what_happens_changes_no_ledger_but_the_one_after_it():
    before = after(limit("5", command_id="a"), reserve(1), settle(1, "1", in_doubt="1"), reserve(2))
    copied = Ledger(**{name: copy(getattr(before, name)) for name in Ledger.__struct_fields__})
    after(limit("6", command_id="b"), settle(1, "2"), settle(2), reserve(3, day=TOMORROW), ledger=before)
    assert before == copied


def test_a_day_of_many_calls_is_folded_in_a_moment(steady: None):
    ids = [UUID(int=number) for number in range(30_000)]
    made = [MoneyReserved(attempt_id=one, noun="session", id=SESSION, day=TODAY) for one in ids]
    paid = [MoneySettled(attempt_id=one, cost_usd=Decimal(1)) for one in ids]
    began = time.process_time()
    ledger = fold(event for pair in zip(made, paid, strict=True) for event in pair)
    assert (ledger.spent, len(ledger.settled)) == (Decimal(30_000), 30_000)
    assert time.process_time() - began < 2


def test_what_is_set_aside_is_not_there_for_others():
    found = exceeded(reserve(2), after(limit("1.5"), reserve(1)))
    assert (found.scope, found.purse.reserved) == ("user", Decimal(1))


def test_what_was_spent_is_gone():
    assert exceeded(reserve(2), after(limit("1.5"), reserve(1), settle(1, "0.6"))).purse.spent == Decimal(
        "0.6"
    )


def test_a_settled_attempt_gives_back_what_it_did_not_cost():
    assert decide(reserve(2), after(limit("1.5"), reserve(1), settle(1, "0.5")))


def test_the_same_attempt_is_reserved_once():
    assert decide(reserve(1), after(limit("1"), reserve(1))) == []


def test_an_attempt_that_was_settled_is_not_reserved_again():
    assert decide(reserve(1), after(reserve(1), settle(1, "0.5"))) == []


def test_a_report_is_settled_once():
    assert decide(settle(1, "0.5"), after(reserve(1), settle(1, "0.5"))) == []


def test_what_nobody_reserved_is_not_settled():
    assert decide(settle(1, "0.5"), Ledger()) == []


def test_a_call_in_doubt_costs_all_that_was_set_aside():
    ledger = after(reserve(1, "2"), doubt(1))
    assert (ledger.spent, ledger.in_doubt) == (Decimal(2), Decimal(2))


def test_a_late_report_takes_the_place_of_the_doubt():
    ledger = after(reserve(1, "2"), doubt(1), settle(1, "0.3"))
    assert (ledger.spent, ledger.days[TODAY], ledger.doubtful) == (Decimal("0.3"), Decimal("0.3"), {})


def test_a_report_that_leaves_the_same_doubt_changes_nothing():
    ledger = after(reserve(1, "2"), settle(1, "0.1", "0.2"))
    assert ledger.spent == Decimal("0.3")
    assert decide(settle(1, "0.1", "0.2"), ledger) == []


def test_what_was_in_doubt_is_not_put_in_doubt_again():
    assert decide(doubt(1), after(reserve(1), doubt(1))) == []


def test_an_attempt_that_never_called_gives_everything_back():
    ledger = after(reserve(1), Release(UUID(int=1)))
    assert (ledger.open, ledger.spent) == ({}, Decimal(0))


def test_an_attempt_that_was_in_doubt_and_turns_out_to_have_called_nobody_costs_nothing():
    ledger = after(reserve(1, "2"), doubt(1), Release(UUID(int=1)))
    assert (ledger.spent, ledger.days[TODAY], ledger.in_doubt) == (Decimal(0), Decimal(0), Decimal(0))
    assert decide(Release(UUID(int=1)), ledger) == []


def test_what_is_not_set_aside_is_not_released():
    assert decide(Release(UUID(int=1)), after(reserve(1), settle(1))) == []


def test_a_day_has_its_own_limit():
    ledger = after(limit("1", "day"), reserve(1))
    assert exceeded(reserve(2), ledger).scope == "day"
    assert decide(reserve(2, day=TODAY + timedelta(days=1)), ledger)


def test_the_day_that_pays_is_that_of_the_reservation():
    ledger = after(reserve(1), reserve(2, day=TODAY + timedelta(days=1)), settle(1, "0.5"))
    assert (ledger.days[TODAY], ledger.days[TODAY + timedelta(days=1)]) == (Decimal("0.5"), Decimal(0))


def test_no_price_is_no_call_under_a_limit():
    assert exceeded(reserve(1, None), after(limit("100", "day"))).scope == "day"


def test_without_a_limit_a_call_of_unknown_price_is_counted():
    assert after(reserve(1, None), settle(1, None)).unpriced == 1


def test_what_is_under_way_without_a_price_sets_nothing_aside_under_a_limit_that_comes_later():
    ledger = after(reserve(1, None), limit("1"))
    assert decide(reserve(2), ledger)
    assert exceeded(reserve(2, "1.01"), ledger).purse.reserved == Decimal(0)


def test_a_call_in_doubt_whose_price_nobody_knows_is_flagged():
    ledger = after(reserve(1, None), doubt(1))
    assert (ledger.open, ledger.spent, ledger.unpriced) == ({}, Decimal(0), 1)


def test_a_limit_of_nothing_forbids_every_call():
    assert exceeded(reserve(1, "0.000001"), after(limit("0")))


def test_a_limit_is_taken_away():
    assert decide(reserve(1), after(limit("0"), limit(None)))


def test_what_becomes_of_a_step_stays_as_it_was_when_only_the_limit_is_set():
    ledger = after(limit("1", policy="wait"), limit("2"))
    assert decide(limit("2"), ledger) == []
    assert exceeded(reserve(1, "3"), ledger).policy == "wait"
    assert exceeded(reserve(1, "3"), after(limit("2", policy="fail"), ledger=ledger)).policy == "fail"


def test_the_same_limit_again_changes_nothing():
    assert decide(limit("1"), after(limit("1"))) == []


def test_a_command_that_comes_again_late_does_not_undo_a_later_one():
    ledger = after(limit("1", command_id="a"), limit("2", command_id="b"))
    assert ledger.purse("user", TODAY).limit == Decimal(2)
    assert decide(limit("1", command_id="a"), ledger) == []


def test_another_limit_under_a_used_id_is_refused():
    low = SetBudget("user", Decimal(1), command_id="a", fingerprint="print-1")
    assert decide(low, after(low)) == []
    with pytest.raises(Refusal, match="the id was used for another command"):
        decide(SetBudget("user", Decimal(2), command_id="a", fingerprint="print-2"), after(low))


def test_settled_attempts_are_forgotten_after_eight_days():
    week = after(reserve(1), settle(1), reserve(2, day=TODAY + timedelta(days=8)))
    later = after(reserve(3, day=TODAY + timedelta(days=9)), ledger=week)
    assert (UUID(int=1) in week.settled, UUID(int=1) in later.settled) == (True, False)


def test_a_doubt_is_forgotten_with_its_attempt_and_stays_spent():
    week = after(reserve(1), doubt(1), reserve(2, day=TODAY + timedelta(days=8)))
    later = after(reserve(3, day=TODAY + timedelta(days=9)), ledger=week)
    assert (week.in_doubt, later.in_doubt, later.spent) == (Decimal(1), Decimal(0), Decimal(1))
    assert decide(settle(1, "0.5"), later) == []


def days_later(number: int, days: int, amount: str | None = "1") -> Reserve:
    return reserve(number, amount, TODAY + timedelta(days=days))


def test_the_first_reservation_of_a_new_day_carries_the_balance_forward():
    before = after(limit("9", command_id="a"), *(reserve(number) for number in (1, 2, 3)))
    before = after(settle(1, "1", in_doubt="2"), settle(3, None), ledger=before)
    carried, reserved = decide(days_later(4, 1), before)
    assert isinstance(carried, BalanceCarriedForward)
    assert isinstance(reserved, MoneyReserved)
    assert (carried.spent_usd, carried.days) == (Decimal(3), {TODAY: Decimal(3)})
    assert [one.attempt_id for one in carried.open] == [UUID(int=2)]
    assert fold([carried], before) == before


@pytest.mark.parametrize(
    "before", [(), (limit("9"),), (reserve(1), days_later(2, 1))], ids=["nothing", "a limit", "the same day"]
)
def test_no_balance_is_carried_into_a_first_day_or_twice_into_one(before):
    assert [type(event) for event in decide(days_later(3, 1), after(*before))] == [MoneyReserved]


def test_a_balance_that_would_be_long_is_not_told_that_day(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orchestrator.ledger.MOST_CARRIED", 2)
    before = after(limit("9", command_id="a"), reserve(1))
    assert len(decide(days_later(3, 1), before)) == 2
    assert len(decide(days_later(4, 1), after(reserve(3), ledger=before))) == 1


def test_what_a_day_long_ago_cost_is_not_carried_on():
    before = after(reserve(1), settle(1, "1"), days_later(2, 1), settle(2, "2"))
    carried, _ = decide(days_later(3, 9), before)
    assert (carried.spent_usd, carried.days) == (Decimal(3), {TOMORROW: Decimal(2)})


NUMBERS = st.integers(1, 6)
AMOUNTS = st.sampled_from(["0.2", "0.5", "1"])
COMMANDS = st.one_of(
    st.builds(reserve, NUMBERS, AMOUNTS, st.sampled_from([TODAY, TODAY + timedelta(days=1)])),
    st.builds(settle, NUMBERS, st.sampled_from(["0", "0.1"]), st.sampled_from(["0", "0.1"])),
    st.builds(doubt, NUMBERS),
    st.builds(Release, st.builds(lambda number: UUID(int=number), NUMBERS)),
)


@settings(max_examples=300)
@given(st.lists(COMMANDS, max_size=40))
def test_whatever_comes_the_limit_holds_and_the_account_is_even(commands):
    ledger = after(limit("2"), limit("1.5", "day"))
    reserved = settled = Decimal(0)
    for command in commands:
        try:
            events = decide(command, ledger)
        except Exceeded:
            continue
        for event in events:
            match event:
                case MoneyReserved(amount_usd=amount):
                    reserved += amount
                case MoneyReleased(attempt_id=id_):
                    reserved -= ledger.open[id_].amount_usd
                case MoneySettled(attempt_id=id_, cost_usd=cost, in_doubt_usd=doubt):
                    before = ledger.doubtful.get(id_)
                    settled += cost + doubt
                    if before is not None:
                        settled -= before.settled.cost_usd + before.settled.in_doubt_usd
                    reserved -= ledger.open[id_].amount_usd if id_ in ledger.open else Decimal(0)
                case BudgetSet() | BalanceCarriedForward():
                    pass
            ledger = fold([event], ledger)
        purse = ledger.purse("user", TODAY)
        assert (purse.spent, purse.reserved) == (settled, reserved)
        assert purse.spent + purse.reserved <= Decimal(2)
        assert sum(ledger.days.values()) == ledger.spent
        for day in ledger.days:
            of_day = ledger.purse("day", day)
            assert of_day.spent + of_day.reserved <= Decimal("1.5")


ATTEMPTS = st.integers(1, 12)
LIVED = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 0, 1, 1, 3, 9]),
        st.one_of(
            st.builds(
                lambda number, amount: (reserve, number, amount), ATTEMPTS, st.sampled_from(["0.5", None])
            ),
            st.builds(
                lambda number, cost, doubt: (settle, number, cost, doubt),
                ATTEMPTS,
                st.sampled_from(["0.1", None]),
                st.sampled_from(["0", "0.2"]),
            ),
            st.builds(lambda number: (doubt, number), ATTEMPTS),
            st.builds(lambda number: (lambda one: Release(UUID(int=one)), number), ATTEMPTS),
            st.builds(
                lambda amount, id_: (limit, amount, "user", None, id_), AMOUNTS, st.sampled_from("abc")
            ),
        ),
    ),
    max_size=60,
)


@settings(max_examples=300)
@given(LIVED)
def test_who_begins_with_a_balance_knows_what_counts_for_the_next_eight_days(lived):
    """Attempt ids are used once, as sessions make them: a settled one is not reserved again long after."""
    day, used, whole, begun = TODAY, set(), Ledger(), {}
    for passed, (make, *given_) in lived:
        day += timedelta(days=passed)
        if make is reserve:
            if given_[0] in used:
                continue
            used.add(given_[0])
            given_.append(day)
        try:
            events = decide(make(*given_), whole)
        except (Exceeded, Refusal):
            continue
        whole = fold(events, whole)
        begun = {since: fold(events, ledger) for since, ledger in begun.items()}
        if any(isinstance(event, BalanceCarriedForward) for event in events):
            begun[day] = fold(events)
    for since, ledger in begun.items():
        if since < day - REMEMBERED:
            assert counting(ledger, day) == counting(whole, day)
            assert [decide(settle(number), ledger) for number in used] == [
                decide(settle(number), whole) for number in used
            ]


def counting(ledger: Ledger, today: date) -> Ledger:
    """Leave out what is forgotten with the next new day."""
    settled = {id_: day for id_, day in ledger.settled.items() if day >= today - REMEMBERED}
    doubtful = {id_: one for id_, one in ledger.doubtful.items() if id_ in settled}
    days = {day: spent for day, spent in ledger.days.items() if day >= today - REMEMBERED}
    return structs.replace(ledger, settled=settled, doubtful=doubtful, days=days)
