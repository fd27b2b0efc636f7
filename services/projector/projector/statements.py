"""The SQL: for each table one statement that adds rows and one that alters them, however many there are."""

from functools import cache

from projector import derived, record_tables
from projector.columns import key, types

COUNTED = {
    "agent_sessions": (
        *("tokens_used", "cost_usd", "list_price_usd"),
        *("unpriced_calls", "in_doubt_usd", "late_usd"),
    ),
    "agent_session_steps": ("tokens_used", "cost_usd", "list_price_usd"),
}
FIXED = frozenset({"user_id", "created_at", "session_id", "step_number", "execution_id", "agent_session_id"})
OWNED = frozenset(
    {"agent_sessions", "skill_executions", "model_calls", "budgets", "ledger", *record_tables.OWNED}
)
PUT = {"TSVECTOR": "to_tsvector('simple', {})"}
SENT = {"TSVECTOR": "TEXT"}
FENCE = """
UPDATE checkpoint SET seq = $2::bigint, commit_id = $3 WHERE seq = $1 AND epoch = $4
RETURNING seq, pg_notify('projection', ($2::bigint)::text)
"""
PARK = "INSERT INTO projection_errors (subject, seq, reason) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
SKIP = """
UPDATE agent_session_steps t SET status = 'skipped'
FROM jsonb_to_recordset($1::jsonb) AS p(id uuid, owner uuid)
CROSS JOIN LATERAL (SELECT x.id, x.user_id FROM agent_sessions x WHERE x.id = p.id OFFSET 0) AS o
CROSS JOIN LATERAL (
  SELECT x.ctid AS place, x.status FROM agent_session_steps x WHERE x.session_id = p.id OFFSET 0
) AS x
WHERE o.user_id = p.owner AND x.status = 'pending' AND t.ctid = x.place
"""
CANCEL_STEPS = """
UPDATE agent_session_steps t
SET status = 'cancelled', completed_at = CASE t.status WHEN 'running' THEN p.at ELSE t.completed_at END
FROM jsonb_to_recordset($1::jsonb) AS p(id uuid, owner uuid, at timestamptz)
CROSS JOIN LATERAL (SELECT x.id, x.user_id FROM agent_sessions x WHERE x.id = p.id OFFSET 0) AS o
CROSS JOIN LATERAL (
  SELECT x.ctid AS place, x.status FROM agent_session_steps x WHERE x.session_id = p.id OFFSET 0
) AS x
WHERE o.user_id = p.owner AND x.status IN ('pending', 'running') AND t.ctid = x.place
"""
CANCEL_ATTEMPTS = """
UPDATE skill_executions t
SET status = 'error', error_code = 'cancelled', error_message = 'the session was cancelled',
  completed_at = p.at
FROM jsonb_to_recordset($1::jsonb) AS p(id uuid, owner uuid, at timestamptz)
CROSS JOIN LATERAL (
  SELECT x.ctid AS place, x.user_id FROM skill_executions x
  WHERE x.agent_session_id = p.id AND x.execution_id IS NULL AND x.status IS NULL OFFSET 0
) AS x
WHERE x.user_id = p.owner AND t.ctid = x.place
"""
CLOSE_ALONE = """
UPDATE skill_executions t
SET status = 'error', error_code = 'cancelled', error_message = 'the skill was cancelled',
  completed_at = p.at
FROM jsonb_to_recordset($1::jsonb) AS p(id uuid, owner uuid, at timestamptz)
CROSS JOIN LATERAL (
  SELECT x.ctid AS place, x.user_id FROM skill_executions x
  WHERE x.execution_id = p.id AND x.status IS NULL OFFSET 0
) AS x
WHERE x.user_id = p.owner AND t.ctid = x.place
"""
FILE = """
UPDATE skill_executions t SET agent_session_id = o.id
FROM jsonb_to_recordset($1::jsonb) AS p(id uuid, owner uuid, session_id uuid)
CROSS JOIN LATERAL (SELECT x.id, x.user_id FROM agent_sessions x WHERE x.id = p.session_id OFFSET 0) AS o
CROSS JOIN LATERAL (SELECT x.ctid AS place FROM skill_executions x WHERE x.id = p.id OFFSET 0) AS x
WHERE o.user_id = p.owner AND t.ctid = x.place
"""
FILE_AGAIN = """
UPDATE skill_executions t SET agent_session_id = f.agent_session_id
FROM jsonb_to_recordset($1::jsonb) AS p(id uuid, execution_id uuid)
CROSS JOIN LATERAL (
  SELECT x.agent_session_id FROM skill_executions x
  WHERE x.execution_id = p.execution_id AND x.attempt = 1 OFFSET 0
) AS f
CROSS JOIN LATERAL (SELECT x.ctid AS place FROM skill_executions x WHERE x.id = p.id OFFSET 0) AS x
WHERE t.ctid = x.place
"""
REFOLD = """
WITH folded AS (
  SELECT p.*, h.*, f.channel, f.template, f.attributes, f.propensity
  FROM jsonb_to_recordset($1::jsonb) AS p(id uuid, owner uuid, campaign_id uuid, contact_id uuid)
  CROSS JOIN LATERAL (
    SELECT count(*) AS happened,
      min(at) FILTER (WHERE kind = 'sent') AS sent_at,
      max(at) FILTER (WHERE kind = 'sent') AS last_sent_at,
      count(*) FILTER (WHERE kind = 'sent') AS sends,
      min(at) FILTER (WHERE kind = 'bounced') AS bounced_at,
      min(at) FILTER (WHERE kind IN ('positive', 'declined', 'placed')
        OR kind = 'replied' AND category IS DISTINCT FROM 'auto') AS replied_at,
      min(at) FILTER (WHERE kind IN ('positive', 'placed')
        OR kind = 'replied' AND category IN ('interested', 'placed')) AS positive_at,
      min(at) FILTER (WHERE kind = 'declined' OR kind = 'replied' AND category = 'declined') AS declined_at,
      min(at) FILTER (WHERE kind = 'placed' OR kind = 'replied' AND category = 'placed') AS placed_at
    FROM outreach x
    WHERE x.campaign_id = p.campaign_id AND x.contact_id = p.contact_id AND x.user_id = p.owner
      AND NOT x.corrected
  ) AS h
  LEFT JOIN LATERAL (
    SELECT x.channel, x.template, x.attributes, x.propensity FROM outreach x
    WHERE x.campaign_id = p.campaign_id AND x.contact_id = p.contact_id AND x.user_id = p.owner
      AND NOT x.corrected AND x.kind = 'sent'
    ORDER BY x.at, x.id LIMIT 1
  ) AS f ON true
), gone AS (
  DELETE FROM pitches t USING folded f WHERE t.id = f.id AND t.user_id = f.owner AND f.happened = 0
)
INSERT INTO pitches AS t (id, user_id, campaign_id, contact_id, sent_at, last_sent_at, sends, bounced_at,
  replied_at, positive_at, declined_at, placed_at, channel, template, attributes, propensity)
SELECT id, owner, campaign_id, contact_id, sent_at, last_sent_at, sends, bounced_at,
  replied_at, positive_at, declined_at, placed_at, channel, template, attributes, propensity
FROM folded WHERE happened > 0
ON CONFLICT (id) DO UPDATE SET (sent_at, last_sent_at, sends, bounced_at,
  replied_at, positive_at, declined_at, placed_at, channel, template, attributes, propensity)
  = (excluded.sent_at, excluded.last_sent_at, excluded.sends, excluded.bounced_at, excluded.replied_at,
  excluded.positive_at, excluded.declined_at, excluded.placed_at, excluded.channel, excluded.template,
  excluded.attributes, excluded.propensity)
WHERE t.user_id = excluded.user_id
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
def ensuring(table: str) -> str:
    """Do as `adding` does, and return the key, and for an owned table the owner, of each row it added."""
    return f"{adding(table)} RETURNING {key(table)}{', user_id' if table in OWNED else ''}"


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
        f"FROM jsonb_to_recordset($1::jsonb) AS p({_record(sent)}) {_lookup(table, id_)} t.ctid = x.place"
    )


@cache
def removing(table: str) -> str:
    """Take `$1`, a JSON array of {key, owner}; another user's row stays."""
    id_ = key(table)
    sent = {id_: types(table)[id_], "owner": "UUID"}
    return (
        f"DELETE FROM {table} t USING jsonb_to_recordset($1::jsonb) AS p({_record(sent)}) "  # noqa: S608
        f"WHERE t.{id_} = p.{id_}{' AND t.user_id = p.owner' if table in OWNED else ''}"
    )


def _lookup(table: str, id_: str) -> str:
    """Find rows by their key and by nothing else, then look whose they are.

    Behind OFFSET 0 no other index can look cheaper, however empty the tables were when this was planned.
    """
    owned = table in OWNED
    column = ", x.user_id AS of_user" if owned else ""
    if table == "agent_session_steps":
        column = ", (SELECT o.user_id FROM agent_sessions o WHERE o.id = x.session_id) AS of_user"
        owned = True
    found = f"SELECT x.ctid AS place{column} FROM {table} x WHERE x.{id_} = p.{id_} OFFSET 0"  # noqa: S608
    return f"CROSS JOIN LATERAL ({found}) AS x WHERE {'x.of_user = p.owner AND' if owned else ''}"


def _new(name: str, kind: str, bit: int) -> str:
    put = PUT.get(kind, "{}").format(f"p.{name}")
    return f"CASE WHEN p.mask & {1 << bit} <> 0 THEN {put} ELSE t.{name} END"


def _record(columns: dict[str, str]) -> str:
    return ", ".join(f"{name} {SENT.get(kind, kind)}" for name, kind in columns.items())
