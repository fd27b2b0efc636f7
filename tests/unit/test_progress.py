"""What an attempt tells of its calls: what they cost, what they may have cost, how long they took."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from controls import NOW, usage
from skill_runner.progress import Progress, ProviderCall

MOST = Decimal("0.05")
UNPRICED = replace(usage(), cost_usd=None)


def call(**changes: Any) -> ProviderCall:
    return replace(ProviderCall(3, 1, "first", "openai", "m", NOW, most_usd=MOST), **changes)


def answered(cents: int) -> ProviderCall:
    return call(usage=usage(cents), in_doubt=False)


def progress(*calls: ProviderCall) -> Progress:
    return Progress(calls=[*calls])


def test_a_call_may_have_cost_its_most_until_an_answer_says_otherwise():
    assert call().in_doubt_usd == MOST
    assert answered(1).in_doubt_usd == call(most_usd=None).in_doubt_usd == 0


def test_a_call_is_told_whole_and_one_that_was_given_up_as_long_as_its_attempt_ran():
    told = call(outcome="checks_failed", failed_checks=("numbers",), took_s=1.2346, usage=usage()).told(60)
    assert (told.item, told.number, told.purpose, told.started_at) == (3, 1, "first", NOW)
    assert (told.provider, told.model, told.outcome) == ("openai", "m", "checks_failed")
    assert (told.failed_checks, told.usage, told.in_doubt_usd) == (("numbers",), usage(), MOST)
    assert (told.duration_ms, call(took_s=0.0).told(60).duration_ms) == (1235, 0)
    given_up = call().told(60)
    assert (given_up.outcome, given_up.duration_ms) == ("unanswered", 60_000)


def test_an_attempt_whose_calls_reached_nobody_has_cost_nothing():
    assert progress().total is progress(call(in_doubt=False)).total is None


def test_what_calls_cost_is_added_up():
    assert progress(answered(1), answered(2)).total.cost_usd == Decimal("0.03")
    assert progress(answered(1)).total == usage(1)


def test_what_a_call_may_have_cost_stands_beside_what_others_did():
    total = progress(answered(1), call()).total
    assert (total.cost_usd, total.in_doubt_usd, total.calls) == (Decimal("0.01"), MOST, 1)
    alone = progress(call()).total
    assert (alone.cost_usd, alone.in_doubt_usd, alone.calls) == (0, MOST, 0)
    assert (alone.provider, alone.model) == ("openai", "m")


def test_what_is_known_is_counted_though_the_price_of_another_call_is_not():
    unpriced = call(usage=UNPRICED, most_usd=None)
    total = progress(answered(2), unpriced, call(in_doubt=False)).total
    assert (total.cost_usd, total.at_most_usd) == (None, Decimal("0.02"))


def test_an_answer_that_does_not_say_what_it_used_leaves_what_others_cost_as_known_as_it_is():
    silent = call(usage=UNPRICED)
    total = progress(answered(2), silent).total
    assert (total.cost_usd, total.in_doubt_usd, total.calls) == (Decimal("0.02"), MOST, 2)
    assert (silent.told(60).usage, progress(silent).total.cost_usd) == (UNPRICED, 0)


def test_a_call_without_an_answer_whose_price_nobody_knows_leaves_what_was_paid_unknown():
    unseen = call(most_usd=None)
    alone = progress(unseen).total
    assert (alone.cost_usd, alone.calls, alone.at_most_usd) == (None, 1, 0)
    assert unseen.told(60).usage == alone
    total = progress(answered(2), unseen, call(most_usd=None, in_doubt=False)).total
    assert (total.cost_usd, total.calls, total.at_most_usd) == (None, 2, Decimal("0.02"))


def test_a_warning_is_kept_once():
    made = progress()
    for _ in range(2):
        made.warn("a field is not known")
    assert made.warnings == ["a field is not known"]
