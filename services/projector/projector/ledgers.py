"""A user's money as rows: limits in `budgets`; in `ledger` each attempt that money was set aside for."""

from collections.abc import Iterator
from typing import Any

from projector.changes import Alter, Change, Ensure, Row
from projector.row_ids import budget_id
from shared.ledger_events import BalanceCarriedForward, BudgetSet, MoneyReleased, MoneyReserved, MoneySettled
from shared.log import Recorded
from shared.subjects import Aggregate


def ledger_changes(aggregate: Aggregate, recorded: Recorded) -> Iterator[Change]:
    """Tell what changes in `budgets` and `ledger`; what is settled or released holds no reservation."""
    user, at = aggregate.uuid, recorded.commit.at
    for event in recorded.commit.events:
        match event:
            case BudgetSet():
                row = Row("budgets", budget_id(user, event.scope), user)
                values: dict[str, Any] = {
                    "limit_usd": event.limit_usd,
                    "policy": event.policy,
                    "updated_at": at,
                }
                yield Ensure(row, {"user_id": user, "scope": event.scope, **values})
                yield Alter(row, values)
            case MoneyReserved():
                row = Row("ledger", event.attempt_id, user)
                values = {"state": "reserved", "reserved_usd": event.amount_usd, "day": event.day}
                run = {f"{event.noun}_id": event.id}
                yield Ensure(row, {"user_id": user, "reserved_at": at, **run, **values})
                yield Alter(row, values)
            case MoneySettled():
                values = {"cost_usd": event.cost_usd, "in_doubt_usd": event.in_doubt_usd}
                closed = {"state": "settled", "closed_at": at, **values}
                yield Alter(Row("ledger", event.attempt_id, user), closed)
            case MoneyReleased():
                free = {"state": "released", "closed_at": at, "cost_usd": 0}
                yield Alter(Row("ledger", event.attempt_id, user), free)
            case BalanceCarriedForward():
                pass
            case _:
                raise ValueError(f"{event.type} is no event of a ledger")
