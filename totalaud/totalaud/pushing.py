"""From skill files into the log, and what a deployment needs before its services start."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.refusal import Refusal
from totalaud.connection import Connection
from totalaud.errors import Unreachable
from totalaud.operator import Operator
from totalaud.stack import paths, preparation

if TYPE_CHECKING:
    from totalaud.skillfiles import Loaded
    from totalaud.stack.local import LocalStack, Push


def read_folder(folder: Path | None, *, marks: bool = False) -> "Loaded":
    """Read skill and agent files; a bad one is among the problems, the others are there."""
    from totalaud.skillfiles import load

    return load(folder or paths.skills_dir(), marks=marks)


async def push_folder(operator: Operator, folder: Path | None) -> tuple[dict[str, Any], list[str]]:
    """Push what is good; return {changed, seq, warnings}, their number, and the problems of the rest."""
    files = read_folder(folder)
    done = await operator.push(list(files.skills), list(files.agents))
    done["warnings"] = len(files.warnings)
    return done, [*map(str, files.problems), *done.pop("refused", ())]


def pusher(say: Callable[[str], None]) -> "Push":
    """Return what a stack does at each start: push its own folder, rebuild tables of another release."""

    async def push(stack: "LocalStack") -> None:
        from totalaud.door import connected

        async with connected(stack.place.nats_url) as bus:
            operator = Operator(bus)
            _, problems = await push_folder(operator, stack.skills)
            for problem in problems:
                say(problem)
            if why := await operator.needs_rebuild():
                say(f"nothing is projected: {why}; that begins by itself now, a long log takes a while")
                try:
                    await operator.rebuild(say)
                except (Refusal, Unreachable) as error:
                    say(f"nothing is rebuilt: {error}; try again with 'totalaud projection rebuild'")
                else:
                    say("the tables are rebuilt")

    return push


async def provision(connection: Connection, *, replicas: int = 1) -> None:
    """Make the streams and the vault's tables where they are missing."""
    await preparation.provision(connection.nats_url, replicas=replicas)
    await preparation.migrate(connection.database_url)
