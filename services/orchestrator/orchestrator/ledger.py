"""A user's money, as pure functions: limits, what is set aside for running attempts, what was spent.

The limit of a session is the session's own (`orchestrator.session`); here are those of the user and the day.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.money import NOTHING, Purse
from orchestrator.repeated import is_done
from shared.events import AnyEvent
from shared.ledger_events import (
    BalanceCarriedForward,
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
MOST_CARRIED = 5_000


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

    limits: dict[Scope, BudgetSet] = {}
    spent: Decimal = NOTHING
    days: dict[date, Decimal] = {}
    open: dict[UUID, MoneyReserved] = {}
    settled: dict[UUID, date] = {}
    doubtful: dict[UUID, Doubtful] = {}
    unpriced: int = 0
    commands: dict[str, str | None] = {}

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
    reserved = MoneyReserved(
        attempt_id=command.attempt_id,
        noun=command.noun,
        id=command.id,
        amount_usd=command.amount,
        day=command.day,
    )
    return [*_carried_into(command.day, ledger), reserved]


def _carried_into(day: date, ledger: Ledger) -> Iterator[BalanceCarriedForward]:
    """Tell the balance once a day, unless that would be long: whoever begins with it reads no years."""
    held = len(ledger.open) + len(ledger.doubtful) + len(ledger.commands)
    if not ledger.days or day in ledger.days or held > MOST_CARRIED:
        return
    yield BalanceCarriedForward(
        spent_usd=ledger.spent,
        unpriced=ledger.unpriced,
        limits=tuple(ledger.limits.values()),
        days={one: spent for one, spent in ledger.days.items() if one >= day - REMEMBERED},
        open=tuple(ledger.open.values()),
        doubtful=tuple((one.reserved, one.settled) for one in ledger.doubtful.values()),
        commands={**ledger.commands},
    )


def fold(events: Iterable[AnyEvent], ledger: Ledger | None = None) -> Ledger:
    """Take in what happened. Never refuses, never decides.

    All of it goes into one copy: with one for each event, a year's would take minutes.
    """
    return taken_in(events, copied(ledger or Ledger()))


def copied(known: Ledger) -> Ledger:
    """Return one that can be changed while others have the first."""
    return replace(
        known,
        limits={**known.limits},
        days={**known.days},
        open={**known.open},
        settled={**known.settled},
        doubtful={**known.doubtful},
        commands={**known.commands},
    )


def taken_in(events: Iterable[AnyEvent], ours: Ledger) -> Ledger:
    """Take in what happened as `fold` does, into a ledger that nobody else has."""
    return reduce(_take, events, ours)


def _take(ours: Ledger, event: AnyEvent) -> Ledger:
    match event:
        case BudgetSet():
            ours.limits[event.scope] = event
            if event.command_id:
                ours.commands[event.command_id] = event.fingerprint
        case MoneyReserved():
            _reserved(ours, event)
        case MoneySettled():
            return _settled(ours, event)
        case MoneyReleased():
            ours.open.pop(event.attempt_id, None)
        case BalanceCarriedForward():
            return _carried(ours, event)
        case _:
            pass
    return ours


def _reserved(ours: Ledger, event: MoneyReserved) -> None:
    """A new day forgets what nobody speaks of any more."""
    ours.open[event.attempt_id] = event
    if event.day in ours.days:
        return
    ours.days[event.day] = NOTHING
    forgotten = [key for key, day in ours.settled.items() if day < event.day - REMEMBERED]
    for key in forgotten:
        del ours.settled[key]
    for key in ours.doubtful.keys() - ours.settled.keys():
        del ours.doubtful[key]


def _settled(ours: Ledger, event: MoneySettled) -> Ledger:
    """Count it on the day of its reservation, in place of what was counted while it was in doubt."""
    id_ = event.attempt_id
    before = ours.doubtful.pop(id_, None)
    reserved = before.reserved if before else ours.open[id_]
    more = _counted(event) - (_counted(before.settled) if before else NOTHING)
    ours.days[reserved.day] = ours.days.get(reserved.day, NOTHING) + more
    ours.open.pop(id_, None)
    ours.settled[id_] = reserved.day
    if event.in_doubt_usd:
        ours.doubtful[id_] = Doubtful(reserved, event)
    return replace(ours, spent=ours.spent + more, unpriced=ours.unpriced + (event.cost_usd is None))


def _carried(ours: Ledger, event: BalanceCarriedForward) -> Ledger:
    """Begin with it; a ledger that has all that came before has the same already."""
    doubtful = {pair[0].attempt_id: Doubtful(*pair) for pair in event.doubtful}
    return replace(
        ours,
        limits={limit.scope: limit for limit in event.limits},
        spent=event.spent_usd,
        days={**event.days},
        open={one.attempt_id: one for one in event.open},
        settled={id_: one.reserved.day for id_, one in doubtful.items()} | ours.settled,
        doubtful=doubtful,
        unpriced=event.unpriced,
        commands={**event.commands},
    )


def _counted(event: MoneySettled) -> Decimal:
    return (event.cost_usd or NOTHING) + event.in_doubt_usd
