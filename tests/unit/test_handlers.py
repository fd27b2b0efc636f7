"""What a runner does with work: claimed, run, beaten for, reported and only then acknowledged."""

import asyncio
from collections.abc import Coroutine
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from controls import NOW, RUNNER, SESSION, USER, work
from shared.delivery import Poison
from shared.json import dumps
from shared.work import Claim, Deferral, Report, Work
from sim.loop import VirtualLoop
from sim.silence import silenced
from skill_runner import handlers as module
from skill_runner.abort import Abort
from skill_runner.cache import Looked
from skill_runner.execution import Ready
from skill_runner.failure import Failure
from skill_runner.handlers import Handlers
from skill_runner.pace import NoTurn
from skill_runner.progress import Progress
from skill_runner.reporting import about

ACK_WAIT_S = 6.0
FREE = work()
PAID = replace(FREE, pool="openai", attempt_id=UUID(int=10))
MOST = Decimal("0.02")
FOUND = Report(**about(PAID), output="found", started_at=NOW, duration_ms=1, cache_key="key")


class Held:
    """A delivery that notes what becomes of it."""

    def __init__(self, notes: list[str], work: Work, deliveries: int = 1) -> None:
        self.body = work.to_json()
        self.deliveries = deliveries
        self._notes = notes

    async def ack(self) -> None:
        self._notes.append("ack")

    async def nak(self, delay: float) -> None:
        self._notes.append(f"nak {delay:g}")

    async def working(self) -> None:
        self._notes.append("working")


class Stage:
    """A runner whose skill takes so many seconds; the test plays the orchestrator, and notes what comes."""

    max_payload = 1_000_000

    def __init__(self, *verdicts: str, lasts_s: float = 0.0, lease_s: float = 3.0, **options: Any) -> None:
        self.notes: list[str] = []
        self.reports: list[Report] = []
        self.claims: list[Claim] = []
        self.beats: list[str] = []
        self.failure: Failure | None = None
        self.broken = 0
        self.deaf = False
        self.wait_s = 0.0
        self.deferrals: list[Deferral] = []
        self.deferring: list[str] = []
        self._verdicts = list(verdicts)
        self._lasts_s = lasts_s
        self._lease_s = lease_s
        self.handlers = Handlers(self, self, RUNNER, ACK_WAIT_S, lambda: NOW, **options)  # type: ignore[arg-type]

    async def request(self, subject: str, body: bytes, *, timeout: float) -> bytes | None:
        kind = subject.rsplit(".", 1)[1]
        if subject.startswith("report."):
            if self.deaf:
                await asyncio.sleep(60)
            self.reports.append(Report.from_json(body))
            self.notes.append("report")
            return b'{"ok": true}'
        self.notes.append(kind)
        if kind == "start":
            self.claims.append(Claim.from_json(body))
        if kind == "defer":
            self.deferrals.append(Deferral.from_json(body))
        said = self._said(kind)
        if said == "silence":
            await asyncio.sleep(timeout)
            return None
        return dumps({"verdict": said, "lease_s": self._lease_s})

    def _said(self, kind: str) -> str:
        script, usual = {
            "start": (self._verdicts, "drop"),
            "beat": (self.beats, "run"),
            "defer": (self.deferring, "later"),
        }[kind]
        return script.pop(0) if script else usual

    async def prepare(self, work: Work) -> Ready:
        no_turn = NoTurn("rate_limited", "it takes no more calls now", self.wait_s) if self.wait_s else None
        prepared: Any = SimpleNamespace(most_usd=MOST, no_turn=no_turn)
        return Ready(work, NOW, Progress(), prepared=prepared, failure=self.failure)

    async def run(self, ready: Ready, abort: Abort) -> Report:
        self.notes.append("run")
        if self.broken:
            self.broken -= 1
            raise KeyError
        error = ready.failure
        try:
            await abort.unless(asyncio.sleep(self._lasts_s))
        except Failure as failure:
            error = failure
        told = about(ready.work)
        return Report(**told, error=error and error.error(), started_at=NOW, duration_ms=1)

    async def left(self, ready: Ready) -> Report:
        self.notes.append("left")
        error = Failure("runner_stopped", "its skill-runner was told to stop", retryable=True).error()
        return Report(**about(ready.work), error=error, started_at=NOW, duration_ms=1)

    async def work(self, work: Work, deliveries: int = 1) -> list[str]:
        """Return what was noted meanwhile."""
        before = len(self.notes)
        await self.handlers.work(Held(self.notes, work, deliveries))  # type: ignore[arg-type]
        return self.notes[before:]

    async def stop(self, id_: UUID = SESSION, **body: Any) -> None:
        heard: Any = SimpleNamespace(subject=f"stop.{id_}", body=dumps({"user": str(USER)} | body))
        await self.handlers.stop(heard)

    @property
    def codes(self) -> list[str | None]:
        return [report.error and report.error.code for report in self.reports]


