"""What skill-runners say: claims, heartbeats and reports, which are answered once they are in the log."""

from dataclasses import dataclass

from msgspec.structs import asdict
from nats.errors import Error as NatsError

from orchestrator.asked import DeferAttempt
from orchestrator.claims import Claims
from orchestrator.follow import Follow
from orchestrator.recording import read, record
from orchestrator.sessions import Decided, Sessions
from shared.clock import Clock, utc_now
from shared.counts import refused
from shared.delivery import Delivery, Poison
from shared.events import AttemptError
from shared.json import dumps
from shared.listening import Heard
from shared.log import Behind
from shared.message import Unreadable
from shared.refusal import Refusal
from shared.subjects import Aggregate
from shared.work import About, Answer, Claim, Deferral, Report


@dataclass(frozen=True, slots=True)
class Reports:
    sessions: Sessions
    follow: Follow
    claims: Claims
    clock: Clock = utc_now

    async def report(self, heard: Heard) -> None:
        """Record how an attempt ended, say so, and follow it up: the answer leaves with the next work."""
        try:
            aggregate, decided = await self._record(heard.body)
        except Refusal as refusal:
            await heard.answer(refused(heard.subject, refusal))
            return
        await heard.answer(dumps({"ok": True, "seq": decided.known.seq}))
        await self._follow(aggregate, decided)

    async def late(self, delivery: Delivery) -> None:
        """Record a report that was queued since nobody answered it; a repeated one changes nothing."""
        try:
            aggregate, decided = await self._record(delivery.body)
        except Refusal as refusal:
            if refusal.code == "unavailable":
                raise
            refused(delivery.subject, refusal)
            await self._end(delivery.body, refusal)
            raise Poison(f"{refusal.code}: {refusal.message}") from None
        await self._follow(aggregate, decided)
        await delivery.ack()

    async def claim(self, heard: Heard) -> None:
        """Give the attempt to the first runner that asks and whose calls can be paid."""
        await heard.answer((await self.claims.claim(Claim.from_json(heard.body))).to_json())

    async def defer(self, heard: Heard) -> None:
        """Note that an attempt stays in its queue, and say whether it is awaited still."""
        deferral = Deferral.from_json(heard.body)
        aggregate, cause = deferral.aggregate, str(deferral.attempt_id)
        decided = await self.sessions.decide(
            aggregate, DeferAttempt(deferral), at_least=deferral.seq, cause=cause
        )
        await self.follow.decided(aggregate, decided)
        awaited = deferral.attempt_id in decided.known.session.open
        verdict = Answer(verdict="later" if awaited else "drop", lease_s=self.claims.lease_s)
        await heard.answer(verdict.to_json())

    async def beat(self, heard: Heard) -> None:
        """Answer a heartbeat: go on, or stop because nobody waits for the attempt any more.

        Another orchestrator may have heard that, and its order to stop be lost.
        """
        claim = Claim.from_json(heard.body)
        known = await self.sessions.load(claim.aggregate, at_least=claim.seq, fresh=True)
        alive = claim.attempt_id in known.session.open
        await heard.answer(Answer(verdict="run" if alive else "abort", lease_s=self.claims.lease_s).to_json())

    async def hear_beat(self, heard: Heard) -> None:
        """Every orchestrator hears every heartbeat, for each has leases on its clock."""
        self.follow.beat(Claim.from_json(heard.body).attempt_id)

    async def _follow(self, aggregate: Aggregate, decided: Decided) -> None:
        """Follow it up; what the attempt did not cost may be enough for somebody who waits."""
        await self.follow.decided(aggregate, decided)
        if aggregate.user is None:
            return
        try:
            await self.claims.resume_one(aggregate.user)
        except (NatsError, OSError, Behind):
            self.follow.look_again()

    async def _record(self, body: bytes) -> tuple[Aggregate, Decided]:
        """Record it; whoever has not run the attempt ends it only after a report that somebody has queued."""
        report = read(body)
        if report.unclaimed:
            await self.follow.record_queued(report.aggregate, report.attempt_id)
        return report.aggregate, await record(self.sessions, report)

    async def _end(self, body: bytes, refusal: Refusal) -> None:
        """End an attempt whose report is refused: nobody else would.

        One that was claimed ends with its lease, and what it cost stays in doubt.
        """
        why = f"what its skill-runner reported is refused: {refusal.message}"
        error = AttemptError(code="report_refused", message=why, retryable=False)
        now = self.clock()
        try:
            about = About.from_json(body)
            report = Report(**asdict(about), error=error, started_at=now, duration_ms=0, unclaimed=True)
            decided = await record(self.sessions, report)
        except Unreadable:
            return
        except Refusal as unknown:
            if unknown.code == "unavailable":
                raise
            return
        await self.follow.decided(report.aggregate, decided)
