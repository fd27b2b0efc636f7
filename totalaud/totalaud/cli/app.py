"""The commands, as a tree."""

import importlib.metadata
from pathlib import Path
from typing import Annotated

import typer

from totalaud.cli import (
    artists,
    ask,
    backup,
    budget,
    campaigns,
    contacts,
    market,
    operate,
    outreach,
    readers,
    sessions,
    skills,
)
from totalaud.cli.options import Options
from totalaud.cli.plain import echo

app = typer.Typer(
    name="totalaud",
    help="Agents for music marketing. Global options may stand anywhere.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _say_version(asked: bool) -> None:
    if asked:
        echo(f"totalaud {importlib.metadata.version('totalaud')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON document; one per line for streams.")
    ] = False,
    user: Annotated[str | None, typer.Option(metavar="UUID", help="Act as this user.")] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")] = None,
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_say_version, help="Say which release this is."),
    ] = False,
) -> None:
    """Take the options that hold for every command."""
    context.obj = Options(json=json, user=user, data=data)


app.command("up")(operate.up)
app.command("demo")(operate.demo)
app.command("ask")(ask.ask)
app.command("run")(sessions.run_workflow)
app.command("skill")(sessions.run_skill)
app.add_typer(sessions.app, name="session")
app.add_typer(budget.app, name="budget")
app.add_typer(skills.app, name="skills")
app.add_typer(contacts.app, name="contacts")
app.add_typer(artists.app, name="artists")
app.add_typer(campaigns.releases, name="releases")
app.add_typer(campaigns.campaigns, name="campaigns")
app.add_typer(outreach.app, name="outreach")
app.add_typer(market.streams, name="streams")
app.add_typer(market.opportunities, name="opportunities")
app.add_typer(market.coverage, name="coverage")
app.add_typer(operate.projection, name="projection")
app.add_typer(operate.dlq, name="dlq")
app.add_typer(readers.app, name="reader")
app.command("provision")(operate.provision)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("rekey")(backup.rekey)
