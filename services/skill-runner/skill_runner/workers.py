"""A few processes for custom skills: reused while they behave, killed when time is up, replaced."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

from skill_runner.addresses import VARIABLE, Allowed
from skill_runner.failure import Failure
from skill_runner.frames import Frame, Incoming, pack

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


def nothing(_partial: Any) -> None:
    """Want no partial results."""


class Worker(asyncio.SubprocessProtocol):
    """The runner's end of one process, which does one call at a time."""

    _process: asyncio.SubprocessTransport
    _calls: asyncio.WriteTransport

    def __init__(self) -> None:
        self._incoming = Incoming()
        self._partial: Callable[[Any], None] = nothing
        self._answer: asyncio.Future[Frame] | None = None
        self._exited = asyncio.Event()
        self._gone = False

    @classmethod
    async def start(cls, skills: Path, database_url: str, env: Mapping[str, str]) -> "Worker":
        _, worker = await asyncio.get_running_loop().subprocess_exec(
            cls,
            *(sys.executable, "-P", "-m", "skill_runner.worker", str(os.getpid())),
            stderr=None,
            env=_without_secrets(env) | ONE_THREAD,
            start_new_session=True,
        )
        start = {
            "skills": str(skills),
            "database_url": database_url,
            "memory_bytes": MEMORY_BYTES,
            "fetch_allow": env.get(VARIABLE, ""),
        }
        try:
            await worker.call(start)
        except BaseException:
            await asyncio.shield(worker.kill())
            raise
        return worker

    @property
    def pid(self) -> int:
        return self._process.get_pid()

    @property
    def alive(self) -> bool:
        return not self._gone and self._process.get_returncode() is None

    async def call(
        self, call: Frame, partial: Callable[[Any], None] = nothing, *, within_s: float | None = None
    ) -> Frame:
        """Return `{"output": …}` or `{"error": …}`; partial results are handed on.

        Raises Crashed, and TimeoutError when `within_s` seconds were not enough.
        """
        if self._gone:
            raise self._crashed()
        loop = asyncio.get_running_loop()
        self._partial, self._answer = partial, loop.create_future()
        self._calls.write(pack(call))
        timer = None if within_s is None else loop.call_later(within_s, self._fail, TimeoutError())
        try:
            return await self._answer
        finally:
            self._partial = nothing
            if timer is not None:
                timer.cancel()

    async def kill(self) -> None:
        """End the process and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        await self._exited.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._process = cast("asyncio.SubprocessTransport", transport)
        self._calls = cast("asyncio.WriteTransport", self._process.get_pipe_transport(0))

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - there is one
        try:
            for frame in self._incoming.of(data):
                if "partial" in frame:
                    self._partial(frame["partial"])
                elif self._answer is not None and not self._answer.done():
                    self._answer.set_result(frame)
        except ValueError as error:
            self._fail(error)

    def process_exited(self) -> None:
        self._exited.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - how it ended is in the exit code
        self._gone = True
        self._process.close()
        self._fail(self._crashed())

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _crashed(self) -> Crashed:
        return Crashed(self._process.get_returncode() or 0)


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
