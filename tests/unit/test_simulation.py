"""The whole loop under faults, seed by seed; and proof that the simulation would notice."""

import sys
from typing import get_args
from weakref import ref

import pytest

from shared.events import SessionEvent
from shared.ledger_events import LedgerEvent
from sim.__main__ import failures
from sim.asked import Focus
from sim.chance import Fault
from sim.check import violations
from sim.mutants import MUTANTS, Mutant, planted
from sim.restored import broken, restored
from sim.run import Run, run, uncollected
from sim.silence import silenced

SEEDS, CHUNK = 10_000, 500
A_FEW, RESTORED, ENOUGH = 70, 150, 600
ELSEWHERE = {"AttemptWithdrawn"}


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_nothing_is_lost_paid_twice_or_left_behind_whatever_fails(first: int):
    assert failures(range(first, first + CHUNK)) == {}


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    with silenced():
        return [run(seed) for seed in range(A_FEW)]


def test_the_same_seed_is_the_same_run_byte_for_byte(runs: list[Run]):
    with silenced():
        assert [run(seed).digest for seed in range(A_FEW)] == [one.digest for one in runs]


def test_seeds_differ(runs: list[Run]):
    assert len({one.digest for one in runs}) == A_FEW


def test_a_few_seeds_meet_every_kind_of_event_but_those_that_other_tests_are_for(runs: list[Run]):
    commits = [message.commit for one in runs for message in one.world.server.streams["EVT"].messages]
    met = {event.type for commit in commits for event in commit.events}
    assert {kind.__name__ for kind in get_args(SessionEvent) + get_args(LedgerEvent)} - met <= ELSEWHERE


def test_a_few_seeds_meet_every_kind_of_fault(runs: list[Run]):
    assert {fault for one in runs for fault in one.world.chance.struck} == set(get_args(Fault))
    assert any(one.world.server.lost for one in runs)


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="tasks and timeouts of asyncio leave cycles there")
def test_a_run_is_freed_without_anybody_looking_for_garbage():
    with silenced(), uncollected():
        worlds = [ref(run(seed).world) for seed in range(A_FEW)]
        assert not any(world() for world in worlds)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.title)
def test_a_planted_fault_breaks_its_promise(mutant: Mutant):
    with silenced(), planted(mutant):
        assert any(mutant.promise in told for seed in range(ENOUGH) for told in _told(seed, mutant.focus))


def test_after_a_backup_is_put_back_all_ends_and_no_call_is_missing_but_those_that_nothing_tells_of():
    with silenced():
        runs = {seed: restored(seed) for seed in range(RESTORED)}
    assert {seed: wrong for seed, one in runs.items() if (wrong := list(broken(one)))} == {}
    assert any(one.forgotten for one in runs.values())


@pytest.mark.parametrize("title", ["what is in doubt costs nothing", "the sweep finds nothing"])
def test_a_planted_fault_is_noticed_after_a_backup_is_put_back(title: str):
    [mutant] = [one for one in MUTANTS if one.title == title]
    with silenced(), planted(mutant):
        assert any(list(broken(restored(seed))) for seed in range(RESTORED))


def _told(seed: int, focus: Focus) -> list[str]:
    try:
        return violations(run(seed, focus))
    except Exception:  # noqa: BLE001 - a fault may break the check itself: another seed will tell
        return []
