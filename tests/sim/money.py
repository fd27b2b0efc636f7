"""What must be true of money after every run: what was paid, by whom it was asked for, what is in doubt."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TypeGuard
from uuid import UUID

from orchestrator.ledger import SCOPES, Ledger
from orchestrator.money import NOTHING
from orchestrator.session import Session, done
from shared.events import (
    AnyEvent,
    AttemptFailed,
    AttemptReportedLate,
    AttemptRequested,
    AttemptStarted,
    ModelCalled,
    StepCompleted,
)
from shared.ledger_events import MoneyReserved, Scope
from sim.histories import Life
from sim.run import LEDGERS, Run
from sim.skills import KEPT_S, PRICE

OUTCOME = frozenset({StepCompleted, AttemptFailed, AttemptReportedLate})


def unpaid(run: Run) -> Iterator[str]:
    """Name what money says otherwise than the provider's bill."""
    events: list[AnyEvent] = []
    for asked in run.asked.values():
        life = run.world.histories.session(asked.aggregate).life
        yield from _paid_twice(run, life)
        events += [event for _, event, _ in life]
    yield from _hits(run, events)
    yield from _money(run, events)
    for user in LEDGERS:
        yield from _account(run, user)


def _hits(run: Run, events: list[AnyEvent]) -> Iterator[str]:
    """A result from the cache is that of an attempt at the same question, and nobody paid for it again."""
    made = {event.attempt_id: event for event in events if type(event) is StepCompleted}
    version = {event.attempt_id: event.skill_hash for event in events if type(event) is AttemptRequested}
    for hit in filter(_is_hit, events):
        first = made.get(hit.cached.from_attempt)
        if first is None or _is_hit(first) or (first.cache_key, first.output) != (hit.cache_key, hit.output):
            yield "a result from the cache is none of an equal question"
        elif version[first.attempt_id] != version[hit.attempt_id]:
            yield "a result from the cache is another version's"
        elif hit.started_at - first.started_at > timedelta(seconds=KEPT_S):
            yield "a result from the cache is too old"
        elif hit.cached.saved_usd != PRICE:
            yield "a hit does not say what it saved"
        if run.world.bill.begun[hit.attempt_id]:
            yield "an attempt was answered from the cache and paid for"


def _is_hit(event: AnyEvent) -> TypeGuard[StepCompleted]:
    return type(event) is StepCompleted and event.cached is not None


def _money(run: Run, events: list[AnyEvent]) -> Iterator[str]:
    bill = run.world.bill
    told = {event.attempt_id: event.usage for event in events if _is_paid(event) and not _is_hit(event)}
    unpriced = _unpriced(events)
    asked = Counter((event.attempt_id, event.item) for event in events if type(event) is ModelCalled)
    for (attempt, item), calls in bill.begun.items():
        if calls > 1:
            yield f"an item of an attempt was called {calls} times"
        if bill.answered[attempt] and attempt not in bill.orphaned and asked[attempt, item] != 1:
            yield "a call is missing in the log, or there twice"
    for attempt, answered in bill.answered.items():
        if answered and attempt not in told and attempt not in bill.orphaned:
            yield "a paid answer is missing in the log"
    for attempt, usage in told.items():
        price = None if attempt in unpriced else PRICE * bill.answered[attempt]
        if usage.cost_usd != price:
            yield "the log tells of money that was not paid"


def _account(run: Run, user: UUID) -> Iterator[str]:
    """A ledger is even, holds its limits, and is the provider's bill but for what is in doubt."""
    ledger = run.world.histories.ledger(LEDGERS[user])
    own = [one.aggregate for one in run.asked.values() if one.aggregate.user == user]
    events = [event for one in own for _, event, _ in run.world.histories.session(one).life]
    attempts = {event.attempt_id for event in events if type(event) is AttemptRequested} - _unpriced(events)
    for before, event, after in ledger.life:
        if isinstance(event, MoneyReserved):
            if any(_exceeded(after, scope, event) for scope in SCOPES):
                yield "more was set aside than a limit allows"
            if event.attempt_id in before.open:
                yield "the same attempt was reserved twice"
    account = ledger.state
    guessed = sum(1 for id_ in _unpriced(events) if _costs(id_, events))
    if account.unpriced != guessed:
        yield f"the ledger counts {account.unpriced} attempts of unknown price, there were {guessed}"
    if account.open:
        yield "money is still set aside when all is done"
    doubt = account.in_doubt
    bill = PRICE * sum(count for (id_, _), count in run.world.bill.begun.items() if id_ in attempts)
    if not account.spent - doubt <= bill <= account.spent:
        yield f"the provider's bill is {bill}, the ledger says {account.spent - doubt} and {doubt} in doubt"
    yield from _doubts(run, account)
    if sum(account.days.values(), NOTHING) != account.spent:
        yield "the days do not add up"
    told = sum((event.usage.cost_usd or NOTHING for event in events if _is_paid(event)), NOTHING)
    if told != account.spent - doubt:
        yield f"sessions tell of {told}, the ledger of {account.spent - doubt}"


def _doubts(run: Run, account: Ledger) -> Iterator[str]:
    """Who lives on after all that failed has said that nobody was called."""
    called = {attempt for attempt, _ in run.world.bill.begun}
    alive = {process.name for process in run.world.processes if process.alive}
    claimed = {
        event.attempt_id: event.runner
        for asked in run.asked.values()
        for _, event, _ in run.world.histories.session(asked.aggregate).life
        if type(event) is AttemptStarted
    }
    if any(claimed[id_] in alive for id_ in account.doubtful.keys() - called):
        yield "an attempt is in doubt whose runner lives and called nobody"


def _unpriced(events: Iterable[AnyEvent]) -> set[UUID]:
    return {
        event.attempt_id for event in events if type(event) is AttemptRequested and event.skill == "guess"
    }


def _costs(attempt: UUID, events: list[AnyEvent]) -> bool:
    """Whether an attempt has called somebody, as far as is known."""
    own = [event for event in events if getattr(event, "attempt_id", None) == attempt]
    told = [event for event in own if type(event) in OUTCOME]
    return any(_is_paid(one) for one in told) if told else any(type(one) is AttemptStarted for one in own)


def _exceeded(account: Ledger, scope: Scope, reserved: MoneyReserved) -> bool:
    limit = account.limits.get(scope)
    if limit is None or limit.limit_usd is None:
        return False
    day = reserved.day
    aside = [one.amount_usd for one in account.open.values() if scope == "user" or one.day == day]
    spent = account.spent if scope == "user" else account.days[day]
    return reserved.amount_usd is None or spent + sum(amount or NOTHING for amount in aside) > limit.limit_usd


def _is_paid(event: AnyEvent) -> TypeGuard[StepCompleted | AttemptFailed | AttemptReportedLate]:
    return type(event) in OUTCOME and event.usage is not None


def _paid_twice(run: Run, life: Life[Session]) -> Iterator[str]:
    """What of an attempt's work is in the log when it is asked for is not bought again."""
    for _, event, after in life:
        if type(event) is AttemptRequested and (there := done(after, event)) is not None:
            bought = [item for item in there.items if run.world.bill.begun[event.attempt_id, item]]
            yield from (f"item {item} was in the log and was bought again" for item in bought)
