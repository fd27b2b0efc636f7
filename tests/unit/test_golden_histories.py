"""What was stored once is read as it was meant, for ever: no change of the code may break a log."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from golden import meaning
from golden.recordings import RECORDINGS
from shared.commit import decode
from shared.events import AnyEvent

FILES = sorted(meaning.FOLDER.glob("*.jsonl"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_stored_session_is_the_session_it_was(file: Path):
    entries, told = list(meaning.recorded(file)), _told(file)
    for name in meaning.RUNS.keys() & told.keys():
        assert meaning.RUNS[name](entries) == told[name]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_stored_ledger_or_record_says_what_it_said(file: Path):
    entries, told = list(meaning.recorded(file)), _told(file)
    for name in meaning.STATES.keys() & told.keys():
        found = meaning.STATES[name](entries)
        assert found.keys() == told[name].keys()
        for subject, state in told[name].items():
            assert found[subject].items() >= state.items()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_stored_history_makes_the_rows_it_made(file: Path):
    entries = list(meaning.recorded(file))
    found = meaning.rows(entries)
    for table, rows in _told(file)["rows"].items():
        assert found[table].keys() == rows.keys()
        for key, row in rows.items():
            assert found[table][key].items() >= row.items()


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_history_could_be_recorded_again(name: str):
    assert len(list(RECORDINGS[name]())) > 1


def test_every_kind_of_event_is_among_them():
    assert {event.type for event in _events()} == {kind.__name__ for kind in get_args(AnyEvent)}


def test_results_from_the_cache_are_among_them():
    hits = [event.cached for event in _events() if event.type == "StepCompleted" and event.cached]
    assert {hit.saved_usd is None for hit in hits} == {True, False}


def test_lists_paid_for_in_part_are_among_them():
    assert any(event.items for event in _events() if event.type == "AttemptFailed")


def test_money_in_doubt_is_among_them():
    assert any(event.in_doubt_usd for event in _events() if event.type == "MoneySettled")


def test_limits_of_every_scope_have_stopped_an_attempt_among_them():
    assert {event.scope for event in _events() if event.type == "AttemptStopped"} == {
        *("session", "user", "day")
    }


def test_everything_that_a_session_can_wait_for_is_among_them():
    assert {event.on for event in _events() if event.type == "SessionWaiting"} == {"budget", "in_doubt"}


def test_every_way_a_session_can_stand_is_among_them():
    told = [session for file in FILES for session in _told(file)["sessions"].values()]
    assert {session["status"] for session in told} == {
        *("refused", "running", "completed", "failed", "cancelled")
    }


def _events() -> Iterator[AnyEvent]:
    for file in FILES:
        for entry in meaning.recorded(file):
            yield from decode(entry.body).events


def _told(file: Path) -> dict[str, dict[str, dict[str, object]]]:
    return json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
