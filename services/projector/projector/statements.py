"""The SQL of single rows: for each table what adds, alters and removes them, however many there are.

Rows come as an array of the table's own row type. `$n` is the first of the parameters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

from projector import derived
from projector.columns import key, layout, owned, types

COUNTED = {
    "agent_sessions": ("tokens_used", "cost_usd", "list_price_usd", "unpriced_calls", "late_usd"),
    "agent_session_steps": ("tokens_used", "cost_usd", "list_price_usd", "unpriced_calls"),
}
FIXED = frozenset({"user_id", "created_at", "session_id", "step_number", "execution_id", "agent_session_id"})


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a statement that is about one table; it `takes` so many parameters."""

    sql: Callable[[str, int], str]
    takes: int
    table: str


@dataclass(frozen=True, slots=True)
class Group:
    """Parts that together meet a known number of rows, if they are counted."""

    parts: tuple[Part, ...]
    counted: bool = True


def adding(table: str, n: int = 1) -> str:
    """Take whole rows; those that are there already stay as they are."""
    names = ", ".join(types(table))
    return (
        f"INSERT INTO {table} ({names}) SELECT {names} "  # noqa: S608 - names of our own
        f"FROM unnest(${n}::{table}[]) ON CONFLICT DO NOTHING"
    )


@cache
def altered(table: str) -> dict[str, str]:
    """Return the columns, with their types, that `altering` can set; bit n of the mask is the nth of them."""
    never = FIXED | {key(table), *COUNTED.get(table, ()), *derived.SQL.get(table, ())}
    return {name: kind for name, kind in types(table).items() if name not in never}


@cache
def mask(table: str, names: frozenset[str]) -> int:
    """Return which columns are set, as a number; raises KeyError for a column that is never set."""
    unknown = names - altered(table).keys()
    if unknown:
        raise KeyError(f"{table}.{min(unknown)} is not altered")
    return sum(1 << bit for bit, name in enumerate(altered(table)) if name in names)


def altering(table: str, n: int = 1) -> str:
    """Take rows of which only key, columns set and amounts counted up matter, their masks, their owners."""
    counted, id_ = COUNTED.get(table, ()), key(table)
    new = {
        name: f"CASE WHEN p.mask & {1 << bit} <> 0 THEN p.{name} ELSE t.{name} END"
        for bit, name in enumerate(altered(table))
    }
    sets = new | {name: f"t.{name} + coalesce(p.{name}, 0)" for name in counted}
    sets |= {name: sql.format(**new) for name, sql in derived.SQL.get(table, {}).items()}
    return (
        f"UPDATE {table} t SET {', '.join(f'{name} = {sql}' for name, sql in sets.items())} "  # noqa: S608
        f"FROM unnest(${n}::{table}[], ${n + 1}::bigint[], ${n + 2}::uuid[]) "
        f"AS p({', '.join(layout(table))}, mask, owner) {_lookup(table, id_)} t.ctid = x.place"
    )


def removing(table: str, n: int = 1) -> str:
    """Take keys and owners; another user's row stays."""
    id_ = key(table)
    return (
        f"DELETE FROM {table} t USING unnest(${n}::{types(table)[id_]}[], ${n + 1}::uuid[]) AS p(key, owner) "  # noqa: S608
        f"WHERE t.{id_} = p.key{' AND t.user_id = p.owner' if owned(table) else ''}"
    )


@lru_cache(maxsize=64)
def together(groups: tuple[Group, ...]) -> str:
    """Return one statement that does them all, and moves the checkpoint if each group met its rows.

    They see the tables as they were before, so no row may be in two of them. A checkpoint that is elsewhere
    or of another epoch, or a row that was not met, breaks the constraint of `checkpoint`: nothing is done.
    Its parameters: where the checkpoint must be, where it goes, the last commit, the epoch; then for each
    group those of its parts and, where it is counted, the rows that it has to meet.
    """
    n, done, kept = 5, [], ["seq = $1", "epoch = $4"]
    for group in groups:
        met = []
        for part in group.parts:
            done.append(f"part{n} AS ({part.sql(part.table, n)} RETURNING 1), ")
            met.append(f"(SELECT count(*) FROM part{n})")  # noqa: S608 - a name of our own
            n += part.takes
        if group.counted:
            kept.append(f"{' + '.join(met)} = ${n}::bigint")
            n += 1
    return (
        f"WITH {''.join(done)}moved AS (UPDATE checkpoint SET one = ({' AND '.join(kept)}), "  # noqa: S608
        "seq = $2::bigint, commit_id = $3 RETURNING seq) "
        "SELECT * FROM moved"
    )


def _lookup(table: str, id_: str) -> str:
    """Find rows by their key and by nothing else, then look whose they are.

    Behind OFFSET 0 no other index can look cheaper, however empty the tables were when this was planned.
    """
    column = ", x.user_id AS of_user" if owned(table) else ""
    if table == "agent_session_steps":
        column = ", (SELECT o.user_id FROM agent_sessions o WHERE o.id = x.session_id) AS of_user"
    found = f"SELECT x.ctid AS place{column} FROM {table} x WHERE x.{id_} = p.{id_} OFFSET 0"  # noqa: S608
    return f"CROSS JOIN LATERAL ({found}) AS x WHERE {'x.of_user = p.owner AND' if column else ''}"
