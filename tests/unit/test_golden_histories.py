"""What was stored once is read as it was meant, for ever: no change of the code may break a log."""

import json
from pathlib import Path

import pytest

from golden import meaning
from shared.commit import decode

FILES = sorted(meaning.FOLDER.glob("*.jsonl"))
KINDS = {
    *("SessionStarted", "SessionRefused", "AttemptRequested", "AttemptStarted", "AttemptLost"),
    *("AttemptFailed", "AttemptWithdrawn", "RetryScheduled", "StepCompleted", "StepFailed"),
    *("AttemptReportedLate", "SessionCompleted", "SessionFailed", "SessionCancelled", "SessionRetried"),
    *("StepHandedOff", "SkillRegistered", "SkillDisabled", "ModelCalled"),
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_stored_session_is_the_session_it_was(file: Path):
    entries = list(meaning.recorded(file))
    assert meaning.sessions(entries) == _told(file)["sessions"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_stored_history_makes_the_rows_it_made(file: Path):
    entries = list(meaning.recorded(file))
    found = meaning.rows(entries)
    for table, rows in _told(file)["rows"].items():
        assert found[table].keys() == rows.keys()
        for key, row in rows.items():
            assert found[table][key].items() >= row.items()


def test_every_kind_of_event_of_a_session_is_among_them():
    entries = [entry for file in FILES for entry in meaning.recorded(file)]
    assert {event.type for entry in entries for event in decode(entry.body).events} >= KINDS


def test_results_from_the_cache_are_among_them():
    entries = [entry for file in FILES for entry in meaning.recorded(file)]
    events = [event for entry in entries for event in decode(entry.body).events]
    hits = [event.cached for event in events if event.type == "StepCompleted" and event.cached]
    assert {hit.saved_usd is None for hit in hits} == {True, False}


def test_every_way_a_session_can_stand_is_among_them():
    told = [session for file in FILES for session in _told(file)["sessions"].values()]
    assert {session["status"] for session in told} == {
        *("refused", "running", "completed", "failed", "cancelled")
    }


def _told(file: Path) -> dict[str, dict[str, dict[str, object]]]:
    return json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
