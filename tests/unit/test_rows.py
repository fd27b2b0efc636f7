"""From the log to rows, without any database: given what was decided, this is what the tables hold."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid5

import pytest
from msgspec import structs

from controls import (
    NOW,
    RUNNER,
    SESSION,
    SUBJECT,
    USER,
    attempt_id,
    call,
    claim,
    failure,
    hit,
    later,
    planned,
    report,
    start,
    usage,
)
from histories import definitions, stories
from orchestrator.asked import (
    Cancel,
    ClaimAttempt,
    Command,
    ExpireLease,
    Refuse,
    Retry,
    Start,
    StopAttempt,
    WakeUp,
)
from orchestrator.decide import decide
from orchestrator.money import Purse
from orchestrator.session import Session
from projector.changes import Add, Alter, CloseAlone, Ensure, File, Row
from projector.entry import read
from projector.fold import Fold, Record, fold
from projector.waves import Misfit, waves
from shared import subjects
from shared.commit import Commit
from shared.definitions import AgentDefinition, SkillDefinition
from shared.direct_get import Entry
from shared.events import (
    AgentRegistered,
    AnyEvent,
    SkillDisabled,
    SkillEnabled,
    SkillRegistered,
)
from shared.record_events import ContactErased, ContactImported, ContactSuppressed
from shared.refusal import Refusal
from shared.subjects import Aggregate

SESSION_OF = subjects.session(USER, SESSION)
ALONE = subjects.execution(USER, SESSION)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Told:
    """Commits put one behind the other, as the log does; time passes by a second with each."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        for aggregate, commit in definitions():
            self.tell(aggregate, *commit.events)

    def tell(self, aggregate: Aggregate, *events: AnyEvent, traceparent: str | None = None) -> None:
        seq = len(self.entries) + 1
        commit = Commit(commit_id=UUID(int=seq), at=later(seq), traceparent=traceparent, events=events)
        self.entries.append(Entry(seq, aggregate.subject, commit.encode(aggregate)))

    def decided(self, *commands: Command, aggregate: Aggregate = SESSION_OF) -> "Told":
        session = Session()
        for command in commands:
            session, events = decide(command, session, NOW, SUBJECT)
            self.tell(aggregate, *events)
        return self

    @property
    def folded(self) -> Fold:
        return fold(self.entries)

    @property
    def session(self) -> Record:
        return self.folded.tables["agent_sessions"][SESSION]

    def step(self, number: int) -> Record:
        return self.folded.tables["agent_session_steps"][uuid5(SESSION, f"step/{number}")]

    def attempt(self, step: int = 1, attempt: int = 1) -> Record:
        return self.folded.tables["skill_executions"][attempt_id(step, attempt)]

    @property
    def outstanding(self) -> set[str]:
        return set(self.folded.tables["outstanding"])


def told(*commands: Command, aggregate: Aggregate = SESSION_OF) -> Told:
    return Told().decided(*commands, aggregate=aggregate)


def alone(beside: UUID | None = None) -> Start:
    return Start(None, (planned(1, agent=None),), {"topic": "synthpop"}, "print", beside)


def part(row: Record, *columns: str) -> tuple[object, ...]:
    return tuple(row[column] for column in columns)


def test_a_started_session_runs_its_first_step():
    story = told(start())
    assert part(story.session, "status", "waiting_on", "total_steps", "current_step") == (
        "running",
        "work",
        2,
        0,
    )
    assert (story.step(1)["status"], story.step(2)["status"]) == ("running", "pending")
    assert part(story.attempt(), "status", "tokens_used", "cost_usd") == (None, None, None)
    assert story.outstanding == {SESSION_OF.subject}


def test_a_step_shows_its_templates_until_it_runs():
    assert told(start()).step(2)["input"] == {"text": "{{step1.text}}"}
    assert told(start(), report()).step(2)["input"] == {"text": "output of 1"}


def test_a_completed_session_has_the_last_output_and_its_wall_clock():
    story = told(start(), report(1), report(2))
    assert part(story.session, "status", "waiting_on", "current_step") == ("completed", None, 2)
    assert story.session["final_output"] == {"text": "output of 2"}
    assert story.session["duration_ms"] == 2000
    assert story.session["completed_at"] - story.session["created_at"] == timedelta(seconds=2)
    assert not story.outstanding


