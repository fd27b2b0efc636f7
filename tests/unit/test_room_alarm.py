"""A NATS that acknowledges nothing is an alarm once a cluster would have elected a leader."""

import pytest
from structlog.testing import capture_logs

from shared.room import ELECTED_S, RoomAlarm

SILENT, ANSWERED = True, False


def alarms(*what: tuple[float, str, bool]) -> int:
    """Return how often it says so; each is a time, a subject, and whether it was silent."""
    now = 0.0
    alarm = RoomAlarm(lambda: now)
    with capture_logs() as told:
        for at, subject, silent in what:
            now = at
            (alarm.silent if silent else alarm.answered)(subject)
    return sum(line["event"] == "NATS stores nothing" for line in told)


@pytest.mark.parametrize(("for_s", "told"), [(ELECTED_S - 1, 0), (ELECTED_S, 1), (ELECTED_S + 60, 1)])
def test_a_silence_is_told_once_it_is_longer_than_an_election(for_s: float, told: int):
    asked = list(range(0, int(for_s), 5))
    assert alarms(*((second, "evt.1", SILENT) for second in [*asked, for_s])) == told


def test_a_silence_that_was_broken_begins_anew():
    half = ELECTED_S / 2
    times = (0, SILENT), (half, SILENT), (half + 1, ANSWERED), (ELECTED_S, SILENT), (2 * half + 5, SILENT)
    assert alarms(*((at, "evt.1", silent) for at, silent in times)) == 0


def test_two_elections_with_nothing_to_store_between_them_are_no_long_silence():
    assert alarms((0, "late.1", SILENT), (3, "late.1", SILENT), (600, "late.2", SILENT)) == 0


def test_what_another_stream_stores_breaks_no_silence():
    first, *rest = ((at, "evt.1", SILENT) for at in (0, ELECTED_S / 2, ELECTED_S))
    assert alarms(first, (1, "late.1", ANSWERED), *rest) == 1


@pytest.mark.parametrize(
    ("subject", "way_out"),
    [("work.1", "'totalaud provision' makes it"), ("evt.1", "OPERATIONS.md says how to restore it")],
)
def test_where_no_stream_is_there_the_way_out_is_to_make_it_or_for_the_log_to_restore_it(
    subject: str, way_out: str
):
    now = 0.0
    alarm = RoomAlarm(lambda: now)
    with capture_logs() as told:
        for now in (0.0, ELECTED_S):  # noqa: B007 - the alarm's clock reads it
            alarm.silent(subject, unheard=True)
    (line,) = told
    assert line["reason"].endswith(way_out)
