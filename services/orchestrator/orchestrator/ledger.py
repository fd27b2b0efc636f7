"""A user's money, as pure functions: limits, what is set aside for running attempts, what was spent.

The limit of a session is the session's own (`orchestrator.session`); here are those of the user and the day.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.evolve import without
from orchestrator.money import NOTHING, Purse
from orchestrator.repeated import is_done
from orchestrator.session import EMPTY
from shared.events import AnyEvent
from shared.ledger_events import (
    BudgetSet,
    LedgerEvent,
    MoneyReleased,
    MoneyReserved,
    MoneySettled,
    Policy,
    Scope,
)
from shared.subjects import Run

SCOPES: tuple[Scope, ...] = ("user", "day")
REMEMBERED = timedelta(days=8)


class Doubtful(Struct, frozen=True):
    """What was counted for an attempt of which not every answer was seen."""

    reserved: MoneyReserved
    settled: MoneySettled


class Ledger(Struct, frozen=True):
    """What later decisions need to know; a struct, as `Session` is.

    `open` holds what is set aside. `settled` remembers by day which attempts are paid for, longer than any
    message about them can be under way. `doubtful` is what was counted for calls whose answer nobody saw,
    until a late report tells what they cost. `unpriced` counts attempts without a known price. `commands` are
    those done: their fingerprints by their ids.
    """

    limits: Mapping[Scope, BudgetSet] = EMPTY
    spent: Decimal = NOTHING
    days: Mapping[date, Decimal] = EMPTY
    open: Mapping[UUID, MoneyReserved] = EMPTY
    settled: Mapping[UUID, date] = EMPTY
    doubtful: Mapping[UUID, Doubtful] = EMPTY
    unpriced: int = 0
    commands: Mapping[str, str | None] = EMPTY

    @property
    def in_doubt(self) -> Decimal:
        """What of the spent money nobody knows for sure."""
        return sum((one.settled.in_doubt_usd for one in self.doubtful.values()), NOTHING)

    def purse(self, scope: Scope, day: date) -> Purse:
        limit = self.limits.get(scope)
        of_day = [one for one in self.open.values() if scope == "user" or one.day == day]
        return Purse(
            limit.limit_usd if limit else None,
            self.spent if scope == "user" else self.days.get(day, NOTHING),
            sum((one.amount_usd or NOTHING for one in of_day), NOTHING),
        )


class SetBudget(Struct, frozen=True):
    """A policy of None stays as it was."""

    scope: Scope
    limit_usd: Decimal | None
    policy: Policy | None = None
    command_id: str | None = None
    fingerprint: str | None = None


class Reserve(Struct, frozen=True):
    """Set aside the most that an attempt can cost; None: nobody knows."""

    attempt_id: UUID
    noun: Run
    id: UUID
    amount: Decimal | None
    day: date


class Settle(Struct, frozen=True):
    """`cost` None: without a known price. `in_doubt` is what calls may have cost beside it."""

    attempt_id: UUID
    cost: Decimal | None
    in_doubt: Decimal = NOTHING


class Doubt(Struct, frozen=True):
    """Nobody saw how the attempt ended: it may have cost all that was set aside."""

    attempt_id: UUID


class Release(Struct, frozen=True):
    """The attempt called nobody; where that is known only now, it was in doubt meanwhile."""

    attempt_id: UUID


Closing = Settle | Doubt | Release
LedgerCommand = SetBudget | Reserve | Closing


class Exceeded(Exception):  # noqa: N818 - an answer
    """The limit of this scope forbids it."""

    def __init__(self, scope: Scope, purse: Purse, policy: Policy) -> None:
        super().__init__(scope)
        self.scope = scope
        self.purse = purse
        self.policy = policy


def decide(command: LedgerCommand, ledger: Ledger) -> list[LedgerEvent]:
    """Answer with what happens; what was done before changes nothing. Raises Exceeded or Refusal."""
    match command:
        case SetBudget(scope, limit_usd, policy, command_id, fingerprint):
            if is_done(ledger.commands, command_id or "", fingerprint):
                return []
            known = ledger.limits.get(scope, BudgetSet(scope=scope, limit_usd=None))
            then = policy or known.policy
            if (known.limit_usd, known.policy) == (limit_usd, then):
                return []
            return [
                BudgetSet(
                    scope=scope,
                    limit_usd=limit_usd,
                    policy=then,
                    command_id=command_id,
                    fingerprint=fingerprint,
                )
            ]
        case Reserve():
            return _reserve(command, ledger)
        case Settle(attempt_id, cost, in_doubt):
            settled = MoneySettled(attempt_id=attempt_id, cost_usd=cost, in_doubt_usd=in_doubt)
            before = ledger.doubtful.get(attempt_id)
            if attempt_id not in ledger.open and (before is None or before.settled == settled):
                return []
            return [settled]
        case Doubt(attempt_id):
            if (reserved := ledger.open.get(attempt_id)) is None:
                return []
            if (amount := reserved.amount_usd) is None:
                return [MoneySettled(attempt_id=attempt_id)]
            return [MoneySettled(attempt_id=attempt_id, cost_usd=NOTHING, in_doubt_usd=amount)]
        case Release(attempt_id) if attempt_id in ledger.doubtful:
            return [MoneySettled(attempt_id=attempt_id, cost_usd=NOTHING)]
        case Release(attempt_id):
            return [MoneyReleased(attempt_id=attempt_id)] if attempt_id in ledger.open else []


def _reserve(command: Reserve, ledger: Ledger) -> list[LedgerEvent]:
    if command.attempt_id in ledger.open or command.attempt_id in ledger.settled:
        return []
    for scope in SCOPES:
        purse = ledger.purse(scope, command.day)
        if not purse.has(command.amount):
            raise Exceeded(scope, purse, ledger.limits[scope].policy)
    return [
        MoneyReserved(
            attempt_id=command.attempt_id,
            noun=command.noun,
            id=command.id,
            amount_usd=command.amount,
            day=command.day,
        )
    ]


def evolve(ledger: Ledger, event: AnyEvent) -> Ledger:
    """Take in what happened. Never refuses, never decides."""
    match event:
        case BudgetSet():
            done = {event.command_id: event.fingerprint} if event.command_id else {}
            limits = {**ledger.limits, event.scope: event}
            return replace(ledger, limits=limits, commands={**ledger.commands, **done})
        case MoneyReserved():
            return _reserved(ledger, event)
        case MoneySettled():
            return _settled(ledger, event)
        case MoneyReleased():
            return replace(ledger, open=without(ledger.open, event.attempt_id))
        case _:
            return ledger


def _reserved(ledger: Ledger, event: MoneyReserved) -> Ledger:
    """A new day forgets what nobody speaks of any more."""
    if event.day in ledger.days:
        return replace(ledger, open={**ledger.open, event.attempt_id: event})
    settled = {key: day for key, day in ledger.settled.items() if day >= event.day - REMEMBERED}
    return replace(
        ledger,
        open={**ledger.open, event.attempt_id: event},
        days={**ledger.days, event.day: NOTHING},
        settled=settled,
        doubtful={key: doubt for key, doubt in ledger.doubtful.items() if key in settled},
    )


def _settled(ledger: Ledger, event: MoneySettled) -> Ledger:
    """Count it on the day of its reservation, in place of what was counted while it was in doubt."""
    id_ = event.attempt_id
    before = ledger.doubtful.get(id_)
    reserved = before.reserved if before else ledger.open[id_]
    more = _counted(event) - (_counted(before.settled) if before else NOTHING)
    doubtful = without(ledger.doubtful, id_)
    return replace(
        ledger,
        spent=ledger.spent + more,
        days={**ledger.days, reserved.day: ledger.days.get(reserved.day, NOTHING) + more},
        open=without(ledger.open, id_),
        settled={**ledger.settled, id_: reserved.day},
        doubtful={**doubtful, id_: Doubtful(reserved, event)} if event.in_doubt_usd else doubtful,
        unpriced=ledger.unpriced + (event.cost_usd is None),
    )


def _counted(event: MoneySettled) -> Decimal:
    return (event.cost_usd or NOTHING) + event.in_doubt_usd


def fold(events: Iterable[AnyEvent], ledger: Ledger | None = None) -> Ledger:
    return reduce(evolve, events, ledger or Ledger())
