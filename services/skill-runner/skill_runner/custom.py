"""Runs a custom skill in a worker process."""

from typing import Any

from skill_runner.call import Call
from skill_runner.failure import Failure
from skill_runner.run import Prepared, Run, late
from skill_runner.turns import Turns
from skill_runner.workers import Workers

WAIT_S = 5.0
SHARE = 0.8


class CustomEngine:
    def __init__(self, workers: Workers, turns: Turns) -> None:
        self._workers = workers
        self._turns = turns

    async def prepare(self, run: Run) -> Prepared:
        if run.definition.python_hash is None:
            raise Failure("definition_missing", "the skill is custom and was pushed without a Python file")
        return Prepared(run)

    async def run(self, prepared: Prepared) -> Any:
        run, work = prepared.run, prepared.run.work
        told = {
            "skill": run.definition.name,
            "python_hash": run.definition.python_hash,
            "input": run.opened,
            "user": str(work.user),
            "now": run.started_at.isoformat(),
            "log_seq": work.log_seq,
            "wait_s": min(WAIT_S, SHARE * work.timeout_s),
        }
        call = Call(told, run.progress.keep, within_s=work.timeout_s)
        try:
            return await self._workers.output(call, late(work.timeout_s))
        finally:
            run.progress.took_s = call.took_s
            if call.took_s:
                self._turns.took(call.took_s)
