"""What is recorded: random stories, simulated runs under faults, commands sent one by one."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from msgspec import structs

from controls import (
    NOW,
    SESSION,
    SUBJECT,
    USER,
    attempt_id,
    call,
    claim,
    deferral,
    failure,
    later,
    planned,
    report,
    start,
    usage,
)
from histories import Written, definitions, stories
from orchestrator import ledger
from orchestrator.asked import (
    ClaimAttempt,
    Command,
    ExpireLease,
    Resume,
    Retry,
    SetSessionBudget,
    StopAttempt,
    WakeUp,
)
from orchestrator.decide import decide
from orchestrator.money import Purse
from orchestrator.session import Session
from record_histories import record_stories
from shared import subjects
from shared.commit import Commit
from shared.events import AgentRegistered, AnyEvent, Budget, SkillDisabled, SkillEnabled, SkillRegistered
from shared.record_events import (
    CampaignCreated,
    ContactImported,
    ContactSuppressed,
    ObjectionWithdrawn,
    OutreachRecorded,
)
from shared.subjects import Aggregate
from sim.run import run
from sim.silence import silenced
from sim.skills import AGENTS, SKILLS

STORIES, COMMITS = 6, 80


def sessions() -> Iterator[Written]:
    yield from definitions()
    for seed in (20, 69, 188):
        yield from stories(seed, STORIES, COMMITS)
    yield from rivals()


def money() -> Iterator[Written]:
    yield from pushed()
    yield from simulated(66)
    yield from definitions()
    yield from bounded()


def lists() -> Iterator[Written]:
    yield from pushed()
    yield from simulated(336)


def records() -> Iterator[Written]:
    yield from record_stories(1, 100)


def objections() -> Iterator[Written]:
    """Somebody objects and takes it back; another one objects in an answer."""
    ada, ben = (subjects.contact(USER, UUID(int=number, version=4)) for number in (1, 2))
    act = subjects.record(USER, "campaign", UUID(int=3, version=4))
    answer = OutreachRecorded(
        outreach_id=UUID(int=4), contact_id=UUID(ben.id), kind="replied", at=NOW, category="objected"
    )
    told: list[tuple[Aggregate, AnyEvent]] = [
        *((one, ContactImported(outlet="Radio Nowhere", fingerprint="one")) for one in (ada, ben)),
        *((one, ContactSuppressed()) for one in (ada, ben)),
        (ada, ObjectionWithdrawn()),
        (act, CampaignCreated(name="Spring")),
        (act, answer),
    ]
    for number, (aggregate, event) in enumerate(told):
        yield aggregate, Commit(commit_id=UUID(int=number), at=later(number), events=(event,))


def balance() -> Iterator[Written]:
    """Money on two days: limits, an attempt in doubt, one still open, one whose price nobody knows."""
    attempts = [UUID(int=number) for number in range(1, 6)]
    days = [NOW.date(), NOW.date() + timedelta(days=1)]
    commands: list[ledger.LedgerCommand] = [
        *(ledger.Reserve(one, "session", SESSION, Decimal("0.5"), days[0]) for one in attempts[:3]),
        ledger.Settle(attempts[0], Decimal("0.1")),
        ledger.Doubt(attempts[1]),
        ledger.Reserve(attempts[3], "execution", SESSION, None, days[0]),
        ledger.Settle(attempts[3], None),
        *(ledger.SetBudget(scope, Decimal(4), "wait", scope, "print") for scope in ledger.SCOPES),
        ledger.Reserve(attempts[4], "session", SESSION, Decimal("0.5"), days[1]),
        ledger.Settle(attempts[1], Decimal("0.2")),
    ]
    known = ledger.Ledger()
    for number, command in enumerate(commands):
        events = tuple(ledger.decide(command, known))
        known = ledger.fold(events, known)
        yield subjects.ledger(USER), Commit(commit_id=UUID(int=number), at=later(number), events=events)


def waits() -> Iterator[Written]:
    """One step waits for its provider and is done; so do the next one's attempts, the last of them still."""
    return _decided(
        (
            (start(pool="anthropic"), later(0)),
            (deferral(), later(5)),
            (_most("0.02", claim()), later(60)),
            (report(usage=usage()), later(62)),
            (deferral(2), later(70)),
            (_most("0.02", claim(2)), later(80)),
            (failure(2), later(81)),
            (WakeUp(), later(120)),
            (deferral(2, 2), later(130)),
        )
    )


