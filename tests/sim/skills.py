"""The skills of simulated sessions: free, paid, paid and kept, a list that is bought; the engine bills."""

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.definitions import AgentDefinition, SkillConfig, SkillDefinition
from shared.usage import Usage
from sim.chance import Chance
from sim.process import Process
from skill_runner.failure import Failure
from skill_runner.pace import NoTurn
from skill_runner.progress import ProviderCall
from skill_runner.run import Prepared, Run, deadline

NUMBER = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
PRICE, MOST = Decimal("0.01"), Decimal("0.013")
TIMEOUT_S = 4.0
ITEMS = 3


def _skill(name: str, pool: Any, **settings: Any) -> SkillDefinition:
    return SkillDefinition(
        name=name,
        category="analysis",
        provider=pool,
        input_schema=NUMBER,
        output_schema=NUMBER,
        config=SkillConfig(timeout_s=TIMEOUT_S, max_attempts=4, backoff_s=0.5, **settings),
        hash=name.ljust(64, "0"),
        python_hash="0" * 64 if pool == "custom" else None,
    )


SKILLS = {
    skill.name: skill
    for skill in (
        _skill("add", "custom"),
        _skill("buy", "openai"),
        _skill("keep", "openai", cache_s=3600),
        _skill("collect", "openai"),
    )
}
OWN, OTHERS = ("add", "buy", "keep"), ("collect",)
AGENTS = {
    "sim-agent": AgentDefinition(name="sim-agent", domain="simulation", skills=OWN),
    "list-agent": AgentDefinition(name="list-agent", domain="simulation", skills=OTHERS),
}


class Bill:
    """What the provider counted: calls begun by attempt and item, and calls answered by attempt."""

    def __init__(self) -> None:
        self.begun: Counter[tuple[UUID, int]] = Counter()
        self.answered: Counter[UUID] = Counter()
        self.orphaned: set[UUID] = set()


class SimEngine:
    """Adds one to a number, in time, sometimes failing, sometimes for money; `collect` buys three times."""

    def __init__(self, process: Process, chance: Chance, bill: Bill, running: set[UUID]) -> None:
        self._process = process
        self._chance = chance
        self._bill = bill
        self._running = running

    async def prepare(self, run: Run) -> Prepared:
        """Say what it may cost, somewhat more than it does, as with bounds of real calls.

        It may have to wait for its turn.
        """
        if run.work.pool == "custom":
            return Prepared(run)
        if self._chance.happens(0.03):
            raise Failure("sim_unready", "this runner cannot run it", retryable=True)
        no_turn = (
            NoTurn("rate_limited", "it takes no more calls", 6.0) if self._chance.happens(0.03) else None
        )
        done = len(run.work.done.items) if run.work.done else 0
        most = MOST * (ITEMS - done if run.work.skill == "collect" else 1)
        return Prepared(run, most, no_turn=no_turn)

    async def run(self, prepared: Prepared) -> Any:
        run = prepared.run
        self._running.add(run.work.attempt_id)
        async with deadline(run.work.timeout_s, run.progress):
            await self._process.point()
            if run.work.skill == "collect":
                await self._collect(run)
            else:
                await self._work(run, 0, (0.01, 0.1, 1.0, 2.0, 5.0))
        return {"n": run.opened["n"] + 1}

    async def _collect(self, run: Run) -> None:
        done = list(run.work.done.items) if run.work.done else []
        for item in range(ITEMS):
            if item not in done:
                await self._work(run, item, (0.01, 0.1, 1.0))
                done.append(item)
                run.progress.partial, run.progress.items = {"n": len(done)}, tuple(done)

    async def _work(self, run: Run, item: int, seconds: tuple[float, ...]) -> None:
        attempt, paid = run.work.attempt_id, run.work.pool != "custom"
        call = ProviderCall(item, 1, "first", "openai", "sim", run.started_at, most_usd=MOST)
        if paid:
            self._bill.begun[attempt, item] += 1
            run.progress.calls.append(call)
        await asyncio.sleep(self._chance.random.choice(seconds))
        if not self._process.alive:
            await self._process.gone()
        if paid:
            call.usage = Usage(
                provider="openai", model="sim", input_tokens=10, output_tokens=5, cost_usd=PRICE
            )
            call.outcome, call.took_s, call.in_doubt = "passed", 0.0, False
            run.progress.spend(call.usage)
            self._bill.answered[attempt] += 1
        if self._chance.happens(0.15):
            raise Failure("sim_failure", "it failed", retryable=self._chance.happens(0.8))
