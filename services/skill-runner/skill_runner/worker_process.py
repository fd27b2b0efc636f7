"""The runner's end of a worker: one process, which has one call at a time."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import cast

import msgspec

from skill_runner.addresses import VARIABLE
from skill_runner.call import Call, Crashed
from skill_runner.frames import SHOW, Frame, Incoming
from skill_runner.skillfile import KEPT

SECRETS = ("TOTALAUD_", "OPENAI_", "ANTHROPIC_", "OTEL_")
MEMORY_BYTES = 2 * 1024**3
PIPES_S = 1.0
"""How long the last that a process wrote may take to arrive once it is gone."""
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class WorkerProcess(asyncio.SubprocessProtocol):
    """`freed` is told when it has answered, and when it is gone.

    One that says it is spent is ended with its answer, and all that the skill has left running with it.
    """

    _process: asyncio.SubprocessTransport
    _calls: asyncio.WriteTransport

    def __init__(self, freed: "Callable[[WorkerProcess], None]") -> None:
        self.alive = True
        self.call: Call | None = None
        self._spent = False
        self._freed = freed
        self._incoming = Incoming()
        self._exited = asyncio.Event()

    @classmethod
    async def start(
        cls,
        skills: Path,
        database_url: str,
        env: Mapping[str, str],
        freed: "Callable[[WorkerProcess], None]",
    ) -> None:
        """Return once it is free for its first call; raises Crashed when it never was."""
        _, worker = await asyncio.get_running_loop().subprocess_exec(
            lambda: cls(freed),
            *(sys.executable, "-P", "-m", "skill_runner.worker", str(os.getpid())),
            stderr=None,
            env=_without_secrets(env) | ONE_THREAD,
            start_new_session=True,
        )
        start = {
            "skills": str(skills),
            "kept": env.get(KEPT, ""),
            "database_url": database_url,
            "memory_bytes": MEMORY_BYTES,
            "fetch_allow": env.get(VARIABLE, ""),
        }
        call = Call(start)
        worker.do(call)
        try:
            await call.ended
        except BaseException:
            await asyncio.shield(worker.kill())
            raise

    @property
    def pid(self) -> int:
        return self._process.get_pid()

    def do(self, call: Call) -> None:
        self.call = call
        call.begin()
        if self.alive:
            self._calls.write(call.data)
        else:
            call.fail(self._crashed())

    async def kill(self) -> None:
        """End the process and all that it started."""
        self._end_all()
        await self._exited.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._process = cast("asyncio.SubprocessTransport", transport)
        self._calls = cast("asyncio.WriteTransport", self._process.get_pipe_transport(0))

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - there is one
        try:
            for body in self._incoming.of(data):
                self._hear(_read(body))
        except (ValueError, RecursionError) as error:
            if self.call is not None:
                self.call.fail(error)

    def process_exited(self) -> None:
        """What it has forked goes too: that holds its pipes, whose end tells that a call is not answered.

        What made itself a session of its own stays, and may hold them for ever: they are closed here.
        """
        self.alive = False
        self._end_all()
        self._exited.set()
        asyncio.get_running_loop().call_later(PIPES_S, self._process.close)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - how it ended is in the exit code
        self.alive = False
        self._process.close()
        if self.call is not None:
            self.call.fail(self._crashed())
        self._freed(self)

    def _end_all(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _hear(self, frame: Frame) -> None:
        call = self.call
        if call is None:
            return
        if "partial" in frame:
            call.partial(frame["partial"])
        elif "spent" in frame:
            self._spent = True
        elif not call.ended.done():
            self.call = None
            call.answer(frame)
            if self._spent:
                self.alive = False
                self._end_all()
            self._freed(self)

    def _crashed(self) -> Crashed:
        return Crashed(self._process.get_returncode() or 0)


def _read(body: bytes) -> Frame:
    """Read an answer; raises ValueError or RecursionError for what is none."""
    try:
        frame = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError):
        frame = json.loads(body)
    if not isinstance(frame, dict):
        raise ValueError("an answer is an object")  # noqa: TRY004 - as all that is none
    return frame


def _without_secrets(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name == SHOW or not name.startswith(SECRETS)}
