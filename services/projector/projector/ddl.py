"""The statements that make the read model, in two halves: a rebuild fills the tables between them.

What only readers look by, and foreign keys, are dear row by row and cheap all at once.
"""

import hashlib
from functools import cache

from sqlalchemy import Table
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable

from projector.column_types import LOOKED_UP, POSTGRES
from projector.policies import policies
from projector.tables import metadata


def ddl() -> list[str]:
    """Return all, for the connection's first schema."""
    return [*bare(), *(statement for table in metadata.sorted_tables for statement in keys_of(table.name))]


def bare() -> list[str]:
    """Return what makes the tables with all that writing them needs: primary keys, and what is looked up."""
    statements = []
    for table in metadata.sorted_tables:
        made = CreateTable(table, include_foreign_key_constraints=[])
        statements.append(str(made.compile(dialect=POSTGRES)))
        statements += _indexes(table, looked_up=True)
    for table in metadata.sorted_tables:
        statements += policies(table)
    return statements


def keys_of(name: str) -> list[str]:
    """Return what adds a table's other indexes and its foreign keys; it may be full."""
    table = metadata.tables[name]
    settings = ", ".join(f"{name} = {value}" for name, value in table.info.items())
    statements = [f"ALTER TABLE {table.name} SET ({settings})"] if settings else []
    statements += _indexes(table, looked_up=False)
    referring = sorted(table.foreign_key_constraints, key=lambda key: str(key.column_keys))
    return statements + [str(AddConstraint(key).compile(dialect=POSTGRES)) for key in referring]


def _indexes(table: Table, *, looked_up: bool) -> list[str]:
    found = [index for index in table.indexes if (index.info == LOOKED_UP) is looked_up]
    return [
        str(CreateIndex(index).compile(dialect=POSTGRES))
        for index in sorted(found, key=lambda index: str(index.name))
    ]


@cache
def shape() -> str:
    """Return what tells these tables from those of another release."""
    return hashlib.sha256("".join(ddl()).encode()).hexdigest()[:16]
