"""The skills of simulated sessions; the engine bills.

`add` is free, `buy` is paid, `keep` is too and its results are kept, `heed` is not called again in doubt, of
`guess` nobody knows the price, `collect` buys a list.
"""

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any, NamedTuple
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
TIMEOUT_S, ATTEMPTS, BACKOFF_S = 4.0, 4, 0.5
KEPT_S = 10
ITEMS = 3


def _skill(name: str, pool: Any, **settings: Any) -> SkillDefinition:
    return SkillDefinition(
        name=name,
        category="analysis",
        provider=pool,
        input_schema=NUMBER,
        output_schema=NUMBER,
        config=SkillConfig(timeout_s=TIMEOUT_S, max_attempts=ATTEMPTS, backoff_s=BACKOFF_S, **settings),
        hash=name.ljust(64, "0"),
        python_hash="0" * 64 if pool == "custom" else None,
    )


SKILLS = {
    skill.name: skill
    for skill in (
        _skill("add", "custom"),
        _skill("buy", "openai"),
        _skill("keep", "openai", cache_s=KEPT_S),
        _skill("collect", "openai"),
        _skill("heed", "openai", in_doubt="ask"),
        _skill("guess", "openai"),
    )
}
NEWER = {
    name: skill.model_copy(
        update={"version": "2", "hash": name.ljust(64, "1"), "python_hash": skill.python_hash and "1" * 64}
    )
    for name, skill in SKILLS.items()
}
OWN, OTHERS = ("add", "buy", "keep", "heed", "guess"), ("collect",)
AGENTS = {
    "sim-agent": AgentDefinition(name="sim-agent", domain="simulation", skills=OWN),
    "list-agent": AgentDefinition(name="list-agent", domain="simulation", skills=OTHERS),
}


class Call(NamedTuple):
    """A call as its provider knows it, at a moment of the run's loop."""

    at: float
    attempt: UUID
    item: int
    runner: str


class Bill:
    """What the provider counted: calls, also by attempt and item, and calls answered by attempt.

    `ran` tells by attempt the hash of what was run.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.begun: Counter[tuple[UUID, int]] = Counter()
        self.answered: Counter[UUID] = Counter()
        self.orphaned: set[UUID] = set()
        self.ran: dict[UUID, str] = {}


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
        return Prepared(run, _most(run), no_turn=no_turn)

    async def run(self, prepared: Prepared) -> Any:
        run = prepared.run
        self._running.add(run.work.attempt_id)
        self._bill.ran[run.work.attempt_id] = run.definition.hash
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
        price, most = (None, None) if run.work.skill == "guess" else (PRICE, MOST)
        call = ProviderCall(item, 1, "first", "openai", "sim", run.started_at, most_usd=most)
        if paid:
            run.progress.calls.append(call)
            if self._chance.happens(0.04):
                call.outcome, call.took_s, call.in_doubt = "rate_limited", 0.0, False
                asked_s = self._chance.random.choice((None, 3.0, 15.0))
                raise Failure("rate_limited", "it takes no more", retryable=True, retry_after_s=asked_s)
            self._bill.begun[attempt, item] += 1
            self._bill.calls.append(
                Call(asyncio.get_running_loop().time(), attempt, item, self._process.name)
            )
        await asyncio.sleep(self._chance.random.choice(seconds))
        if not self._process.alive:
            await self._process.gone()
        if paid:
            call.usage = Usage(
                provider="openai", model="sim", input_tokens=10, output_tokens=5, cost_usd=price
            )
            call.outcome, call.took_s, call.in_doubt = "passed", 0.0, False
            self._bill.answered[attempt] += 1
        if self._chance.happens(0.15):
            raise Failure("sim_failure", "it failed", retryable=self._chance.happens(0.8))


def _most(run: Run) -> Decimal | None:
    if run.work.skill == "guess":
        return None
    done = len(run.work.done.items) if run.work.done else 0
    return MOST * (ITEMS - done if run.work.skill == "collect" else 1)
