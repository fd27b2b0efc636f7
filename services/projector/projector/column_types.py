"""The kinds of columns that the read model's tables are made of."""

from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, Numeric, Uuid, text
from sqlalchemy.dialects.postgresql import dialect

metadata = MetaData()
POSTGRES = dialect()  # type: ignore[no-untyped-call]
LOOKED_UP = {"looked_up": True}
"""Marks an index by which the projector itself finds the rows it changes; all others serve readers."""
ALTERED_OFTEN = {"fillfactor": 50}
"""Marks a table whose rows change some times before they rest: beside each there is room for its next state,
so that no index has to learn of it. Rows that a rebuild writes are at rest, and lie close."""


def moment(name: str, default: str | None = None) -> Column[Any]:
    return Column(name, DateTime(timezone=True), server_default=text(default) if default else None)


def number(name: str, default: str | None = "0") -> Column[Any]:
    return Column(name, Integer, server_default=text(default) if default else None)


def money(name: str, default: str | None = "0") -> Column[Any]:
    return Column(name, Numeric, server_default=text(default) if default else None)


def flag(name: str, default: str) -> Column[Any]:
    return Column(name, Boolean, server_default=text(default))


def cached() -> tuple[Column[Any], ...]:
    """Return the columns of a result that was there already: from which attempt, and what that saved."""
    return (
        flag("cache_hit", "false"),
        Column("cached_from", Uuid),
        money("saved_usd", None),
        money("saved_list_price_usd", None),
    )
