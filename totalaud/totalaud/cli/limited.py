"""Lists that are cut, and say so."""

from collections.abc import Sequence
from typing import TypeVar

import typer

from totalaud.cli.plain import echo

Row = TypeVar("Row")


def cut(context: typer.Context, rows: Sequence[Row], limit: int) -> Sequence[Row]:
    """Return `limit` rows of one more; where nobody chose how many, say that these are not all."""
    source = context.get_parameter_source("limit")
    if len(rows) > limit and source is not None and source.name == "DEFAULT":
        echo(f"there are more than these {limit}: --limit shows as many as you say", err=True)
    return rows[:limit]
