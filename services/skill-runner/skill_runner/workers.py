"""A few processes for custom skills: reused while they behave, killed when time is up, replaced."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from skill_runner.addresses import VARIABLE, Allowed
from skill_runner.failure import Failure
from skill_runner.frames import Frame, pack, receive

SECRETS = ("TOTALAUD_", "OPENAI_", "ANTHROPIC_", "OTEL_")
SHOW = "TOTALAUD_SKILL_OUTPUT"
MEMORY_BYTES = 2 * 1024**3
OUT_OF_MEMORY = 12
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Crashed(Exception):  # noqa: N818 - an outcome
    """The process ended before it answered."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Worker:
    """The runner's end of one process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, skills: Path, database_url: str, env: Mapping[str, str]) -> "Worker":
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "skill_runner.worker", str(os.getpid())),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=_without_secrets(env) | ONE_THREAD,
            start_new_session=True,
        )
        worker = cls(process)
        start = {
            "skills": str(skills),
            "database_url": database_url,
            "memory_bytes": MEMORY_BYTES,
            "fetch_allow": env.get(VARIABLE, ""),
        }
        try:
            await worker.call(start, lambda _partial: None)
        except BaseException:
            await asyncio.shield(worker.kill())
            raise
        return worker

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def call(self, call: Frame, partial: Callable[[Any], None]) -> Frame:
        """Return `{"output": …}` or `{"error": …}`; raises Crashed; partial results are handed on."""
        stdout = self._process.stdout
        assert stdout is not None
        try:
            await self._send(call)
            while "partial" in (frame := await receive(stdout)):
                partial(frame["partial"])
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Crashed(await self._process.wait()) from None
        return frame

    async def kill(self) -> None:
        """End the process and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    async def _send(self, frame: Frame) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(pack(frame))
        await stdin.drain()


class Workers:
    """At most `size` of them, started when needed; raises Refusal for a bad TOTALAUD_FETCH_ALLOW."""

    def __init__(self, skills: Path, database_url: str, size: int, env: Mapping[str, str]) -> None:
        Allowed.read(env.get(VARIABLE, ""))
        self._where = (skills, database_url, env)
        self._idle: list[Worker] = []
        self._free = asyncio.Semaphore(size)
        self._all: set[Worker] = set()

    async def warm(self) -> None:
        """Start the first one, so that the first skill need not wait for it."""
        async with self.one():
            pass

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Worker]:
        """Have a worker to oneself; it is kept only if nothing was raised."""
        async with self._free:
            worker = await self._take()
            try:
                yield worker
            except BaseException:
                self._all.discard(worker)
                await asyncio.shield(worker.kill())
                raise
            self._idle.append(worker)

    async def close(self) -> None:
        for worker in self._all:
            await worker.kill()

    async def _take(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            self._all.discard(worker)
        worker = await Worker.start(*self._where)
        self._all.add(worker)
        return worker


def _without_secrets(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name == SHOW or not name.startswith(SECRETS)}


def crash(code: int) -> Failure:
    """Say how the process ended; trying again may help."""
    if code in (OUT_OF_MEMORY, -signal.SIGKILL):
        how = "ran out of memory or was killed"
    elif code < 0:
        how = f"ended with signal {signal.Signals(-code).name}"
    else:
        how = f"ended with exit code {code}"
    return Failure("crashed", f"the skill's process {how}", retryable=True)
