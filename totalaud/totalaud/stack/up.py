"""The stack in the foreground, until it is told to stop."""

from pathlib import Path

from totalaud.connection import Connection
from totalaud.nobody import write_to_nobody
from totalaud.stack import elsewhere, paths, reach
from totalaud.stack.local import LocalStack, Push
from totalaud.stack.signals import interruptible
from totalaud.stack.supervisor import Say

FAILED = 1


async def up(data: Path, *, say: Say, push: Push) -> int:
    """Run the stack of this data folder; see `keep_up`."""
    return await keep_up(LocalStack(data, paths.skills_dir(), push=push), say)


async def keep_up(stack: LocalStack, say: Say) -> int:
    """Run until SIGINT, SIGTERM or SIGHUP, which is 0; 1 when it cannot go on. Raises as `LocalStack.start`.

    A closed terminal changes nothing.
    """

    def tell(line: str) -> None:
        try:
            say(line)
        except OSError:
            write_to_nobody()

    code = await interruptible(_run(stack, tell))
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
