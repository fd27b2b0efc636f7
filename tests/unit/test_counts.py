"""What operators count and measure, as Prometheus reads it."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock

import pytest
from structlog.testing import capture_logs

from shared import counts
from shared.counts import Measured, counter, gauge
from shared.service import _metrics

THINGS = gauge("things", "Things that there are.", "kind")


@pytest.fixture(autouse=True)
def _of_a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "COUNTED", (counter("seen", "Things seen", "kind"),))
    monkeypatch.setattr(counts, "_measures", [])
    monkeypatch.setattr(counts, "_STARTED_AT", 1_700_000_000.25)


async def test_counts_and_measures_are_told_with_what_they_are():
    async def measure() -> Measured:
        return {THINGS: {("round",): 1_234_567_890_123.0, ("flat",): 0.5}}

    (seen,) = counts.COUNTED
    seen.counted[("round",)] += 2
    counts.measured_by(measure)
    assert (await counts.told("demo")).splitlines() == [
        "# HELP totalaud_seen_total Things seen since the service started.",
        "# TYPE totalaud_seen_total counter",
        'totalaud_seen_total{service="demo",kind="round"} 2',
        "# HELP totalaud_start_time_seconds When the service started, in seconds since 1970.",
        "# TYPE totalaud_start_time_seconds gauge",
        'totalaud_start_time_seconds{service="demo"} 1700000000.25',
        "# HELP totalaud_things Things that there are.",
        "# TYPE totalaud_things gauge",
        'totalaud_things{service="demo",kind="flat"} 0.5',
        'totalaud_things{service="demo",kind="round"} 1234567890123',
    ]


async def test_what_cannot_be_measured_or_not_in_time_keeps_the_rest_from_nobody(
    monkeypatch: pytest.MonkeyPatch,
):
    async def away() -> Measured:
        raise OSError

    async def stuck() -> Measured:
        await asyncio.Event().wait()
        return {}

    async def measure() -> Measured:
        return {THINGS: {("round",): 1}}

    monkeypatch.setattr(counts, "MEASURED_WITHIN_S", 0.05)
    for each in (away, stuck, measure):
        counts.measured_by(each)
    assert (await counts.told("demo")).endswith('totalaud_things{service="demo",kind="round"} 1\n')


async def test_what_goes_wrong_in_measuring_is_no_outage_and_is_not_kept_quiet():
    async def wrong() -> Measured:
        raise KeyError

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    counts.measured_by(wrong)
    with capture_logs() as logs:
        await _metrics("demo")({"type": "http", "method": "GET"}, AsyncMock(), send)
    assert [line["event"] for line in logs] == ["the counts cannot be told"]
    assert sent[0]["status"] == 500
