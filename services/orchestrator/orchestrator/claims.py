"""A runner asks to start a paid attempt: money first, then the attempt, so that no call is begun unpaid."""

from dataclasses import dataclass
from datetime import datetime

from orchestrator.asked import ClaimAttempt, Resume, StopAttempt
from orchestrator.decide import answer
from orchestrator.follow import Follow
from orchestrator.ledger import Exceeded, Release, Reserve
from orchestrator.ledgers import Ledgers
from orchestrator.sessions import Known, Sessions
from shared.clock import Clock, utc_now
from shared.subjects import Aggregate
from shared.work import Answer, Claim


@dataclass(frozen=True, slots=True)
class Claims:
    """`lease_s`: a runner that is not heard of for so long has lost its attempt."""

    sessions: Sessions
    ledgers: Ledgers
    follow: Follow
    lease_s: float
    clock: Clock = utc_now

    async def claim(self, claim: Claim) -> Answer:
        """Give the attempt to the first runner that asks, if its calls can be paid.

        The same attempt is reserved once, whoever asks for it; a reservation that no start followed stays for
        the next that asks, or is released with the attempt.
        """
        aggregate, cause = claim.aggregate, str(claim.attempt_id)
        known = await self.sessions.load(aggregate, at_least=claim.seq)
        held = known.session.open.get(claim.attempt_id)
        command: ClaimAttempt | StopAttempt = ClaimAttempt(claim, self.lease_s)
        costs = claim.most_usd != 0 and held is not None and held.runner is None
        if costs:
            command = await self._reserved(claim, self.clock(), cause)
        decided = await self.sessions.decide(aggregate, command, at_least=claim.seq, cause=cause)
        await self.follow.decided(aggregate, decided)
        session = decided.known.session
        if costs and not session.may_have_called(claim.attempt_id):
            await self.ledgers.do(claim.user, Release(claim.attempt_id), cause)
        return answer(session, claim, self.lease_s)

    async def resume(self, aggregate: Aggregate, known: Known) -> None:
        """Let a session go on that waits for money, once the limit that stopped it leaves enough."""
        stopped = known.session.stopped
        if known.session.waiting_on != "budget" or stopped is None or aggregate.user is None:
            return
        if stopped.scope == "session":
            purse = known.session.purse
        else:
            ledger = (await self.ledgers.load(aggregate.user)).ledger
            purse = ledger.purse(stopped.scope, self.clock().date())
        if purse.has(stopped.asked_usd):
            decided = await self.sessions.decide(aggregate, Resume(), cause="budget")
            await self.follow.decided(aggregate, decided)

    async def _reserved(self, claim: Claim, now: datetime, cause: str) -> ClaimAttempt | StopAttempt:
        reserve = Reserve(claim.attempt_id, claim.noun, claim.id, claim.most_usd, now.date())
        try:
            await self.ledgers.do(claim.user, reserve, cause)
        except Exceeded as exceeded:
            return StopAttempt(claim, exceeded.scope, exceeded.purse, exceeded.policy)
        return ClaimAttempt(claim, self.lease_s)
