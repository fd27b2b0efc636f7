"""The SQL: for each table one statement that adds rows and one that alters them, however many there are."""

from functools import cache

from projector import derived
from projector.columns import key, types

COUNTED = {
    "agent_sessions": ("tokens_used", "cost_usd", "list_price_usd", "unpriced_calls"),
    "agent_session_steps": ("tokens_used", "cost_usd", "list_price_usd"),
}
FIXED = frozenset({"user_id", "created_at", "session_id", "step_number", "execution_id", "agent_session_id"})
OWNED = frozenset({"agent_sessions", "skill_executions", "contacts"})
PUT = {"TSVECTOR": "to_tsvector('simple', {})"}
SENT = {"TSVECTOR": "TEXT"}
FENCE = """
UPDATE checkpoint SET seq = $2::bigint, commit_id = $3 WHERE seq = $1 AND epoch = $4
RETURNING seq, pg_notify('projection', ($2::bigint)::text)
"""
PARK = "INSERT INTO projection_errors (subject, seq, reason) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
SKIP = """
UPDATE agent_session_steps t SET status = 'skipped'
FROM jsonb_to_recordset($1::jsonb) AS p(id uuid, owner uuid), agent_sessions o
WHERE o.id = p.id AND o.user_id = p.owner AND t.session_id = o.id AND t.status = 'pending'
"""
CANCEL_STEPS = """
UPDATE agent_session_steps t
SET status = 'cancelled', completed_at = CASE t.status WHEN 'running' THEN p.at ELSE t.completed_at END
FROM jsonb_to_recordset($1::jsonb) AS p(id uuid, owner uuid, at timestamptz), agent_sessions o
WHERE o.id = p.id AND o.user_id = p.owner AND t.session_id = o.id AND t.status IN ('pending', 'running')
"""
CANCEL_ATTEMPTS = """
UPDATE skill_executions t
SET status = 'error', error_code = 'cancelled', error_message = 'the session was cancelled',
  completed_at = p.at
FROM jsonb_to_recordset($1::jsonb) AS p(id uuid, owner uuid, at timestamptz)
WHERE t.agent_session_id = p.id AND t.user_id = p.owner AND t.execution_id IS NULL AND t.status IS NULL
"""
CLOSE_ALONE = """
UPDATE skill_executions t
SET status = 'error', error_code = 'cancelled', error_message = 'the skill was cancelled',
  completed_at = p.at
FROM jsonb_to_recordset($1::jsonb) AS p(id uuid, owner uuid, at timestamptz)
WHERE t.execution_id = p.id AND t.user_id = p.owner AND t.status IS NULL
"""
FILE = """
UPDATE skill_executions t SET agent_session_id = o.id
FROM jsonb_to_recordset($1::jsonb) AS p(id uuid, owner uuid, session_id uuid), agent_sessions o
WHERE t.id = p.id AND t.user_id = p.owner AND o.id = p.session_id AND o.user_id = p.owner
"""
FILE_AGAIN = """
UPDATE skill_executions t SET agent_session_id = f.agent_session_id
FROM jsonb_to_recordset($1::jsonb) AS p(id uuid, owner uuid, execution_id uuid), skill_executions f
WHERE t.id = p.id AND t.user_id = p.owner AND f.execution_id = p.execution_id AND f.attempt = 1
"""


@cache
def adding(table: str) -> str:
    """Take whole rows as `$1`, a JSON array; those that are there already stay as they are."""
    columns = types(table)
    put = ", ".join(PUT.get(kind, "{}").format(f"p.{name}") for name, kind in columns.items())
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {put} "  # noqa: S608 - names of our own
        f"FROM jsonb_to_recordset($1::jsonb) AS p({_record(columns)}) ON CONFLICT DO NOTHING"
    )


@cache
def altered(table: str) -> dict[str, str]:
    """Return the columns, with their types, that `altering` can set; bit n of the mask is the nth of them."""
    never = FIXED | {key(table), *COUNTED.get(table, ()), *derived.SQL.get(table, ())}
    return {name: kind for name, kind in types(table).items() if name not in never}


def mask(table: str, names: frozenset[str]) -> int:
    """Return which columns are set, as a number; raises KeyError for a column that is never set."""
    unknown = names - altered(table).keys()
    if unknown:
        raise KeyError(f"{table}.{min(unknown)} is not altered")
    return sum(1 << bit for bit, name in enumerate(altered(table)) if name in names)


@cache
def altering(table: str) -> str:
    """Take `$1`, a JSON array of {key, owner, mask, the columns set, the amounts counted up}."""
    settable, counted, id_ = altered(table), COUNTED.get(table, ()), key(table)
    new = {name: _new(name, kind, bit) for bit, (name, kind) in enumerate(settable.items())}
    sets = new | {name: f"t.{name} + coalesce(p.{name}, 0)" for name in counted}
    sets |= {name: sql.format(**new) for name, sql in derived.SQL.get(table, {}).items()}
    sent = {id_: types(table)[id_], "owner": "UUID", "mask": "BIGINT"} | settable
    sent |= {name: types(table)[name] for name in counted}
    return (
        f"UPDATE {table} t SET {', '.join(f'{name} = {sql}' for name, sql in sets.items())} "  # noqa: S608
        f"FROM jsonb_to_recordset($1::jsonb) AS p({_record(sent)}){_of_owner(table, id_)}"
    )


@cache
def removing(table: str) -> str:
    """Take the keys as `$1`, an array."""
    return f"DELETE FROM {table} WHERE {key(table)} = ANY($1)"  # noqa: S608 - names of our own


def _of_owner(table: str, id_: str) -> str:
    same = f"WHERE t.{id_} = p.{id_}"
    if table in OWNED:
        return f" {same} AND t.user_id = p.owner"
    if table == "agent_session_steps":
        return f", agent_sessions o {same} AND o.id = t.session_id AND o.user_id = p.owner"
    return f" {same}"


def _new(name: str, kind: str, bit: int) -> str:
    put = PUT.get(kind, "{}").format(f"p.{name}")
    return f"CASE WHEN p.mask & {1 << bit} <> 0 THEN {put} ELSE t.{name} END"


def _record(columns: dict[str, str]) -> str:
    return ", ".join(f"{name} {SENT.get(kind, kind)}" for name, kind in columns.items())
