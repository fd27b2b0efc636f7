"""Calls `totalaud ask` as a person does, on a test's stack."""

import asyncio
import json
import os
import sys
from typing import Any, NamedTuple
from uuid import UUID

from totalaud.stack.environment import Place
from totalaud.stack.local import LocalStack


class Told(NamedTuple):
    """What the command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


async def totalaud(stack: LocalStack, user: UUID, *words: str, place: Place | None = None) -> Told:
    """Run one command of the command line in a process of its own, 80 columns wide.

    With a `place` it reaches the servers there, and has no master key.
    """
    key = {} if place else {"TOTALAUD_MASTER_KEY_FILE": str(stack.place.master_key_file)}
    place = place or stack.place
    environment = {
        **os.environ,
        "COLUMNS": "80",
        "TOTALAUD_NATS_URL": place.nats_url,
        "TOTALAUD_DATABASE_URL": place.database_url,
        **key,
        "TOTALAUD_SKILLS": str(stack.skills),
    }
    data = stack.data if key else stack.data / "elsewhere"
    arguments = (sys.executable, "-m", "totalaud.cli", *words, "--user", str(user), "--data", str(data))
    process = await asyncio.create_subprocess_exec(
        *arguments, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=-1, stderr=-1
    )
    out, err = await process.communicate()
    return Told(process.returncode or 0, out.decode(), err.decode())


async def ask(stack: LocalStack, user: UUID, question: str, *options: str) -> Told:
    return await totalaud(stack, user, "ask", question, *options)
