"""What must be true once all has come to rest: the log, the tables and the provider's bill are one story."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from load import Load, patiently
from orchestrator.evolve import fold
from orchestrator.session import Session
from projected import assert_folded, whole_log
from shared.commit import Commit, decode
from shared.events import (
    AnyEvent,
    AttemptFailed,
    AttemptLost,
    AttemptReportedLate,
    AttemptRequested,
    AttemptStarted,
    AttemptStopped,
    StepCompleted,
)
from shared.refusal import Refusal
from shared.subjects import Aggregate
from totalaud.errors import Unreachable

OUTCOME = (StepCompleted, AttemptFailed, AttemptReportedLate)
SETTLED_S = 90
ROUNDING = Decimal("1e-9")
UNEVEN = """
SELECT s.id, s.cost_usd, s.in_doubt_usd, of_steps.*, of_attempts.*, of_calls.paid, of_ledger.*
FROM agent_sessions s,
  LATERAL (
    SELECT sum(cost_usd) AS paid, sum(in_doubt_usd) AS doubt FROM agent_session_steps WHERE session_id = s.id
  ) AS of_steps,
  LATERAL (
    SELECT coalesce(sum(cost_usd), 0) AS paid, coalesce(sum(in_doubt_usd), 0) AS doubt FROM skill_executions
    WHERE agent_session_id = s.id AND execution_id IS NULL
  ) AS of_attempts,
  LATERAL (
    SELECT coalesce(sum(cost_usd), 0) AS paid FROM model_calls WHERE agent_session_id = s.id
  ) AS of_calls,
  LATERAL (
    SELECT coalesce(sum(cost_usd), 0) AS paid, coalesce(sum(in_doubt_usd), 0) AS doubt FROM ledger
    WHERE session_id = s.id
  ) AS of_ledger
WHERE (of_steps.paid, of_attempts.paid, of_calls.paid, of_ledger.paid)
    <> (s.cost_usd, s.cost_usd, s.cost_usd, s.cost_usd)
  OR (of_steps.doubt, of_attempts.doubt, of_ledger.doubt)
    <> (s.in_doubt_usd, s.in_doubt_usd, s.in_doubt_usd)
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """How much was compared. `lost` are attempts whose runner fell silent; money is in US dollars."""

    commits: int
    sessions: int
    attempts: int
    lost: int
    calls: int
    rows: int
    contacts: int
    bill: Decimal
    in_doubt: Decimal

    def __str__(self) -> str:
        return (
            f"{self.commits} commits of {self.sessions} sessions and {self.contacts} contacts, "
            f"{self.attempts} attempts ({self.lost} lost), {self.rows} rows, {self.calls} calls paid, "
            f"the provider's bill ${self.bill:.4f}, ${self.in_doubt:.4f} in doubt"
        )


@dataclass(frozen=True, slots=True)
class Story:
    """What each of the three tells; `account` is the user's ledger.

    The provider's tale begins after the log's sequence `since`. `uneven` are sessions whose cost, or what is
    in doubt of it, is not that of their steps, attempts, calls and the ledger, to the last digit.
    """

    commits: list[tuple[Aggregate, Commit]]
    since: int
    executions: dict[UUID, Any]
    uneven: list[Any]
    contacts: int
    rows: int
    calls: dict[str, int]
    bill: Decimal
    account: dict[str, Any]
    dead_letters: list[Any]

    @property
    def events(self) -> Iterator[AnyEvent]:
        return (event for _, commit in self.commits for event in commit.events)


async def check(load: Load, *, since: int = 0) -> Checked:
    """Compare everything with everything, once the load is at rest; raises AssertionError.

    A provider that was not asked before a sequence of the log is not held against what came before it.
    """
    story = await story_of(load, since)
    wrong = list(lies(load, story))
    assert not wrong, wrong
    told = Counter(type(event) for event in story.events)
    return Checked(
        commits=len(story.commits),
        sessions=len(load.sessions),
        attempts=told[AttemptRequested],
        lost=told[AttemptLost],
        calls=len(story.calls),
        rows=story.rows,
        contacts=story.contacts,
        bill=story.bill,
        in_doubt=Decimal(story.account["in_doubt_usd"]),
    )


async def story_of(load: Load, since: int = 0) -> Story:
    """Ask all three, and compare every row with the folded log."""
    account = await settled(load)
    await projected(load)
    entries = await whole_log(load.client.bus)
    rows = await assert_folded(load.client.bus, load.stack.place.database_url)
    return Story(
        [(Aggregate.parse(entry.subject), decode(entry.body)) for entry in entries],
        since,
        rows["skill_executions"],
        await uneven(load),
        len(rows["contacts"]),
        sum(len(table) for table in rows.values()),
        await load.provider.calls(),
        await load.provider.bill(),
        account,
        await load.client.operator.dead_letters(),
    )