def played(story: Coroutine[Any, Any, Any]) -> Any:
    with silenced():
        return VirtualLoop().run(story)


def test_free_work_is_run_reported_and_then_acked_and_not_run_again():
    async def story() -> None:
        stage = Stage()
        assert await stage.work(FREE) == ["run", "report", "ack"]
        assert await stage.work(FREE, 2) == ["ack"]
        assert stage.codes == [None]

    played(story())


def test_while_it_runs_its_work_is_kept_and_comes_again_later():
    async def story() -> None:
        stage = Stage(lasts_s=5)
        running = asyncio.create_task(stage.work(FREE))
        await asyncio.sleep(0)
        assert await stage.work(FREE, 2) == ["nak 2"]
        await running
        assert stage.notes == ["run", "nak 2", "working", "working", "report", "ack"]

    played(story())


def test_work_that_a_runner_failed_at_is_run_when_it_comes_again():
    async def story() -> None:
        stage = Stage()
        stage.broken = 1
        with pytest.raises(KeyError):
            await stage.work(FREE)
        assert await stage.work(FREE, 2) == ["run", "report", "ack"]

    played(story())


def test_only_so_many_reported_attempts_are_remembered(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "REMEMBERED", 2)

    async def story() -> None:
        stage = Stage()
        works = [replace(FREE, attempt_id=UUID(int=number)) for number in (1, 2, 3)]
        for one in works:
            await stage.work(one)
        assert [await stage.work(one) for one in reversed(works)] == [
            ["ack"],
            ["ack"],
            ["run", "report", "ack"],
        ]

    played(story())


@pytest.mark.parametrize(("deliveries", "code"), [(6, None), (7, "runner_lost")])
def test_free_work_is_given_up_after_six_runners_that_did_not_report(deliveries: int, code: str | None):
    async def story() -> None:
        stage = Stage()
        await stage.work(FREE, deliveries)
        assert stage.codes == [code]
        if code:
            (report,) = stage.reports
            assert report.error is not None
            assert report.error.message.startswith("6 runners began this attempt")

    played(story())


@pytest.mark.parametrize("asked", [FREE, PAID])
def test_work_whose_file_is_not_here_is_left_to_another_runner_four_times_and_told_of(asked: Work):
    async def story() -> None:
        stage = Stage()
        stage.failure = Failure("definition_missing", "no file")
        for deliveries in range(1, 5):
            assert await stage.work(asked, deliveries) == ["run", "nak 1"]
        assert await stage.work(asked, 5) == ["run", "report", "ack"]
        stage.failure = Failure("skill_error", "no")
        assert await stage.work(replace(asked, attempt_id=UUID(int=11))) == ["run", "report", "ack"]

    with capture_logs() as told:
        VirtualLoop().run(story())
    assert [(line["event"], line["skill"]) for line in told] == [
        ("a skill's version is not here", asked.skill)
    ]


def test_paid_work_is_claimed_for_what_it_may_cost_however_often_it_came():
    async def story() -> None:
        stage = Stage("run")
        assert await stage.work(PAID, 9) == ["start", "run", "report", "ack"]
        (said,) = stage.claims
        assert (said.most_usd, said.runner, said.attempt_id) == (MOST, RUNNER, PAID.attempt_id)

    played(story())


def test_paid_work_that_cannot_be_run_is_reported_without_a_claim():
    async def story() -> None:
        stage = Stage()
        stage.failure = Failure("invalid_input", "text is missing")
        assert await stage.work(PAID) == ["run", "report", "ack"]
        assert [
            (report.unclaimed, code) for report, code in zip(stage.reports, stage.codes, strict=True)
        ] == [(True, "invalid_input")]

    played(story())


@pytest.mark.parametrize(
    ("verdicts", "lease_s", "noted"),
    [
        (["silence", "silence", "drop"], 3.0, ["start", "start", "start", "report", "ack"]),
        (["silence", "drop"], 3.0, ["start", "start", "report", "ack"]),
        (["later"], 3.0, ["start", "nak 3"]),
        (["later"], 0.2, ["start", "nak 1"]),
        (["drop"], 3.0, ["start", "ack"]),
    ],
    ids=[
        "nobody answers for a while",
        "the first answer is lost",
        "another runs it",
        "and soon ends",
        "it is over",
    ],
)
def test_what_is_not_granted_is_not_run(verdicts: list[str], lease_s: float, noted: list[str]):
    async def story() -> None:
        stage = Stage(*verdicts, lease_s=lease_s)
        seen = await stage.work(PAID)
        assert [note for note in seen if note not in ("working", "beat")] == noted

    played(story())


