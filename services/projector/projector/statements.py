"""Changes in, SQL out: a statement for each shape of change, never one for each row."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from projector.changes import Add, Alter, Change, Close, Key, Remove, Reopen, Settle
from projector.tables import names, types

Json = dict[str, Any]
KEYS = {"skills": "name", "agents": "name", "outstanding": "id"}
OWN_WORDS = {"contacts": {"search": "to_tsvector('simple', r.search)"}}
CLOSE_STEPS = """
UPDATE agent_session_steps t SET
  status = CASE WHEN t.status = 'running' AND r.status = 'cancelled' THEN 'cancelled' ELSE 'skipped' END
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, status text)
WHERE t.session_id = r.id AND t.status IN ('pending', 'running')
"""
CLOSE_EXECUTIONS = """
UPDATE skill_executions t SET
  status = 'error', error_code = 'cancelled', error_message = 'the session was cancelled',
  completed_at = s.completed_at
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, status text) JOIN agent_sessions s ON s.id = r.id
WHERE t.agent_session_id = r.id AND t.execution_id IS NULL AND t.status IS NULL AND r.status = 'cancelled'
"""
CLOSE_SESSIONS = """
UPDATE agent_sessions t SET
  duration_ms = round(extract(epoch FROM t.completed_at - t.created_at) * 1000),
  final_output = CASE WHEN r.status = 'completed' THEN (
    SELECT output FROM agent_session_steps WHERE session_id = t.id AND step_number = t.total_steps) END
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, status text) WHERE t.id = r.id
"""
REOPEN_STEPS = """
UPDATE agent_session_steps t SET
  status = 'pending', output = NULL, error_code = NULL, error_message = NULL, started_at = NULL,
  completed_at = NULL, duration_ms = NULL, warnings = NULL
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, from_step integer)
WHERE t.session_id = r.id AND t.step_number >= r.from_step
"""
SETTLE = "UPDATE skills SET enabled = coalesce(switched, file_enabled, true) WHERE name = ANY($1)"


@dataclass(frozen=True, slots=True)
class Statement:
    sql: str
    value: Any


def runs(changes: Iterable[list[Change]]) -> Iterator[list[Change]]:
    """Join commits' changes as far as their order within does not matter: a reopened session begins anew."""
    run: list[Change] = []
    for commit in changes:
        if run and any(isinstance(change, Reopen) for change in commit):
            yield run
            run = []
        run += commit
    if run:
        yield run


def statements(run: list[Change]) -> Iterator[Statement]:
    """Write a run: new rows, reopened sessions, altered rows, ends."""
    yield from _adds([change for change in run if isinstance(change, Add)])
    reopened = [{"id": one.session_id, "from_step": one.from_step} for one in run if isinstance(one, Reopen)]
    if reopened:
        yield Statement(REOPEN_STEPS, as_json(reopened))
    yield from _alters([change for change in run if isinstance(change, Alter)])
    if closed := [{"id": one.session_id, "status": one.status} for one in run if isinstance(one, Close)]:
        for sql in (CLOSE_STEPS, CLOSE_EXECUTIONS, CLOSE_SESSIONS):
            yield Statement(sql, as_json(closed))
    if removed := [one for one in run if isinstance(one, Remove)]:
        rows = [_key(one.table, one.key) for one in removed]
        sql = "DELETE FROM outstanding t USING jsonb_to_recordset($1::jsonb) AS r(noun text, id uuid)"
        yield Statement(f"{sql} WHERE t.noun = r.noun AND t.id = r.id", as_json(rows))
    if settled := sorted({one.name for one in run if isinstance(one, Settle)}):
        yield Statement(SETTLE, settled)


def _adds(adds: list[Add]) -> Iterator[Statement]:
    shapes: dict[tuple[str, tuple[str, ...]], dict[Key, Json]] = {}
    for add in adds:
        row = {**_key(add.table, add.key), **add.values}
        shapes.setdefault((add.table, tuple(row)), {}).setdefault(add.key, row)
    order = names()
    for (table, columns), rows in sorted(shapes.items(), key=lambda item: order.index(item[0][0])):
        words = OWN_WORDS.get(table, {})
        values = ", ".join(words.get(column, f"r.{column}") for column in columns)
        sql = (
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} "  # noqa: S608 - names of our own
            f"FROM jsonb_to_recordset($1::jsonb) AS r({_recordset(table, columns)}) ON CONFLICT DO NOTHING"
        )
        yield Statement(sql, as_json(list(rows.values())))


def _alters(alters: list[Alter]) -> Iterator[Statement]:
    folded: dict[tuple[str, Key], tuple[Json, Json]] = {}
    for alter in alters:
        values, amounts = folded.setdefault((alter.table, alter.key), ({}, {}))
        values.update(alter.values)
        for name, amount in alter.amounts.items():
            amounts[name] = amounts.get(name, 0) + amount
    shapes: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[Json]] = {}
    for (table, key), (values, amounts) in folded.items():
        shape = (table, tuple(sorted(values)), tuple(sorted(amounts)))
        shapes.setdefault(shape, []).append({**_key(table, key), **values, **amounts})
    for (table, values_, amounts_), rows in shapes.items():
        if values_ or amounts_:
            yield _update(table, values_, amounts_, rows)


def _update(table: str, values: tuple[str, ...], amounts: tuple[str, ...], rows: list[Json]) -> Statement:
    words = OWN_WORDS.get(table, {})
    key = KEYS.get(table, "id")
    sets = [f"{name} = {words.get(name, f'r.{name}')}" for name in values]
    sets += [f"{name} = coalesce(t.{name}, 0) + r.{name}" for name in amounts]
    sql = (
        f"UPDATE {table} t SET {', '.join(sets)} "  # noqa: S608 - names of our own
        f"FROM jsonb_to_recordset($1::jsonb) AS r({_recordset(table, (key, *values, *amounts))}) "
        f"WHERE t.{key} = r.{key}"
    )
    return Statement(sql, as_json(rows))


def _recordset(table: str, columns: Iterable[str]) -> str:
    known = types(table)
    text = {"TSVECTOR": "TEXT"}
    return ", ".join(f"{column} {text.get(known[column], known[column])}" for column in columns)


def _key(table: str, key: Key) -> Json:
    if isinstance(key, tuple):
        return {"noun": key[0], "id": key[1]}
    return {KEYS.get(table, "id"): key}


def as_json(rows: Any) -> str:
    return json.dumps(rows, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    match value:
        case UUID() | Decimal():
            return str(value)
        case datetime():
            return value.isoformat()
        case _:
            raise TypeError(f"{type(value).__name__} has no place in a row")
