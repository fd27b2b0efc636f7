"""What the commands answer: whose they are, what is a repetition, and what came with them."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from orchestrator.asked import Cancel
from orchestrator.commands import MOST_VALUES, Commands, Sent
from shared.commit import Commit
from shared.events import SessionStarted
from shared.json import dumps
from shared.refusal import Refusal
from shared.subjects import execution, session
from sim.bus import SimBus
from sim.chance import Chance
from sim.loop import VirtualLoop
from sim.process import Process
from sim.processes import World, doors_of
from sim.silence import silenced

DERIVED = UUID(int=25, version=5)
USER, STRANGER, ID, OTHER = (UUID(int=number, version=4) for number in (21, 22, 23, 24))
RUN = {"agent": "sim-agent", "steps": [{"skill": "add", "input": {"n": 1}}]}
EXECUTE = {"skill": "add", "input": {"n": 1}}
PERSONAL = {"type": "object", "properties": {"who": {"type": "string", "x-personal": True}}}


def played(story: Callable[[Commands], Awaitable[None]]) -> None:
    async def live() -> None:
        world = World(0)
        await story(doors_of(world, SimBus(world.server, Process("orchestrator", Chance(0)))).commands)

    with silenced():
        VirtualLoop().run(live())


def sent(what: str, body: Any, user: UUID = USER, name: str | None = None) -> Sent:
    noun, verb = what.split(".")
    return Sent(user, noun, verb, body if isinstance(body, bytes) else dumps(body), name, "test")


async def asked(commands: Commands, what: str, body: Any, user: UUID = USER) -> dict[str, Any]:
    return (await commands.handle(sent(what, body, user))).answer


def learn(commands: Commands, name: str, **changes: Any) -> None:
    """Have a skill pushed anew."""
    skills = commands.starts._registry._skills
    newest = skills[name].definition
    skills[name] = type(skills[name])((newest.model_copy(update=changes),))


@pytest.mark.parametrize(
    ("what", "body", "code", "field"),
    [
        ("session.rename", {}, "unknown_command", "subject"),
        ("session.run", [], "invalid", None),
        ("session.run", b" " * 2_500_001, "too_large", None),
        ("session.run", {"agent": "sim-agent"}, "missing_field", "steps"),
        ("skill.execute", {**EXECUTE, "session_id": str(OTHER)}, "not_found", "session_id"),
        ("session.cancel", {}, "missing_field", "session_id"),
        ("budget.get", {"scope": "user"}, "unknown_field", "scope"),
        ("session.retry", {"session_id": str(ID)}, "not_found", "session_id"),
    ],
)
def test_a_command_that_cannot_be_done_is_refused_at_its_field(what, body, code, field):
    async def story(commands: Commands) -> None:
        with pytest.raises(Refusal) as refused:
            await commands.handle(sent(what, body))
        assert (refused.value.code, refused.value.field) == (code, field)

    played(story)


def test_a_body_of_exactly_the_limit_is_read():
    async def story(commands: Commands) -> None:
        body = dumps({**RUN, "session_id": str(ID)})
        answer = await asked(commands, "session.run", body.ljust(2_500_000))
        assert answer["accepted"]

    played(story)


@pytest.mark.parametrize("value", ["", [], {}, [[]], {"a": ""}])
def test_a_command_of_so_many_values_that_others_would_wait_for_it_is_refused(value):
    async def story(commands: Commands) -> None:
        with pytest.raises(Refusal, match=f"more than {MOST_VALUES} texts, lists and objects") as refused:
            await commands.handle(sent("session.run", {**RUN, "input": {"more": [value] * MOST_VALUES}}))
        assert (refused.value.code, refused.value.field) == ("too_large", None)

    played(story)


@pytest.mark.parametrize("more", [[[]] * (MOST_VALUES - 10), [1] * 1_000_000])
def test_as_many_values_as_a_command_may_have_and_any_number_of_numbers_are_taken(more):
    async def story(commands: Commands) -> None:
        assert (await asked(commands, "session.run", {**RUN, "input": {"more": more}}))["accepted"]

    played(story)


def test_a_command_s_own_name_is_where_its_id_comes_from_and_one_without_has_another_each_time():
    named = [sent("session.run", RUN, user, name) for user in (USER, STRANGER) for name in ("1", "2")]
    assert len({one.id_or(None) for one in named}) == 4
    assert named[0].id_or(None) == sent("skill.execute", EXECUTE, USER, "1").id_or(None)
    assert named[0].id_or(ID) == ID
    nameless = sent("session.run", RUN)
    assert nameless.id_or(None) != nameless.id_or(None)


def test_a_repetition_is_answered_with_what_became_of_the_first():
    async def story(commands: Commands) -> None:
        body = {**RUN, "session_id": str(ID)}
        first = await asked(commands, "session.run", body)
        again = await asked(commands, "session.run", body)
        assert first["session_id"] == str(ID)
        assert (first["accepted"], first["duplicate"], first["status"]) == (True, False, "running")
        assert again == {**first, "duplicate": True}

    played(story)


@pytest.mark.parametrize(
    ("what", "body", "own_id"),
    [("session.run", RUN, "session_id"), ("skill.execute", EXECUTE, "execution_id")],
    ids=["session", "execution"],
)
def test_it_is_the_same_command_whether_its_id_stands_in_it_or_comes_from_its_name(what, body, own_id):
    async def story(commands: Commands) -> None:
        first = (await commands.handle(sent(what, body, name="1"))).answer
        again = await asked(commands, what, {**body, own_id: first[own_id]})
        assert again == {**first, "duplicate": True}

    played(story)


def test_a_repetition_is_answered_although_its_skill_cannot_be_run_any_more_and_another_is_refused():
    async def story(commands: Commands) -> None:
        body = {**RUN, "session_id": str(ID)}
        first = await asked(commands, "session.run", body)
        learn(commands, "add", enabled=False)
        assert await asked(commands, "session.run", body) == {**first, "duplicate": True}
        for other in ({**body, "steps": [{"skill": "add", "input": {"n": 2}}]}, RUN):
            with pytest.raises(Refusal) as refused:
                await commands.handle(sent("session.run", other))
            assert refused.value.code == "skill_disabled"

    played(story)


def test_a_skill_that_runs_alone_says_of_which_session_it_is_and_only_its_user_may():
    async def story(commands: Commands) -> None:
        await commands.handle(sent("session.run", {**RUN, "session_id": str(ID)}))
        beside = {**EXECUTE, "session_id": str(ID), "execution_id": str(OTHER)}
        with pytest.raises(Refusal) as refused:
            await commands.handle(sent("skill.execute", beside, STRANGER))
        assert refused.value.code == "not_found"
        answer = await asked(commands, "skill.execute", beside)
        assert (answer["execution_id"], answer["accepted"]) == (str(OTHER), True)
        started = (await first_commit(commands)).events[0]
        assert isinstance(started, SessionStarted)
        assert (started.agent, started.beside_session) == (None, ID)

    played(story)


async def first_commit(commands: Commands) -> Commit:
    past = await commands.log.load(execution(USER, OTHER))
    return past.recorded[0].commit


def test_a_cancel_that_comes_before_its_start_is_the_end_of_it():
    async def story(commands: Commands) -> None:
        early = await asked(commands, "session.cancel", {"session_id": str(ID)})
        assert (early["accepted"], early["duplicate"], early["status"]) == (False, False, "cancelled")
        late = await asked(commands, "session.run", {**RUN, "session_id": str(ID)})
        assert late == {**early, "duplicate": True}

    played(story)


def test_an_id_that_another_user_has_derived_before_is_refused_and_a_repetition_of_one_s_own_is_none():
    async def story(commands: Commands) -> None:
        body = {**RUN, "session_id": str(DERIVED)}
        first = await asked(commands, "session.run", body)
        for other in (body, {**body, "steps": [{"skill": "no-such-skill", "input": {}}]}):
            with pytest.raises(Refusal) as refused:
                await commands.handle(sent("session.run", other, STRANGER))
            assert (refused.value.code, refused.value.field) == ("conflict", "session_id")
        assert await asked(commands, "session.run", body) == {**first, "duplicate": True}
        assert (await commands.log.load(session(STRANGER, DERIVED))).seq == 0

    played(story)


def test_an_id_that_two_users_have_since_an_older_release_is_still_each_one_s_own():
    async def story(commands: Commands) -> None:
        body = {**RUN, "session_id": str(DERIVED)}
        first = await asked(commands, "session.run", body)
        await commands.sessions.decide(session(STRANGER, DERIVED), Cancel())
        assert await asked(commands, "session.run", body) == {**first, "duplicate": True}
        theirs = await asked(commands, "session.cancel", {"session_id": str(DERIVED)}, STRANGER)
        assert (theirs["duplicate"], theirs["status"]) == (True, "cancelled")

    played(story)


def test_a_cancel_of_what_is_another_user_s_changes_nothing():
    async def story(commands: Commands) -> None:
        await commands.handle(sent("session.run", {**RUN, "session_id": str(ID)}))
        with pytest.raises(Refusal) as refused:
            await commands.handle(sent("session.cancel", {"session_id": str(ID)}, STRANGER))
        assert (refused.value.code, refused.value.field) == ("not_found", "session_id")
        assert (await commands.log.load(session(STRANGER, ID))).seq == 0

    played(story)


def test_a_cancel_that_is_delivered_again_does_not_stop_what_was_retried_since():
    async def story(commands: Commands) -> None:
        await commands.handle(sent("session.run", {**RUN, "session_id": str(ID)}))
        cancel = sent("session.cancel", {"session_id": str(ID)}, name="1")
        await commands.handle(cancel)
        await commands.handle(sent("session.retry", {"session_id": str(ID)}))
        again = (await commands.handle(cancel)).answer
        assert (again["duplicate"], again["status"]) == (True, "running")

    played(story)


def test_an_empty_id_of_a_command_is_none_and_its_message_tells_what_it_repeats():
    async def story(commands: Commands) -> None:
        await commands.handle(sent("session.run", {**RUN, "session_id": str(ID)}))
        cancel = sent("session.cancel", {"session_id": str(ID), "command_id": ""}, name="1")
        await commands.handle(cancel)
        await commands.handle(sent("session.retry", {"session_id": str(ID), "command_id": ""}))
        again = (await commands.handle(cancel)).answer
        assert (again["duplicate"], again["status"]) == (True, "running")

    played(story)


def test_a_retry_that_is_delivered_again_is_made_once():
    async def story(commands: Commands) -> None:
        await commands.handle(sent("session.run", {**RUN, "session_id": str(ID)}))
        retry = sent("session.retry", {"session_id": str(ID)}, name="2")
        await asked(commands, "session.cancel", {"session_id": str(ID)})
        assert not (await commands.handle(retry)).answer["duplicate"]
        for status in ("running", "cancelled"):
            again = (await commands.handle(retry)).answer
            assert (again["duplicate"], again["status"]) == (True, status)
            await asked(commands, "session.cancel", {"session_id": str(ID)})

    played(story)


@pytest.mark.parametrize("scope", ["user", "session"])
def test_a_limit_that_is_delivered_again_does_not_take_the_place_of_a_later_one(scope: str):
    async def story(commands: Commands) -> None:
        await commands.handle(sent("session.run", {**RUN, "session_id": str(ID)}))
        whose = {"session_id": str(ID)} if scope == "session" else {}
        first, later = ({"scope": scope, "limit_usd": usd, **whose} for usd in ("1", "2"))
        await commands.handle(sent("budget.set", first, name="3"))
        await commands.handle(sent("budget.set", later, name="4"))
        assert (await commands.handle(sent("budget.set", first, name="3"))).answer["duplicate"]

    played(story)


def test_two_commands_of_one_name_are_told_apart_by_what_they_ask():
    async def story(commands: Commands) -> None:
        await commands.handle(sent("session.run", {**RUN, "session_id": str(ID)}))
        await commands.handle(sent("session.cancel", {"session_id": str(ID)}, name="5"))
        with pytest.raises(Refusal) as refused:
            await commands.handle(sent("session.cancel", {"session_id": str(ID), "reason": "b"}, name="5"))
        assert refused.value.code == "conflict"

    played(story)


def test_a_cancel_keeps_its_reason_and_its_own_id_from_the_queue_too():
    async def story(commands: Commands) -> None:
        await commands.handle(sent("session.run", {**RUN, "session_id": str(ID)}))
        cancel = {"session_id": str(ID), "reason": "too late", "command_id": "stop"}
        await commands.handle(sent("session.cancel", cancel, name="6"))
        commits = (await asked(commands, "session.events", {"session_id": str(ID)}))["commits"]
        event = commits[-1]["events"][-1]
        assert (event["reason"], event["command_id"]) == ("too late", "stop")

    played(story)


def test_a_retry_sees_what_another_orchestrator_decided():
    async def story(commands: Commands) -> None:
        bus = commands.follow._bus
        another = doors_of(World(0), bus).commands  # type: ignore[arg-type]
        await commands.handle(sent("session.run", {**RUN, "session_id": str(ID)}))
        await another.handle(sent("session.cancel", {"session_id": str(ID)}))
        assert not (await asked(commands, "session.retry", {"session_id": str(ID)}))["duplicate"]

    played(story)


def test_a_command_with_personal_literals_says_so_and_one_without_does_not():
    async def story(commands: Commands) -> None:
        for what, body in (("session.run", RUN), ("skill.execute", EXECUTE)):
            assert not (await commands.handle(sent(what, body))).personal
        learn(commands, "add", input_schema=PERSONAL)
        who = {"who": "Ada"}
        run = {"agent": "sim-agent", "steps": [{"skill": "add", "input": who}], "session_id": str(ID)}
        assert (await commands.handle(sent("session.run", run))).personal
        assert (await commands.handle(sent("skill.execute", {"skill": "add", "input": who}))).personal
        await commands.handle(sent("session.cancel", {"session_id": str(ID)}))
        retry = {"session_id": str(ID), "command_id": "again"}
        assert not (await commands.handle(sent("session.retry", retry))).personal

    played(story)


@pytest.mark.parametrize(
    "personal",
    [
        {"steps": [{"skill": "add", "input": {}}, {"skill": "add", "input": {"who": "Ada"}}]},
        {"steps": [{"skill": "add", "input": {"who": "{{input.who}}"}}], "input": {"who": "Ada"}},
    ],
    ids=["in a later step", "in the session's own input"],
)
def test_a_personal_literal_is_seen_wherever_it_stands(personal: dict[str, Any]):
    async def story(commands: Commands) -> None:
        learn(commands, "add", input_schema=PERSONAL)
        assert (await commands.handle(sent("session.run", {"agent": "sim-agent", **personal}))).personal

    played(story)


def test_a_retry_with_a_personal_input_says_so_once_and_its_repetition_is_answered():
    async def story(commands: Commands) -> None:
        learn(commands, "add", input_schema=PERSONAL)
        run = {"agent": "sim-agent", "steps": [{"skill": "add", "input": {}}], "session_id": str(ID)}
        await commands.handle(sent("session.run", run))
        await commands.handle(sent("session.cancel", {"session_id": str(ID)}))
        retry = {"session_id": str(ID), "command_id": "again", "input": {"who": "Ada"}}
        first = await commands.handle(sent("session.retry", retry))
        assert (first.personal, first.answer["duplicate"]) == (True, False)
        again = await commands.handle(sent("session.retry", retry))
        assert again.answer == {**first.answer, "duplicate": True}

    played(story)


def test_a_session_s_limit_is_its_own_and_a_user_s_is_the_ledger_s():
    async def story(commands: Commands) -> None:
        await commands.handle(sent("session.run", {**RUN, "session_id": str(ID)}))
        own = {"session_id": str(ID), "scope": "session", "limit_usd": "1", "command_id": "own"}
        assert not (await asked(commands, "budget.set", own))["duplicate"]
        assert (await asked(commands, "budget.set", own))["duplicate"]
        assert commands.follow.sweep_wanted.is_set()
        known = await asked(commands, "budget.get", {})
        await commands.handle(sent("budget.set", {"limit_usd": "2", "scope": "user"}))
        assert await asked(commands, "budget.get", {}) != known
        assert await asked(commands, "budget.get", {}, STRANGER) == known

    played(story)


def test_events_are_told_from_where_they_were_asked_for():
    async def story(commands: Commands) -> None:
        run = await asked(commands, "session.run", {**RUN, "session_id": str(ID)})
        cancel = await asked(commands, "session.cancel", {"session_id": str(ID)})
        for from_seq, told in ((0, [run, cancel]), (run["seq"], [run, cancel]), (run["seq"] + 1, [cancel])):
            answer = await asked(commands, "session.events", {"session_id": str(ID), "from_seq": from_seq})
            assert [commit["seq"] for commit in answer["commits"]] == [one["seq"] for one in told]
            assert (answer["session_id"], answer["more"]) == (str(ID), False)
            assert answer["next_seq"] == cancel["seq"] + 1
        page = await asked(commands, "session.events", {"session_id": str(ID), "limit": 1})
        assert (len(page["commits"]), page["more"], page["next_seq"]) == (1, True, run["seq"] + 1)
        beyond = await asked(commands, "session.events", {"session_id": str(ID), "from_seq": 99})
        assert (beyond["commits"], beyond["more"], beyond["next_seq"]) == ([], False, 99)
        theirs = await asked(commands, "session.events", {"session_id": str(ID)}, STRANGER)
        assert theirs["commits"] == []

    played(story)


def test_events_of_a_skill_that_runs_alone_are_its_own():
    async def story(commands: Commands) -> None:
        await commands.handle(sent("skill.execute", {**EXECUTE, "execution_id": str(ID)}))
        answer = await asked(commands, "skill.events", {"execution_id": str(ID)})
        assert (answer["execution_id"], len(answer["commits"])) == (str(ID), 1)
        assert (await asked(commands, "session.events", {"session_id": str(ID)}))["commits"] == []

    played(story)
