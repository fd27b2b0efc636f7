"""A runner asks to start a paid attempt: money first, then the attempt, so that no call is begun unpaid."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

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
    """`lease_s`: a runner that is not heard of for so long has lost its attempt.

    `waiting` holds by user, in the order in which they are tried again, the sessions that this process has
    stopped at a limit of the user or the day; those that others have stopped are found by the sweep.
    """

    sessions: Sessions
    ledgers: Ledgers
    follow: Follow
    lease_s: float
    clock: Clock = utc_now
    waiting: dict[UUID, dict[Aggregate, None]] = field(default_factory=dict)

    async def claim(self, claim: Claim) -> Answer:
        """Give the attempt to the first runner that asks, if its calls can be paid.

        The same attempt is reserved once, whoever asks for it; a reservation that no start followed stays for
        the next that asks, or is released with the attempt.
        """
        aggregate, cause = claim.aggregate, str(claim.attempt_id)
        known = await self.sessions.load(aggregate, at_least=claim.seq)
        command: ClaimAttempt | StopAttempt = ClaimAttempt(claim, self.lease_s)
        costs = claim.most_usd != 0 and known.session.unclaimed(claim.attempt_id) is not None
        if costs:
            command = await self._reserved(claim, self.clock(), cause)
        decided = await self.sessions.decide(aggregate, command, at_least=claim.seq, cause=cause)
        await self.follow.decided(aggregate, decided)
        session = decided.known.session
        stopped = session.stopped
        if session.waiting_on == "budget" and stopped is not None and stopped.scope != "session":
            self._wait(claim.user, aggregate)
        if costs and not session.may_have_called(claim.attempt_id):
            await self.ledgers.do(claim.user, Release(claim.attempt_id), cause)
        return answer(session, claim, self.lease_s)

    async def resume_one(self, user: UUID) -> None:
        """Let a session that waits for the user's money go on, if there is enough: some was set free."""
        while (aggregate := self._next_waiting(user)) is not None:
            known = await self.sessions.load(aggregate, fresh=True)
            if known.session.waiting_on == "budget":
                if not await self.resume(aggregate, known):
                    self._wait(user, aggregate)
                return

    async def resume(self, aggregate: Aggregate, known: Known) -> bool:
        """Let a session go on that waits for money, once the limit that stopped it leaves enough."""
        stopped = known.session.stopped
        if known.session.waiting_on != "budget" or stopped is None or aggregate.user is None:
            return False
        if stopped.scope == "session":
            purse = known.session.purse
        else:
            ledger = (await self.ledgers.load(aggregate.user)).ledger
            purse = ledger.purse(stopped.scope, self.clock().date())
        if not purse.has(stopped.asked_usd):
            return False
        decided = await self.sessions.decide(aggregate, Resume(), cause="budget")
        await self.follow.decided(aggregate, decided)
        return True

    def _wait(self, user: UUID, aggregate: Aggregate) -> None:
        self.waiting.setdefault(user, {})[aggregate] = None

    def _next_waiting(self, user: UUID) -> Aggregate | None:
        """Take out the one to be tried next; nothing is kept of a user for whom none is left."""
        if (waiting := self.waiting.get(user)) is None:
            return None
        aggregate = next(iter(waiting))
        del waiting[aggregate]
        if not waiting:
            del self.waiting[user]
        return aggregate

    async def _reserved(self, claim: Claim, now: datetime, cause: str) -> ClaimAttempt | StopAttempt:
        reserve = Reserve(claim.attempt_id, claim.noun, claim.id, claim.most_usd, now.date())
        try:
            await self.ledgers.do(claim.user, reserve, cause)
        except Exceeded as exceeded:
            return StopAttempt(claim, exceeded.scope, exceeded.purse, exceeded.policy)
        return ClaimAttempt(claim, self.lease_s)
