"""A paid attempt is claimed: its money is set aside first, and what no start followed is given back."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from controls import LEASE_S, SESSION, USER, attempt_id, claim, report, start
from orchestrator.asked import Cancel, ClaimAttempt, Command, SetSessionBudget
from orchestrator.claims import Claims
from orchestrator.follow import Follow
from orchestrator.ledger import Release, Reserve, SetBudget
from orchestrator.ledgers import Ledgers
from orchestrator.sessions import Known, Sessions
from orchestrator.settling import Settling
from orchestrator.timers import Timers
from shared.commit import Commit
from shared.events import (
    AttemptLost,
    AttemptRequested,
    AttemptStarted,
    AttemptStopped,
    Budget,
    SessionCancelled,
    SessionFailed,
    SessionStarted,
    SessionWaiting,
    StepFailed,
)
from shared.ledger_events import MoneyReleased, MoneyReserved, Policy, Scope
from shared.log import Past
from shared.refusal import Refusal
from shared.subjects import Aggregate, ledger, session
from shared.work import Answer, Claim
from sim.bus import SimBus
from sim.chance import Chance, Faults
from sim.log import SimLog
from sim.loop import VirtualLoop
from sim.process import Process
from sim.processes import World
from sim.silence import silenced

RUN, LEDGER = session(USER, SESSION), ledger(USER)
PAID = start(1, pool="anthropic")
COST = Decimal("0.02")


def asking(cost: Decimal | None = COST, **changes: Any) -> Claim:
    return replace(claim().claim, most_usd=cost, **changes)


class Interrupted(SimLog):
    """The log of an orchestrator to which something happens once its first commit on a ledger is stored.

    The next `behind` reads of a session are answered by a copy that has nothing of it yet.
    """

    def __init__(self, bus: SimBus) -> None:
        super().__init__(bus)
        self.then: Callable[[], Awaitable[Any]] | None = None
        self.behind = 0

    async def page(self, aggregate: Aggregate, after: int | datetime, *, most: int, most_bytes: int) -> Past:
        if aggregate == RUN and self.behind:
            self.behind -= 1
            return Past()
        return await super().page(aggregate, after, most=most, most_bytes=most_bytes)

    async def append(self, aggregate: Aggregate, commit: Commit, *, expected: int) -> int:
        seq = await super().append(aggregate, commit, expected=expected)
        if aggregate == LEDGER and self.then is not None:
            then, self.then = self.then, None
            await then()
        return seq


class Orchestrator:
    """One of those that share a log."""

    def __init__(self, world: World) -> None:
        bus: Any = SimBus(world.server, Process("orchestrator", Chance(0)))
        self.log = Interrupted(bus)
        self.sessions = Sessions(self.log, world.now, world.new_id)
        self.ledgers = Ledgers(self.log, world.now, world.new_id)
        settling = Settling(self.ledgers, self.log, world.now)
        follow = Follow(bus, self.sessions, settling, Timers(world.now), lease_s=LEASE_S)
        self.claims = Claims(self.sessions, self.ledgers, follow, LEASE_S, world.now)
        self._stream = world.server.streams["EVT"]
        self._work = world.server.streams["WORK"]

    async def decide(self, *commands: Command) -> Known:
        for command in commands:
            known = (await self.sessions.decide(RUN, command)).known
        return known

    async def limited(self, limit: str, policy: Policy = "fail", scope: Scope = "user") -> None:
        await self.ledgers.do(USER, SetBudget(scope, Decimal(limit), policy), "test")

    async def resume(self) -> None:
        await self.claims.resume(RUN, await self.sessions.load(RUN, fresh=True))

    def events(self, of: Aggregate) -> list[type]:
        """Tell what happened there."""
        stored = self._stream.by_subject.get(of.subject, [])
        return [type(event) for one in stored for event in one.recorded.commit.events]

    def causes(self) -> list[str | None]:
        """Tell for what each commit was made that was not a test's."""
        found = [one.recorded.commit.causation_id for one in self._stream.messages]
        return [cause for cause in found if cause not in (None, "test")]

    def dispatched(self) -> int:
        return len(self._work.messages)


def run(story: Callable[[World], Coroutine[Any, Any, Any]]) -> Any:
    with silenced():
        return VirtualLoop().run(story(World(0)))


def verdicts(*answers: Answer) -> list[str]:
    return [answer.verdict for answer in answers]


