"""Who may read which rows: the owner of the tables all of them, any other role what is its user's own.

A table that is not known here is closed. Granting to everybody gives nothing away: a role that is no reader's
finds no row of anybody's.
"""

from collections.abc import Iterator

from sqlalchemy import Table

from shared.readers import ME

OPEN = frozenset({"skills", "agents", "checkpoint"})
OF_A_SESSION = frozenset({"agent_session_steps"})
IN_OWN_SESSION = f"EXISTS (SELECT FROM agent_sessions s WHERE s.id = session_id AND s.user_id = {ME})"


def policies(table: Table) -> Iterator[str]:
    """Yield the statements that say who may read a table."""
    name = table.name
    yield f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"
    rule = _rule(table)
    if rule is not None:
        yield f"CREATE POLICY readers ON {name} FOR SELECT USING ({rule})"
        yield f"GRANT SELECT ON {name} TO PUBLIC"


def _rule(table: Table) -> str | None:
    if table.name in OPEN:
        return "true"
    if table.name in OF_A_SESSION:
        return IN_OWN_SESSION
    return f"user_id = {ME}" if "user_id" in table.columns else None
