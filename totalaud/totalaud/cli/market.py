"""`streams …`, `opportunities …` and `coverage …`: what comes from outside."""

from typing import Annotated

import typer

from totalaud.cli.loading import DryRun, File, load
from totalaud.cli.options import group
from totalaud.cli.recording import Limit, show_list

streams = group("Import days of metrics.")
opportunities = group("Import and list where to submit.")
Calendar = Annotated[
    str, typer.Argument(metavar="FILE", help="A CSV file with a header, or a calendar; - for standard input.")
]
coverage = group("Import and list what was played or written.")


@streams.command("import")
def import_streams(
    context: typer.Context,
    file: File,
    artist: Annotated[str, typer.Option(metavar="ARTIST", help="Name or UUID.")],
    dry_run: DryRun = False,
) -> None:
    """Import an artist's streams, listeners, followers and the like. A later value for a day counts."""
    raise load(context, "streams", file, dry_run=dry_run, artist=artist)


@opportunities.command("import")
def import_opportunities(context: typer.Context, file: Calendar, dry_run: DryRun = False) -> None:
    """Import opportunities from a CSV file or a calendar (.ics)."""
    raise load(context, "opportunities", file, dry_run=dry_run)


@opportunities.command("list")
def list_opportunities(
    context: typer.Context,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="submission, festival, funding, …")] = None,
    limit: Limit = 20,
) -> None:
    """List opportunities, the next deadline first. What is over comes last."""
    show_list(context, "opportunities", limit=limit, of=kind)


@coverage.command("import")
def import_coverage(context: typer.Context, file: File, dry_run: DryRun = False) -> None:
    """Import what outlets played or wrote, about anybody."""
    raise load(context, "coverage", file, dry_run=dry_run)


@coverage.command("list")
def list_coverage(
    context: typer.Context,
    artist: Annotated[str | None, typer.Option(metavar="NAME", help="Only of this artist.")] = None,
    limit: Limit = 20,
) -> None:
    """List coverage, the latest first."""
    show_list(context, "coverage", limit=limit, of=artist)
