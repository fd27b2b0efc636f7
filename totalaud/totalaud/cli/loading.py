"""The `import` command that contacts, outreach, streams and the like share: a file in, a report out."""

from typing import Annotated, Any

import typer

from totalaud.cli.options import Options
from totalaud.cli.reading import file_data

File = Annotated[str, typer.Argument(metavar="FILE", help="A CSV file with a header; - for standard input.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check only; change nothing.")]
COUNTS = ("imported", "unchanged", "duplicates", "failed")
OF_FAILED = "in rows that failed {} all the same"


def load(
    context: typer.Context, noun: str, file: str, *, dry_run: bool, artist: str | None = None
) -> typer.Exit:
    """Import a file and write what was done; the exit is 1 when no row of it was good."""
    options = Options.of(context)
    data = file_data(file)
    report = options.run(lambda client: client.records.load(noun, data, dry_run=dry_run, artist=artist))
    options.tell(report, *report_lines(report, file))
    return typer.Exit(1 if report["failed"] and not report["imported"] + report["unchanged"] else 0)


def report_lines(report: dict[str, Any], file: str) -> list[str]:
    """Say what an import did; errors by the file's lines, never with a value."""
    counts = ", ".join(f"{report[name]} {name}" for name in COUNTS)
    told = [f"{file}:{error['line']}: {_fault(error)}" for error in report["errors"]]
    if report["ignored"]:
        told.append(f"columns that mean nothing here: {', '.join(map(str, report['ignored']))}")
    if report.get("created"):
        begun = "would begin" if report.get("dry_run") else "begun"
        told.append(f"campaigns {begun}: {', '.join(report['created'])}")
    if report.get("objections"):
        recorded = "would be recorded" if report.get("dry_run") else "are recorded"
        whose = "in answers {}, their contacts suppressed" if "created" in report else OF_FAILED
        lines = ", ".join(map(str, report["objections"]))
        told.append(f"objections {whose.format(recorded)}: lines {lines}")
    tense = "would be: " if report.get("dry_run") else ""
    return [*told, f"{tense}{counts}"]


def _fault(error: dict[str, Any]) -> str:
    return f"{error['field']}: {error['message']}" if error.get("field") else f"{error['message']}"
