"""The whole loop under faults, seed by seed; and proof that the simulation would notice."""

import pytest

from sim.__main__ import failures
from sim.check import violations
from sim.mutants import MUTANTS, Mutant, planted
from sim.run import run
from sim.silence import silenced

SEEDS, CHUNK = 10_000, 1_000
ENOUGH = 600


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_nothing_is_lost_paid_twice_or_left_behind_whatever_fails(first: int):
    assert failures(range(first, first + CHUNK)) == {}


def test_the_same_seed_is_the_same_run_byte_for_byte():
    with silenced():
        assert [run(seed).digest for seed in range(50)] == [run(seed).digest for seed in range(50)]


def test_seeds_differ():
    with silenced():
        assert len({run(seed).digest for seed in range(50)}) == 50


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.title)
def test_a_planted_fault_is_caught(mutant: Mutant):
    with silenced(), planted(mutant):
        assert any(_caught(seed) for seed in range(ENOUGH))


def _caught(seed: int) -> bool:
    try:
        return bool(violations(run(seed)))
    except Exception:  # noqa: BLE001 - a fault may break the check itself
        return True
