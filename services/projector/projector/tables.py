"""The read model: the seed's four tables with the seed's columns, types and defaults, and what was added."""

from functools import cache

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from projector import record_tables  # noqa: F401 - its tables belong to the same metadata
from projector.column_types import ALTERED_OFTEN, LOOKED_UP, cached, flag, metadata, moment, money, number

HALF_A_PAGE = 4080
PLAIN = {"toast_tuple_target": HALF_A_PAGE}

skills = Table(
    "skills",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("description", Text),
    Column("input_schema", JSONB, nullable=False),
    Column("output_schema", JSONB, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model", Text),
    Column("config", JSONB, server_default=text("'{}'")),
    flag("enabled", "true"),
    flag("is_beta", "false"),
    moment("created_at", "now()"),
    Column("hash", Text),
    money("timeout_s", None),
    moment("updated_at"),
    Column("definition", JSONB),
    Column("switched", Boolean),
)

agents = Table(
    "agents",
    metadata,
    Column("name", Text, primary_key=True),
    Column("domain", Text, nullable=False),
    Column("emoji", Text),
    Column("voice", Text),
    Column("greeting", Text),
    Column("skills", ARRAY(Text), nullable=False),
    moment("updated_at"),
)

agent_sessions = Table(
    "agent_sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("agent_name", Text, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("initial_input", JSONB, nullable=False),
    Column("final_output", JSONB),
    Column("status", Text, server_default=text("'pending'")),
    number("current_step"),
    number("total_steps", None),
    number("tokens_used"),
    money("cost_usd"),
    number("duration_ms", None),
    moment("created_at", "now()"),
    moment("completed_at"),
    Column("waiting_on", Text),
    number("failed_step", None),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("trace_id", Text),
    moment("started_at"),
    money("list_price_usd"),
    number("unpriced_calls"),
    flag("simulated", "false"),
    Column("last_seq", BigInteger),
    money("budget_usd", None),
    Column("budget_policy", Text),
    money("in_doubt_usd"),
    money("late_usd"),
    Index("agent_sessions_by_user", "user_id", text("created_at DESC")),
    Index("agent_sessions_by_time", text("created_at DESC")),
    postgresql_with=PLAIN,
    info=ALTERED_OFTEN,
)

agent_session_steps = Table(
    "agent_session_steps",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("session_id", Uuid, ForeignKey("agent_sessions.id")),
    Column("step_number", Integer, nullable=False),
    Column("skill_name", Text, ForeignKey("skills.name")),
    Column("description", Text),
    Column("input", JSONB),
    Column("output", JSONB),
    Column("status", Text, server_default=text("'pending'")),
    Column("error_message", Text),
    moment("started_at"),
    moment("completed_at"),
    Column("step_id", Text),
    Column("agent_name", Text),
    number("attempts"),
    number("duration_ms", None),
    number("tokens_used"),
    money("cost_usd"),
    money("list_price_usd"),
    flag("simulated", "false"),
    Column("error_code", Text),
    Column("warnings", JSONB),
    *cached(),
    number("unpriced_calls"),
    money("in_doubt_usd"),
    UniqueConstraint("session_id", "step_number"),
    postgresql_with=PLAIN,
    info=ALTERED_OFTEN,
)

skill_executions = Table(
    "skill_executions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("skill_name", Text, ForeignKey("skills.name")),
    Column("input", JSONB, nullable=False),
    Column("output", JSONB),
    number("duration_ms", None),
    number("tokens_used", None),
    money("cost_usd", None),
    Column("status", Text),
    Column("error_message", Text),
    Column("agent_session_id", Uuid, ForeignKey("agent_sessions.id")),
    Column("user_id", Uuid),
    moment("started_at", "now()"),
    number("step_number", None),
    number("attempt", None),
    Column("execution_id", Uuid),
    Column("error_code", Text),
    Column("provider", Text),
    Column("model", Text),
    number("input_tokens", None),
    number("output_tokens", None),
    number("cached_tokens", None),
    money("list_price_usd", None),
    Column("price_version", Text),
    flag("simulated", "false"),
    moment("completed_at"),
    Column("runner", Text),
    Column("warnings", JSONB),
    flag("partial", "false"),
    Column("cache_key", Text),
    *cached(),
    money("in_doubt_usd", None),
    Index("skill_executions_by_session", "agent_session_id", info=LOOKED_UP),
    Index(
        "skill_executions_by_key",
        "user_id",
        "cache_key",
        postgresql_where=text("cache_key IS NOT NULL AND NOT cache_hit"),
    ),
    Index(
        "skill_executions_alone",
        "execution_id",
        postgresql_where=text("execution_id IS NOT NULL"),
        info=LOOKED_UP,
    ),
    postgresql_with=PLAIN,
    info=ALTERED_OFTEN,
)

budgets = Table(
    "budgets",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("scope", Text, nullable=False),
    money("limit_usd", None),
    Column("policy", Text, nullable=False),
    moment("updated_at"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("attempt_id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("session_id", Uuid),
    Column("execution_id", Uuid),
    Column("day", Date, nullable=False),
    Column("state", Text, nullable=False),
    money("reserved_usd", None),
    money("cost_usd", None),
    money("in_doubt_usd"),
    moment("reserved_at"),
    moment("closed_at"),
    Index("ledger_by_user", "user_id", text("reserved_at DESC")),
    Index("ledger_open", "user_id", postgresql_where=text("state = 'reserved' OR in_doubt_usd > 0")),
)

model_calls = Table(
    "model_calls",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid),
    Column("attempt_id", Uuid, nullable=False),
    Column("agent_session_id", Uuid),
    Column("execution_id", Uuid),
    number("step_number", None),
    number("item", None),
    number("number", None),
    Column("purpose", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("failed_checks", ARRAY(Text)),
    number("input_tokens", None),
    number("output_tokens", None),
    number("cached_tokens", None),
    money("cost_usd", None),
    money("list_price_usd", None),
    Column("price_version", Text),
    money("in_doubt_usd"),
    flag("simulated", "false"),
    moment("started_at"),
    number("duration_ms", None),
    Index("model_calls_by_session", "agent_session_id"),
    Index("model_calls_by_attempt", "attempt_id"),
)

outstanding = Table(
    "outstanding",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("noun", Text, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("one", Boolean, CheckConstraint("one"), primary_key=True, server_default=text("true")),
    Column("seq", BigInteger, nullable=False),
    Column("epoch", Uuid, nullable=False),
    moment("stream_created"),
    Column("commit_id", Uuid),
    Column("shape", Text, nullable=False),
)

projection_errors = Table(
    "projection_errors",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    moment("at", "now()"),
)


@cache
def names() -> tuple[str, ...]:
    """Return the tables' names, referred ones first."""
    return tuple(table.name for table in metadata.sorted_tables)


__all__ = ["metadata", "names"]
