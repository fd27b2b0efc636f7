"""The order of things: for each size of the log and each sync setting, rounds of turns."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bench import floor_turn, ours, traced
from bench.about import about
from bench.contender import Contender
from bench.meter import memory
from bench.names import OURS, PEERS, TWO_RUNNERS
from bench.ours import Ours
from bench.peers.field import ready
from bench.piped import Failed
from bench.plan import Plan
from bench.rebuilding import rebuilt
from bench.results import MemoryAt, Results
from bench.run import Run, Setting, Sync, measured
from bench.servers import Database, postgres_server
from bench.starting import first_work
from bench.work import Wrong
from totalaud.stack.server import NotReady
from totalaud.stack.supervisor import Say

WARM_SESSIONS = 10_000
SETTLE_S = 2.0


class Bench:
    """Runs a plan in a folder; what is found so far is in `results`."""

    def __init__(self, plan: Plan, folder: Path, say: Say) -> None:
        self.results = Results(about(plan))
        self._plan = plan
        self._folder = folder
        self._say = say

    async def run(self) -> int:
        """Everybody has a turn at the smallest size; at the others, ours and the floor. Returns 0."""
        async with postgres_server(self._folder / "others") as postgres:
            peers, self.results.skipped = await ready(self._plan.peers, self._folder, postgres, self._say)
            for in_log in self._plan.sizes:
                first = in_log == self._plan.sizes[0]
                await self._size(in_log, postgres, peers if first else [], everybody=first)
        return 0

    async def _size(
        self, in_log: int, postgres: Database, peers: list[Contender], *, everybody: bool
    ) -> None:
        """One data folder, grown by real sessions, serves both settings one after the other."""
        data = self._folder / f"ours-{in_log}"
        asked = 0
        for sync in self._plan.syncs:
            setting = Setting(sync, in_log)
            async with ours.running(data, sync, asked=asked) as stack:
                self._say(f"sync {sync}: the stack runs, its log is brought to {in_log:,} sessions")
                await self._grow(stack, setting)
                contenders = [
                    *self._ways(stack, sync, everybody=everybody),
                    floor_turn.contender(self._folder / "floor", sync, postgres),
                    *peers,
                ]
                await self._rounds(contenders, setting)
                self._weigh(stack, setting, stack.asked - asked)
                if in_log == self._plan.sizes[-1] and sync == self._plan.syncs[0]:
                    await self._apart(stack)
                asked = stack.asked

    def _ways(self, stack: Ours, sync: Sync, *, everybody: bool) -> list[Contender]:
        """Return our stack; of everybody with two skill-runners too, and, once, with tracing.

        What is compared has its turns one after the other: within minutes the machine is another one.
        """
        ways = [Contender(OURS, stack.turn)]
        if everybody:
            ways.append(Contender(TWO_RUNNERS, lambda: stack.turn(2)))
            if sync == "default":
                ways.insert(0, traced.contender(self._folder / "traced", sync))
        return ways

    async def _grow(self, stack: Ours, setting: Setting) -> None:
        """Run sessions until the log has enough; weigh at rest, once warm, and after all of them."""
        await asyncio.sleep(SETTLE_S)
        self._weigh(stack, setting, 0)
        before = stack.asked
        if setting.in_log > before + WARM_SESSIONS:
            await stack.fill(before + WARM_SESSIONS)
            self._weigh(stack, setting, WARM_SESSIONS)
        if setting.in_log > before:
            await stack.fill(setting.in_log)
            self._weigh(stack, setting, setting.in_log - before)

    async def _rounds(self, contenders: Sequence[Contender], setting: Setting) -> None:
        """Take turns, every other round from the last to the first: none always comes after the same one."""
        for number in range(1, self._plan.rounds + 1):
            for contender in contenders if number % 2 else reversed(contenders):
                if contender.name not in self.results.skipped:
                    await self._turn(contender, setting, number)

    async def _turn(self, contender: Contender, setting: Setting, number: int) -> None:
        """Measure one turn; a peer that breaks down is left out from then on."""
        try:
            run = await measured(contender, self._plan.load, setting, number)
        except (Failed, NotReady, Wrong) as fault:
            if contender.name not in PEERS:
                raise
            self.results.skipped[contender.name] = f"in round {number}, sync {setting.sync}: {fault}"
            self._say(f"{contender.name} is left out from here on: {fault}")
            return
        self.results.runs.append(run)
        self._say(f"round {number} of {self._plan.rounds}: {_line(run)}")

    async def _apart(self, stack: Ours) -> None:
        """Measure what has no turns: the start of a skill-runner, the rebuild of the projection."""
        for _ in range(self._plan.rounds):
            self.results.first_works.append(await first_work(stack))
            self.results.rebuilds.append(await rebuilt(stack))
        self._say("the start of a skill-runner and the rebuild are measured")

    def _weigh(self, stack: Ours, setting: Setting, sessions: int) -> None:
        self.results.memory.append(MemoryAt(setting, sessions, memory(stack.groups)))


def _line(run: Run) -> str:
    return f"{run.contender}: {run.steps_per_s:,.0f} steps/s, foreign load {run.foreign_cores:.2f} cores"
