"""What may be spent, and what was: limits are set by command, the account is read from the tables."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from totalaud.door import Door
from totalaud.given import Id, as_count, as_id, stated
from totalaud.record import Record
from totalaud.tables import Tables

Json = dict[str, Any]
ACCOUNT = """
SELECT l.*, e.skill_name, e.provider, e.model FROM ledger l
LEFT JOIN skill_executions e ON e.id = l.attempt_id
WHERE l.user_id = $1 AND ($2::uuid IS NULL OR l.session_id = $2)
ORDER BY l.reserved_at DESC, l.attempt_id LIMIT $3
"""


class Budgets:
    """One user's money. Amounts are US dollars; refused commands raise Refusal."""

    def __init__(self, door: Door, tables: Tables, user: UUID) -> None:
        self._door = door
        self._tables = tables
        self._user = user

    async def set(
        self,
        limit_usd: Decimal | float | str | None,
        *,
        scope: str = "user",
        session_id: Id | None = None,
        policy: str | None = None,
    ) -> Json:
        """Set the limit of `user`, `day` (UTC) or, with its id, of one `session`; None takes it away.

        A step that would exceed it fails, or with the policy `wait` its session waits for a higher one; a
        policy that is not given stays as it was.
        """
        body: Json = {
            "scope": "session" if session_id is not None else scope,
            "limit_usd": None if limit_usd is None else str(limit_usd),
            "command_id": str(uuid4()),
        }
        body |= stated(policy=policy, session_id=session_id)
        return await self._door.ask(self._user, "budget", "set", body)

    async def get(self) -> Json:
        """Return `user` and `day`, each {limit_usd, policy, spent_usd, reserved_usd, left_usd}, from the log.

        Beside them `today`, `in_doubt_usd` (part of what is spent), `unpriced_calls` (one for each attempt
        whose price nobody knows: it is not in what is spent) and `seq`.
        """
        return await self._door.ask(self._user, "budget", "get", {})

    async def ledger(self, *, session_id: Id | None = None, limit: int = 20) -> Sequence[Record]:
        """Return the newest attempts that money was set aside for: rows of `ledger` with skill and model."""
        of = None if session_id is None else as_id(session_id, "session_id")
        found = await self._tables.rows(ACCOUNT, self._user, of, as_count(limit, "limit"))
        return [Record.of(row) for row in found]
