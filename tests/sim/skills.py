"""The skills of simulated sessions, free, paid, and paid with results that are kept; the engine bills."""

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.definitions import AgentDefinition, SkillConfig, SkillDefinition
from shared.usage import Usage
from sim.bus import Process
from sim.chance import Chance
from skill_runner.failure import Failure
from skill_runner.run import Run, deadline

NUMBER = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
PRICE = Decimal("0.01")
TIMEOUT_S = 4.0


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
    for skill in (_skill("add", "custom"), _skill("buy", "openai"), _skill("keep", "openai", cache_s=3600))
}
AGENT = AgentDefinition(name="sim-agent", domain="simulation", skills=tuple(SKILLS))


class Bill:
    """What the provider counted: calls begun and calls answered, by attempt."""

    def __init__(self) -> None:
        self.begun: Counter[UUID] = Counter()
        self.answered: Counter[UUID] = Counter()
        self.orphaned: set[UUID] = set()


class SimEngine:
    """Adds one to a number, after some time, sometimes failing, sometimes for money."""

    def __init__(self, process: Process, chance: Chance, bill: Bill, running: set[UUID]) -> None:
        self._process = process
        self._chance = chance
        self._bill = bill
        self._running = running

    async def run(self, run: Run) -> Any:
        attempt, paid = run.work.attempt_id, run.work.pool != "custom"
        self._running.add(attempt)
        async with deadline(run.work.timeout_s, run.ledger):
            await self._process.point()
            if paid:
                self._bill.begun[attempt] += 1
            await asyncio.sleep(self._chance.random.choice((0.01, 0.1, 1.0, 2.0, 5.0)))
            if not self._process.alive:
                await self._process.gone()
            if paid:
                run.ledger.spend(
                    Usage(provider="openai", model="sim", input_tokens=10, output_tokens=5, cost_usd=PRICE)
                )
                self._bill.answered[attempt] += 1
            if self._chance.strikes(0.15):
                raise Failure("sim_failure", "it failed", retryable=self._chance.strikes(0.8))
        return {"n": run.opened["n"] + 1}
