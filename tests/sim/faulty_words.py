"""What deliberate faults put in the place of the real thing where somebody waits, is told, or reads."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from orchestrator.decision import Decision
from orchestrator.ledgers import Known
from orchestrator.session import EMPTY


async def _nothing(*_args: Any, **_named: Any) -> None:
    pass


def nobody_is_told(_real: Any) -> Any:
    return _nothing


def defers_again(real: Any) -> Any:
    def defer(deferral: Any, session_: Any) -> Any:
        held = session_.unclaimed(deferral.attempt_id)
        again = {deferral.attempt_id: replace(held, deferred=False)} if held else {}
        return real(deferral, replace(session_, open={**session_.open, **again}))

    return defer


def never_fresh(real: Any) -> Any:
    def request(subject: str, decision: Any, number: int) -> Any:
        found = real(subject, decision, number)
        events = [replace(one, fresh=False) if hasattr(one, "fresh") else one for one in found.events]
        return Decision(decision.session, decision.events).then(*events[len(decision.events) :])

    return request


def always(_real: Any) -> Any:
    return lambda *_args: True


def called_by_nobody_known(real: Any) -> Any:
    return lambda *said: replace(real(*said), runner=None)


def one_try_less(real: Any) -> Any:
    return lambda session_, plan, error: real(replace(session_, tries=session_.tries + 1), plan, error)


def calls_in_doubt(real: Any) -> Any:
    def after_failure(decision: Any, step: int, error: Any, *rest: Any) -> Any:
        return real(decision, step, replace(error, code="gone"), *rest)

    return after_failure


def knows_no_pause(real: Any) -> Any:
    def after_failure(decision: Any, step: int, error: Any, *rest: Any) -> Any:
        return real(decision, step, replace(error, retry_after_s=None), *rest)

    return after_failure


def at_once(_real: Any) -> Any:
    return lambda *_args: 0.0


def keeps_for_a_day(_real: Any) -> Any:
    return lambda seconds: timedelta(days=1)


def no_doubt(_real: Any) -> Any:
    return lambda session_, _attempts: session_.doubtful


def always_work(_real: Any) -> Any:
    return lambda _event: "work"


def no_doubt_in_tables(real: Any) -> Any:
    def ledger_changes(aggregate: Any, recorded: Any) -> Any:
        for change in real(aggregate, recorded):
            values = getattr(change, "values", {})
            yield (
                replace(change, values={**values, "in_doubt_usd": 0}) if "in_doubt_usd" in values else change
            )

    return ledger_changes


def always_the_first(real: Any) -> Any:
    return lambda aggregate, decided: {**real(aggregate, decided), "duplicate": False}


def any_page(_real: Any) -> Any:
    async def page(self: Any, aggregate: Any, after: int, most: int) -> Any:
        return await self.log.page(aggregate, after, most=most, most_bytes=4_000_000)

    return page


def any_account(_real: Any) -> Any:
    async def load(self: Any, user: Any) -> Known:
        queue = self._queue(user)
        async with queue.turn:
            found: Known = await self._catch_up(user, queue)
            return found

    return load


def carries_no_limits(real: Any) -> Any:
    return lambda ours, event: real(ours, replace(event, limits=()))


def gives_no_money(_real: Any) -> Any:
    async def resume(_self: Any, _aggregate: Any, _known: Any) -> bool:
        return False

    return resume


def forgets_steps_done(real: Any) -> Any:
    def evolve(state: Any, event: Any) -> Any:
        after = real(state, event)
        return replace(after, outputs=EMPTY) if type(event).__name__ == "SessionRetried" else after

    return evolve


def behind_is_lost(_real: Any) -> Any:
    async def catch_up_after(self: Any, user: Any, queue: Any) -> None:
        refused = queue.known.seq
        await self._catch_up(user, queue)
        if queue.known.seq == refused:
            queue.known = Known()
            await self._catch_up(user, queue)

    return catch_up_after


def long_leases(real: Any) -> Any:
    def set_lease(self: Any, *which: Any) -> None:
        lease_s = self._lease_s
        self._lease_s = 3 * lease_s
        real(self, *which)
        self._lease_s = lease_s

    return set_lease


def empty(_real: Any) -> Any:
    return frozenset()


def says_it_runs(_real: Any) -> Any:
    return lambda _event, _at: {"status": "running"}


def used_nothing(_real: Any) -> Any:
    return lambda _usage: {}


def knows_all_prices(real: Any) -> Any:
    return lambda ours, event: replace(real(ours, event), unpriced=0)


def ten_minutes(_real: Any) -> Any:
    return 600.0


def one_for_all(real: Any) -> Any:
    return lambda attempt_id, **_named: real(attempt_id)


def the_newest(_real: Any) -> Any:
    return lambda self, name, _hash: self._skills[name].definition


def one_answer_for_all_versions(real: Any) -> Any:
    return lambda parts: real(parts._replace(work=replace(parts.work, skill_hash="")))
