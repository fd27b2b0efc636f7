"""Calls `totalaud ask` as a person does, on a test's stack."""

import asyncio
import contextlib
import fcntl
import io
import json
import os
import pty
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from rig import environment
from totalaud.cli.main import call
from totalaud.stack.local import LocalStack


class Told(NamedTuple):
    """What the command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


def environment_of(stack: LocalStack) -> dict[str, str]:
    """Return what points the command line to a test's stack, 80 columns wide."""
    place = stack.place
    return {
        "COLUMNS": "80",
        "TOTALAUD_NATS_URL": place.nats_url,
        "TOTALAUD_DATABASE_URL": place.database_url,
        "TOTALAUD_MASTER_KEY_FILE": str(place.master_key_file),
        "TOTALAUD_SKILLS": str(stack.skills),
    }


async def totalaud(stack: LocalStack, user: UUID, *words: str) -> Told:
    """Run one command of the command line on a running stack."""
    return await command(*(*words, "--user", str(user), "--data", str(stack.data)), **environment_of(stack))


async def command(*words: str, **variables: str) -> Told:
    """Run one command of the command line in a process of its own."""
    environment = os.environ | variables
    arguments = (sys.executable, "-m", "totalaud.cli", *words)
    process = await asyncio.create_subprocess_exec(
        *arguments, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=-1, stderr=-1
    )
    out, err = await process.communicate()
    return Told(process.returncode or 0, out.decode(), err.decode())


INTERRUPT = b"\x03"


async def typed(
    stack: LocalStack, user: UUID, *words: str, prompt: str, keys: bytes, **variables: str
) -> Told:
    """Run one command on a terminal, and type once it asks."""
    ours, theirs = pty.openpty()
    arguments = (sys.executable, "-m", "totalaud.cli", *words, "--user", str(user), "--data", str(stack.data))
    process = await asyncio.create_subprocess_exec(
        *arguments, env=os.environ | environment_of(stack) | variables, stdin=theirs, stdout=theirs,
        stderr=theirs, preexec_fn=_takes_the_terminal,
    )  # fmt: skip
    os.close(theirs)
    told = b""
    pressing: asyncio.Task[None] | None = None
    try:
        with contextlib.suppress(OSError):
            while read := await asyncio.to_thread(os.read, ours, 65536):
                told += read
                if prompt.encode() in told and pressing is None:
                    pressing = asyncio.create_task(_press(ours, keys))
        return Told(await asyncio.wait_for(process.wait(), 10), told.decode(), "")
    finally:
        if pressing is not None:
            pressing.cancel()
        if process.returncode is None:
            process.kill()
        os.close(ours)


async def _press(terminal: int, keys: bytes) -> None:
    """Press once; an interruption again and again: just before Python begins to read it is not heard."""
    os.write(terminal, keys)
    while keys == INTERRUPT:
        await asyncio.sleep(1)
        with contextlib.suppress(OSError):
            os.write(terminal, keys)


def _takes_the_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


async def ask(stack: LocalStack, user: UUID, question: str, *options: str) -> Told:
    return await totalaud(stack, user, "ask", question, *options)


async def shown(user: UUID, *words: str, data: Path | None = None) -> Told:
    """Run one command in this process, which costs no start; the environment must point to the stack."""
    out, err = io.StringIO(), io.StringIO()
    more = () if data is None else ("--data", str(data))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = await asyncio.to_thread(call, [*words, "--user", str(user), *more])
    return Told(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def pointing_to(stack: LocalStack) -> Iterator[None]:
    """Have commands of this process find the stack."""
    with environment(**environment_of(stack)):
        yield
