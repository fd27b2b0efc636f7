"""What the log means for money and sessions, read three times: by session, ledger and tables."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from orchestrator.ledger import Ledger
from orchestrator.money import NOTHING
from orchestrator.session import Session
from projector.fold import Fold
from shared.subjects import Aggregate
from sim.asked import Asked
from sim.run import LEDGERS, Run

Record = dict[str, Any]
SHOWN = {"refused": "failed"}


def disagreements(run: Run, rows: Fold) -> Iterator[str]:
    """Name what tables and ledgers say otherwise than the sessions do."""
    for asked in run.asked.values():
        state = run.world.histories.session(asked.aggregate).state
        yield from _money(run, asked.aggregate, state)
        yield from _outstanding(asked.aggregate, state, rows)
        if asked.aggregate.noun == "session" and state.status != "new":
            row = rows.tables["agent_sessions"][asked.aggregate.uuid]
            yield from _session(state, row)
            yield from _steps(asked.aggregate, state, rows)
        yield from _attempts(asked, state, rows)
    for user, aggregate in LEDGERS.items():
        yield from _ledger(run.ledger(user), [one for one in _of(rows, "ledger") if one["user_id"] == user])
        limits = {
            one["scope"]: (one["limit_usd"], one["policy"])
            for one in _of(rows, "budgets")
            if one["user_id"] == user
        }
        if limits != {scope: (one.limit_usd, one.policy) for scope, one in run.ledger(user).limits.items()}:
            yield f"the tables show other limits than {aggregate.subject}"


def _of(rows: Fold, table: str) -> list[Record]:
    return list(rows.tables[table].values())


def _money(run: Run, aggregate: Aggregate, state: Session) -> Iterator[str]:
    """What a session has spent is what the ledger has counted for its attempts."""
    if aggregate.user is None:
        return
    events = run.world.histories.ledger(LEDGERS[aggregate.user]).life
    counted = NOTHING
    for before, event, after in events:
        if getattr(event, "attempt_id", None) in state.known:
            counted += after.spent - before.spent
    spent = state.spent + state.in_doubt
    if counted != spent:
        yield f"a session has spent {spent}, the ledger counts {counted} for it"


def _outstanding(aggregate: Aggregate, state: Session, rows: Fold) -> Iterator[str]:
    is_open = state.status != "new" and not state.ended
    if is_open != (aggregate.subject in rows.tables["outstanding"]):
        yield "what is outstanding is not what is open"


def _session(state: Session, row: Record) -> Iterator[str]:
    shown = row["status"], row["waiting_on"], row["current_step"] if state.steps else 0
    said = SHOWN.get(state.status, state.status), _waits_on(state), len(state.outputs)
    if shown != said:
        yield f"the tables show a session as {shown}, it is {said}"
    doubt = row["in_doubt_usd"] + row["cost_usd"]
    if doubt != state.spent + state.in_doubt:
        yield f"the tables show {doubt} for a session that has spent {state.spent}, {state.in_doubt} in doubt"
    limit = state.budget.limit_usd if state.budget else None
    if row["budget_usd"] != limit:
        yield "the tables show another limit of a session"


def _waits_on(state: Session) -> str | None:
    if state.ended:
        return None
    if state.waiting_on is not None:
        return state.waiting_on
    if state.retry_due is not None:
        return "timer"
    waits = [one for one in state.open.values() if one.deferred and one.runner is None]
    return "provider" if waits else "work"


def _steps(aggregate: Aggregate, state: Session, rows: Fold) -> Iterator[str]:
    steps = {
        one["step_number"]: one
        for one in _of(rows, "agent_session_steps")
        if one["session_id"] == aggregate.uuid
    }
    for step in state.steps:
        row = steps[step.number]
        shown = row["status"], row["output"], row["error_code"] is None, row["attempts"]
        done, was = step.number in state.outputs, state.attempts.get(step.number, 0)
        if done and shown != ("completed", state.outputs[step.number], True, was):
            yield f"the tables show a completed step as {shown}, of {was} attempts"
        if not done and (row["status"] == "completed" or row["attempts"] != was):
            yield f"the tables show a step that is not completed as {shown}, of {was} attempts"
        if state.ended and row["status"] in ("running", "pending"):
            yield f"the tables show a step of an ended session as {row['status']}"


def _attempts(asked: Asked, state: Session, rows: Fold) -> Iterator[str]:
    id_, alone = asked.aggregate.uuid, asked.aggregate.noun == "execution"
    session_id, execution_id = (asked.beside, id_) if alone else (id_, None)
    columns = {"agent_session_id": session_id, "execution_id": execution_id}
    own = {one["id"]: one for one in _of(rows, "skill_executions") if columns.items() <= one.items()}
    if state.status != "refused" and own.keys() != state.known:
        yield "the tables show other attempts than were asked for"
    running = {id_ for id_, one in own.items() if one["status"] is None}
    if running != state.open.keys():
        yield "the tables show other attempts as running than are"
    doubt = {id_: one["in_doubt_usd"] for id_, one in own.items() if id_ in state.doubtful}
    if doubt != {id_: held.reserved or None for id_, held in state.doubtful.items()}:
        yield "the tables show other amounts in doubt than attempts have"


def _ledger(ledger: Ledger, rows: list[Record]) -> Iterator[str]:
    spent = sum(((one["cost_usd"] or 0) + one["in_doubt_usd"] for one in rows), Decimal(0))
    if spent != ledger.spent:
        yield f"the tables show {spent} in a ledger of {ledger.spent}"
    if {one["attempt_id"] for one in rows if one["state"] == "reserved"} != ledger.open.keys():
        yield "the tables show other reservations than the ledger has"
    if sum((one["in_doubt_usd"] for one in rows), Decimal(0)) != ledger.in_doubt:
        yield "the tables show another amount in doubt than the ledger has"
