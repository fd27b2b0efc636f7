"""What must be true after every run, whatever went wrong in it."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import TypeGuard
from uuid import UUID

from msgspec import json

from orchestrator.ledger import SCOPES, Ledger
from orchestrator.money import NOTHING
from orchestrator.session import Session, done
from shared.events import (
    AnyEvent,
    AttemptFailed,
    AttemptLost,
    AttemptReportedLate,
    AttemptRequested,
    AttemptStarted,
    ModelCalled,
    SessionCancelled,
    SessionCompleted,
    SessionFailed,
    SessionRefused,
    SessionRetried,
    SessionStarted,
    StepCompleted,
    StepHandedOff,
)
from shared.ledger_events import MoneyReserved, Scope
from sim import tables
from sim.histories import Life
from sim.run import LEDGER, Asked, Run
from sim.skills import OTHERS, PRICE

TERMINAL = frozenset({SessionCompleted, SessionFailed, SessionCancelled, SessionRefused})
ORDERED = frozenset({SessionCancelled, SessionRetried})
REFUSED = frozenset({"already_ended", "not_retryable", "not_found"})
OUTCOME = frozenset({StepCompleted, AttemptFailed, AttemptReportedLate})
WATCHED = TERMINAL | {SessionRetried, SessionStarted, AttemptRequested, AttemptStarted, StepCompleted}


def violations(run: Run) -> list[str]:
    """Name every broken promise; an empty list is what is wanted."""
    return list(_violations(run))


def _violations(run: Run) -> Iterator[str]:
    if not run.finished:
        yield "the system never came to rest"
    events: list[AnyEvent] = []
    for id_, asked in run.asked.items():
        life = run.world.histories.session(asked.aggregate).life
        yield from _lived_well(run, id_, asked, life)
        yield from _paid_twice(run, life)
        yield from _lost_alive(run, life)
        events += [event for _, event, _ in life]
    yield from _hits(run, events)
    yield from _money(run, events)
    yield from _account(run, events)
    yield from _left_to_the_sweep(run)
    work = Counter(message.subject for message in run.world.server.streams["WORK"].messages)
    if not run.world.server.ahead:
        yield from (f"work was queued {count} times: {one}" for one, count in work.items() if count > 1)
    yield from _orders(run)
    yield from tables.differences(run)


def _orders(run: Run) -> Iterator[str]:
    """What is ordered is done once, however often it is delivered; only what was refused is buried."""
    streams = run.world.server.streams
    done = Counter(
        (message.subject, message.commit.causation_id)
        for message in streams["EVT"].messages
        if any(type(event) in ORDERED for event in message.commit.events)
    )
    yield from (f"a command was done {count} times" for count in done.values() if count > 1)
    for message in streams["DLQ"].messages:
        if json.decode(message.body)["reason"].partition(":")[0] not in REFUSED:
            yield f"dead letter: {message.body.decode()}"


def _lived_well(run: Run, id_: UUID, asked: Asked, life: Life[Session]) -> Iterator[str]:
    if id_ not in run.accepted:
        yield "a command was never answered"
    ended = False
    for before, event, _ in life:
        if type(event) not in WATCHED:
            continue
        match event:
            case SessionRetried():
                ended = False
            case _ if type(event) in TERMINAL:
                if ended:
                    yield "a session ended twice"
                ended = True
            case SessionStarted() if before.steps:
                yield "a session started twice"
            case SessionStarted() if asked.bad:
                yield "a bad start was run"
            case AttemptRequested() | AttemptStarted() if ended:
                yield "a step after the end"
            case AttemptStarted(reserved_usd=amount) if _exceeds_its_own(before, amount):
                yield "more was set aside than the session's limit allows"
            case StepCompleted() if ended or event.output != {"n": event.step + 1}:
                yield "a step's output is not what its skill made of the step before"
            case _:
                pass
    if not life:
        yield "an accepted session has no history"
    state = life[-1][2] if life else Session()
    if not ended and not run.keeps_waiting(state, asked):
        yield "an accepted session never ended"
    if state.status == "refused" and not asked.bad:
        yield "a good start was refused"
    if state.status == "completed" and set(state.outputs) != {step.number for step in state.steps}:
        yield "a completed session lacks an output"
    if state.status == "cancelled" and id_ not in run.cancelled:
        yield "a session was cancelled that nobody cancelled"
    handed = [(event.step, event.to_agent) for _, event, _ in life if type(event) is StepHandedOff]
    theirs = [step for step in state.steps if step.skill in OTHERS and asked.aggregate.noun == "session"]
    if handed != [(step.number, "list-agent") for step in theirs]:
        yield "the steps of another agent are not those that were handed off"
    outcomes = Counter(event.attempt_id for _, event, _ in life if type(event) in OUTCOME)
    yield from (f"an attempt has {count} outcomes" for count in outcomes.values() if count > 1)


def _exceeds_its_own(state: Session, amount: Decimal | None) -> bool:
    limit = state.budget.limit_usd if state.budget else None
    aside = sum((one.reserved for one in state.open.values()), amount or NOTHING)
    return limit is not None and state.spent + sum(state.doubtful.values()) + aside > limit


def _hits(run: Run, events: list[AnyEvent]) -> Iterator[str]:
    """A result from the cache is that of an attempt at the same question, and nobody paid for it again."""
    made = {event.attempt_id: event for event in events if type(event) is StepCompleted}
    for hit in filter(_is_hit, events):
        first = made.get(hit.cached.from_attempt)
        if first is None or _is_hit(first) or (first.cache_key, first.output) != (hit.cache_key, hit.output):
            yield "a result from the cache is none of an equal question"
        elif hit.cached.saved_usd != PRICE:
            yield "a hit does not say what it saved"
        if run.world.bill.begun[hit.attempt_id]:
            yield "an attempt was answered from the cache and paid for"


def _is_hit(event: AnyEvent) -> TypeGuard[StepCompleted]:
    return type(event) is StepCompleted and event.cached is not None


def _money(run: Run, events: list[AnyEvent]) -> Iterator[str]:
    bill = run.world.bill
    told = {event.attempt_id: event.usage for event in events if _is_paid(event) and not _is_hit(event)}
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
        if usage.cost_usd != PRICE * bill.answered[attempt]:
            yield "the log tells of money that was not paid"


def _account(run: Run, events: list[AnyEvent]) -> Iterator[str]:
    """The ledger is even, holds its limits, and is the provider's bill but for what is in doubt."""
    ledger = run.world.histories.ledger(LEDGER)
    for before, event, after in ledger.life:
        if isinstance(event, MoneyReserved):
            if any(_exceeded(after, scope, event.day) for scope in SCOPES):
                yield "more was set aside than a limit allows"
            if event.attempt_id in before.open:
                yield "the same attempt was reserved twice"
    account = ledger.state
    if account.open:
        yield "money is still set aside when all is done"
    doubt = account.in_doubt
    bill = PRICE * run.world.bill.begun.total()
    if not account.spent - doubt <= bill <= account.spent:
        yield f"the provider's bill is {bill}, the ledger says {account.spent - doubt} and {doubt} in doubt"
    if sum(account.days.values(), NOTHING) != account.spent:
        yield "the days do not add up"
    told = sum((event.usage.cost_usd or NOTHING for event in events if _is_paid(event)), NOTHING)
    if told != account.spent - doubt:
        yield f"sessions tell of {told}, the ledger of {account.spent - doubt}"


