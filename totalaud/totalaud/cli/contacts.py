"""`contacts …`: one's own contacts, imported and erased."""

from pathlib import Path
from typing import Annotated

import typer

from totalaud.cli import show
from totalaud.cli.options import Options, run

app = typer.Typer(no_args_is_help=True, help="Import and erase contacts.", rich_markup_mode=None)


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file with a header.", exists=True, dir_okay=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only; change nothing.")] = False,
) -> None:
    """Import contacts; good rows load even if others are wrong, and a repetition changes nothing."""
    from totalaud.contacts import import_csv

    options = Options.of(context)

    async def work() -> int:
        async with options.client() as client:
            report = await import_csv(client.door, client.user, file.read_bytes(), dry_run=dry_run)
        if options.json:
            show.document(report)
        else:
            for line in report_lines(report, str(file)):
                typer.echo(line)
        return 1 if report["failed"] and not report["imported"] + report["unchanged"] else 0

    raise typer.Exit(run(work()))


@app.command("erase")
def erase(
    context: typer.Context,
    contact: Annotated[str, typer.Argument(help="The contact's UUID or e-mail address.")],
) -> None:
    """Delete a contact's key: nothing of theirs can be read again, nor imported."""
    options = Options.of(context)
    body = {"email" if "@" in contact else "contact_id": contact}

    async def work() -> None:
        async with options.client() as client:
            done = await client.door.ask(client.user, "contacts", "erase", body)
        if options.json:
            show.document(done)
        else:
            before = "" if done["erased"] else " (had been done before)"
            typer.echo(f"contact {done['contact_id']} is erased{before}")

    run(work())


def report_lines(report: dict[str, object], file: str) -> list[str]:
    """Say what an import did; errors by the file's lines, never with a value."""
    counts = ", ".join(f"{report[name]} {name}" for name in ("imported", "unchanged", "duplicates", "failed"))
    errors = report["errors"] if isinstance(report["errors"], list) else []
    told = [f"{file}:{error['line']}: {_fault(error)}" for error in errors]
    if report["ignored"]:
        told.append(f"columns that mean nothing here: {', '.join(map(str, _list(report['ignored'])))}")
    tense = "would be: " if report.get("dry_run") else ""
    return [*told, f"{tense}{counts}"]


def _fault(error: dict[str, str | None]) -> str:
    return f"{error['field']}: {error['message']}" if error["field"] else f"{error['message']}"


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
