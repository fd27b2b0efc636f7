"""Lists: cut to so many rows, told as a table or as JSON."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import typer

from totalaud.cli import show
from totalaud.cli.options import Options
from totalaud.cli.plain import echo
from totalaud.cli.table import Table

Row = TypeVar("Row")


def show_rows(
    context: typer.Context, found: Sequence[Row], limit: int, table: Callable[[Sequence[Row]], Table]
) -> None:
    """Write `limit` rows of one more; where nobody chose how many, say that these are not all."""
    source = context.get_parameter_source("limit")
    if len(found) > limit and source is not None and source.name == "DEFAULT":
        echo(f"there are more than these {limit}: --limit N shows more", err=True)
    rows = found[:limit]
    if Options.of(context).json:
        show.document(rows)
    else:
        show.console().print(table(rows))
