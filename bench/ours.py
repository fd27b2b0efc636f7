"""Our stack as it is shipped, in processes of its own, on a data folder whose log grows from run to run."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from bench.contender import Turn
from bench.meter import Groups
from bench.piped import Piped, piped
from bench.reached import last_seq, log_at, tables_at
from bench.run import Sync
from bench.work import IN_FLIGHT, STEPS, Wrong
from totalaud.pushing import pusher
from totalaud.stack.local import LocalStack

SKILLS = Path(__file__).parent / "skills"
SYNC_INTERVALS: dict[Sync, str] = {"default": "2m", "always": "always"}
RUNNERS = ("skill-runner-1", "skill-runner-2")
COUNTED = """
SELECT (SELECT count(*) FROM agent_sessions) AS sessions,
  (SELECT count(*) FROM agent_session_steps) AS steps,
  (SELECT count(*) FROM skill_executions) AS executions,
  (SELECT count(*) FROM agent_sessions
    WHERE status = 'completed' AND (final_output #>> '{document,count}')::int = $1) AS right_sessions,
  (SELECT count(*) FROM agent_session_steps WHERE status = 'completed') AS right_steps,
  (SELECT count(*) FROM skill_executions WHERE status = 'success') AS right_executions,
  (SELECT seq FROM checkpoint) AS checkpoint
"""


class Ours:
    """A running stack; `asked` is how many sessions its log holds."""

    def __init__(self, stack: LocalStack, asked: int) -> None:
        self.stack = stack
        self.asked = asked

    @property
    def groups(self) -> Groups:
        """Its processes by what they are; both runners are one group."""
        found: dict[str, list[int]] = {}
        for one in self.stack.status():
            if one.pid is not None:
                found.setdefault("skill-runner" if one.name in RUNNERS else one.name, []).append(one.pid)
        return found

    @asynccontextmanager
    async def turn(self, runners: int = 1) -> AsyncIterator[Turn]:
        """Have so many skill-runners and a driver."""
        for name in RUNNERS[1:runners]:
            await self.stack.resume(name)
        try:
            async with self.driver() as driver:
                yield Turn([driver], {**self.groups, "driver": [driver.pid]}, self.check)
        finally:
            for name in RUNNERS[1:runners]:
                await self.stack.halt(name)

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[Piped]:
        async with piped("bench.driver", env=self.stack.env, log=self.stack.logs / "driver.log") as driver:
            yield driver

    async def fill(self, sessions: int) -> None:
        """Bring the log to so many sessions, each of them really run."""
        if (missing := sessions - self.asked) > 0:
            async with self.driver() as driver:
                done = await driver.ask(do="run", sessions=missing, in_flight=IN_FLIGHT)
            await self.check(done["sessions"])

    async def check(self, sessions: int) -> None:
        """Count what so many more sessions have left: every row is there, right, and none is too many."""
        self.asked += sessions
        found = await counted(self.stack)
        steps = self.asked * STEPS
        wanted = {"sessions": self.asked, "steps": steps, "executions": steps}
        wanted |= {f"right_{name}": rows for name, rows in wanted.items()}
        async with log_at(self.stack.place.nats_url) as client:
            wanted["checkpoint"] = await last_seq(client)
        if found != wanted:
            raise Wrong(f"the read model has {found}, should have {wanted}")
        if again := [one.name for one in self.stack.status() if one.restarts]:
            raise Wrong(f"these ended and were started again: {', '.join(again)}")


async def counted(stack: LocalStack) -> dict[str, int]:
    async with tables_at(stack.place.database_url) as connection:
        return dict(await connection.fetchrow(COUNTED, STEPS) or {})


@asynccontextmanager
async def running(
    data: Path, sync: Sync, *, asked: int = 0, traces: str | None = None
) -> AsyncIterator[Ours]:
    """Start the stack on its data folder; its second skill-runner is halted outside of its own turns."""
    stack = LocalStack(
        data,
        SKILLS,
        runners=len(RUNNERS),
        push=pusher(_silent),
        sync_interval=SYNC_INTERVALS[sync],
    )
    with _traces_to(traces):
        await stack.start()
    try:
        await stack.halt(RUNNERS[1])
        yield Ours(stack, asked)
    finally:
        await stack.stop()


def _silent(_line: str) -> None:
    """Say nothing."""


@contextmanager
def _traces_to(endpoint: str | None) -> Iterator[None]:
    """Let what is started meanwhile send its traces there."""
    if endpoint is not None:
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
    try:
        yield
    finally:
        os.environ.pop("OTEL_EXPORTER_OTLP_ENDPOINT", None)
