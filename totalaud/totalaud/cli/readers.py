"""`reader …`: who may read the tables by themselves."""

import asyncio
from typing import Annotated

import typer

from totalaud.cli.options import Options, group

app = group("Let users read their own rows in PostgreSQL.")
User = Annotated[str, typer.Argument(metavar="USER", help="The user's UUID.")]


@app.command("add")
def add(context: typer.Context, user: User) -> None:
    """Print a URL that shows the rows of one user. It is for TOTALAUD_DATABASE_URL; an older one is void."""
    from totalaud import readers
    from totalaud.given import as_id

    options = Options.of(context)
    url = asyncio.run(readers.add(options.connection().database_url, as_id(user, "user")))
    options.tell({"user": user, "database_url": url}, url)


@app.command("remove")
def remove(context: typer.Context, user: User) -> None:
    """Take a user's URL back, and end what is connected by it."""
    from totalaud import readers
    from totalaud.given import as_id

    options = Options.of(context)
    removed = asyncio.run(readers.remove(options.connection().database_url, as_id(user, "user")))
    options.tell({"user": user, "removed": removed}, "removed" if removed else "there was none")
