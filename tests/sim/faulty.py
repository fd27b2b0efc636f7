"""What deliberate faults put in the place of the real thing: one rule broken each."""

from typing import Any

from msgspec.structs import replace
from nats.js.errors import APIError

from orchestrator import claims
from orchestrator.decision import Decision
from orchestrator.ledger import Doubt, Release
from orchestrator.money import NOTHING
from orchestrator.session import Outstanding
from shared import jetstream_log
from shared.json import dumps
from shared.work import Answer
from sim import tables
from skill_runner import handlers, reporting


def no_dedupe(real: Any) -> Any:
    return lambda report, session_, *rest: real(report, replace(session_, reported=frozenset()), *rest)


def ack_before_report(real: Any) -> Any:
    async def run_custom(self: Any, work: Any, delivery: Any, *rest: Any) -> None:
        await delivery.ack()
        await real(self, work, delivery, *rest)

    return run_custom


def answer_before_append(_real: Any) -> Any:
    async def report(self: Any, heard: Any) -> None:
        await heard.answer(dumps({"ok": True, "seq": 0}))
        await self.follow.decided(*await self._record(heard.body))

    return report


def believes_any_copy(real: Any) -> Any:
    async def load(self: Any, aggregate: Any, *, at_least: int = 0, fresh: bool = False) -> Any:
        cached = self._cache.get(aggregate.subject)
        return await real(self, aggregate, fresh=fresh or cached is None or cached.seq < at_least)

    return load


def unguarded(_real: Any) -> Any:
    async def append(self: Any, aggregate: Any, commit: Any, *, expected: int) -> int:
        del expected
        return (await self._bus.publish(aggregate.subject, commit.encode(aggregate))).seq

    return append


def guess_after_timeout(_real: Any) -> Any:
    async def append(self: Any, aggregate: Any, commit: Any, *, expected: int) -> int:
        headers = {jetstream_log.EXPECTED: str(expected)}
        try:
            return (await self._bus.publish(aggregate.subject, commit.encode(aggregate), headers=headers)).seq
        except TimeoutError:
            return expected + 1
        except APIError:
            raise jetstream_log.Conflict from None

    return append


def one_answer_to_all(_real: Any) -> Any:
    def answer(state: Any, claim: Any, lease_s: float) -> Answer:
        return Answer(verdict="run" if claim.attempt_id in state.open else "drop", lease_s=lease_s)

    return answer


def nothing_outstanding(_real: Any) -> Any:
    return lambda _session: Outstanding()


def no_timers(real: Any) -> Any:
    return lambda session_: replace(real(session_), timers=())


def no_work(real: Any) -> Any:
    return lambda session_: replace(real(session_), work=())


def knows_no_floors(_real: Any) -> Any:
    async def floors(_bus: Any) -> dict[str, int]:
        return {}

    return floors


def nobody_s_turn(_real: Any) -> Any:
    async def run(_keeping_back: Any) -> None:
        pass

    return run


def says_it_once(_real: Any) -> Any:
    async def deliver(bus: Any, report: Any) -> None:
        body = report.to_json()
        await bus.request(reporting.subjects.report(report.attempt_id), body, timeout=reporting.ANSWER_S)

    return deliver


def late_unrecorded(_real: Any) -> Any:
    async def late(_self: Any, delivery: Any) -> None:
        await delivery.ack()

    return late


def paid_without_claim(_real: Any) -> Any:
    return handlers.Handlers._run_custom


def forgets_what_it_reported(real: Any) -> Any:
    async def report(self: Any, report: Any, delivery: Any) -> None:
        await real(self, report, delivery)
        self._reported.pop(report.attempt_id)

    return report


def deaf_to_the_end(real: Any) -> Any:
    return lambda report, session_, *rest: real(report, replace(session_, status="running"), *rest)


def wakes_the_dead(real: Any) -> Any:
    def evolve(state: Any, event: Any) -> Any:
        after = real(state, event)
        cancelled = type(event).__name__ == "SessionCancelled"
        return replace(after, retry_due=state.retry_due) if cancelled else after

    return evolve


def checkpoint_apart(_real: Any) -> Any:
    def write(self: Any, upto: int, found: Any, *, lost: bool) -> None:
        self.checkpoint = upto
        if not lost:
            for wave in found:
                tables._apply(self.rows, wave)

    return write


def never_gives_up(real: Any) -> Any:
    def after_failure(decision: Any, *rest: Any) -> Any:
        found = real(decision, *rest).events[len(decision.events) :]
        return decision.then(*[one for one in found if type(one).__name__ != "SessionFailed"])

    return after_failure


def paid_and_cached(_real: Any) -> Any:
    return lambda _report, _session: True


def one_answer_for_all_inputs(real: Any) -> Any:
    return lambda parts: real(parts._replace(input={}))


def forgets_what_is_done(_real: Any) -> Any:
    return lambda _session, _asked: None


def nameless(_real: Any) -> Any:
    return lambda _sent, command: command


def unreserved(_real: Any) -> Any:
    async def reserved(self: Any, claim: Any, *_rest: Any) -> Any:
        return claims.ClaimAttempt(claim, self.lease_s)

    return reserved


def doubts_are_free(real: Any) -> Any:
    def settlement(event: Any) -> Any:
        found = real(event)
        return Release(found.attempt_id) if isinstance(found, Doubt) else found

    return settlement


def without_its_limit(real: Any) -> Any:
    return lambda held, claim, lease_s, state, now: real(
        held, claim, lease_s, replace(state, budget=None), now
    )


def does_nothing(_real: Any) -> Any:
    return lambda _command, session_: Decision(session_)


def forgets_who_is_paid(real: Any) -> Any:
    return lambda state, event: replace(real(state, event), settled={})


def counts_what_is_spent_alone(real: Any) -> Any:
    return lambda self, scope, day: replace(real(self, scope, day), reserved=NOTHING)


def nobody_called(_real: Any) -> Any:
    return lambda _session, _attempt_id: False


def calls_nobody(_real: Any) -> Any:
    return lambda _report: []


def asks_twice(_real: Any) -> Any:
    async def claimed(self: Any, work: Any, most_usd: Any, _abort: Any) -> Any:
        for _ in range(2):
            if answer := await reporting.claim(self._bus, work, self._runner, most_usd):
                return answer, False
        return Answer(verdict="later", lease_s=1.0), False

    return claimed


def believes_any_ledger(_real: Any) -> Any:
    return lambda _batch, decided: bool(decided.refused)
