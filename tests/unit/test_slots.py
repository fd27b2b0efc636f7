"""Slots of the week: how they are read, what is known of them, how they are chosen."""

import numpy as np
import pytest

from library.slots import (
    USUAL,
    Seen,
    Slot,
    chances_of_best,
    enough,
    known,
    parsed,
    propensities,
    sharing,
)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("tuesday morning", Slot(1, 10)),
        ("Tue 10", Slot(1, 10)),
        ("thu-14:00", Slot(3, 14)),
        (" sunday,  evening ", Slot(6, 18)),
        ("wed 0", Slot(2, 0)),
    ],
)
def test_a_time_of_the_week_is_read(text, slot):
    assert parsed(text) == slot


@pytest.mark.parametrize(
    "text", ["", "tuesday", "t 10", "tue 24", "tue noonish", "10 tue", "tuesdayish 10", "tue 10:30"]
)
def test_what_is_no_time_of_the_week_is_none(text):
    assert parsed(text) is None


def test_of_two_alike_slots_none_is_likelier_the_best(rng):
    seen = [Seen(day, "morning", "radio", 500, 40) for day in (0, 1)]
    p_best = chances_of_best(known(seen, (Slot(0, 10), Slot(1, 10)), rng).draws)
    assert p_best == pytest.approx([0.5, 0.5], abs=0.05)


def test_a_slot_that_is_far_better_is_the_best(rng):
    seen = [Seen(0, "morning", "radio", 1000, 60), Seen(1, "morning", "radio", 1000, 140)]
    assert chances_of_best(known(seen, (Slot(0, 10), Slot(1, 10)), rng).draws)[1] > 0.99


def test_hours_that_are_known_by_the_same_pitches_are_no_likelier_the_best_for_being_three(rng):
    hours = (*(Slot(1, hour) for hour in (9, 10, 11)), Slot(4, 10))
    seen = [Seen(day, "morning", "radio", 500, 40) for day in (1, 4)]
    p_best = chances_of_best(known(seen, hours, rng).draws)
    *three, one = p_best
    assert propensities(p_best, sharing(hours))[3] == pytest.approx(0.5, abs=0.1)
    assert one == pytest.approx(0.5, abs=0.05)
    assert three == pytest.approx([sum(three) / 3] * 3)


def test_a_slot_is_not_praised_for_whom_it_was_used_for(rng):
    seen = [
        Seen(0, "morning", "radio", 900, 180),
        Seen(0, "morning", "journalist", 100, 4),
        Seen(1, "morning", "radio", 100, 20),
        Seen(1, "morning", "journalist", 900, 36),
    ]
    rates = known(seen, (Slot(0, 10), Slot(1, 10)), rng).draws.mean(axis=0)
    assert rates[0] / rates[1] < 1.25


def test_with_nothing_seen_every_slot_is_as_good(rng):
    p_best = chances_of_best(known([], USUAL, rng).draws)
    assert p_best.sum() == pytest.approx(1)
    assert p_best.max() < 0.15
    assert not enough([])


def test_many_pitches_without_an_answer_are_not_enough():
    assert not enough([Seen(0, "morning", "radio", 5000, 0)])


def test_chances_sum_to_one_and_leave_none_out():
    chances = propensities(np.array([1.0, 0.0, 0.0]))
    assert chances.sum() == pytest.approx(1)
    assert chances.min() == pytest.approx(0.1 / 3)


def test_answers_beyond_the_comparable_pitches_do_no_harm(rng):
    seen = [Seen(0, "morning", "radio", 1, 1), Seen(1, "morning", "venue", 500, 1)]
    assert np.isfinite(known(seen, (Slot(0, 10), Slot(1, 10)), rng).draws).all()