def test_money_is_set_aside_before_the_attempt_starts_and_both_name_it():
    async def story(world: World) -> None:
        one = Orchestrator(world)
        await one.decide(PAID)
        assert await one.claims.claim(asking()) == Answer(verdict="run", lease_s=LEASE_S)
        assert one.events(LEDGER) == [MoneyReserved]
        assert one.events(RUN) == [SessionStarted, AttemptRequested, AttemptStarted]
        assert one.causes() == [str(attempt_id())] * 2
        (held,) = (await one.ledgers.load(USER)).ledger.open.values()
        assert (held.amount_usd, held.id, held.day) == (COST, SESSION, world.now().date())

    run(story)


def test_whoever_asks_again_sets_nothing_more_aside():
    async def story(world: World) -> None:
        one = Orchestrator(world)
        await one.decide(PAID)
        told = [await one.claims.claim(asking(runner=runner)) for runner in ("a", "a", "b")]
        assert verdicts(*told) == ["run", "run", "later"]
        assert one.events(LEDGER) == [MoneyReserved]
        assert await one.claims.claim(asking(Decimal(9), runner="b")) == told[-1]
        assert one.events(LEDGER) == [MoneyReserved]

    run(story)


def test_an_attempt_that_costs_nothing_has_no_account():
    async def story(world: World) -> None:
        one = Orchestrator(world)
        await one.decide(PAID)
        assert verdicts(await one.claims.claim(asking(Decimal(0)))) == ["run"]
        assert one.events(LEDGER) == []

    run(story)


def test_for_an_attempt_that_is_over_nothing_is_set_aside():
    async def story(world: World) -> None:
        one = Orchestrator(world)
        await one.decide(PAID, Cancel())
        assert verdicts(await one.claims.claim(asking())) == ["drop"]
        assert one.events(LEDGER) == []

    run(story)


def test_an_orchestrator_that_is_behind_sets_money_aside_too():
    async def story(world: World) -> None:
        one, behind = Orchestrator(world), Orchestrator(world)
        await one.decide(start(2, pool="anthropic"))
        await behind.sessions.load(RUN)
        known = await one.decide(report())
        asked = asking(attempt_id=attempt_id(2), step=2, seq=known.seq)
        assert verdicts(await behind.claims.claim(asked)) == ["run"]
        assert one.events(LEDGER) == [MoneyReserved]

    run(story)


def test_an_attempt_that_the_log_has_not_heard_of_yet_is_asked_for_again():
    async def story(world: World) -> None:
        one = Orchestrator(world)
        known = await one.decide(PAID)
        with pytest.raises(Refusal, match="ask again"):
            await one.claims.claim(asking(seq=known.seq + 1))

    run(story)


def test_no_attempt_starts_unpaid_where_a_copy_of_the_log_was_behind_at_first():
    async def story(world: World) -> None:
        one, other = Orchestrator(world), Orchestrator(world)
        known = await one.decide(PAID)
        other.log.behind = 2
        assert verdicts(await other.claims.claim(asking(seq=known.seq))) == ["run"]
        assert one.events(LEDGER) == [MoneyReserved]

    run(story)


def test_what_a_commit_asks_for_is_done_though_its_answer_was_lost():
    async def story(world: World) -> None:
        one = Orchestrator(world)
        world.chance.faults = Faults(lost_ack=1)
        decided = await one.sessions.decide(RUN, PAID, supposed_new=True)
        assert [type(event) for event in decided.events] == one.events(RUN)

    run(story)


def test_for_a_call_that_runs_for_nothing_no_other_runner_sets_money_aside():
    async def story(world: World) -> None:
        one = Orchestrator(world)
        await one.decide(PAID)
        told = [await one.claims.claim(asking(cost, runner=str(cost))) for cost in (Decimal(0), COST)]
        assert verdicts(*told) == ["run", "later"]
        assert one.events(LEDGER) == []

    run(story)


def test_a_runner_that_is_not_heard_of_after_its_claim_has_lost_its_attempt():
    async def story(world: World) -> None:
        one = Orchestrator(world)
        await one.decide(PAID)
        await one.claims.claim(asking())
        await asyncio.sleep(LEASE_S + 1)
        assert AttemptLost in one.events(RUN)

    run(story)


def test_what_was_set_aside_is_given_back_where_the_attempt_ended_meanwhile():
    async def story(world: World) -> None:
        one, other = Orchestrator(world), Orchestrator(world)
        await one.decide(PAID)
        one.log.then = lambda: other.decide(Cancel())
        assert verdicts(await one.claims.claim(asking())) == ["drop"]
        assert one.events(RUN)[-1] is SessionCancelled
        assert one.events(LEDGER) == [MoneyReserved, MoneyReleased]
        assert one.causes() == [str(attempt_id())] * 2

    run(story)