def test_an_attempt_ends_with_all_that_was_used():
    story = told(start(), report(usage=usage(3), duration_ms=523, warnings=("a field was dropped",)))
    row = story.attempt()
    assert part(row, "status", "tokens_used", "cost_usd", "duration_ms") == (
        "success",
        15,
        Decimal("0.03"),
        523,
    )
    assert part(row, "provider", "model", "started_at") == ("anthropic", "a-model", NOW)
    assert row["warnings"] == ["a field was dropped"]


def test_no_attempt_or_call_begins_after_it_is_in_the_log_though_its_runner_s_clock_is_ahead():
    ahead = later(7200)
    calls = (call(started_at=ahead),)
    story = told(start(), report(usage=usage(3), started_at=ahead, calls=calls))
    rows = (story.attempt(), *story.folded.tables["model_calls"].values())
    assert [row["started_at"] for row in rows] == 2 * [story.attempt()["completed_at"]]


def test_a_custom_skill_costs_nothing():
    assert part(told(start(), report()).attempt(), "tokens_used", "cost_usd") == (0, 0)


@pytest.mark.parametrize("most", [Decimal(1), None])
def test_an_attempt_that_a_limit_forbids_used_nothing(most: Decimal | None):
    asked = structs.replace(claim().claim, most_usd=most)
    story = told(start(), StopAttempt(asked, "day", Purse(Decimal("0.01")), "fail"))
    assert part(story.attempt(), "status", "tokens_used", "cost_usd") == ("error", 0, 0)


def test_a_refused_stand_alone_skill_used_nothing():
    refused = Refuse(None, Refusal("missing_field", "input.text", "input.text is required"), "print")
    (row,) = told(refused, aggregate=ALONE).folded.tables["skill_executions"].values()
    assert part(row, "status", "tokens_used", "cost_usd") == ("error", 0, 0)


def test_totals_run_with_every_report_on_failure_too():
    story = told(start(), failure(usage=usage(1)))
    assert part(story.session, "tokens_used", "cost_usd") == (15, Decimal("0.01"))
    assert part(story.step(1), "tokens_used", "cost_usd") == (15, Decimal("0.01"))


def test_an_unknown_price_is_counted_and_never_nothing():
    priceless = structs.replace(usage(), cost_usd=None, calls=3)
    story = told(start(), report(usage=priceless))
    assert story.attempt()["cost_usd"] is None
    for row in (story.session, story.step(1)):
        assert part(row, "cost_usd", "unpriced_calls") == (0, 3)


def test_what_a_simulated_model_wrote_is_marked_up_to_the_session():
    story = told(start(), report(usage=structs.replace(usage(), simulated=True)))
    assert [row["simulated"] for row in (story.attempt(), story.step(1), story.session)] == [True] * 3


def test_a_hit_says_where_it_is_from_and_what_it_saved_and_counts_in_no_total():
    story = told(start(), report(1, usage=usage(1)), hit(2, cents=3))
    row, step = story.attempt(2), story.step(2)
    assert part(row, "cache_key", "cost_usd", "tokens_used", "status") == ("key", 0, 0, "success")
    for one in (row, step):
        assert part(one, "cache_hit", "saved_usd") == (True, Decimal("0.03"))
        assert one["cached_from"] == hit().report.cached.from_attempt
    assert part(story.session, "cost_usd", "tokens_used") == (Decimal("0.01"), 15)
    assert part(story.step(1), "cache_hit", "cached_from", "saved_usd") == (False, None, None)


def test_a_hit_of_an_unpriced_text_has_saved_nobody_knows_what():
    unpriced = structs.replace(hit().report.cached, saved_usd=None)
    story = told(start(), hit(cached=unpriced))
    assert part(story.attempt(), "cache_hit", "saved_usd") == (True, None)


def test_a_step_that_is_retried_is_no_hit_any_more():
    again = Retry(1, (planned(1), planned(2)))
    story = told(start(), hit(1), failure(2, retryable=False), again)
    assert part(story.step(1), "cache_hit", "cached_from", "saved_usd") == (False, None, None)