def test_whoever_asks_to_run_is_heard_until_it_is_answered_and_prepared_anew_after_that():
    """The claim may be in the log all the while, and its lease ends when nobody is heard."""

    async def story() -> None:
        stage = Stage(*["silence"] * 5, "run", lease_s=60.0)
        working = asyncio.create_task(stage.work(PAID))
        await asyncio.sleep(2.0)
        stage.failure = Failure("objected", "the person objected meanwhile")
        noted = [note for note in await working if note != "working"]
        assert (noted.count("start"), noted.count("beat")) == (6, 6)
        assert noted[-4:] == ["start", "run", "report", "ack"]
        assert stage.codes == ["objected"]
        assert not stage.reports[0].unclaimed

    played(story())


def test_who_waited_to_be_told_that_it_is_over_says_that_nobody_was_called():
    """The claim may be in the log, and money be set aside for it."""

    async def story() -> None:
        stage = Stage("silence", "drop")
        await stage.work(PAID)
        (report,) = stage.reports
        assert (report.runner, report.unclaimed, report.usage, stage.codes) == (
            RUNNER,
            True,
            None,
            ["cancelled"],
        )

    played(story())


def test_who_is_stopped_while_it_asks_to_run_says_that_nobody_was_called():
    async def story() -> None:
        stage = Stage(*["silence"] * 9)
        working = asyncio.create_task(stage.work(PAID))
        await asyncio.sleep(3.0)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        (report,) = stage.reports
        assert (report.runner, report.unclaimed, report.usage) == (RUNNER, True, None)
        assert report.error is not None
        assert report.error.retryable
        assert "ack" not in stage.notes

    played(story())


@pytest.mark.parametrize("reports", [1, 0], ids=["heard", "not heard"])
def test_who_is_stopped_while_it_calls_tells_what_it_has_and_waits_no_longer_than_for_an_answer(reports: int):
    async def story() -> None:
        stage = Stage("run", lasts_s=60.0)
        stage.deaf = not reports
        working = asyncio.create_task(stage.work(PAID))
        await asyncio.sleep(3.0)
        working.cancel()
        began = asyncio.get_running_loop().time()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert asyncio.get_running_loop().time() - began == (0.0 if reports else module.LEAVING_S)
        assert stage.codes == ["runner_stopped"] * reports
        assert "ack" not in stage.notes

    played(story())


def test_who_has_begun_an_attempt_once_does_not_say_that_nobody_was_called():
    async def story() -> None:
        stage = Stage("run", "silence", "drop")
        stage.broken = 1
        with pytest.raises(KeyError):
            await stage.work(PAID)
        assert (await stage.work(PAID, 2))[-2:] == ["start", "ack"]
        assert stage.reports == []

    played(story())


def test_what_had_better_wait_goes_back_to_the_queue_before_it_is_claimed():
    async def story() -> None:
        stage = Stage("run")
        stage.wait_s = 1.5
        assert await stage.work(PAID) == ["nak 1.5"]
        stage.wait_s = 0.0
        assert await stage.work(PAID, 9) == ["start", "run", "report", "ack"]

    played(story())


def test_an_attempt_that_waits_for_long_says_so_once():
    async def story() -> None:
        stage = Stage("run")
        stage.wait_s = 7.5
        assert await stage.work(PAID) == ["defer", "nak 7.5"]
        assert await stage.work(PAID, 2) == ["nak 7.5"]
        (told,) = stage.deferrals
        assert (told.attempt_id, told.code) == (PAID.attempt_id, "rate_limited")
        assert told.message == "it takes no more calls now"

    played(story())


def test_one_that_comes_again_and_again_waits_for_long_too():
    async def story() -> None:
        stage = Stage("run")
        stage.wait_s = 1.0
        seen = [await stage.work(PAID, deliveries) for deliveries in range(1, 8)]
        assert seen == [["nak 1"]] * 5 + [["defer", "nak 1"], ["nak 1"]]

    played(story())


def test_a_wait_that_nobody_answered_is_told_again():
    async def story() -> None:
        stage = Stage("run")
        stage.wait_s = 7.5
        stage.deferring = ["silence"]
        seen = [[note for note in await stage.work(PAID) if note != "working"] for _ in range(3)]
        assert seen == [["defer", "nak 7.5"], ["defer", "nak 7.5"], ["nak 7.5"]]

    played(story())


def test_what_nobody_waits_for_any_more_does_not_go_back_to_its_queue():
    async def story() -> None:
        stage = Stage("run")
        stage.wait_s = 7.5
        stage.deferring = ["drop"]
        assert await stage.work(PAID) == ["defer", "ack"]

    played(story())


