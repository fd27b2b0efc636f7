"""Runs a custom skill in a worker process."""

import time
from typing import Any

from skill_runner.failure import Failure
from skill_runner.frames import Frame
from skill_runner.run import Prepared, Run, late
from skill_runner.workers import Crashed, Worker, Workers, crash

WAIT_S = 5.0
SHARE = 0.8


class CustomEngine:
    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    async def prepare(self, run: Run) -> Prepared:
        if run.definition.python_hash is None:
            raise Failure("definition_missing", "the skill is custom and was pushed without a Python file")
        return Prepared(run)

    async def run(self, prepared: Prepared) -> Any:
        run, work = prepared.run, prepared.run.work
        call = {
            "skill": run.definition.name,
            "python_hash": run.definition.python_hash,
            "input": run.opened,
            "user": str(work.user),
            "now": run.started_at.isoformat(),
            "log_seq": work.log_seq,
            "wait_s": min(WAIT_S, SHARE * work.timeout_s),
        }

        try:
            async with self._workers.one() as worker:
                answer = await _timed(worker, call, run)
        except Crashed as crashed:
            raise crash(crashed.code) from None
        except TimeoutError:
            raise late(work.timeout_s) from None
        if (error := answer.get("error")) is not None:
            raise Failure(error["code"], error["message"], retryable=error["retryable"])
        return answer["output"]


async def _timed(worker: Worker, call: Frame, run: Run) -> Frame:
    def partial(value: Any) -> None:
        run.ledger.partial = value

    begun = time.monotonic()
    try:
        return await worker.call(call, partial, within_s=run.work.timeout_s)
    finally:
        run.ledger.took_s = time.monotonic() - begun
