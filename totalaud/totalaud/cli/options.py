"""What holds for every command: whose data, which user, people or scripts as readers."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from totalaud.cli import show
from totalaud.cli.plain import echo

if TYPE_CHECKING:
    from totalaud.client import Client
    from totalaud.connection import Connection

Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="Kept in the log, so no names of people.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Run it even if the answer is there already.")]
Budget = Annotated[str | None, typer.Option(metavar="USD", help="Spend no more on this; none is no limit.")]
T = TypeVar("T")
REFUSED = 1
FLAGS = ("--json",)
VALUED = ("--user", "--data")


@dataclass(frozen=True, slots=True)
class Options:
    """The global options; `user` is a UUID or None for the one of the data folder."""

    json: bool = False
    user: str | None = None
    data: Path | None = None

    @classmethod
    def of(cls, context: typer.Context) -> "Options":
        found = context.find_object(cls)
        return found or cls()

    @property
    def folder(self) -> Path:
        """The data folder, named or not."""
        from totalaud.stack import paths

        return (self.data or paths.data_dir()).absolute()

    def tell(self, document: Any, *lines: str) -> None:
        """Write what was done: a document for scripts, lines for people."""
        if self.json:
            show.document(document)
        else:
            echo(*lines)

    def confirm(self, question: str) -> None:
        """Ask a person, and exit with 1 unless they agree; a script is not asked."""
        if self.json or not sys.stdin or not sys.stdin.isatty():
            return
        try:
            agreed = typer.confirm(question, default=False)
        except typer.Abort as ended:
            echo("", err=True)
            if isinstance(ended.__context__, KeyboardInterrupt):
                raise ended.__context__ from None
            agreed = False
        if not agreed:
            raise typer.Exit(REFUSED)

    def for_people(self, scripts: str) -> None:
        """Refuse --json for what is written to be read by people; `scripts` says what there is for those."""
        if self.json:
            raise typer.BadParameter(f"what this shows is for people; {scripts}", param_hint="--json")

    def connection(self) -> "Connection":
        from totalaud.connection import Connection

        return Connection.find(self.data)

    def run(self, work: "Callable[[Client], Awaitable[T]]") -> T:
        """Connect for one piece of work, return what comes of it, and flush its spans at the end."""
        import structlog

        from shared import telemetry
        from totalaud.client import Client

        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

        async def connected() -> T:
            try:
                async with await Client.connect(self.connection(), user=self.user) as client:
                    return await work(client)
            finally:
                telemetry.shutdown()

        return asyncio.run(connected())


def group(about: str) -> typer.Typer:
    """Make a group of commands, such as `session …`."""
    return typer.Typer(no_args_is_help=True, help=about, rich_markup_mode=None)


def hoist(argv: list[str]) -> list[str]:
    """Move the global options to the front, so that they may stand anywhere before a `--`.

    One whose value is missing comes last, where it is said.
    """
    front: list[str] = []
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in FLAGS or (word.split("=", 1)[0] in VALUED and "=" in word):
            front.append(word)
        elif word in VALUED:
            following = next(words, None)
            if following is None:
                return [*front, word]
            front += [word, following]
        else:
            rest.append(word)
    return front + rest
