"""`contacts …`: contacts imported, listed, exported, suppressed and erased."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from totalaud.cli import show
from totalaud.cli.loading import DryRun, File, load
from totalaud.cli.options import Options, group
from totalaud.cli.recording import Contact, Limit, send, show_list, told_aside

if TYPE_CHECKING:
    from totalaud.client import Client
    from totalaud.export import Export

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether it is meant.")]

app = group("Import, list, export, suppress and erase contacts.")


@app.command("import")
def import_(context: typer.Context, file: File, dry_run: DryRun = False) -> None:
    """Import contacts. Good rows load even if others are wrong, and a repetition changes nothing."""
    raise load(context, "contacts", file, dry_run=dry_run)


@app.command("list")
def list_(
    context: typer.Context,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="radio, playlist, journalist, curator, …")
    ] = None,
    limit: Limit = 20,
) -> None:
    """List contacts, the newest first. Names are opened with the master key."""
    show_list(context, "contacts", limit=limit, of=type_)


@app.command("suppress")
def suppress(context: typer.Context, contact: Contact) -> None:
    """Note that a person objected. No skill proposes or writes to them again."""
    send(context, lambda records: records.suppress(contact), "contact", "is suppressed")


@app.command("unsuppress")
def unsuppress(context: typer.Context, contact: Contact) -> None:
    """Take an objection back: the contact did, or it was a mistake."""
    send(context, lambda records: records.unsuppress(contact), "contact", "may be written to again")


@app.command("erase")
def erase(context: typer.Context, contact: Contact, yes: Yes = False) -> None:
    """Delete a contact's key. Nothing of theirs can be read again, nor imported."""
    options = Options.of(context)
    if not yes:
        options.confirm("This cannot be undone. Erase this contact?")
    done = options.run(lambda client: client.records.erase(contact))
    options.tell(done, f"contact {done['contact_id']} is erased{told_aside(done, before=not done['erased'])}")


@app.command("export")
def export(
    context: typer.Context,
    contact: Contact,
    csv: Annotated[bool, typer.Option("--csv", help="A table of fields in place of JSON.")] = False,
) -> None:
    """Write all that is stored on a contact, opened. They may ask for it by law."""
    from totalaud.cli.export_csv import as_csv

    options = Options.of(context)
    if csv and options.json:
        raise typer.BadParameter("give --csv or --json, not both", param_hint="--csv")

    async def exported(client: "Client") -> "Export":
        return await client.records.export(await client.contact_id(contact))

    found = options.run(exported)
    if csv:
        sys.stdout.write(as_csv(found))
    else:
        show.document(found)
