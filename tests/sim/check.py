"""What must be true after every run, whatever went wrong in it."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import TypeGuard
from uuid import UUID

from msgspec import json

from orchestrator.money import NOTHING
from orchestrator.session import Session
from orchestrator.steps import MORE_TRIES
from shared.events import (
    AnyEvent,
    AttemptDeferred,
    AttemptError,
    AttemptFailed,
    AttemptLost,
    AttemptRequested,
    AttemptStarted,
    AttemptStopped,
    RetryScheduled,
    SessionCancelled,
    SessionCompleted,
    SessionFailed,
    SessionRefused,
    SessionRetried,
    SessionStarted,
    StepCompleted,
    StepHandedOff,
)
from shared.ledger_events import MoneyReleased, MoneySettled
from shared.subjects import late
from shared.work import LOST
from sim import tables
from sim.asked import Asked
from sim.histories import Life
from sim.money import OUTCOME, unpaid
from sim.promptness import untimely
from sim.run import Run
from sim.skills import ATTEMPTS, OTHERS
from skill_runner.handlers import REDELIVERIES

TERMINAL = frozenset({SessionCompleted, SessionFailed, SessionCancelled, SessionRefused})
ORDERS = {"cancel": SessionCancelled, "retry": SessionRetried}
ORDERED = frozenset(ORDERS.values())
REFUSED = frozenset({"already_ended", "not_retryable", "not_found", "invalid", "conflict"})
CLOSED = frozenset({MoneySettled, MoneyReleased})
A_MOMENT_S = 0.1
REFUSED_FOR_NOW = "rate_limited"
REASONS = {REFUSED_FOR_NOW, LOST, "sim_failure", "sim_unready", "timeout", "budget_exceeded", "unknown_price"}
WATCHED = TERMINAL | {SessionRetried, SessionStarted, AttemptRequested, AttemptStarted, StepCompleted}


def violations(run: Run) -> list[str]:
    """Name every broken promise; an empty list is what is wanted."""
    return list(_violations(run))


def _violations(run: Run) -> Iterator[str]:
    if not run.finished:
        yield "the system never came to rest"
    yield from run.untrue
    for id_, asked in run.asked.items():
        life = run.world.histories.session(asked.aggregate).life
        yield from _lived_well(run, id_, asked, life)
        yield from _lost_alive(run, life)
        yield from _patience(run, life)
    yield from _unheard(run)
    yield from unpaid(run)
    yield from _left_to_the_sweep(run)
    yield from untimely(run)
    work = Counter(message.subject for message in run.world.server.streams["WORK"].messages)
    if not run.world.server.ahead:
        yield from (f"work was queued {count} times: {one}" for one, count in work.items() if count > 1)
    yield from _orders(run)
    yield from tables.differences(run)


def _orders(run: Run) -> Iterator[str]:
    """What is ordered is done once, however often it is delivered and by however many at once.

    Only what was refused is buried.
    """
    streams = run.world.server.streams
    done = Counter(
        (message.subject, message.commit.causation_id)
        for message in streams["EVT"].messages
        if any(type(event) in ORDERED for event in message.commit.events)
    )
    yield from (f"a command was done {count} times" for count in done.values() if count > 1)
    for (aggregate, verb), told in run.firsts.items():
        if (kind := ORDERS.get(verb)) is None:
            continue
        life = run.world.histories.session(aggregate).life
        if told > (times := sum(type(event) is kind for _, event, _ in life)):
            yield f"{told} were told that their {verb} was the first, there were {times}"
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
            case AttemptRequested() if event.skill_hash != before.step(event.step).skill_hash:
                yield "an attempt is not at the version that its session pinned"
            case AttemptRequested() if (
                run.world.bill.ran.get(event.attempt_id, event.skill_hash) != event.skill_hash
            ):
                yield "an attempt ran another version than it was asked for"
            case AttemptRequested() if event.fresh != (event.step in asked.fresh):
                yield "a step is not as fresh as it was asked for"
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
    for kinds in (OUTCOME, {AttemptStarted}, {AttemptDeferred}):
        told = Counter(event.attempt_id for _, event, _ in life if type(event) in kinds)
        yield from (f"an attempt has {count} outcomes" for count in told.values() if count > 1)


def _patience(run: Run, life: Life[Session]) -> Iterator[str]:
    """A step is tried as often as it says, again where that was no fault of its own, in doubt if it may."""
    reasons = REASONS | ({"runner_lost"} if run.world.chance.struck["crash"] > REDELIVERIES else set())
    own, outages, last = 0, 0, AttemptError(code="", message="", retryable=False)
    for before, event, _ in life:
        match event:
            case SessionRetried() | StepCompleted():
                own, outages = 0, 0
            case AttemptFailed(error=last):
                own, outages = own + (last.code != REFUSED_FOR_NOW), outages + (last.code == REFUSED_FOR_NOW)
            case AttemptLost():
                own, last = own + 1, AttemptError(code=LOST, message="", retryable=True)
            case RetryScheduled() if (
                not last.retryable or own >= ATTEMPTS or outages >= ATTEMPTS + MORE_TRIES
            ):
                yield f"a step is tried again after {own} attempts of its own, {outages} outages"
            case RetryScheduled() if last.code == LOST and before.step(event.step).skill == "heed":
                yield "a step is tried again though it is in doubt"
            case AttemptRequested() if before.waiting_on == "in_doubt":
                yield "a step is tried again though it is in doubt"
            case SessionFailed() if event.code not in reasons:
                yield f"a session failed for no reason that there was: {event.code}"
            case SessionFailed() if event.code == last.code and last.retryable:
                if (
                    own < ATTEMPTS
                    and outages < ATTEMPTS + MORE_TRIES
                    and not (before.alone and last.code == LOST)
                ):
                    yield f"a step was given up after {own} attempts of its own, {outages} outages"
            case _:
                pass


def _exceeds_its_own(state: Session, amount: Decimal | None) -> bool:
    limit = state.budget.limit_usd if state.budget else None
    aside = sum((one.reserved for one in state.open.values()), amount or NOTHING)
    return limit is not None and state.spent + state.in_doubt + aside > limit


def _lost_alive(run: Run, life: Life[Session]) -> Iterator[str]:
    """Where messages arrive, an attempt is lost with its runner and in no other way."""
    struck = run.world.chance.struck
    if struck["lost"] or struck["slow"]:
        return
    alive = {process.name for process in run.world.processes if process.alive}
    for before, event, _ in life:
        if type(event) is AttemptLost and before.open[event.attempt_id].runner in alive:
            yield "an attempt was lost whose runner lives"


def _unheard(run: Run) -> Iterator[str]:
    """Where nothing is late, no attempt is taken for lost whose report lies in the queue."""
    if run.world.chance.struck["slow"]:
        return
    streams = run.world.server.streams
    queued: dict[str, float] = {}
    for message in streams["CMD"].messages:
        if message.subject.startswith("late."):
            queued.setdefault(message.subject, message.at)
    if not queued:
        return
    for message in streams["EVT"].messages:
        for event in filter(_is_loss, message.commit.events):
            if message.at > queued.get(late(event.attempt_id), message.at) + A_MOMENT_S:
                yield "an attempt was taken for lost whose report lay in the queue"


def _is_loss(event: AnyEvent) -> TypeGuard[AttemptLost | AttemptFailed]:
    return type(event) is AttemptLost or (type(event) is AttemptFailed and event.error.code == "runner_lost")


def _left_to_the_sweep(run: Run) -> Iterator[str]:
    """Where nothing is lost or late and nobody dies, money is settled by whoever hears of its attempt.

    A sweep that runs in that very moment may be faster.
    """
    if not run.is_calm:
        return
    over: dict[UUID, float] = {}
    for message in run.world.server.streams["EVT"].messages:
        is_swept = message.commit.causation_id == "sweep"
        for event in message.commit.events:
            if type(event) in OUTCOME or type(event) is AttemptStopped:
                over[event.attempt_id] = message.at
            elif (
                is_swept and type(event) in CLOSED and message.at > over.get(event.attempt_id, 0) + A_MOMENT_S
            ):
                yield "money was left to the sweep that nobody had kept from being settled"
