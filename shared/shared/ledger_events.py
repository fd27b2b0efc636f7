"""What has happened to a user's money: limits set, the most a call can cost set aside, what it did cost.

Stored format, as `shared.events`: add, never edit. Amounts are US dollars.
"""

from datetime import date as Day  # noqa: N812 - events have fields called day
from decimal import Decimal
from typing import Literal
from uuid import UUID

from shared.message import Stored
from shared.subjects import Run

Scope = Literal["user", "day"]
Policy = Literal["fail", "wait"]


class BudgetSet(Stored):
    """How much may be spent: by the user all in all, or on one day (UTC). None: as much as there is to pay.

    `policy` says what becomes of a step that the limit stops: it fails, or its session waits.
    """

    type: Literal["BudgetSet"] = "BudgetSet"
    scope: Scope
    limit_usd: Decimal | None = None
    policy: Policy = "fail"
    command_id: str | None = None


class MoneyReserved(Stored):
    """The most that an attempt can cost is set aside before its first call, for the day of this commit.

    None: nobody knows the price, and no limit asks for it.
    """

    type: Literal["MoneyReserved"] = "MoneyReserved"
    attempt_id: UUID
    noun: Run
    id: UUID
    day: Day
    amount_usd: Decimal | None = None


class MoneySettled(Stored):
    """What an attempt cost takes the place of what was set aside for it, on the same day.

    `in_doubt_usd` is what calls may have cost of which no answer was seen; it counts as spent.
    """

    type: Literal["MoneySettled"] = "MoneySettled"
    attempt_id: UUID
    cost_usd: Decimal | None = None
    in_doubt_usd: Decimal = Decimal(0)


class MoneyReleased(Stored):
    """The attempt never called anybody: what was set aside for it is free again."""

    type: Literal["MoneyReleased"] = "MoneyReleased"
    attempt_id: UUID


LedgerEvent = BudgetSet | MoneyReserved | MoneySettled | MoneyReleased
