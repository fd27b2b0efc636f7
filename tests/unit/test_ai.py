"""A skill run by a model: once or once for each, who is spoken of, what is kept, what is never sent."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from shared.definitions import SkillConfig, SkillDefinition
from shared.memory_vault import MemoryVault
from shared.models import load
from shared.sealing import seal
from skill_runner.ai import AiEngine
from skill_runner.chats.chat import Question, Reply
from skill_runner.failure import Failure
from skill_runner.run import Run
from skill_runner.workers import Workers
from skillmodules import SKILLS

USER = UUID("00000000-0000-4000-8000-000000000001")
JANE, JOE = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
PERSONAL = {"type": "string", "x-personal": True}
CONTACT = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "name": PERSONAL,
        "email": PERSONAL,
        "outlet": {"type": "string"},
    },
}
PITCH = {
    "type": "object",
    "properties": {"contact_id": {"type": "string"}, "subject": PERSONAL, "body": PERSONAL},
    "required": ["subject", "body"],
}
INPUT = {
    "type": "object",
    "properties": {
        "contacts": {"type": "array", "items": CONTACT},
        "contact_name": PERSONAL,
        "artist": {"type": "string"},
    },
}
OUTPUT = {
    "type": "object",
    "properties": {
        **PITCH["properties"],
        "pitches": {"type": "array", "items": PITCH},
    },
    "required": ["subject", "body", "pitches"],
}
DEFINITION = SkillDefinition.model_validate(
    {
        "name": "generate-pitch",
        "category": "generation",
        "provider": "anthropic",
        "model": "claude-sonnet-4-20250514",
        "input_schema": INPUT,
        "output_schema": OUTPUT,
        "hash": "h",
        "config": {"for_each": "contacts", "into": "pitches"},
    }
)
VAULT = MemoryVault()
CONTACTS = [
    {"id": JANE, "name": "Jane Example", "email": "jane@example.org", "outlet": "Radio Lumen"},
    {"id": JOE, "name": "Joe Sample", "email": "joe@example.org", "outlet": "Nachtfunk"},
]


class Model:
    """Greets whom the prompt names; `then` may act on the n-th question first."""

    simulated = True
    terms: Mapping[str, str] = {}

    def __init__(self, then: Callable[[int, Question], Any] | None = None) -> None:
        self.asked: list[Question] = []
        self._then = then

    async def of(self, _provider: str) -> "Model":
        return self

    async def ask(self, question: Question) -> Reply:
        self.asked.append(question)
        if self._then is not None:
            told = self._then(len(self.asked), question)
            if asyncio.iscoroutine(told):
                told = await told
            if isinstance(told, Reply):
                return told
        given = json.loads(question.user)
        person = given.get("contact", {}).get("name") or given.get("contact_name") or "you"
        return reply({"subject": f"For {person}", "body": f"Hi {person}"})

    async def close(self) -> None: ...


def reply(answer: Any, stop: Any = "end") -> Reply:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    raw = {"model": "claude-sonnet-5", "usage": {"input_tokens": 100, "output_tokens": 20}}
    return Reply(text, stop, "end_turn", "m1", "claude-sonnet-5", raw)


async def attempt(
    given: dict[str, Any], definition: SkillDefinition = DEFINITION, *, timeout_s: float = 5
) -> Run:
    work = SimpleNamespace(user=USER, attempt_id="attempt-1", timeout_s=timeout_s, done=None)
    sealed = await seal(VAULT, USER, INPUT, given)
    return Run(work, definition, sealed, given, datetime.now(UTC))


async def answer(model: Model, run: Run) -> Any:
    engine = AiEngine(model, load(), VAULT, Workers(SKILLS, "", 1, {}))
    return await engine.run(await engine.prepare(run))


async def failed(model: Model, run: Run) -> Failure:
    with pytest.raises(Failure) as raised:
        await answer(model, run)
    return raised.value


async def test_there_is_one_answer_for_each_contact_by_name() -> None:
    output = await answer(Model(), await attempt({"contacts": CONTACTS, "artist": "Neon Harbour"}))
    assert output["pitches"] == [
        {"contact_id": JANE, "subject": "For Jane Example", "body": "Hi Jane Example"},
        {"contact_id": JOE, "subject": "For Joe Sample", "body": "Hi Joe Sample"},
    ]


async def test_the_first_answer_fills_the_fields_beside_the_list() -> None:
    output = await answer(Model(), await attempt({"contacts": CONTACTS}))
    assert (output["contact_id"], output["subject"]) == (JANE, "For Jane Example")


@pytest.mark.parametrize(
    "output",
    [{}, {"type": "object", "properties": {"pitches": {"type": "array", "items": {"type": "string"}}}}],
    ids=["no output", "plain texts"],
)
async def test_what_no_model_can_answer_is_not_asked(output: dict[str, Any]) -> None:
    config = DEFINITION.config if output else SkillConfig()
    model = Model()
    definition = DEFINITION.model_copy(update={"output_schema": output, "config": config})
    why = await failed(model, await attempt({"contacts": CONTACTS}, definition))
    assert (why.code, why.retryable, model.asked) == ("skill_error", False, [])


async def test_no_identity_of_a_contact_is_in_any_prompt() -> None:
    model = Model()
    await answer(model, await attempt({"contacts": CONTACTS, "artist": "Neon Harbour"}))
    sent = "".join(question.system + question.user for question in model.asked)
    assert [secret for secret in ("Jane", "Joe", "example.org", "$sealed", '"n"') if secret in sent] == []


async def test_a_personal_value_that_came_plain_is_not_sent_either() -> None:
    model = Model()
    run = await attempt({"contact_name": "Jane Example"})
    output = await answer(model, Run(run.work, run.definition, run.opened, run.opened, run.started_at))
    assert "Jane" not in model.asked[0].user
    assert output["body"] == "Hi Jane Example"


async def test_each_call_has_a_key_of_its_own_and_sees_one_contact() -> None:
    model = Model()
    await answer(model, await attempt({"contacts": CONTACTS}))
    assert sorted(question.key for question in model.asked) == ["attempt-1/0", "attempt-1/1"]
    assert all(len(json.loads(question.user)["contact"]) == 4 for question in model.asked)


async def test_the_single_form_makes_one_call_and_fills_the_list_with_it() -> None:
    model = Model()
    output = await answer(model, await attempt({"contact_name": "Jane Example"}))
    assert output["pitches"] == [{name: output[name] for name in ("contact_id", "subject", "body")}]
    assert [question.key for question in model.asked] == ["attempt-1"]


async def test_a_model_is_never_asked_for_ids() -> None:
    model = Model()
    await answer(model, await attempt({"contacts": CONTACTS}))
    assert model.asked[0].schema["required"] == ["subject", "body"]


async def test_an_empty_list_is_refused_before_any_call() -> None:
    model = Model()
    refused = await failed(model, await attempt({"contacts": []}))
    assert (refused.code, refused.retryable, model.asked) == ("nothing_to_do", False, [])


async def test_what_it_used_is_added_up_and_its_alias_is_warned_of() -> None:
    run = await attempt({"contacts": CONTACTS})
    await answer(Model(), run)
    assert run.progress.total is not None
    assert (run.progress.total.calls, run.progress.total.tokens, run.progress.total.cost_usd) == (2, 240, 0)
    assert len(run.progress.warnings) == 1


async def test_after_a_failure_no_call_is_begun_and_what_is_finished_is_kept() -> None:
    def third_fails(number: int, _question: Question) -> None:
        if number == 3:
            raise Failure("provider_error", "it broke", retryable=True)

    many = [{**CONTACTS[0], "outlet": str(number)} for number in range(30)]
    run, model = await attempt({"contacts": many}), Model(third_fails)
    refused = await failed(model, run)
    assert refused.code == "provider_error"
    assert len(model.asked) <= 10
    assert len(run.progress.partial["pitches"]) == len(model.asked) - 1


async def test_at_most_eight_calls_run_at_once() -> None:
    running, most = 0, 0

    async def slow(_number: int, _question: Question) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    many = [{**CONTACTS[0], "outlet": str(number)} for number in range(30)]
    await answer(Model(slow), await attempt({"contacts": many}))
    assert most == 8


async def test_the_deadline_ends_all_calls_and_keeps_what_was_paid() -> None:
    async def stall(number: int, _question: Question) -> None:
        await asyncio.sleep(60 if number == 2 else 0)

    run = await attempt({"contacts": CONTACTS}, timeout_s=1)
    late = await failed(Model(stall), run)
    assert (late.code, late.retryable) == ("timeout", True)
    assert run.progress.total is not None
    assert (run.progress.total.calls, len(run.progress.partial["pitches"])) == (1, 1)


@pytest.mark.parametrize(
    ("given", "code", "retryable"),
    [
        (reply("no json"), "invalid_output", True),
        (reply({"subject": 3, "body": "x"}), "invalid_output", True),
        (reply('{"subject": "cut', "length"), "invalid_output", False),
        (reply('{"subject": "\\u0000", "body": ""}'), "invalid_output", True),
        (reply("", "refusal"), "model_refused", False),
        (reply({"subject": "Hi [[somebody]]", "body": "x"}), "invalid_output", True),
    ],
)
async def test_a_bad_answer_is_an_error_with_its_cost(given: Reply, code: str, *, retryable: bool) -> None:
    run = await attempt({"contact_name": "Jane Example"})
    refused = await failed(Model(lambda _number, _question: given), run)
    assert (refused.code, refused.retryable) == (code, retryable)
    assert run.progress.total is not None
    assert "Jane" not in refused.message


async def test_a_skill_without_a_list_answers_by_its_output_schema() -> None:
    plain = DEFINITION.model_copy(update={"output_schema": PITCH, "config": DEFINITION.config.model_copy(
        update={"for_each": None, "into": None}
    )})  # fmt: skip
    output = await answer(Model(), await attempt({"contact_name": "Jane Example"}, plain))
    assert (output["subject"], output["body"]) == ("For Jane Example", "Hi Jane Example")


async def test_an_answer_that_names_a_person_where_all_may_read_it_is_asked_for_again() -> None:
    public = {**PITCH, "properties": {**PITCH["properties"], "subject": {"type": "string"}}}
    plain = DEFINITION.model_copy(update={"output_schema": public, "config": DEFINITION.config.model_copy(
        update={"for_each": None, "into": None}
    )})  # fmt: skip
    run = await attempt({"contact_name": "Jane Example"}, plain)
    good = reply({"subject": "News", "body": "Hi"})
    assert (await answer(Model(lambda number, _: good if number > 1 else None), run))["subject"] == "News"
    assert [call.outcome for call in run.progress.calls] == ["invalid_output", "passed"]
    refused = await failed(Model(), await attempt({"contact_name": "Jane Example"}, plain))
    assert (refused.message, refused.retryable) == ("subject is public and names a person", True)
