"""Sessions of the bench's work as the log holds them, decided by the real decider without running a step."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID, uuid4

from bench.reached import last_seq, log_at
from bench.work import IN_FLIGHT, STEPS, document, passed_on
from orchestrator.asked import Command, ReportAttempt, Start
from orchestrator.decide import decide
from orchestrator.session import Session
from shared.commit import Commit
from shared.events import PlannedStep
from shared.subjects import Aggregate, session
from shared.work import Report

SKILL, AGENT = "pass-on", "bench-agent"
COMMITS = STEPS + 1
EVENTS = 2 * COMMITS
AT_ONCE = 2_000
LOOK_S, ARRIVED_S = 0.005, 30
Written = tuple[Aggregate, Commit]


def histories(sessions: int, user: UUID) -> Iterator[Written]:
    """Yield the commits of so many sessions, `IN_FLIGHT` of them under way at once."""
    under_way: deque[Iterator[Written]] = deque()
    waiting = iter(range(sessions))
    while True:
        while len(under_way) < IN_FLIGHT and (number := next(waiting, None)) is not None:
            under_way.append(_session(number, session(user, uuid4())))
        if not under_way:
            return
        one = under_way.popleft()
        if (written := next(one, None)) is not None:
            yield written
            under_way.append(one)


def _session(number: int, aggregate: Aggregate) -> Iterator[Written]:
    """Start it, then report each step's output, as a skill-runner would."""
    state = Session()
    command: Command = _start(number)
    given = document(number)
    while True:
        now = datetime.now(UTC)
        state, events = decide(command, state, now, aggregate.subject)
        yield aggregate, Commit(commit_id=uuid4(), at=now, causation_id="bench", events=events)
        if state.ended:
            return
        (attempt_id,) = state.open
        given = passed_on(given)
        command = ReportAttempt(
            Report(
                user=aggregate.user or UUID(int=0),
                noun="session",
                id=UUID(aggregate.id),
                step=state.current,
                attempt_id=attempt_id,
                seq=1,
                output={"document": given},
                started_at=now,
                duration_ms=1,
            )
        )


def _start(number: int) -> Start:
    inputs = [document(number), *(f"{{{{step{step}.document}}}}" for step in range(1, STEPS))]
    steps = tuple(
        PlannedStep(
            number=step,
            skill=SKILL,
            skill_hash="bench",
            agent=AGENT,
            pool="custom",
            input={"document": given},
            timeout_s=5,
            max_attempts=3,
            backoff_s=1,
        )
        for step, given in enumerate(inputs, 1)
    )
    return Start(AGENT, steps, {"document": document(number)}, uuid4().hex)


async def write(url: str, written: Iterable[Written]) -> None:
    """Put commits into the log of a NATS, in their order; raises TimeoutError when some do not arrive.

    They are not acknowledged one by one, which is most of the price, but counted: nobody else may append.
    """
    async with log_at(url) as client:
        seq = await last_seq(client)
        waiting = iter(written)
        while some := list(islice(waiting, AT_ONCE)):
            for one, commit in some:
                await client.publish(one.subject, commit.encode(one))
            seq += len(some)
            async with asyncio.timeout(ARRIVED_S):
                while await last_seq(client) < seq:
                    await asyncio.sleep(LOOK_S)