def test_a_session_waits_for_a_timer_between_two_attempts():
    story = told(start(), failure())
    assert part(story.session, "status", "waiting_on") == ("running", "timer")
    assert part(story.step(1), "status", "error_code", "attempts") == ("running", "provider_error", 1)
    assert part(story.attempt(), "status", "error_code") == ("error", "provider_error")


def test_a_step_that_is_tried_again_began_with_its_first_attempt():
    story = told(start(), failure())
    began = story.step(1)["started_at"]
    story.tell(SESSION_OF, *decide(WakeUp(), given_by(start(), failure()), later(60), SUBJECT).events)
    assert part(story.step(1), "started_at", "attempts", "error_code") == (began, 2, None)
    assert story.session["waiting_on"] == "work"


def given_by(*commands: Command) -> Session:
    session = Session()
    for command in commands:
        session = decide(command, session, NOW, SUBJECT).session
    return session


def test_a_failed_session_names_its_step_and_skips_the_rest():
    story = told(start(), failure(retryable=False, partial={"text": "half"}))
    assert part(story.session, "status", "failed_step", "error_code") == ("failed", 1, "provider_error")
    assert part(story.step(1), "status", "output", "error_message") == (
        "failed",
        {"text": "half"},
        "the provider failed",
    )
    assert part(story.attempt(), "partial", "output") == (True, {"text": "half"})
    assert story.step(2)["status"] == "skipped"


def test_a_retried_session_runs_again_and_keeps_what_it_cost():
    again = Retry(1, (planned(1), planned(2)))
    story = told(start(), failure(retryable=False, usage=usage(1)), again)
    row = story.session
    assert part(row, "status", "failed_step", "error_code", "completed_at") == ("running", None, None, None)
    assert part(row, "duration_ms", "cost_usd") == (None, Decimal("0.01"))
    assert part(story.step(1), "status", "attempts", "error_code") == ("running", 2, None)
    assert story.step(2)["status"] == "pending"
    assert story.outstanding == {SESSION_OF.subject}


def test_a_retry_from_an_earlier_step_forgets_the_later_outputs():
    again = Retry(1, (planned(1), planned(2)))
    story = told(start(), report(1), failure(2, retryable=False), again)
    assert part(story.session, "current_step", "final_output") == (0, None)
    assert [story.step(number)["output"] for number in (1, 2)] == [None, None]


def test_a_cancelled_session_cancels_its_steps_and_open_attempts():
    story = told(start(), Cancel("enough"))
    assert part(story.session, "status", "error_message") == ("cancelled", "enough")
    assert [story.step(number)["status"] for number in (1, 2)] == ["cancelled", "cancelled"]
    assert part(story.attempt(), "status", "error_code") == ("error", "cancelled")
    assert not story.outstanding


def test_only_an_attempt_that_was_claimed_may_have_cost_something_when_it_is_cancelled():
    for run, of in ((start(), SESSION_OF), (alone(), ALONE)):
        waited = told(run, Cancel(), aggregate=of)
        claimed = told(run, claim(), Cancel(), aggregate=of)
        assert part(waited.attempt(), "tokens_used", "cost_usd") == (0, 0)
        assert part(claimed.attempt(), "tokens_used", "cost_usd") == (None, None)


def test_a_late_report_adds_its_cost_to_an_ended_session_and_changes_no_status():
    story = told(start(), Cancel(), report(usage=usage(2)))
    assert part(story.session, "status", "cost_usd") == ("cancelled", Decimal("0.02"))
    assert part(story.attempt(), "status", "error_code", "cost_usd") == (
        "error",
        "cancelled",
        Decimal("0.02"),
    )


def test_a_session_cancelled_before_its_start_is_a_row_without_steps():
    story = told(Cancel("too early"))
    assert part(story.session, "status", "agent_name", "duration_ms") == ("cancelled", "", 0)
    assert not story.folded.tables["agent_session_steps"]


def test_a_refused_start_is_a_failed_session_with_its_reason():
    story = told(Refuse("scout-agent", Refusal("unknown_skill", "steps.0.skill", "no such skill"), "print"))
    assert part(story.session, "status", "error_code", "error_message") == (
        "failed",
        "unknown_skill",
        "no such skill",
    )
    assert not story.folded.tables["agent_session_steps"]


