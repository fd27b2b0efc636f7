"""What the commands on records share: one command sent, one list shown."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from totalaud.cli import records_shown
from totalaud.cli.listing import show_rows
from totalaud.cli.options import Options
from totalaud.cli.reading import file_text

if TYPE_CHECKING:
    from totalaud.records import Records

Limit = Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="How many at most.")]
Genres = Annotated[list[str] | None, typer.Option("--genre", metavar="GENRE", help="A genre; repeatable.")]
Artist = Annotated[str, typer.Argument(metavar="ARTIST", help="The artist's name or UUID.")]
Campaign = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's name or UUID.")]


def _contact(given: str) -> str:
    """Take a contact from standard input for `-`: a command line is seen by others, and remembered."""
    return file_text(given).strip() if given == "-" else given


Contact = Annotated[
    str,
    typer.Argument(
        metavar="CONTACT",
        help="The contact's UUID or e-mail address; - for standard input.",
        callback=_contact,
    ),
]
OBJECTED = (
    "the answer asks not to be written to again, so the contact is suppressed\n"
    "if that is wrong: totalaud contacts unsuppress {}"
)


def send(
    context: typer.Context, command: "Callable[[Records], Awaitable[dict[str, Any]]]", noun: str, done: str
) -> None:
    """Send one command and say that it is on disk, or changed nothing."""
    options = Options.of(context)
    answer = options.run(lambda client: command(client.records))
    lines = [f"{noun} {answer[f'{noun}_id']} {done}{told_aside(answer, before=answer['unchanged'])}"]
    if answer.get("objected"):
        lines.append(OBJECTED.format(answer["contact_id"]))
    options.tell(answer, *lines)


def told_aside(answer: dict[str, Any], *, before: bool) -> str:
    """Return what else there is to say of something done: it was so before, or means nobody who is known."""
    if before:
        return " (nothing changed)"
    return "" if answer.get("known", True) else " (not a contact of yours until now: is the address right?)"


def show_list(context: typer.Context, noun: str, *, limit: int, of: str | None = None) -> None:
    """Write a list as a table; as JSON with every column."""
    options = Options.of(context)
    found = options.run(lambda client: client.records.rows(noun, limit=limit + 1, of=of))
    show_rows(context, found, limit, partial(records_shown.listed, noun))
