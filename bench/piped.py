"""A process of the bench that is spoken to by lines of JSON, and ends when its standard input is closed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
READY_S = 60.0
END_S = 5.0
LONGEST_LINE = 2**26
TAIL = 2000


class Failed(Exception):  # noqa: N818 - an outcome
    """A process of the bench ended before it answered; the message ends with what it last wrote."""


class Piped:
    """The bench's end of it."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(self, **told: Any) -> dict[str, Any]:
        """Tell it something and return its answer; raises Failed."""
        stdin = self._process.stdin
        assert stdin is not None
        with suppress(ConnectionError):
            stdin.write(json.dumps(told).encode() + b"\n")
            await stdin.drain()
        return await self.answer()

    async def answer(self) -> dict[str, Any]:
        stdout = self._process.stdout
        assert stdout is not None
        line = await stdout.readline()
        if not line:
            code = await self._process.wait()
            raise Failed(f"{self._log.stem} ended with code {code}:\n{self._log.read_text()[-TAIL:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), END_S)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()


@asynccontextmanager
async def piped(
    module: str, *args: str, env: Mapping[str, str], log: Path, python: Path | str = sys.executable
) -> AsyncIterator[Piped]:
    """Run a module of ours, in another environment's Python if one is named; it has said that it is ready."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *(str(python), "-m", module, *args),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **env},
            cwd=ROOT,
            limit=LONGEST_LINE,
            start_new_session=True,
        )
    started = Piped(process, log)
    try:
        await asyncio.wait_for(started.answer(), READY_S)
        yield started
    finally:
        await asyncio.shield(started.stop())