def test_a_claimed_attempt_names_its_runner():
    assert told(start(), claim()).attempt()["runner"] == RUNNER


def test_a_lost_attempt_is_an_error_whose_cost_nobody_knows_yet():
    story = told(start(), claim(), ExpireLease(attempt_id()))
    assert part(story.attempt(), "status", "error_code", "cost_usd") == ("error", "lost", None)


def claimed(step: int = 1, attempt: int = 1, most: str | None = "0.02") -> ClaimAttempt:
    asked = claim(step, attempt)
    return ClaimAttempt(structs.replace(asked.claim, most_usd=most and Decimal(most)), asked.lease_s)


def doubts(story: Told) -> tuple[object, object]:
    """What is in doubt of the first attempt, and of its session, whose step is the same."""
    assert story.step(1)["in_doubt_usd"] == story.session["in_doubt_usd"]
    return story.attempt()["in_doubt_usd"], story.session["in_doubt_usd"]


@pytest.mark.parametrize("end", [ExpireLease(attempt_id()), Cancel()])
def test_what_nobody_reports_on_is_in_doubt_at_its_most(end: Command):
    story = told(start(), claimed(), end)
    assert doubts(story) == (Decimal("0.02"), Decimal("0.02"))
    assert (story.attempt()["cost_usd"], story.session["cost_usd"]) == (None, 0)


def test_what_is_under_way_is_not_in_doubt_of_its_session():
    assert doubts(told(start(), claimed())) == (Decimal("0.02"), 0)


@pytest.mark.parametrize("end", [ExpireLease(attempt_id()), Cancel()])
@pytest.mark.parametrize("said", [report, failure])
def test_a_late_report_takes_the_place_of_the_doubt(end: Command, said: Callable[..., Command]):
    assert doubts(told(start(), claimed(), end, said(usage=usage(1)))) == (None, 0)
    some = structs.replace(usage(1), in_doubt_usd=Decimal("0.005"))
    assert doubts(told(start(), claimed(), end, said(usage=some))) == (Decimal("0.005"), Decimal("0.005"))


def test_a_late_report_that_nobody_was_called_clears_the_doubt():
    assert doubts(told(start(), claimed(), Cancel(), failure())) == (None, 0)


def test_a_late_success_that_no_model_had_a_part_in_clears_the_doubt():
    refused = call(usage=None, outcome="rate_limited")
    late = report(calls=(refused,))
    assert doubts(told(start(), claimed(), ExpireLease(attempt_id()), late)) == (None, 0)


def test_what_is_in_doubt_of_a_session_is_that_of_all_its_attempts():
    some = structs.replace(usage(1), in_doubt_usd=Decimal("0.005"))
    story = told(start(), claimed(), ExpireLease(attempt_id()))
    commands = (start(), claimed(), ExpireLease(attempt_id()))
    session = given_by(*commands)
    for command in (WakeUp(), claimed(1, 2), report(1, 2, usage=some), claimed(2), report(2, usage=usage(3))):
        session, events = decide(command, session, later(60), SUBJECT)
        story.tell(SESSION_OF, *events)
    assert part(story.session, "status", "cost_usd", "in_doubt_usd") == (
        "completed",
        Decimal("0.04"),
        Decimal("0.025"),
    )
    assert [story.step(number)["in_doubt_usd"] for number in (1, 2)] == [Decimal("0.025"), 0]


def test_what_nobody_can_price_is_no_amount_in_doubt():
    assert doubts(told(start(), claimed(most=None), ExpireLease(attempt_id()))) == (None, 0)


def test_what_is_in_doubt_of_a_skill_filed_beside_a_session_is_not_the_session_s():
    session = UUID(int=7, version=4)
    story = Told()
    other = subjects.session(USER, session)
    story.tell(other, *decide(start(), Session(), NOW, other.subject).events)
    story.decided(alone(session), claimed(), ExpireLease(attempt_id()), aggregate=ALONE)
    story.tell(other, *decide(Cancel(), given_by(start()), NOW, other.subject).events)
    assert story.attempt()["in_doubt_usd"] == Decimal("0.02")
    assert story.folded.tables["agent_sessions"][session]["in_doubt_usd"] == 0