@pytest.mark.parametrize("ends", [(), (Cancel(),)], ids=["runs", "is cancelled"])
def test_what_another_runner_s_call_is_paid_from_is_not_given_back(ends: tuple[Command, ...]):
    async def story(world: World) -> None:
        one, other = Orchestrator(world), Orchestrator(world)
        await one.decide(PAID)
        one.log.then = lambda: other.decide(ClaimAttempt(asking(runner="other"), LEASE_S), *ends)
        assert verdicts(await one.claims.claim(asking())) == ["drop" if ends else "later"]
        assert one.events(LEDGER) == [MoneyReserved]

    run(story)


def test_a_limit_stops_the_attempt_and_nothing_is_set_aside():
    async def story(world: World) -> None:
        one = Orchestrator(world)
        await one.decide(PAID)
        await one.limited("0.01")
        assert verdicts(await one.claims.claim(asking())) == ["drop"]
        assert one.events(RUN)[-3:] == [AttemptStopped, StepFailed, SessionFailed]
        assert (await one.ledgers.load(USER)).ledger.open == {}

    run(story)


@pytest.mark.parametrize("scope", ["user", "day"])
def test_a_session_that_waits_goes_on_once_the_limit_that_stopped_it_leaves_enough(scope: Scope):
    async def story(world: World) -> None:
        one = Orchestrator(world)
        await one.decide(PAID)
        await one.limited("0.01", "wait", scope)
        assert verdicts(await one.claims.claim(asking())) == ["drop"]
        assert one.events(RUN)[-1] is SessionWaiting
        await one.limited("0.015", "wait", scope)
        await one.resume()
        assert (one.events(RUN)[-1], one.dispatched()) == (SessionWaiting, 0)
        await one.limited("0.02", "wait", scope)
        await one.resume()
        assert (one.events(RUN)[-1], one.dispatched()) == (AttemptRequested, 1)
        assert one.causes()[-1] == "budget"
        await one.resume()
        assert one.dispatched() == 1

    run(story)


def test_a_session_that_waits_for_the_day_s_money_goes_on_the_next_day():
    async def story(world: World) -> None:
        one = Orchestrator(world)
        await one.decide(PAID)
        await one.limited("0.02", "wait", "day")
        other = Reserve(UUID(int=1), "session", UUID(int=1), Decimal("0.01"), world.now().date())
        await one.ledgers.do(USER, other, "test")
        assert verdicts(await one.claims.claim(asking())) == ["drop"]
        await one.resume()
        assert one.events(RUN)[-1] is SessionWaiting
        world.put_back(-timedelta(days=1))
        await one.resume()
        assert one.events(RUN)[-1] is AttemptRequested

    run(story)


def test_a_session_that_waits_for_its_own_limit_goes_on_once_that_is_raised():
    async def story(world: World) -> None:
        one = Orchestrator(world)
        await one.decide(replace(PAID, budget=Budget(limit_usd=Decimal("0.01"), policy="wait")))
        assert verdicts(await one.claims.claim(asking())) == ["drop"]
        assert one.events(LEDGER) == [MoneyReserved, MoneyReleased]
        await one.resume()
        assert (one.events(RUN)[-1], one.dispatched()) == (SessionWaiting, 0)
        await one.decide(SetSessionBudget(COST))
        await one.resume()
        assert (one.events(RUN)[-1], one.dispatched()) == (AttemptRequested, 1)

    run(story)


def test_money_that_is_set_free_lets_go_on_who_waits_for_it():
    async def story(world: World) -> None:
        one = Orchestrator(world)
        await one.decide(PAID)
        await one.limited("0.02", "wait")
        other = Reserve(UUID(int=1), "session", UUID(int=1), Decimal("0.01"), world.now().date())
        await one.ledgers.do(USER, other, "test")
        assert verdicts(await one.claims.claim(asking())) == ["drop"]
        await one.claims.resume_one(USER)
        assert one.events(RUN)[-1] is SessionWaiting
        await one.ledgers.do(USER, Release(UUID(int=1)), "test")
        await one.claims.resume_one(UUID(int=9))
        assert one.events(RUN)[-1] is SessionWaiting
        await one.claims.resume_one(USER)
        assert (one.events(RUN)[-1], one.dispatched()) == (AttemptRequested, 1)
        await one.claims.resume_one(USER)
        assert one.dispatched() == 1

    run(story)


def test_who_has_ended_meanwhile_keeps_no_place_among_those_who_wait():
    async def story(world: World) -> None:
        one = Orchestrator(world)
        await one.decide(PAID)
        await one.limited("0.01", "wait")
        assert verdicts(await one.claims.claim(asking())) == ["drop"]
        await one.decide(Cancel())
        await one.limited("1", "wait")
        await one.claims.resume_one(USER)
        assert (one.events(RUN)[-1], one.claims.waiting) == (SessionCancelled, {})

    run(story)
