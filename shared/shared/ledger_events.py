"""What has happened to a user's money: limits set, the most a call can cost set aside, what it did cost.

Stored format, as `shared.events`: add, never edit. Amounts are US dollars.
"""

from datetime import date as Day  # noqa: N812 - events have fields called day
from decimal import Decimal
from typing import Literal
from uuid import UUID

from shared.message import Happened
from shared.subjects import Run

Scope = Literal["user", "day"]
Policy = Literal["fail", "wait"]


class BudgetSet(Happened, frozen=True, kw_only=True):
    """How much may be spent: by the user all in all, or on one day (UTC). None: as much as there is to pay.

    `policy` says what becomes of a step that the limit stops: it fails, or its session waits.
    `fingerprint` tells the same command from another one under the same `command_id`.
    """

    scope: Scope
    limit_usd: Decimal | None = None
    policy: Policy = "fail"
    command_id: str | None = None
    fingerprint: str | None = None


class MoneyReserved(Happened, frozen=True, kw_only=True):
    """The most that an attempt can cost is set aside before its first call, for the day of this commit.

    None: nobody knows the price, and no limit asks for it.
    """

    attempt_id: UUID
    noun: Run
    id: UUID
    day: Day
    amount_usd: Decimal | None = None


class MoneySettled(Happened, frozen=True, kw_only=True):
    """What an attempt cost takes the place of what was set aside for it, on the same day.

    `in_doubt_usd` is what calls may have cost of which no answer was seen; it counts as spent.
    """

    attempt_id: UUID
    cost_usd: Decimal | None = None
    in_doubt_usd: Decimal = Decimal(0)


class MoneyReleased(Happened, frozen=True, kw_only=True):
    """The attempt never called anybody: what was set aside for it is free again."""

    attempt_id: UUID


class BalanceCarriedForward(Happened, frozen=True, kw_only=True):
    """What all that came before adds up to, told on a new day before its first reservation.

    Whoever begins with it reads on for eight days: it holds neither which attempts are settled for good nor
    what earlier days cost. `doubtful` pairs what was set aside with what was counted for it; `commands` are
    fingerprints by command id.
    """

    spent_usd: Decimal
    unpriced: int = 0
    limits: tuple[BudgetSet, ...] = ()
    days: dict[Day, Decimal]
    open: tuple[MoneyReserved, ...] = ()
    doubtful: tuple[tuple[MoneyReserved, MoneySettled], ...] = ()
    commands: dict[str, str | None]


LedgerEvent = BudgetSet | MoneyReserved | MoneySettled | MoneyReleased | BalanceCarriedForward
