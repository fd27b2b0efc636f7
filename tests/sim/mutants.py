"""Deliberate faults, one rule broken each: a simulation that lets one pass proves nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from nats.js.errors import APIError

from orchestrator import claims, decide, evolve, follow, ledger, reports, settling
from orchestrator.ledger import Doubt, Release
from orchestrator.money import NOTHING
from orchestrator.session import Outstanding, Session
from shared import jetstream_log
from shared.json import dumps
from shared.work import Answer
from sim import tables
from skill_runner import cache_key, handlers, reporting


@dataclass(frozen=True)
class Mutant:
    """`owner.name` is replaced by what `make` makes of it."""

    title: str
    owner: Any
    name: str
    make: Callable[[Any], Any]


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """Live with the fault for a while."""
    real = getattr(mutant.owner, mutant.name)
    setattr(mutant.owner, mutant.name, mutant.make(real))
    try:
        yield
    finally:
        setattr(mutant.owner, mutant.name, real)


def _no_dedupe(real: Any) -> Any:
    return lambda report, session_, now: real(report, session_._replace(reported=frozenset()), now)


def _ack_before_report(real: Any) -> Any:
    async def run_custom(self: Any, work: Any, delivery: Any, *rest: Any) -> None:
        await delivery.ack()
        await real(self, work, delivery, *rest)

    return run_custom


def _answer_before_append(_real: Any) -> Any:
    async def report(self: Any, heard: Any) -> None:
        await heard.answer(dumps({"ok": True, "seq": 0}))
        await self._record(heard.body)

    return report


def _unguarded(_real: Any) -> Any:
    async def append(self: Any, aggregate: Any, commit: Any, *, expected: int) -> int:
        del expected
        return (await self._bus.publish(aggregate.subject, commit.encode(aggregate))).seq

    return append


def _guess_after_timeout(_real: Any) -> Any:
    async def append(self: Any, aggregate: Any, commit: Any, *, expected: int) -> int:
        headers = {jetstream_log.EXPECTED: str(expected)}
        try:
            return (await self._bus.publish(aggregate.subject, commit.encode(aggregate), headers=headers)).seq
        except TimeoutError:
            return expected + 1
        except APIError:
            raise jetstream_log.Conflict from None

    return append


def _one_answer_to_all(_real: Any) -> Any:
    def answer(state: Any, claim: Any, lease_s: float) -> Answer:
        return Answer(verdict="run" if claim.attempt_id in state.open else "drop", lease_s=lease_s)

    return answer


def _nothing_outstanding(_real: Any) -> Any:
    return lambda _session: Outstanding()


def _no_timers(real: Any) -> Any:
    return lambda session_: replace(real(session_), timers=())


def _no_work(real: Any) -> Any:
    return lambda session_: replace(real(session_), work=())


def _says_it_once(_real: Any) -> Any:
    async def deliver(bus: Any, report: Any) -> None:
        body = report.model_dump_json(exclude_none=True).encode()
        await bus.request(reporting.subjects.report(report.attempt_id), body, timeout=reporting.ANSWER_S)

    return deliver


def _late_unrecorded(_real: Any) -> Any:
    async def late(_self: Any, delivery: Any) -> None:
        await delivery.ack()

    return late


def _paid_without_claim(_real: Any) -> Any:
    return handlers.Handlers._run_custom


def _forgets_what_it_reported(_real: Any) -> Any:
    return lambda _self, _attempt_id: None


def _deaf_to_the_end(real: Any) -> Any:
    return lambda report, session_, now: real(report, session_._replace(status="running"), now)


def _wakes_the_dead(real: Any) -> Any:
    def evolve(state: Any, event: Any) -> Any:
        after = real(state, event)
        cancelled = type(event).__name__ == "SessionCancelled"
        return after._replace(retry_due=state.retry_due) if cancelled else after

    return evolve


def _checkpoint_apart(_real: Any) -> Any:
    def write(self: Any, upto: int, found: Any, *, lost: bool) -> None:
        self.checkpoint = upto
        if not lost:
            for wave in found:
                tables._apply(self.rows, wave)

    return write


def _never_gives_up(real: Any) -> Any:
    def after_failure(step: Any, error: Any, partial: Any, state: Any, now: Any) -> Any:
        return [
            one for one in real(step, error, partial, state, now) if type(one).__name__ != "SessionFailed"
        ]

    return after_failure


def _paid_and_cached(_real: Any) -> Any:
    return lambda attempt_id, session_: True


def _one_answer_for_all_inputs(real: Any) -> Any:
    return lambda parts: real(parts._replace(input={}))


def _forgets_what_is_done(_real: Any) -> Any:
    return lambda _session, _asked: None


def _unreserved(_real: Any) -> Any:
    async def reserved(self: Any, claim: Any, _now: Any) -> Any:
        return claims.ClaimAttempt(claim, self.lease_s)

    return reserved


def _doubts_are_free(real: Any) -> Any:
    def settlement(event: Any) -> Any:
        found = real(event)
        return Release(found.attempt_id) if isinstance(found, Doubt) else found

    return settlement


def _without_its_limit(real: Any) -> Any:
    return lambda held, claim, lease_s, state, now: real(
        held, claim, lease_s, state._replace(budget=None), now
    )


def _forgets_who_is_paid(real: Any) -> Any:
    return lambda state, event: real(state, event)._replace(settled={})


def _counts_what_is_spent_alone(real: Any) -> Any:
    return lambda self, scope, day: replace(real(self, scope, day), reserved=NOTHING)


MUTANTS = (
    Mutant("a repeated report is recorded again", decide, "_report", _no_dedupe),
    Mutant(
        "free work is acked before its report is safe", handlers.Handlers, "_run_custom", _ack_before_report
    ),
    Mutant("a report is answered before it is appended", reports.Reports, "report", _answer_before_append),
    Mutant("commits are appended unguarded", jetstream_log.JetStreamLog, "append", _unguarded),
    Mutant("a lost answer is taken for yes", jetstream_log.JetStreamLog, "append", _guess_after_timeout),
    Mutant("every runner may run a paid attempt", claims, "answer", _one_answer_to_all),
    Mutant("the sweep finds nothing", follow, "outstanding", _nothing_outstanding),
    Mutant("the sweep sets no timers again", follow, "outstanding", _no_timers),
    Mutant("the sweep dispatches no work again", follow, "outstanding", _no_work),
    Mutant("a runner offers its report once", handlers, "deliver", _says_it_once),
    Mutant("a queued report is acked unread", reports.Reports, "late", _late_unrecorded),
    Mutant("paid attempts are not claimed", handlers.Handlers, "_run_paid", _paid_without_claim),
    Mutant("a runner forgets what it reported", handlers.Handlers, "_remember", _forgets_what_it_reported),
    Mutant("a report after the end counts", decide, "_report", _deaf_to_the_end),
    Mutant("a retry outlives the session", evolve, "evolve", _wakes_the_dead),
    Mutant("the checkpoint moves apart from the rows", tables.Tables, "write", _checkpoint_apart),
    Mutant("a cached result counts for what is being paid for", decide, "_is_unclaimed", _paid_and_cached),
    Mutant("the cache does not look at the input", cache_key.KeyParts, "told", _one_answer_for_all_inputs),
    Mutant("calls are made before money is set aside", claims.Claims, "_reserved", _unreserved),
    Mutant("what is in doubt costs nothing", settling, "settlement", _doubts_are_free),
    Mutant(
        "anybody's reservation is released", Session, "may_have_called", lambda _real: lambda _s, _id: False
    ),
    Mutant("a ledger forgets who is paid for", ledger, "_settled", _forgets_who_is_paid),
    Mutant("a limit does not count what is set aside", ledger.Ledger, "purse", _counts_what_is_spent_alone),
    Mutant("a session's limit is not looked at", decide, "start_attempt", _without_its_limit),
    Mutant("a step that failed for good ends nothing", decide, "after_failure", _never_gives_up),
    Mutant("the next attempt is not told what is paid for", follow, "done", _forgets_what_is_done),
    Mutant("calls of models are not recorded", decide, "_calls", lambda _real: lambda _report: []),
)
