"""Runs a custom skill in a worker process."""

from typing import Any

from skill_runner.failure import Failure
from skill_runner.run import Prepared, Run, deadline
from skill_runner.workers import Crashed, Workers, crash

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

        def partial(value: Any) -> None:
            run.ledger.partial = value

        try:
            async with self._workers.one() as worker, deadline(work.timeout_s, run.ledger):
                answer = await worker.call(call, partial)
        except Crashed as crashed:
            raise crash(crashed.code) from None
        if (error := answer.get("error")) is not None:
            raise Failure(error["code"], error["message"], retryable=error["retryable"])
        return answer["output"]
