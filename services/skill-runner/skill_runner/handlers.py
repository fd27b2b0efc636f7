"""What a runner does with a piece of work, and with the order to stop."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec.structs import replace

from shared.bus import Bus
from shared.clock import Clock, utc_now
from shared.counts import ATTEMPTS
from shared.delivery import Delivery, Poison
from shared.json import loads
from shared.listening import Heard
from shared.logs import get_logger
from shared.message import Unreadable
from shared.newest import Newest
from shared.quiet import Quiet
from shared.work import Answer, Report, Work
from skill_runner.abort import Abort
from skill_runner.cache import Cache, Looked
from skill_runner.cancelled import Cancelled, run_of
from skill_runner.every import Every
from skill_runner.execution import Execution, Ready
from skill_runner.failure import Failure
from skill_runner.pace import NoTurn
from skill_runner.reporting import ANSWER_S, PAUSE_S, about, beat, claim, defer, deliver

REDELIVERIES = 5
COME_BACK_S = 1.0
MISSING, ASKED = "definition_missing", 5
REMEMBERED = 10_000
LONG_S, OFTEN = 5.0, 5
LEAVING_S = 2 * ANSWER_S
SAID_AGAIN_S = 60.0


class Handlers:
    """`runner` names this process; `ack_wait_s` is that of the pools' consumers."""

    def __init__(
        self,
        bus: Bus,
        execution: Execution,
        runner: str,
        ack_wait_s: float,
        clock: Clock = utc_now,
        *,
        cache: Cache | None = None,
    ) -> None:
        self._bus = bus
        self._execution = execution
        self._runner = runner
        self._clock = clock
        self._cache = cache
        self._every_s = ack_wait_s / 3
        self._running: dict[UUID, tuple[Work, Abort]] = {}
        self._begun = Newest[UUID, None](REMEMBERED)
        self._reported = Newest[UUID, None](REMEMBERED)
        self._deferred = Newest[UUID, None](REMEMBERED)
        self._cancelled = Cancelled()
        self._quiet = Quiet(SAID_AGAIN_S)

    async def work(self, delivery: Delivery) -> None:
        """Run one attempt and report it; the work is acked only when the report is safe.

        An ack may be lost, and the work comes again: what was reported is not run once more, even while the
        report is queued and the claim still ours.
        """
        work = _read(delivery)
        if work.attempt_id in self._reported or self._cancelled.has(work):
            await delivery.ack()
            return
        if work.attempt_id in self._running:
            await delivery.nak(self._every_s)
            return
        abort = Abort()
        self._running[work.attempt_id] = work, abort
        try:
            async with Every(self._every_s, delivery.working):
                looked = await self._cache.look(work) if self._cache else Looked()
                if looked.report is not None:
                    await self._report(looked.report, delivery)
                elif work.pool == "custom":
                    await self._run_custom(work, delivery, abort, looked)
                else:
                    await self._run_paid(work, delivery, abort, looked)
        finally:
            del self._running[work.attempt_id]

    async def give_up(self, delivery: Delivery) -> None:
        """Report an attempt that this runner fails at again and again: nobody would end it otherwise."""
        work = _read(delivery)
        why = "the runner failed at this attempt again and again: its log and 'totalaud dlq list' say why"
        error = Failure("runner_error", why).error()
        began = self._clock()
        report = Report(**about(work), error=error, started_at=began, duration_ms=0, unclaimed=True)
        await deliver(self._bus, report)

    async def stop(self, heard: Heard) -> None:
        """`stop.<id>`: abort all running work of the user's session, or of their skill that runs alone.

        `noun` tells which of the two, `attempts` only those. `seq` is the commit that stopped all: what was
        asked for before it is not begun either, and what was asked for after it goes on.
        """
        id_ = heard.subject.split(".", 1)[1]
        body = loads(heard.body)
        if not isinstance(body, dict):
            return
        run = str(body.get("user")), str(body.get("noun", "session")), id_
        named, seq = body.get("attempts"), body.get("seq")
        if named is None and isinstance(seq, int):
            self._cancelled.note(run, seq)
        for work, abort in list(self._running.values()):
            if run_of(work) != run:
                continue
            if named is None:
                stopped = seq is None or self._cancelled.has(work)
            else:
                stopped = str(work.attempt_id) in named
            if stopped:
                abort.request()

    async def reconnected(self) -> None:
        """Be heard at once: nobody was while the outage went unnoticed, and leases run on."""
        held = [(work, abort) for work, abort in self._running.values() if work.pool != "custom"]
        await asyncio.gather(*(self._beat(work, abort, self._every_s) for work, abort in held))

    async def _run_custom(self, work: Work, delivery: Delivery, abort: Abort, looked: Looked) -> None:
        if delivery.deliveries > 1 + REDELIVERIES:
            report = _lost(work, delivery.deliveries, self._clock())
        else:
            ready = await self._execution.prepare(work)
            report = looked.kept(await self._execution.run(ready, abort))
        await self._report_unclaimed(work, report, delivery)

    async def _run_paid(self, work: Work, delivery: Delivery, abort: Abort, looked: Looked) -> None:
        ready = await self._execution.prepare(work)
        if ready.failure is not None:
            report = replace(await self._execution.run(ready, abort), unclaimed=True)
            await self._report_unclaimed(work, report, delivery)
            return
        if ready.no_turn is not None:
            await self._defer(work, delivery, ready.no_turn)
            return
        try:
            answer, waited = await self._claimed(work, ready.most_usd, abort)
        except asyncio.CancelledError:
            if work.attempt_id not in self._begun:
                await _left(deliver(self._bus, _uncalled(work, self._runner, self._clock())))
            raise
        match answer:
            case Answer(verdict="later", lease_s=lease_s):
                await delivery.nak(max(lease_s, COME_BACK_S))
            case Answer(verdict="run", lease_s=lease_s):
                self._begun.put(work.attempt_id, None)
                every_s = min(self._every_s, lease_s / 3)
                async with Every(every_s, lambda: self._beat(work, abort, every_s)):
                    if waited:
                        ready = await self._execution.prepare(work)
                    try:
                        report = looked.kept(await self._execution.run(ready, abort))
                    except asyncio.CancelledError:
                        await _left(self._report_left(ready))
                        raise
                    await self._report(report, delivery)
            case _ if waited and work.attempt_id not in self._begun:
                await self._report(_uncalled(work, self._runner, self._clock()), delivery)
            case _:
                await delivery.ack()

    async def _defer(self, work: Work, delivery: Delivery, why: NoTurn) -> None:
        """Leave the attempt in its queue; tell of it once, when it waits for more than a moment."""
        waits_long = why.wait_s > LONG_S or delivery.deliveries > OFTEN
        if waits_long and work.attempt_id not in self._deferred:
            answer = await defer(self._bus, work, why)
            if answer is not None:
                self._deferred.put(work.attempt_id, None)
                if answer.verdict == "drop":
                    await delivery.ack()
                    return
        await delivery.nak(why.wait_s)

    async def _beat(self, work: Work, abort: Abort, every_s: float) -> None:
        """Beat as often, whether anybody answers or not: to be heard keeps the lease."""
        answer = await beat(self._bus, work, self._runner, every_s)
        if answer is not None and answer.verdict in ("abort", "drop"):
            abort.request()

    async def _claimed(self, work: Work, most_usd: Decimal | None, abort: Abort) -> tuple[Answer, bool]:
        """Ask until somebody answers, and be heard meanwhile; tell too whether that had to wait.

        The claim may be in the log before that: whoever gave up here would lose the attempt with its lease,
        and whoever is told in the end that nobody waits for it has to say that nobody was paid. What had to
        wait is prepared anew: a person may have objected by now.
        """
        async with Every(self._every_s, lambda: self._beat(work, abort, self._every_s)):
            waited = False
            while (answer := await claim(self._bus, work, self._runner, most_usd)) is None:
                waited = True
                await asyncio.sleep(PAUSE_S)
            return answer, waited

    async def _report_left(self, ready: Ready) -> None:
        await deliver(self._bus, await self._execution.left(ready))

    async def _report_unclaimed(self, work: Work, report: Report, delivery: Delivery) -> None:
        """Leave it to another runner at first, which may have the file: so it is while a release comes in."""
        missing = report.error is not None and report.error.code == MISSING
        if missing and self._quiet.is_over():
            get_logger().warning("a skill's version is not here", skill=work.skill, hash=work.skill_hash)
        if missing and delivery.deliveries < ASKED:
            await delivery.nak(COME_BACK_S)
        else:
            await self._report(report, delivery)

    async def _report(self, report: Report, delivery: Delivery) -> None:
        await deliver(self._bus, report)
        ATTEMPTS.counted[("error" if report.error else "success",)] += 1
        self._reported.put(report.attempt_id, None)
        await delivery.ack()


def _read(delivery: Delivery) -> Work:
    try:
        return Work.from_json(delivery.body)
    except Unreadable:
        raise Poison("it is no work of ours") from None


async def _left(telling: Awaitable[None]) -> None:
    """Tell of an attempt as this runner is being stopped, who must not wait for long: it may be killed."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LEAVING_S):
            await telling


def _uncalled(work: Work, runner: str, now: datetime) -> Report:
    failure = Failure("cancelled", "the attempt was stopped before any model was asked", retryable=True)
    told = {**about(work), "error": failure.error(), "unclaimed": True, "runner": runner}
    return Report(**told, started_at=now, duration_ms=0)


def _lost(work: Work, deliveries: int, now: datetime) -> Report:
    failure = Failure(
        "runner_lost", f"{deliveries - 1} runners began this attempt and none reported: it may end its runner"
    )
    return Report(**about(work), error=failure.error(), started_at=now, duration_ms=0, unclaimed=True)
