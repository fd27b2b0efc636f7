"""How much series remember: weights over memories, true on average, and lent among series that are alike."""

import numpy as np
import pytest

from library.memory import MEMORIES, likelihood, weights


def remembering(memory, *, weeks=26, seed=0):
    rng = np.random.default_rng([seed, weeks])
    values = rng.normal(size=weeks)
    for week in range(1, weeks):
        values[week] += memory * values[week - 1]
    return values


def told(values):
    return likelihood(np.arange(len(values)), values)


@pytest.mark.parametrize("memory", [0.0, 0.3, 0.6])
def test_many_short_series_together_tell_their_memory(memory):
    found = weights([told(remembering(memory, seed=seed)) for seed in range(300)])
    assert (found.mean(axis=0) @ MEMORIES) == pytest.approx(memory, abs=0.07)


def test_one_short_series_alone_leaves_much_open():
    (found,) = weights([told(remembering(0.0, weeks=12))])
    assert found[MEMORIES > 0.5].sum() > 0.1


def test_a_week_far_off_hides_no_memory():
    calm = remembering(0.8, weeks=100)
    disturbed = calm.copy()
    disturbed[[20, 50, 70]] += 40
    assert (weights([told(disturbed)]) @ MEMORIES)[0] == pytest.approx(
        (weights([told(calm)]) @ MEMORIES)[0], abs=0.1
    )


def test_nothing_has_no_memory():
    assert told(np.zeros(9)).tolist() == [1.0] + [0.0] * 19


def test_a_straight_piece_and_little_else_still_has_weights():
    (found,) = weights([told(np.array([0, -1, -2, -3, -4, 40, 50, 45.0]))])
    assert found.sum() == pytest.approx(1)
    assert np.isfinite(found).all()


def test_values_as_alike_two_weeks_apart_tell_of_a_longer_memory():
    found = [
        weights(
            [likelihood(np.arange(60) * apart, remembering(0.5, weeks=60, seed=seed)) for seed in range(40)]
        )
        for apart in (1, 2)
    ]
    one, two = ((chances @ MEMORIES).mean() for chances in found)
    assert (one, two) == (pytest.approx(0.5, abs=0.07), pytest.approx(0.5**0.5, abs=0.07))