def _exceeded(account: Ledger, scope: Scope, day: date) -> bool:
    limit = account.limits.get(scope)
    if limit is None or limit.limit_usd is None:
        return False
    aside = [one.amount_usd for one in account.open.values() if scope == "user" or one.day == day]
    spent = account.spent if scope == "user" else account.days[day]
    return spent + sum(amount or NOTHING for amount in aside) > limit.limit_usd


def _is_paid(event: AnyEvent) -> TypeGuard[StepCompleted | AttemptFailed | AttemptReportedLate]:
    return type(event) in OUTCOME and event.usage is not None


def _paid_twice(run: Run, life: Life[Session]) -> Iterator[str]:
    """What of an attempt's work is in the log when it is asked for is not bought again."""
    for _, event, after in life:
        if type(event) is AttemptRequested and (there := done(after, event)) is not None:
            bought = [item for item in there.items if run.world.bill.begun[event.attempt_id, item]]
            yield from (f"item {item} was in the log and was bought again" for item in bought)


def _lost_alive(run: Run, life: Life[Session]) -> Iterator[str]:
    """Where messages arrive, an attempt is lost with its runner and in no other way."""
    struck = run.world.chance.struck
    if struck["lost"] or struck["slow"]:
        return
    alive = {process.name for process in run.world.processes if process.alive}
    for before, event, _ in life:
        if type(event) is AttemptLost and before.open[event.attempt_id].runner in alive:
            yield "an attempt was lost whose runner lives"


def _left_to_the_sweep(run: Run) -> Iterator[str]:
    """Where nothing is lost or late and nobody dies, money is settled by whoever hears of its attempt."""
    server = run.world.server
    if server.starts > 1 or server.elected_at or set(server.chance.struck) - {"doubled", "behind"}:
        return
    for message in server.streams["EVT"].messages:
        if message.commit.causation_id == "sweep":
            yield "money was left to the sweep that nobody had kept from being settled"
