"""What may be paid: an attempt starts, or a limit stops it and its step fails or waits for money."""

from datetime import datetime, timedelta

from orchestrator.asked import SetSessionBudget, StopAttempt
from orchestrator.decision import Decision
from orchestrator.money import NOTHING, text
from orchestrator.session import OpenAttempt, Session
from orchestrator.steps import give_up
from shared.events import AttemptStarted, AttemptStopped, Budget, SessionBudgetSet, SessionWaiting
from shared.refusal import Refusal
from shared.work import Claim


def start_attempt(
    held: OpenAttempt, claim: Claim, lease_s: float, session: Session, now: datetime
) -> Decision:
    if session.budget is not None and not session.purse.has(claim.most_usd):
        stop = StopAttempt(claim, "session", session.purse, session.budget.policy)
        return stop_attempt(held, stop, session)
    return Decision(session).then(
        AttemptStarted(
            step=held.asked.step,
            attempt_id=claim.attempt_id,
            runner=claim.runner,
            lease_until=now + timedelta(seconds=lease_s),
            reserved_usd=claim.most_usd,
        )
    )


def stop_attempt(held: OpenAttempt, stop: StopAttempt, session: Session) -> Decision:
    """Close an attempt that a limit forbids; its step fails, or waits for money.

    Nobody can raise the own limit of a stand-alone skill, and no money tells the price of a model: then there
    is nothing to wait for.
    """
    limit, step, most = stop.purse.limit, held.asked.step, stop.claim.most_usd
    if limit is None:
        return Decision(session)
    stopped = Decision(session).then(
        AttemptStopped(
            step=step,
            attempt_id=stop.claim.attempt_id,
            scope=stop.scope,
            limit_usd=limit,
            spent_usd=stop.purse.spent,
            reserved_usd=stop.purse.reserved,
            asked_usd=most,
        )
    )
    if not stopped.session.awaits(step) or stopped.session.open:
        return stopped
    if most is None:
        why = f"the model's price is not known, and the budget of the {stop.scope} allows no call without one"
        return give_up(stopped, step, "unknown_price", why)
    if stop.policy == "wait" and not (session.alone and stop.scope == "session"):
        return stopped.then(SessionWaiting(step=step, on="budget"))
    left = text(stop.purse.left or NOTHING)
    why = (
        f"the step may cost ${text(most)}, the budget of the {stop.scope} has ${left} left of ${text(limit)}"
    )
    return give_up(stopped, step, "budget_exceeded", f"{why}: {_way_out(session, stop)}")


def _way_out(session: Session, stop: StopAttempt) -> str:
    if session.alone and stop.scope == "session":
        return "run it anew with more"
    then = "run it anew" if session.alone else "retry"
    if stop.scope == "day":
        return f"raise it ('totalaud budget set --day') or wait for the next day (UTC), and {then}"
    return f"raise it ('totalaud budget set') and {then}"


def set_budget(command: SetSessionBudget, session: Session) -> Decision:
    if session.did(SessionBudgetSet, command.command_id, command.fingerprint):
        return Decision(session)
    if not session.steps:
        raise Refusal("not_found", "session_id", "there is no such session")
    known = session.budget or Budget()
    wanted = Budget(limit_usd=command.limit_usd, policy=command.policy or known.policy)
    if session.budget == wanted:
        return Decision(session)
    return Decision(session).then(
        SessionBudgetSet(budget=wanted, command_id=command.command_id, fingerprint=command.fingerprint)
    )
