"""What is known of the tables' columns: types, keys, defaults."""

from collections.abc import Callable, Mapping
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, DefaultClause

from projector.column_types import POSTGRES
from projector.tables import metadata

Record = tuple[Any, ...]
KEYED_BY_USER = frozenset({"snapshots", "outstanding"})
CONSTANTS = {"0": 0, "true": True, "false": False, "'pending'": "pending", "'{}'": dict[str, Any]()}


@cache
def types(table: str) -> dict[str, str]:
    """Return the SQL type of each column that is written; the others PostgreSQL computes."""
    return {
        column.name: column.type.compile(dialect=POSTGRES)
        for column in metadata.tables[table].columns
        if column.computed is None
    }


@cache
def layout(table: str) -> tuple[str, ...]:
    """Return the names of all columns in the order of the table's row type."""
    return tuple(column.name for column in metadata.tables[table].columns)


@cache
def jsons(table: str) -> tuple[int, ...]:
    """Return the places of the JSON columns in that order."""
    kinds = types(table)
    return tuple(place for place, name in enumerate(layout(table)) if kinds.get(name) == "JSONB")


@cache
def key(table: str) -> str:
    """Return the name of the one column that is the primary key."""
    (column,) = metadata.tables[table].primary_key.columns
    return column.name


@cache
def owned(table: str) -> bool:
    """Whether a row says in `user_id` whose it is, and its key does not."""
    return "user_id" in types(table) and table not in KEYED_BY_USER


def new_row(table: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole row, with the defaults of what is not given."""
    return {**_defaults(table), **values}


@cache
def _defaults(table: str) -> dict[str, Any]:
    return {column.name: CONSTANTS.get(_default(column) or "") for column in metadata.tables[table].columns}


@cache
def in_order(table: str) -> Callable[[Mapping[str, Any]], Record]:
    """Return what makes a record of a whole row's values."""
    return itemgetter(*layout(table))


def _default(column: Column[Any]) -> str | None:
    given = column.server_default
    return str(given.arg) if isinstance(given, DefaultClause) else None