async def settled(load: Load) -> dict[str, Any]:
    """Return the account once no call is in the air and nothing is set aside; the sweep comes in a minute."""
    async with asyncio.timeout(SETTLED_S):
        while True:
            account = await patiently(load.client.budgets.get)
            if not await load.provider.in_the_air() and account["user"]["reserved_usd"] == "0":
                return account
            await asyncio.sleep(0.5)


async def uneven(load: Load) -> list[Any]:
    """Return the sessions that do not add up; what a late report clears up is settled within a minute."""
    until = time.monotonic() + SETTLED_S
    while (found := await load.client.tables.rows(UNEVEN)) and time.monotonic() < until:
        await asyncio.sleep(0.5)
    return found


async def projected(load: Load) -> None:
    async with asyncio.timeout(SETTLED_S):
        while True:
            with suppress(Unreachable, Refusal):
                if (await load.client.operator.projection_status())["lag"] == 0:
                    return
            await asyncio.sleep(0.1)


def lies(load: Load, story: Story) -> Iterator[str]:
    """Name whatever one of them tells that another one does not."""
    yield from _of_sessions(load, story)
    yield from _of_attempts(story)
    yield from _of_money(story)
    if story.contacts != len(load.persons):
        yield f"{len(load.persons)} contacts were imported, the tables have {story.contacts}"
    yield from (f"dead letter: {letter}" for letter in story.dead_letters)


def _of_sessions(load: Load, story: Story) -> Iterator[str]:
    """Each accepted one has one history, without a commit twice, and ended as its user was told."""
    histories: dict[str, list[AnyEvent]] = {}
    for aggregate, commit in story.commits:
        if aggregate.noun == "session":
            histories.setdefault(aggregate.id, []).extend(commit.events)
    if histories.keys() != set(load.sessions):
        yield f"{len(load.sessions)} sessions were accepted, the log has {len(histories)}"
    for id_, events in histories.items():
        session = fold(events)
        ended = "failed" if id_ in load.failed else "completed"
        if session.status != ended or (ended == "completed" and len(session.outputs) != len(session.steps)):
            yield f"session {id_} is {session.status}, its user was told {ended}"
        why = load.failed.get(id_)
        if why and why not in load.may_fail and not _for_a_reason(why, session, events):
            yield f"session {id_} failed without a reason ({why})"
    ids = Counter(commit.commit_id for _, commit in story.commits)
    yield from (f"commit {id_} is there {times} times" for id_, times in ids.items() if times > 1)


def _for_a_reason(code: str, session: Session, events: list[AnyEvent]) -> bool:
    """Whether there was no money for a step, or as many runners were killed at it as it may have attempts."""
    if session.status != "failed":
        return False
    step = session.current
    at_it = [event for event in events if getattr(event, "step", None) == step]
    if code == "budget_exceeded":
        return any(isinstance(event, AttemptStopped) for event in at_it)
    lost = sum(isinstance(event, AttemptLost) for event in at_it)
    return code == "lost" and lost >= session.step(step).max_attempts


def _of_attempts(story: Story) -> Iterator[str]:
    """Each has one outcome, one row, and is called once at most, if it was started."""
    requested = {event.attempt_id: event for event in story.events if isinstance(event, AttemptRequested)}
    started = {str(event.attempt_id) for event in story.events if isinstance(event, AttemptStarted)}
    outcomes = Counter(event.attempt_id for event in story.events if isinstance(event, OUTCOME))
    yield from (f"attempt {id_} has {times} outcomes" for id_, times in outcomes.items() if times > 1)
    if story.executions.keys() != requested.keys():
        yield f"{len(requested)} attempts were requested, the tables have {len(story.executions)}"
    unsettled = [id_ for id_, row in story.executions.items() if row["status"] not in ("success", "error")]
    yield from (f"attempt {id_} is not settled in the tables" for id_ in unsettled)
    yield from (f"attempt {id_} was called {times} times" for id_, times in story.calls.items() if times > 1)
    yield from (f"{id_} was called and never started" for id_ in story.calls.keys() - started)
    told = [event for _, commit in story.commits[story.since :] for event in commit.events]
    done = {event.attempt_id for event in told if isinstance(event, StepCompleted)}
    paid = {str(id_) for id_ in done if requested[id_].pool != "custom"}
    yield from (f"attempt {id_} has an answer and was never called" for id_ in paid - story.calls.keys())


def _of_money(story: Story) -> Iterator[str]:
    """What is settled is the bill, but for what is in doubt."""
    spent = Decimal(story.account["user"]["spent_usd"])
    doubt = Decimal(story.account["in_doubt_usd"])
    if not spent - doubt - ROUNDING <= story.bill <= spent + ROUNDING:
        yield f"the provider's bill is {story.bill}, the ledger says {spent} with {doubt} in doubt"
    yield from (f"a session does not add up: {row}" for row in story.uneven)
    if story.account["unpriced_calls"]:
        yield "there are calls without a price"
