"""A few processes for custom skills: reused while they behave, killed when time is up, replaced."""

import asyncio
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skill_runner.addresses import VARIABLE, Allowed
from skill_runner.call import Call, Crashed
from skill_runner.failure import Failure
from skill_runner.frames import Frame
from skill_runner.worker_process import WorkerProcess


class Workers:
    """At most `size` of them, started when needed; raises Refusal for a bad TOTALAUD_FETCH_ALLOW.

    A worker that has answered begins with the call that waits longest, before anybody reads its answer.
    """

    def __init__(self, skills: Path, database_url: str, size: int, env: Mapping[str, str]) -> None:
        Allowed.read(env.get(VARIABLE, ""))
        self._where = (skills, database_url, env)
        self._size = size
        self._waiting: deque[Call] = deque()
        self._idle: list[WorkerProcess] = []
        self._all: set[WorkerProcess] = set()
        self._starting: set[asyncio.Task[None]] = set()

    def warm(self) -> None:
        """Begin with the first one before anything waits for it."""
        self._start_one()

    async def output(self, call: Call, late: Failure) -> Any:
        """Return what the function returned; raises Failure, `late` once its time is up."""
        try:
            answer = await self.do(call)
        except Crashed as crashed:
            raise crashed.failure() from None
        except TimeoutError:
            raise late from None
        if (error := answer.get("error")) is not None:
            raise Failure(error["code"], error["message"], retryable=error["retryable"])
        return answer["output"]

    async def do(self, call: Call) -> Frame:
        """Have a call done as soon as a worker is free, and return the answer.

        Where its time is up, or nobody waits for it any more, its worker is killed. Raises what `call.ended`
        raises.
        """
        self._waiting.append(call)
        self._go_on()
        try:
            return await call.ended
        except BaseException:
            call.stop()
            await asyncio.shield(self._abandon(call))
            raise

    async def close(self) -> None:
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        for worker in list(self._all):
            await worker.kill()

    def _go_on(self) -> None:
        while self._waiting and self._idle:
            worker = self._idle.pop()
            if worker.alive:
                worker.do(self._waiting.popleft())
        if self._waiting:
            room = self._size - len(self._all)
            for _ in range(min(len(self._waiting), room) - len(self._starting)):
                self._start_one()

    def _start_one(self) -> None:
        task = asyncio.create_task(self._start())
        self._starting.add(task)
        task.add_done_callback(self._started)

    async def _start(self) -> None:
        try:
            await WorkerProcess.start(*self._where, self._freed)
        except Exception as error:  # noqa: BLE001 - told to who waits for it
            if self._waiting:
                self._waiting.popleft().fail(error)

    def _started(self, task: asyncio.Task[None]) -> None:
        self._starting.discard(task)
        self._go_on()

    def _freed(self, worker: WorkerProcess) -> None:
        if worker.alive:
            self._all.add(worker)
            self._idle.append(worker)
        elif worker.call is None:
            self._all.discard(worker)
        self._go_on()

    async def _abandon(self, call: Call) -> None:
        if call in self._waiting:
            self._waiting.remove(call)
            return
        for worker in [one for one in self._all if one.call is call]:
            await worker.kill()
            self._all.discard(worker)
            self._go_on()