def test_after_a_reconnect_the_calls_under_way_are_heard_of_at_once():
    async def story() -> None:
        stage = Stage("run", lasts_s=30.0, lease_s=60.0)
        running = [asyncio.create_task(stage.work(one)) for one in (PAID, FREE)]
        await asyncio.sleep(1.0)
        before = stage.notes.count("beat")
        await stage.handlers.reconnected()
        assert (before, stage.notes.count("beat")) == (0, 1)
        await asyncio.gather(*running)

    played(story())


@pytest.mark.parametrize(
    ("lease_s", "beats"), [(3.0, 5), (60.0, 2)], ids=["of a short lease", "of a long one"]
)
def test_a_running_call_is_beaten_for_thrice_in_its_lease_and_in_the_ack_wait(lease_s: float, beats: int):
    async def story() -> None:
        stage = Stage("run", lasts_s=5.5, lease_s=lease_s)
        stage.beats = ["silence"] * 9
        noted = await stage.work(PAID)
        assert (noted.count("beat"), noted.count("working")) == (beats, 2)

    played(story())


@pytest.mark.parametrize(("said", "code"), [("abort", "cancelled"), ("drop", "cancelled"), ("later", None)])
def test_a_beat_s_answer_may_stop_the_call(said: str, code: str | None):
    async def story() -> None:
        stage = Stage("run", lasts_s=5.5)
        stage.beats = [said]
        await stage.work(PAID)
        assert stage.codes == [code]

    played(story())


class Kept:
    """A cache that looks, and finds or does not find."""

    def __init__(self, looked: Looked) -> None:
        self._looked = looked

    async def look(self, _work: Work) -> Looked:
        return self._looked


def test_what_the_cache_finds_is_reported_without_a_claim_or_a_run():
    async def story() -> None:
        stage = Stage(cache=Kept(Looked("key", FOUND)))
        assert await stage.work(PAID) == ["report", "ack"]
        assert stage.reports == [FOUND]

    played(story())


@pytest.mark.parametrize("work", [FREE, PAID], ids=["free", "paid"])
def test_a_result_can_be_found_again_under_what_the_cache_looked_for(work: Work):
    async def story() -> None:
        stage = Stage("run", cache=Kept(Looked("key")))
        await stage.work(work)
        assert [report.cache_key for report in stage.reports] == ["key"]

    played(story())


def test_work_that_the_runner_fails_at_again_and_again_is_reported_unclaimed():
    async def story() -> None:
        stage = Stage()
        held: Any = Held(stage.notes, PAID)
        await stage.handlers.give_up(held)
        (report,) = stage.reports
        assert (stage.notes, stage.codes, report.unclaimed) == (["report"], ["runner_error"], True)

    played(story())


def test_what_is_no_work_is_poison():
    async def story() -> None:
        held: Any = SimpleNamespace(body=b'{"skill": "find"}')
        with pytest.raises(Poison, match="it is no work of ours"):
            await Stage().handlers.work(held)

    played(story())


@pytest.mark.parametrize(
    ("body", "stopped"),
    [
        ({}, True),
        ({"seq": 4}, True),
        ({"seq": 3}, False),
        ({"attempts": [str(FREE.attempt_id)]}, True),
        ({"attempts": [str(PAID.attempt_id)]}, False),
        ({"attempts": [str(PAID.attempt_id)], "seq": 4}, False),
        ({"noun": "execution"}, False),
        ({"user": str(UUID(int=2))}, False),
        ({"id_": UUID(int=2)}, False),
    ],
    ids=lambda body: " ".join(body) or "all" if isinstance(body, dict) else None,
)
def test_an_order_stops_what_it_names(body: dict[str, Any], stopped: bool):
    async def story() -> None:
        stage = Stage(lasts_s=5)
        running = asyncio.create_task(stage.work(FREE))
        await asyncio.sleep(1)
        await stage.stop(**body)
        await running
        assert stage.codes == ["cancelled" if stopped else None]

    played(story())


def test_what_lay_in_the_queue_when_all_was_stopped_is_acked_unrun_and_what_was_named_is_not_remembered():
    async def story() -> None:
        stage = Stage()
        await stage.stop(attempts=[str(FREE.attempt_id)], seq=9)
        assert await stage.work(FREE) == ["run", "report", "ack"]
        await stage.stop(seq=4)
        assert await stage.work(replace(FREE, attempt_id=UUID(int=11))) == ["ack"]
        assert await stage.work(replace(FREE, attempt_id=UUID(int=12), seq=4)) == ["run", "report", "ack"]

    played(story())


@pytest.mark.parametrize("body", [b"[]", b"null", b'"all"'])
def test_an_order_that_is_none_stops_nothing(body: bytes):
    async def story() -> None:
        stage = Stage(lasts_s=5)
        running = asyncio.create_task(stage.work(FREE))
        await asyncio.sleep(1)
        heard: Any = SimpleNamespace(subject=f"stop.{SESSION}", body=body)
        await stage.handlers.stop(heard)
        await running
        assert stage.codes == [None]

    played(story())