def test_a_lost_attempt_that_reports_after_all_is_a_success():
    story = told(start(), claim(), ExpireLease(attempt_id()), report(usage=usage(1)))
    assert part(story.attempt(), "status", "error_code") == ("success", None)
    assert story.step(1)["status"] == "completed"


def test_a_trace_is_that_of_the_first_commit():
    story = Told()
    story.tell(SESSION_OF, *decide(start(), Session(), NOW, SUBJECT).events, traceparent=TRACE)
    assert story.session["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert told(start()).session["trace_id"] == SESSION.hex


def test_a_stand_alone_skill_is_an_execution_and_no_session():
    story = told(alone(), report(), aggregate=ALONE)
    assert part(story.attempt(), "status", "execution_id", "agent_session_id") == ("success", SESSION, None)
    assert not story.folded.tables["agent_sessions"]


def test_every_attempt_of_a_stand_alone_skill_is_filed_beside_its_session():
    session = UUID(int=7, version=4)
    story = Told()
    other = subjects.session(USER, session)
    story.tell(other, *decide(start(), Session(), NOW, other.subject).events)
    story.decided(alone(session), failure(), aggregate=ALONE)
    story.tell(ALONE, *decide(WakeUp(), given_by(alone(session), failure()), later(60), SUBJECT).events)
    assert [story.attempt(1, number)["agent_session_id"] for number in (1, 2)] == [session, session]


def test_a_stand_alone_skill_is_not_filed_beside_another_users_session():
    session = UUID(int=7, version=4)
    story = Told()
    another = subjects.session(UUID(int=9), session)
    story.tell(another, *decide(start(), Session(), NOW, another.subject).events)
    assert story.decided(alone(session), aggregate=ALONE).attempt()["agent_session_id"] is None


def test_skills_of_two_users_under_one_id_are_filed_and_cancelled_each_for_itself():
    story, (mine, theirs) = Told(), (UUID(int=7, version=4), UUID(int=8, version=4))
    other = subjects.execution(UUID(int=9), SESSION)
    for owner, session in ((USER, mine), (other.user, theirs)):
        of_owner = subjects.session(owner, session)
        story.tell(of_owner, *decide(start(), Session(), NOW, of_owner.subject).events)
    begun = decide(alone(theirs), Session(), NOW, other.subject)
    story.tell(other, *begun.events)
    story.decided(alone(mine), failure(), aggregate=ALONE)
    story.tell(ALONE, *decide(WakeUp(), given_by(alone(mine), failure()), later(60), SUBJECT).events)
    assert story.attempt(1, 2)["agent_session_id"] == mine
    story.decided(Cancel(), aggregate=ALONE)
    (running,) = begun.session.open
    assert story.folded.tables["skill_executions"][running]["status"] is None


def test_a_cancelled_stand_alone_skill_closes_its_attempt():
    story = told(alone(), Cancel(), aggregate=ALONE)
    assert part(story.attempt(), "status", "error_code") == ("error", "cancelled")


def test_a_session_id_of_another_user_parks_the_newcomer_and_touches_nothing():
    story = told(start())
    before = story.folded.tables["agent_sessions"]
    thief = subjects.session(UUID(int=9), SESSION)
    story.tell(thief, *decide(Cancel(), Session(), NOW, SUBJECT).events)
    assert story.folded.tables["agent_sessions"] == before
    assert story.folded.parked == {thief.subject}


def test_a_commit_that_cannot_be_read_parks_its_history_alone():
    story = told(start())
    story.entries.append(
        Entry(len(story.entries) + 1, SESSION_OF.subject, b'{"events": [{"type": "Novel"}]}')
    )
    assert story.folded.parked == {SESSION_OF.subject}


def test_of_a_commit_that_does_not_fit_nothing_is_there_but_that_its_session_is_open():
    begin = structs.replace(start(1), steps=(planned(1, skill="nowhere"),))
    story = told(begin, report(1))
    before = Told().folded.tables
    assert story.folded.tables == {**before, "outstanding": story.folded.tables["outstanding"]}
    assert (story.folded.parked, story.outstanding) == ({SESSION_OF.subject}, {SESSION_OF.subject})


def test_of_a_commit_that_does_not_fit_what_was_there_before_is_as_it_was():
    story = told(start())
    before = story.folded.tables
    begun = decide(start(), Session(), NOW, SUBJECT)
    story.tell(SESSION_OF, *decide(report(1), begun.session, NOW, SUBJECT).events, *begun.events)
    assert (story.folded.tables, story.folded.parked) == (before, {SESSION_OF.subject})


def test_a_fault_tells_no_value():
    fault = read(Entry(1, SESSION_OF.subject, b'{"commit_id": "a private name"}')).fault
    assert fault is not None
    assert "private" not in fault


def skill_of(story: Told) -> Record:
    return story.folded.tables["skills"]["skill-1"]


def test_the_operators_switch_stands_over_the_file():
    story = Told()
    aggregate = subjects.skill("skill-1")
    story.tell(aggregate, SkillRegistered(definition=definition(enabled=True, version="2")))
    assert part(skill_of(story), "enabled", "version") == (False, "2")
    story.tell(aggregate, SkillEnabled())
    story.tell(aggregate, SkillRegistered(definition=definition(enabled=False)))
    assert skill_of(story)["enabled"] is True
    story.tell(aggregate, SkillDisabled())
    assert skill_of(story)["enabled"] is False


def test_a_contact_is_suppressed_while_its_file_says_so_and_for_ever_once_it_objected():
    story, person = Told(), UUID(int=5, version=4)
    says_so, says_nothing = (ContactImported(suppressed=said, fingerprint="one") for said in (True, False))
    told = []
    for event in (says_so, says_nothing, ContactSuppressed(), says_nothing):
        story.tell(subjects.contact(USER, person), event)
        told.append(story.folded.tables["contacts"][person]["suppressed"])
    assert told == [True, False, True, True]


def definition(**changes: object) -> SkillDefinition:
    fields = {"name": "skill-1", "category": "research", "provider": "custom", "hash": "h"}
    return SkillDefinition.model_validate({**fields, "input_schema": {}, "output_schema": {}, **changes})


def test_a_changed_agent_is_one_row():
    story = Told()
    for domain in ("research", "discovery"):
        agent = AgentDefinition(name="scout-agent", domain=domain, skills=("skill-1",))
        story.tell(subjects.agent("scout-agent"), AgentRegistered(definition=agent))
    assert part(story.folded.tables["agents"]["scout-agent"], "domain", "skills") == (
        "discovery",
        ["skill-1"],
    )


def test_an_erased_contact_keeps_nothing_sealed():
    story = Told()
    person = UUID(int=5, version=4)
    sealed = {"$sealed": str(person), "n": "bg==", "c": "Yw=="}
    imported = ContactImported(
        name=sealed, email=sealed, outlet="Radio Nowhere", role="presenter", kind="radio",
        genres=("synthpop",), regions=("UK",), fingerprint="print",
    )  # fmt: skip
    story.tell(subjects.contact(USER, person), imported)
    assert story.folded.tables["contacts"][person]["words"] == "Radio Nowhere presenter radio synthpop UK"
    story.tell(subjects.contact(USER, person), ContactErased())
    row = story.folded.tables["contacts"][person]
    assert part(row, "name", "email", "phone", "notes", "erased") == (None, None, None, None, True)


@pytest.mark.parametrize("seed", range(5))
def test_in_any_history_the_totals_are_the_sum_of_the_attempts(seed: int):
    tables = random_log(seed).folded.tables
    for session in tables["agent_sessions"].values():
        attempts = [
            one
            for one in tables["skill_executions"].values()
            if one["agent_session_id"] == session["id"] and one["execution_id"] is None
        ]
        steps = [one for one in tables["agent_session_steps"].values() if one["session_id"] == session["id"]]
        for column in ("tokens_used", "cost_usd"):
            total = sum(one[column] or 0 for one in attempts)
            assert session[column] == total == sum(one[column] for one in steps)


@pytest.mark.parametrize("seed", range(5))
def test_in_any_history_what_has_ended_has_nothing_open(seed: int):
    tables = random_log(seed).folded.tables
    ended = {
        one["id"]
        for one in tables["agent_sessions"].values()
        if one["status"] in ("completed", "failed", "cancelled")
    }
    assert ended
    assert not {one["id"] for one in tables["outstanding"].values()} & ended
    open_ = [one for one in tables["skill_executions"].values() if one["status"] is None]
    assert all(one["agent_session_id"] not in ended or one["execution_id"] for one in open_)
    running = [
        one for one in tables["agent_session_steps"].values() if one["status"] in ("pending", "running")
    ]
    assert not {one["session_id"] for one in running} & ended


def test_a_row_is_written_once_in_a_wave():
    readings = [read(entry) for entry in told(start(), report(1), report(2)).entries]
    (wave,) = waves((one.entry.subject, one.changes) for one in readings)
    written = {table: len(rows) for table, rows in wave.tables.items()}
    assert written == {
        "skills": 3,
        "agent_sessions": 1,
        "agent_session_steps": 2,
        "skill_executions": 2,
        "outstanding": 1,
    }


def test_a_row_that_is_altered_before_it_is_begun_has_to_be_there_however_a_batch_is_cut():
    row = Row("campaigns", UUID(int=1), USER)
    closed, begun = Alter(row, {"closed_at": NOW}), Ensure(row, {"user_id": USER, "name": "Spring"})
    (wave,) = waves([("evt.one", [closed]), ("evt.one", [begun, Alter(row, {"name": "Spring"})])])
    fate = wave.fate(row)
    assert (fate.ensured, fate.values) == (None, {"closed_at": NOW, "name": "Spring"})


@pytest.mark.parametrize("before", [Add, Ensure, Alter])
def test_a_row_that_is_there_cannot_be_added_however_a_batch_is_cut(before: type[Add | Ensure | Alter]):
    row = Row("artists", UUID(int=1), USER)
    with pytest.raises(Misfit, match="a row of artists is added twice"):
        waves([("evt.one", [before(row, {"name": "Neon Harbour"})]), ("evt.one", [Add(row, {})])])


def test_skills_beside_one_session_wait_for_it_and_it_for_them_but_never_for_each_other():
    filed = [File(Row("skill_executions", UUID(int=number), USER), SESSION_OF) for number in range(3)]
    one, other, third = ((subjects.execution(USER, file.attempt.key), file) for file in filed)
    begun, goes_on = Add(Row("agent_sessions", SESSION), {}), Alter(Row("agent_sessions", SESSION))
    told = [one, other, (SESSION_OF, begun), (SESSION_OF, goes_on), third]
    found = waves((each.subject, [change]) for each, change in told)
    assert [(wave.spread, [*wave.tables]) for wave in found] == [
        (filed[:2], []),
        (filed[2:], ["agent_sessions"]),
        ([], []),
    ]


def test_a_session_waits_for_whichever_skill_beside_it_is_filed_last():
    busy, quick = (subjects.execution(USER, UUID(int=number)) for number in range(2))
    filed = [File(Row("skill_executions", one.uuid, USER), SESSION_OF) for one in (busy, quick)]
    changes = [CloseAlone(busy.uuid, USER, NOW), *filed, Add(Row("agent_sessions", SESSION), {})]
    told = zip((busy, busy, quick, SESSION_OF), changes, strict=True)
    found = waves((aggregate.subject, [change]) for aggregate, change in told)
    assert [[*wave.tables] for wave in found] == [[], [], ["agent_sessions"]]


def test_what_is_counted_of_a_row_that_begins_in_the_same_wave_is_in_it():
    row = Row("agent_sessions", SESSION, USER)
    changes = [Ensure(row, {"user_id": USER, "tokens_used": 1}), Alter(row, amounts={"tokens_used": 2})]
    (wave,) = waves([("evt.one", changes)])
    assert wave.fate(row).whole("agent_sessions")["tokens_used"] == 3


def random_log(seed: int) -> Told:
    story = Told()
    for aggregate, commit in stories(seed):
        story.tell(aggregate, *commit.events)
    return story
