"""The stack in the foreground, until it is told to stop."""

from pathlib import Path

from shared.refusal import Refusal
from totalaud.connection import Connection
from totalaud.nobody import write_to_nobody
from totalaud.stack import elsewhere, paths, reach
from totalaud.stack.local import LocalStack, Push
from totalaud.stack.lock import InUse
from totalaud.stack.server import NotReady
from totalaud.stack.signals import interruptible
from totalaud.stack.supervisor import Say

FAILED = 1


async def up(data: Path, *, say: Say, skills: Path | None = None, push: Push | None = None) -> int:
    """Run the stack of this data folder until SIGINT, SIGTERM or SIGHUP; return the exit code."""
    try:
        stack = LocalStack(data, skills or paths.skills_dir(), push=push)
    except OSError as error:
        say(f"totalaud could not start: {error}")
        return 1
    return await keep_up(stack, say)


async def keep_up(stack: LocalStack, say: Say) -> int:
    """Return 0 when it was told to stop, 1 when it could not start or go on.

    A closed terminal changes nothing.
    """

    def tell(line: str) -> None:
        try:
            say(line)
        except OSError:
            write_to_nobody()

    try:
        code = await interruptible(_run(stack, tell))
    except (InUse, NotReady, Refusal, OSError) as error:
        tell(f"totalaud could not start: {error}")
        return 1
    tell("stopped")
    return FAILED if code == FAILED else 0


async def _run(stack: LocalStack, say: Say) -> int:
    await stack.start(say)
    try:
        user = Connection.of(stack).user()
        for line in (*reach.lines(stack.place, user), *map(str, elsewhere.left())):
            say(line)
        await stack.moved()
        say(f"{stack.data} was moved or removed: start totalaud where it is now, with --data")
    finally:
        await stack.stop()
    return FAILED
