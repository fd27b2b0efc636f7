"""`budget.set` and `budget.get`: the limits of the user and the day, and what is left of them."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from orchestrator.follow import Follow
from orchestrator.ledger import SCOPES, Ledger, SetBudget
from orchestrator.ledgers import Known, Ledgers
from orchestrator.money import text
from shared import commands
from shared.clock import Clock, utc_now
from shared.ledger_events import Scope
from shared.refusal import Refusal

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Budgets:
    ledgers: Ledgers
    follow: Follow
    clock: Clock = utc_now

    async def set(self, user: UUID, command: commands.SetBudget, fingerprint: str | None, cause: str) -> Json:
        """Set a limit; whoever waits for money is looked at soon."""
        if command.scope == "session":
            raise Refusal("invalid", "session_id", "session_id: names the session whose budget is set")
        wanted = SetBudget(command.scope, command.limit_usd, command.policy, command.command_id, fingerprint)
        done = await self.ledgers.do(user, wanted, cause)
        self.follow.look_again()
        return {"accepted": True, "duplicate": not done.changed, **told(done, self.clock().date())}

    async def get(self, user: UUID) -> Json:
        return told(await self.ledgers.load(user), self.clock().date())


def told(known: Known, today: date) -> Json:
    """Say what there is to spend, what is spent and what is set aside, US dollars as text."""
    scopes: Json = {scope: _scope(known.ledger, scope, today) for scope in SCOPES}
    return {
        "seq": known.seq,
        "today": today.isoformat(),
        **scopes,
        "in_doubt_usd": text(known.ledger.in_doubt),
        "unpriced_calls": known.ledger.unpriced,
    }


def _scope(ledger: Ledger, scope: Scope, today: date) -> Json:
    purse, limit = ledger.purse(scope, today), ledger.limits.get(scope)
    return {
        "limit_usd": None if purse.limit is None else text(purse.limit),
        "policy": limit.policy if limit else "fail",
        "spent_usd": text(purse.spent),
        "reserved_usd": text(purse.reserved),
        "left_usd": None if purse.left is None else text(purse.left),
    }
