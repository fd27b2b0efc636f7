"""Random histories, decided by the real decider: claims, reports, losses, cancels, retries, late reports."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from msgspec import structs

from controls import LEASE_S, NOW, RUNNER, planned
from orchestrator import steps
from orchestrator.asked import (
    Cancel,
    ClaimAttempt,
    Command,
    ExpireLease,
    Refuse,
    ReportAttempt,
    Retry,
    Start,
    WakeUp,
)
from orchestrator.decide import decide
from orchestrator.session import Session
from shared.commit import Commit
from shared.definitions import SkillDefinition
from shared.events import AttemptError, SkillDisabled, SkillRegistered
from shared.refusal import Refusal
from shared.subjects import Aggregate, skill
from shared.usage import Cached, ModelCall, Usage
from shared.work import Claim, Report

STEPS = 3
Written = tuple[Aggregate, Commit]


@dataclass
class Story:
    """One session or stand-alone skill, as far as it has come."""

    aggregate: Aggregate
    chance: random.Random
    beside: UUID | None = None
    session: Session = field(default_factory=Session)

    def next(self, now: datetime) -> Commit | None:
        """Return what happens next, if the command that chance sends leads to anything."""
        try:
            session, events = decide(self._command(), self.session, now, self.aggregate.subject)
        except Refusal:
            return None
        if not events:
            return None
        self.session = session
        return Commit(commit_id=_uuid(self.chance), at=now, causation_id="test", events=events)

    @property
    def id(self) -> UUID:
        return UUID(self.aggregate.id)

    def _command(self) -> Command:
        chance = self.chance
        if self.session.status == "new":
            early = chance.random()
            if early < 0.04:
                return Cancel("too early")
            if early < 0.08:
                return Refuse(
                    "scout-agent", Refusal("unknown_skill", "steps.0.skill", "no such skill"), "print"
                )
            return self._start()
        open_ = list(self.session.open)
        roll = chance.random()
        if roll < 0.03:
            return Cancel("enough")
        if self.session.ended:
            step = chance.randint(1, min(self.session.current, len(self.session.steps) or 1))
            plans = tuple(
                planned(number, skill=f"skill-{number}")
                for number in range(step, len(self.session.steps) + 1)
            )
            if roll < 0.5 and self.session.status != "completed":
                return Retry(step, plans)
        if open_ and roll < 0.25:
            most = chance.choice((Decimal(0), Decimal("0.0123"), None))
            return ClaimAttempt(
                self._about(Claim, chance.choice(open_), runner=RUNNER, most_usd=most), LEASE_S
            )
        if open_ and roll < 0.35:
            return ExpireLease(chance.choice(open_))
        if self.session.known and roll < 0.85:
            return ReportAttempt(self._report(chance.choice(open_ or sorted(self.session.known))))
        return WakeUp()

    def _start(self) -> Start:
        alone = self.aggregate.noun == "execution"
        plans = tuple(planned(number) for number in range(1, 2 if alone else STEPS + 1))
        agent = None if alone else "scout-agent"
        return Start(agent, plans, {"topic": "synthpop"}, "print", self.beside)

    def _report(self, attempt_id: UUID) -> Report:
        chance = self.chance
        error = None
        if chance.random() < 0.4:
            retryable = chance.random() < 0.7
            error = AttemptError(code="provider_error", message="the provider failed", retryable=retryable)
        cached = None if error else _cached(attempt_id)
        calls = () if cached else self._calls(attempt_id)
        half = error is not None and chance.random() < 0.5
        return self._about(
            Report,
            attempt_id,
            output=None if error else {"text": "ünïcode 🎧", "score": chance.random()},
            error=error,
            partial={"texts": ["half"]} if half else None,
            items=(chance.randint(0, 3),) if half and calls else (),
            usage=None if cached else calls[0].usage if calls else self._usage(attempt_id),
            calls=calls,
            cache_key=None if error else f"key of {attempt_id}",
            cached=cached,
            started_at=NOW,
            duration_ms=chance.randint(1, 5000),
            warnings=("a field was dropped",) if chance.random() < 0.2 else (),
        )

    def _calls(self, attempt_id: UUID) -> tuple[ModelCall, ...]:
        """One that was answered, perhaps after one that was not."""
        chance = self.chance
        if chance.random() < 0.6:
            return ()
        usage = self._usage(attempt_id)
        asked = ModelCall(
            item=chance.choice((None, 0)),
            number=1,
            purpose="first",
            provider="anthropic",
            model="a-model",
            outcome="passed" if usage else "rate_limited",
            usage=usage,
            started_at=NOW,
            duration_ms=chance.randint(1, 5000),
        )
        again = {"number": 2, "purpose": "repair", "outcome": "unanswered", "usage": None}
        return (asked, structs.replace(asked, **again)) if chance.random() < 0.3 else (asked,)

    def _usage(self, attempt_id: UUID) -> Usage | None:
        """Whoever was in doubt has called somebody."""
        chance, held = self.chance, self.session.doubtful.get(attempt_id)
        doubtful = held is not None and held.reserved
        if chance.random() < 0.3 and not doubtful:
            return None
        price = Decimal(chance.randint(0, 10**6)) / 10**7
        simulated = chance.random() < 0.3 and not doubtful
        return Usage(
            provider="anthropic",
            model="a-model",
            input_tokens=chance.randint(0, 5000),
            output_tokens=chance.randint(0, 500),
            cost_usd=None if chance.random() < 0.2 else price,
            list_price_usd=price,
            price_version="1",
            simulated=simulated,
            in_doubt_usd=Decimal("0.0021") if chance.random() < 0.2 and not simulated else Decimal(0),
        )

    def _about(self, kind, attempt_id: UUID, **values):
        step = next(
            (held.asked.step for key, held in self.session.open.items() if key == attempt_id),
            self._step_of(attempt_id),
        )
        user, noun = self.aggregate.user, self.aggregate.noun
        return kind(user=user, noun=noun, id=self.id, step=step, attempt_id=attempt_id, seq=1, **values)

    def _step_of(self, attempt_id: UUID) -> int:
        for step, attempts in self.session.attempts.items():
            for attempt in range(1, attempts + 1):
                if steps.attempt_id(self.aggregate.subject, step, attempt) == attempt_id:
                    return step
        raise KeyError(attempt_id)


def _cached(attempt_id: UUID) -> Cached | None:
    """Say of every fifth attempt that its result was there already, at one price or another."""
    chance = random.Random(str(attempt_id))
    if chance.random() < 0.8:
        return None
    price = chance.choice((None, Decimal(0), Decimal("0.0123")))
    return Cached(
        from_attempt=uuid5(attempt_id, "first"), saved_usd=price, saved_list_price_usd=Decimal("0.02")
    )


def definition(name: str, hash_: str = "hash") -> SkillDefinition:
    return SkillDefinition(
        name=name, category="research", provider="custom", input_schema={}, output_schema={}, hash=hash_
    )


def definitions() -> Iterator[Written]:
    """The skills that the stories use."""
    for number in range(1, STEPS + 1):
        name = f"skill-{number}"
        events = (SkillRegistered(definition=definition(name, f"hash-{number}")), SkillDisabled())
        yield skill(name), Commit(commit_id=UUID(int=number), at=NOW, events=events)


def stories(seed: int, count: int = 20, commits: int = 400) -> Iterator[Written]:
    """Interleaved stories of two users."""
    chance = random.Random(seed)
    users = [_uuid(chance), _uuid(chance)]
    now = NOW
    told: list[Story] = []
    for number in range(count):
        user = chance.choice(users)
        noun = "execution" if number % 4 == 3 else "session"
        beside = None
        if noun == "execution" and told and chance.random() < 0.7:
            beside = told[-1].id if told[-1].session.status != "new" else _uuid(chance)
        told.append(Story(Aggregate(user, noun, str(_uuid(chance))), chance, beside))
    for _ in range(commits * 3):
        story = chance.choice(told)
        now += timedelta(milliseconds=chance.randint(1, 900))
        if (commit := story.next(now)) is not None:
            yield story.aggregate, commit
            commits -= 1
            if not commits:
                return


def _uuid(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)
