"""Tests on curves of waiting, against tables worked by hand and a published trial."""

import numpy as np
import pytest

from library.survival import kaplan_meier, log_rank

PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
TREATED = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
RELAPSED = [True] * 9 + [False] * 12


def test_freireichs_trial_has_the_published_curve():
    curve = kaplan_meier(TREATED, RELAPSED)
    assert curve.waiting_at(6) == pytest.approx(0.857, abs=0.001)
    assert curve.waiting_at(10) == pytest.approx(0.753, abs=0.001)
    assert curve.waiting_at(23) == pytest.approx(0.448, abs=0.001)
    assert np.sqrt(curve.greenwood[-1]) * curve.waiting[-1] == pytest.approx(0.1346, abs=0.001)


def test_freireichs_trial_has_the_published_log_rank():
    found = log_rank([(TREATED, RELAPSED), (PLACEBO, [True] * 21)])
    assert found.statistic == pytest.approx(16.79, abs=0.01)
    assert found.p < 0.0001


def test_the_order_of_groups_does_not_matter():
    groups = [
        ([1, 2, 3, 9], [True, True, False, False]),
        ([2, 4], [True, False]),
        ([5, 6, 7], [False, True, True]),
    ]
    assert log_rank(groups).statistic == pytest.approx(log_rank(groups[::-1]).statistic)


def test_with_nothing_censored_the_curve_is_the_share():
    assert kaplan_meier([1, 2, 3, 4], [True] * 4).answered_by(2) == 0.5


def test_a_pitch_watched_briefly_does_not_count_as_refused():
    curve = kaplan_meier([1, 5, 5, 0.5], [True, False, False, False])
    assert curve.plateau == pytest.approx(1 / 3)


def test_before_the_first_answer_all_wait():
    curve = kaplan_meier([3, 4], [True, False])
    assert curve.waiting_at(2.9) == 1.0
    assert curve.interval_at(2.9)[0] == 0.0


def test_where_nobody_answered_the_bound_is_of_those_watched_for_so_long():
    curve = kaplan_meier([1.0] * 78 + [30.0] * 22, [False] * 100)
    assert curve.interval_at(1) == (0.0, pytest.approx(1 - 0.05 ** (1 / 100)))
    assert curve.interval_at(21) == (0.0, pytest.approx(1 - 0.05 ** (1 / 22)))


@pytest.mark.parametrize("days", [[], [2.0], [2.0, 2.0]])
def test_without_an_answer_there_is_no_delay(days):
    curve = kaplan_meier(days, [False] * len(days))
    assert curve.plateau == 0.0
    assert curve.delay_quantile(0.5) is None
    assert curve.interval_at(5)[1] > 0.5


def test_all_answered_at_once_is_a_curve_too():
    curve = kaplan_meier([0.0, 0.0], [True, True])
    assert curve.plateau == 1.0
    assert curve.interval_at(1) == (0.0, 1.0)


def test_quantiles_are_of_all_pitches_and_delays_of_answers():
    curve = kaplan_meier([1, 2, 3, 4] + [30] * 6, [True] * 4 + [False] * 6)
    assert curve.quantile(0.25) == 3
    assert curve.quantile(0.5) is None
    assert curve.delay_quantile(0.5) == 2


def test_greenwoods_interval_holds_the_truth():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(600):
        delays, seen = rng.exponential(5, 80), rng.uniform(0, 12, 80)
        low, high = kaplan_meier(np.minimum(delays, seen), delays <= seen).interval_at(4)
        hits += low <= 1 - np.exp(-4 / 5) <= high
    assert 0.92 < hits / 600 < 0.98


@pytest.mark.parametrize(
    "groups", [[], [([1, 2], [True, False])], [([1], [False]), ([2], [False])], [([], []), ([1], [True])]]
)
def test_nothing_to_compare_is_no_difference(groups):
    assert log_rank(groups).p == 1.0


def test_equal_groups_rarely_differ():
    rng = np.random.default_rng(2)
    small = [log_rank([_group(rng), _group(rng), _group(rng)]).p <= 0.05 for _ in range(400)]
    assert 0.02 < np.mean(small) < 0.09


def _group(rng):
    delays, seen = rng.exponential(6, 60), rng.uniform(0, 20, 60)
    return np.minimum(delays, seen), delays <= seen


def test_a_late_answer_among_few_that_were_watched_so_long_does_not_lift_the_end():
    curve = kaplan_meier([*[1.0] * 2, *[7.0] * 17, 20.0], [True] * 2 + [False] * 17 + [True])
    assert curve.plateau == pytest.approx(0.1)
    assert curve.tells(7)
    assert not curve.tells(21)


def test_where_everything_was_answered_the_curve_tells_all_of_it():
    curve = kaplan_meier([1.0] * 5, [True] * 5)
    assert curve.tells(21)
    assert not kaplan_meier([], []).tells(0)


def test_contacts_pitched_again_and_again_do_not_tell_alike_groups_apart():
    rng, often = np.random.default_rng(8), {True: 0, False: 0}
    contacts = np.repeat(np.arange(60), 20)
    for _ in range(200):
        side = rng.choice(3, 60)[contacts]
        answered = rng.random(1200) < rng.beta(0.4, 4.6, 60)[contacts]
        days = np.where(answered, rng.exponential(4, 1200), 60.0)
        groups = [(days[side == n], answered[side == n]) for n in range(3)]
        for known in often:
            whose = [contacts[side == n] for n in range(3)] if known else None
            often[known] += log_rank(groups, whose).p < 0.05
    assert often[True] / 200 < 0.09 < often[False] / 200


def test_pitches_of_whom_nothing_else_is_known_tell_as_much_as_they_did():
    given = [(TREATED, RELAPSED), (PLACEBO, [True] * 21)]
    known = log_rank(given, [range(21), range(21, 42)])
    assert known.p == pytest.approx(log_rank(given).p, rel=0.5)