RECORDINGS = {
    "sessions": sessions,
    "money": money,
    "lists": lists,
    "records": records,
    "objections": objections,
    "balance": balance,
    "waits": waits,
}


def pushed() -> Iterator[Written]:
    """The skills of simulated sessions and their agent; one skill was switched off for a while."""
    events: list[tuple[Aggregate, AnyEvent]] = [
        *((subjects.skill(name), SkillRegistered(definition=skill)) for name, skill in SKILLS.items()),
        *((subjects.agent(one.name), AgentRegistered(definition=one)) for one in AGENTS.values()),
        (subjects.skill("add"), SkillDisabled()),
        (subjects.skill("add"), SkillEnabled()),
    ]
    for number, (aggregate, event) in enumerate(events):
        yield aggregate, Commit(commit_id=UUID(int=number), at=NOW, events=(event,))


def simulated(seed: int) -> Iterator[Written]:
    """What orchestrators and skill-runners made of the commands of a simulated user."""
    with silenced():
        log = run(seed).world.server.streams["EVT"].messages
    for message in log:
        yield Aggregate.parse(message.subject), message.commit


def rivals() -> Iterator[Written]:
    """A lost attempt that reports success after all, while the next one runs; the last step is handed on.

    That one fails with two of its texts written, and waits to be tried again.
    """
    half = {"partial": {"texts": ["one", "three"]}, "items": (0, 2), "calls": (call(item=0), call(item=2))}
    begin = structs.replace(start(), steps=(planned(1), planned(2, agent="coach-agent")))
    return _decided(
        (
            (begin, later(0)),
            (claim(), later(1)),
            (ExpireLease(attempt_id()), later(10)),
            (WakeUp(), later(20)),
            (report(usage=usage()), later(21)),
            (failure(2, usage=usage(2), **half), later(22)),
        )
    )


def bounded() -> Iterator[Written]:
    """A session waits for money, for the next day, and for a person's word, its lost runner perhaps paid."""
    steps = tuple(planned(number, pool="anthropic", in_doubt="ask") for number in (1, 2))
    tight = Budget(limit_usd=Decimal("0.01"), policy="wait")
    return _decided(
        (
            (structs.replace(start(), steps=steps, budget=tight), later(0)),
            (_most("0.02", claim()), later(1)),
            (SetSessionBudget(Decimal(1), "wait", "raise"), later(2)),
            (Resume(), later(3)),
            (StopAttempt(_most("0.02", claim(1, 2)).claim, "day", Purse(Decimal("0.01")), "wait"), later(4)),
            (Resume(), later(5)),
            (_most("0.02", claim(1, 3)), later(5)),
            (report(1, 3, usage=usage()), later(5)),
            (_most("0.03", claim(2)), later(6)),
            (ExpireLease(attempt_id(2)), later(20)),
            (Retry(2, steps[1:], "again"), later(30)),
            (_most("0.03", claim(2, 2)), later(31)),
            (ExpireLease(attempt_id(2, 2)), later(50)),
        )
    )


def _most(usd: str, command: ClaimAttempt) -> ClaimAttempt:
    return structs.replace(command, claim=structs.replace(command.claim, most_usd=Decimal(usd)))


def _decided(told: Iterable[tuple[Command, datetime]]) -> Iterator[Written]:
    known = Session()
    for number, (command, at) in enumerate(told):
        known, events = decide(command, known, at, SUBJECT)
        assert events
        yield subjects.session(USER, SESSION), Commit(commit_id=UUID(int=number), at=at, events=events)
