"""The operator's commands: the stack itself, the projection, the dead letters."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import typer

from totalaud.cli.listing import show_rows
from totalaud.cli.options import Options, group
from totalaud.cli.plain import echo
from totalaud.cli.table import Table

projection = group("The read model.")
dlq = group("Dead letters: messages that could not be handled.")


def up(context: typer.Context) -> None:
    """Run the whole stack in the foreground. Data is kept between runs."""
    from totalaud.pushing import pusher
    from totalaud.stack.up import up as run_stack

    options = Options.of(context)
    options.for_people("a script finds the servers by 'connection.json' in the data folder")
    raise typer.Exit(asyncio.run(run_stack(options.folder, say=echo, push=pusher(echo))))


def demo(context: typer.Context) -> None:
    """Run a sample workflow on a stack of its own. All of it is shown, from start to end."""
    from totalaud.cli.demo import demo as run_demo
    from totalaud.stack.signals import interruptible

    options = Options.of(context)
    options.for_people("for a script 'totalaud up' and 'totalaud run --json' do the same")
    raise typer.Exit(asyncio.run(interruptible(run_demo(options.folder / "demo"))))


def provision(
    context: typer.Context,
    skills: Annotated[
        bool, typer.Option("--skills", help="Push the skills too; the services must run.")
    ] = False,
    replicas: Annotated[
        int, typer.Option(min=1, max=5, metavar="N", help="Copies of each stream in a cluster.")
    ] = 1,
) -> None:
    """Make streams and vault tables where they are missing. Harmless when they are there.

    A bad file costs itself only: it is named, and does not keep a deployment from starting.
    """
    from totalaud.pushing import provision as make
    from totalaud.pushing import push_folder

    options = Options.of(context)
    asyncio.run(make(options.connection(), replicas=replicas))
    done: dict[str, Any] = {"ok": True}
    if skills:
        pushed, problems = options.run(lambda client: push_folder(client.operator, None))
        echo(*problems, err=True)
        done |= pushed | {"problems": problems}
    options.tell(done, f"streams and vault are there{', skills are pushed' if skills else ''}")


@projection.command("status")
def status(context: typer.Context) -> None:
    """Show how far the read model is."""
    options = Options.of(context)
    found = options.run(lambda client: client.operator.projection_status())
    lines = [standing(found)]
    if found.get("halted"):
        lines.append(f"nothing is projected: {found['halted']}")
    if found.get("waits_for"):
        lines.append(f"the rebuild waits for {found['waits_for']}")
    lines += [f"parked: {one['subject']} at {one['seq']}: {one['reason']}" for one in found["errors"]]
    options.tell(found, *lines)


def standing(found: Mapping[str, Any]) -> str:
    """Say how far the tables are; new ones have no sequence before their first row and after the swap."""
    rebuild = "; a rebuild runs" if found["rebuilding"] else ""
    at = f", at sequence {found['rebuilt_seq']}" if found["rebuilt_seq"] else ""
    lag = found["lag"]
    there = f"{lag} behind" if lag >= 0 else f"{-lag} ahead of a log that has lost its end"
    return f"sequence {found['seq']} of {found['log_seq']}, {there}{rebuild}{at}"


@projection.command("rebuild")
def rebuild(context: typer.Context) -> None:
    """Fill a new read model from the log, and swap it in. No query fails meanwhile."""
    options = Options.of(context)
    done = options.run(lambda client: client.operator.rebuild(partial(echo, err=True)))
    options.tell(done, f"rebuilt from {done['events']} events in {done['seconds']:.1f} s")


@dlq.command("list")
def letters(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="How many at most.")] = 100,
) -> None:
    """List the messages that could not be handled, the oldest first."""
    options = Options.of(context)
    found = options.run(lambda client: client.operator.dead_letters(limit + 1))
    show_rows(context, found, limit, listed)


def listed(found: Iterable[Mapping[str, Any]]) -> Table:
    columns = ("at", "service", "stream", "sequence", "reason")
    rows = [
        (datetime.fromisoformat(each["at"]), each["service"], each["stream"], each["seq"], each["reason"])
        for each in found
    ]
    return Table(columns, rows, right=("sequence",))
