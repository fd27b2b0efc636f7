"""`backup`, `restore` and `rekey`: what cannot be made anew, into a folder and back, under another key."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from totalaud.cli.options import Options

if TYPE_CHECKING:
    from totalaud.backup.manifest import StreamCopy


def backup(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that does not exist yet.")],
) -> None:
    """Copy log, queue, dead letters and keys of a running stack. Nothing stops meanwhile."""
    from totalaud.backup.taking import back_up
    from totalaud.stack.signals import interruptible

    options = Options.of(context)

    async def work() -> int:
        manifest = await back_up(options.connection(), folder)
        since = manifest.master_key_since
        which = f"the master key since {since:%Y-%m-%d %H:%M} UTC" if since else "the master key"
        options.tell(
            {"ok": True, "folder": str(folder), **manifest.document()},
            *_streams(manifest.streams),
            f"keys {manifest.keys}, {manifest.erased} more are erased for good",
            f"written to {folder}; {which} is not in it: keep that elsewhere",
            f"delete it by {manifest.delete_by}: its keys open the names of whoever is erased from now on",
        )
        return 0

    raise typer.Exit(asyncio.run(interruptible(work())))


def restore(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What 'totalaud backup' has written.")],
    only: Annotated[
        Literal["log", "vault"] | None, typer.Option(help="Restore one of the two, where the other survived.")
    ] = None,
    replicas: Annotated[
        int, typer.Option(min=1, max=5, metavar="N", help="Copies of each stream in a cluster.")
    ] = 1,
) -> None:
    """Put a backup back where there is no log yet. Every service must be stopped."""
    from totalaud.backup.whole import restore_into
    from totalaud.stack.signals import interruptible

    options = Options.of(context)

    async def work() -> int:
        manifest, done = await restore_into(options.folder, folder, only=only, replicas=replicas)
        copies = {name: one.model_dump(mode="json") for name, one in done.streams.items()}
        counts = {"streams": copies, "keys": done.keys, "erased": done.erased}
        options.tell(
            {"ok": True, "created": manifest.created, **counts},
            *_streams(done.streams),
            f"keys {done.keys}; persons whom the log tells to be erased: {done.erased}",
            f"restored as of {manifest.created.replace(microsecond=0)}; "
            "start the services: the tables are rebuilt from the log",
        )
        return 0

    raise typer.Exit(asyncio.run(interruptible(work())))


def rekey(context: typer.Context) -> None:
    """Change the master key. Every service must be stopped."""
    from totalaud.rekey.whole import rekey as change
    from totalaud.stack.signals import interruptible

    options = Options.of(context)

    async def work() -> int:
        done = await change(options.folder)
        file = str(done.file) if done.file else None
        options.tell(
            {"ok": True, "keys": done.keys, "changed": done.changed, "file": file},
            f"keys {done.keys}, {done.changed} of them changed",
            f"the new master key is in {file}: keep a copy elsewhere"
            if file
            else "TOTALAUD_NEW_MASTER_KEY is the master key now: put it in the place of TOTALAUD_MASTER_KEY",
            "backups made until now need the old one: keep it as long as them, and make a new backup",
        )
        return 0

    raise typer.Exit(asyncio.run(interruptible(work())))


def _streams(copies: "dict[str, StreamCopy]") -> list[str]:
    return [f"{name} {one.messages} messages to sequence {one.last_seq}" for name, one in copies.items()]
