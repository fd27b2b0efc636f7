"""A report is offered until somebody has it; an answer that is none is no answer."""

import asyncio
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import pytest
from msgspec.structs import replace
from nats.errors import NoRespondersError
from nats.js.errors import NoStreamResponseError
from structlog.testing import capture_logs

from controls import NOW, work
from shared import subjects
from shared.bus import Bus
from shared.events import AttemptError
from shared.json import dumps
from shared.usage import Usage
from shared.work import Answer, Claim, Report
from skill_runner import reporting
from skill_runner.reporting import MARGIN, about, beat, claim, deliver

ID = UUID(int=9)
WORK = work(pool="openai")
USED = Usage(provider="openai", model="m", input_tokens=1, output_tokens=1, cost_usd=Decimal("0.01"))
REPORT = Report(**about(WORK), output={"n": 1}, usage=USED, started_at=NOW, duration_ms=1)
IN_THE_LOG = b'{"ok": true}'


class ScriptedBus:
    """Gives to each request the next answer, or raises it; notes what was sent."""

    max_payload = 1_000_000

    def __init__(self, *answers: Any, late: Exception | None = None) -> None:
        self.answers = list(answers)
        self.late = late
        self.requests: list[tuple[str, bytes, float]] = []
        self.published: list[tuple[str, bytes]] = []

    async def request(self, subject: str, body: bytes, *, timeout: float) -> bytes | None:
        self.requests.append((subject, body, timeout))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return cast("bytes | None", answer)

    async def publish(self, subject: str, body: bytes, *, timeout: float) -> None:
        if self.late is not None:
            late, self.late = self.late, None
            raise late
        self.published.append((subject, body))


async def delivered(report: Report, bus: ScriptedBus) -> ScriptedBus:
    await asyncio.wait_for(deliver(cast("Bus", bus), report), 5)
    return bus


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "PAUSE_S", 0.05)


async def test_a_report_that_is_in_the_log_is_not_queued():
    bus = await delivered(REPORT, ScriptedBus(IN_THE_LOG))
    assert bus.requests == [(subjects.report(ID), REPORT.to_json(), 2.0)]
    assert bus.published == []


async def test_a_report_that_waits_is_told_of_now_and_then():
    away = [NoRespondersError()] * 3
    with capture_logs() as logs:
        await delivered(REPORT, ScriptedBus(*away, IN_THE_LOG))
    about = {"subject": REPORT.aggregate.subject, "attempt": str(ID), "reason": "NoRespondersError"}
    assert logs == [{"event": "a report waits", "log_level": "warning", **about}]


@pytest.mark.parametrize("answer", [None, b'{"ok": false}', b"{}", b"no JSON", b'{"\xff": 1}', b'{"ok": 1}'])
async def test_a_report_that_nobody_took_is_queued(answer: bytes | None):
    bus = await delivered(REPORT, ScriptedBus(answer))
    assert bus.published == [(subjects.late(ID), REPORT.to_json())]


@pytest.mark.parametrize(
    "outage",
    [NoRespondersError(), NoStreamResponseError(), OSError(), TimeoutError()],
    ids=lambda outage: type(outage).__name__,
)
async def test_a_report_is_offered_again_when_something_was_away(outage: Exception):
    began = asyncio.get_running_loop().time()
    assert len((await delivered(REPORT, ScriptedBus(outage, IN_THE_LOG))).requests) == 2
    assert asyncio.get_running_loop().time() - began >= reporting.PAUSE_S / 2
    queued = await delivered(REPORT, ScriptedBus(None, None, late=outage))
    assert (len(queued.requests), len(queued.published)) == (2, 1)


async def sent(report: Report, most: int) -> Report:
    bus = ScriptedBus(IN_THE_LOG)
    bus.max_payload = most
    await delivered(report, bus)
    return Report.from_json(bus.requests[0][1])


async def test_a_report_that_just_fits_is_sent_whole_and_one_byte_more_says_so_with_its_cost():
    size = len(REPORT.to_json())
    assert await sent(REPORT, size + MARGIN) == REPORT
    short = await sent(REPORT, size + MARGIN - 1)
    assert short.error is not None
    assert (short.error.code, short.error.retryable) == ("output_too_large", False)
    assert (short.output, short.usage) == (None, USED)


async def test_a_failure_whose_partial_result_does_not_fit_keeps_its_own_error():
    error = AttemptError(code="timeout", message="it took too long", retryable=True)
    failed = replace(REPORT, output=None, partial={"text": "x" * 5000}, items=(0,), error=error)
    short = await sent(failed, 3000)
    assert (short.error, short.partial, short.items, short.usage) == (error, None, (), USED)


async def test_a_claim_says_who_asks_and_what_it_may_cost_and_hears_the_answer():
    answer = Answer(verdict="run", lease_s=7)
    bus = ScriptedBus(answer.to_json())
    heard = await claim(cast("Bus", bus), WORK, "runner-1", Decimal("0.5"))
    ((subject, body, timeout),) = bus.requests
    asked = Claim.from_json(body)
    assert (heard, subject, timeout) == (answer, subjects.claim(ID), 2.0)
    assert (asked.attempt_id, asked.seq, asked.runner, asked.most_usd) == (ID, 3, "runner-1", Decimal("0.5"))


async def test_a_heartbeat_says_whose_it_is_and_waits_as_long_as_it_may():
    answer = Answer(verdict="abort", lease_s=7)
    bus = ScriptedBus(answer.to_json())
    heard = await beat(cast("Bus", bus), WORK, "runner-1", 0.7)
    ((subject, body, timeout),) = bus.requests
    asked = Claim.from_json(body)
    assert (heard, subject, timeout) == (answer, subjects.beat(ID), 0.7)
    assert (asked.attempt_id, asked.seq, asked.runner, asked.most_usd) == (ID, 3, "runner-1", 0)


@pytest.mark.parametrize("answer", [None, b"", b"no JSON", dumps({"verdict": "perhaps"})])
async def test_a_claim_or_heartbeat_without_an_answer_that_can_be_read_has_none(answer: bytes | None):
    assert await claim(cast("Bus", ScriptedBus(answer)), WORK, "runner-1", Decimal(0)) is None
    assert await beat(cast("Bus", ScriptedBus(answer)), WORK, "runner-1", 0.7) is None
