"""An answer is checked, repaired once by the next tier, else taken from the template; every call is noted."""

import asyncio
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest

from shared.definitions import SkillDefinition
from shared.memory_vault import MemoryVault
from shared.models import Retiring, load
from shared.sealing import is_sealed, seal
from shared.skill_source import python_hash
from shared.work import Done
from skill_runner.ai import AiEngine
from skill_runner.bounds import LONGEST_WRONG
from skill_runner.chats.chat import Reply
from skill_runner.failure import Failure
from skill_runner.run import Run
from skill_runner.workers import Workers
from skill_runner.writing import Unusable

USER = UUID("00000000-0000-4000-8000-000000000001")
VAULT = MemoryVault()
PERSONAL = {"type": "string", "x-personal": True}
CHECKS = {"type": "array", "items": {"type": "object"}}
LETTER = {
    "type": "object",
    "properties": {
        "contact_id": {"type": "string"},
        "text": PERSONAL,
        "words": {"type": "integer"},
        "basis": {"type": "string"},
        "checks": CHECKS,
    },
    "required": ["text", "words"],
}
META = {"type": "object"}
OUTPUT = {
    "type": "object",
    "properties": {"letters": {"type": "array", "items": LETTER}, "meta": META},
    "required": ["letters"],
}
CONTACT = {"type": "object", "properties": {"id": {"type": "string"}, "name": PERSONAL, "email": PERSONAL}}
INPUT = {
    "type": "object",
    "properties": {"contacts": {"type": "array", "items": CONTACT}, "fact": {"type": "string"}},
}
CHECK = """
def check(given, answer):
    honest = "NME" not in answer["text"]
    return [{"name": "names", "passed": honest, "why": "" if honest else "NME is not among the facts"}]
"""
WHOLE = (
    CHECK
    + """
def template(given):
    return {"text": "Hi " + given["contact"]["name"] + ", " + given["fact"]}

def brief(given, now):
    return {"contact": {"name": given["contact"]["name"]}, "fact": given["fact"], "today": now[:10]}

def complete(given, answer):
    return {**answer, "words": len(answer["text"].split())}

def rests_on(given):
    return {"n": 1, "sources": ["the facts"], "warnings": ["there is one fact only"]}
"""
)
PEOPLE = [
    {
        "id": f"00000000-0000-4000-8000-00000000000{number}",
        "name": f"Person {number}",
        "email": f"{number}@example.org",
    }
    for number in range(3)
]
GIVEN = {"contacts": PEOPLE[:1], "fact": "they record at home"}
FALSE, TRUE = {"text": "Hi [[name]], NME loves it"}, {"text": "Hi [[name]], they record at home"}


class Played:
    """A model that says what it is told to, answer by answer; a Failure is raised, a number is a delay."""

    simulated = True

    def __init__(self, *script):
        self.terms = {}
        self.script = list(script)
        self.asked = []

    async def of(self, _provider):
        return self

    async def ask(self, question):
        self.asked.append(question)
        said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(said, float):
            await asyncio.sleep(said)
            said = TRUE
        if isinstance(said, Failure):
            raise said
        return said if isinstance(said, Reply) else reply(said)

    async def close(self): ...


def reply(said, stop="end"):
    text = said if isinstance(said, str) else json.dumps(said)
    raw = {"model": "claude-haiku-4-5", "usage": {"input_tokens": 100, "output_tokens": 20}}
    return Reply(text, stop, "end_turn", "m1", "claude-haiku-4-5", raw)


@pytest.fixture
async def bench(tmp_path):
    """Runs a skill whose Python file is given."""
    (tmp_path / "a").mkdir()
    workers = Workers(tmp_path, "postgresql://127.0.0.1:1/none", 2, {})

    async def run(model, python=WHOLE, given=GIVEN, *, name="small", timeout_s=20, done=None, models=None):
        one = await attempt(written(tmp_path, python, name), given, timeout_s, done)
        run.progresses.append(one.progress)
        try:
            engine = AiEngine(model, models or load(), VAULT, workers)
            prepared = await engine.prepare(one)
            run.most_usd = prepared.most_usd
            return await engine.run(prepared), one.progress
        except Failure as failure:
            return failure, one.progress

    run.progresses = []
    yield run
    await workers.close()


async def attempt(definition, given=GIVEN, timeout_s=20, done=None) -> Run:
    work = SimpleNamespace(user=USER, attempt_id="attempt-1", timeout_s=timeout_s, done=done)
    sealed = await seal(VAULT, USER, INPUT, given)
    return Run(work, definition, sealed, given, datetime(2026, 11, 26, tzinfo=UTC))


def written(root: Path, python: str | None, model: str | None) -> SkillDefinition:
    functions = [
        name
        for name in ("check", "template", "brief", "complete", "rests_on")
        if f"def {name}" in (python or "")
    ]
    if python is not None:
        (root / "a" / "write_letters.py").write_text(python)
    return SkillDefinition.model_validate(
        {
            "name": "write-letters",
            "category": "generation",
            "provider": "anthropic",
            "model": model,
            "input_schema": INPUT,
            "output_schema": OUTPUT,
            "hash": "h",
            "config": {"for_each": "contacts", "into": "letters", "asks": ["text"]},
            "python_hash": python_hash(python.encode(), {}) if python else None,
            "functions": functions,
        }
    )


def outcomes(progress):
    return [(call.purpose, call.outcome, call.failed_checks) for call in progress.calls]


async def test_an_answer_that_passes_is_taken_and_completed(bench):
    output, progress = await bench(Played(TRUE))
    (letter,) = output["letters"]
    assert (letter["text"], letter["words"]) == ("Hi Person 0, they record at home", 6)
    assert (letter["basis"], letter["contact_id"]) == ("model", PEOPLE[0]["id"])
    assert letter["checks"] == [{"name": "names", "passed": True, "why": ""}]
    assert outcomes(progress) == [("first", "passed", ())]


async def test_the_model_sees_the_brief_and_is_asked_for_its_fields_only(bench):
    model = Played(TRUE)
    await bench(model)
    (question,) = model.asked
    assert json.loads(question.user) == {
        "contact": {"name": "[[name]]"},
        "fact": "they record at home",
        "today": "2026-11-26",
    }
    assert list(question.schema["properties"]) == ["text"]
    assert "[[email]]" not in question.system


async def test_an_answer_that_fails_a_check_is_repaired_once_by_the_next_tier(bench):
    model = Played(FALSE, TRUE)
    output, progress = await bench(model)
    assert output["letters"][0]["basis"] == "model"
    assert [question.model for question in model.asked] == ["claude-haiku-4-5", "claude-sonnet-5"]
    assert outcomes(progress) == [("first", "checks_failed", ("names",)), ("repair", "passed", ())]
    assert model.asked[0].key != model.asked[1].key


async def test_each_model_is_asked_with_its_own_settings(bench):
    model = Played(FALSE, TRUE)
    await bench(model)
    thoughtless = {"thinking": {"type": "disabled"}}
    assert [question.settings for question in model.asked] == [{}, thoughtless], "small thinks when told to"


async def test_a_model_whose_server_takes_no_schema_is_told_it_in_words(bench):
    model, models = Played({"text": 5}, TRUE), load()
    model.simulated = False
    await bench(model, models=models)
    by_schema = model.asked[0]
    anthropic = models["anthropic"]
    wordy = anthropic.model_copy(update={"schema_in_words": tuple(anthropic.tiers.values())})
    model = Played({"text": 5}, TRUE)
    model.simulated = False
    output, progress = await bench(model, models=models | {"anthropic": wordy})
    in_words = f"{by_schema.system}\n\nThe schema: {json.dumps(by_schema.schema)}"
    assert [(question.schema, question.system) for question in model.asked] == [(None, in_words)] * 2
    assert output["letters"][0]["text"] == "Hi Person 0, they record at home"
    assert bench.most_usd >= sum(call.most_usd for call in progress.calls) > 0


async def test_the_local_model_is_given_the_schema_all_the_same(bench):
    model, anthropic = Played(TRUE), load()["anthropic"]
    wordy = anthropic.model_copy(update={"schema_in_words": tuple(anthropic.tiers.values())})
    await bench(model, models={"anthropic": wordy})
    assert model.asked[0].schema is not None


async def test_the_repair_is_told_what_was_said_and_which_checks_failed(bench):
    model = Played(FALSE, TRUE)
    await bench(model)
    roles = [role for role, _ in model.asked[1].turns]
    assert roles == ["user", "assistant", "user"]
    assert json.loads(model.asked[1].turns[1][1]) == FALSE
    assert "names: NME is not among the facts" in model.asked[1].turns[2][1]


async def test_no_model_is_asked_where_the_file_that_judges_cannot_be_loaded(bench):
    """Without `brief` nothing of it is needed before an answer is there."""
    model = Played(TRUE)
    failure, progress = await bench(model, CHECK + "1 / 0\n")
    assert (failure.code, model.asked, progress.calls) == ("skill_error", [], [])


async def test_an_answer_that_no_server_should_have_let_grow_so_long_is_not_judged_nor_sent_back_whole(bench):
    model = Played({"text": "1" * 400_000}, TRUE)
    output, progress = await bench(model)
    most = model.asked[0].max_tokens
    assert len(model.asked[1].turns[1][1]) == 4 * most
    assert output["letters"][0]["basis"] == "model"
    assert [call.outcome for call in progress.calls] == ["invalid_output", "passed"]


@pytest.mark.parametrize("blank", ["", " \n"])
async def test_a_blank_answer_is_not_sent_back_for_providers_refuse_one(bench, blank):
    model = Played(reply(blank), TRUE)
    await bench(model)
    assert model.asked[1].turns[1] == ("assistant", "(nothing that can be used)")


async def test_a_model_whose_answer_was_cut_off_is_told_to_be_shorter(bench):
    model = Played(reply('{"text": "Hi', "length"), TRUE)
    output, _ = await bench(model)
    assert output["letters"][0]["basis"] == "model"
    assert model.asked[1].turns[2][1].endswith("it was too long and was cut off: say it in far fewer words")


@pytest.mark.parametrize(
    ("named", "models"),
    [
        ("claude-haiku-4-5", ["claude-haiku-4-5", "claude-haiku-4-5"]),
        ("large", ["claude-opus-5", "claude-opus-5"]),
        (None, ["claude-sonnet-5", "claude-sonnet-5"]),
    ],
)
async def test_a_skill_that_names_a_model_is_repaired_by_the_same(bench, named, models):
    model = Played(FALSE, TRUE)
    await bench(model, name=named)
    assert [question.model for question in model.asked] == models


async def test_after_the_repair_comes_the_template_and_says_so(bench):
    output, progress = await bench(Played(FALSE))
    assert output["letters"][0]["text"] == "Hi Person 0, they record at home"
    assert (output["letters"][0]["basis"], output["meta"]["basis"]) == ("template", "template")
    assert progress.warnings == ["no model wrote this text: it is from the template"]
    assert output["meta"]["warnings"] == ["there is one fact only", *progress.warnings]
    assert [call.outcome for call in progress.calls] == ["checks_failed", "checks_failed"]
    assert (progress.total.calls, progress.total.tokens) == (2, 240)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (reply("no json"), "invalid_output"),
        (reply({"txet": ""}), "invalid_output"),
        (reply("", "refusal"), "model_refused"),
        (reply('{"text": "cut', "length"), "cut_off"),
        (reply('{"text": "cut', "full"), "cut_off"),
        (reply({"text": "Hi [[somebody]]"}), "invalid_output"),
        (reply({"text": "write to [[email]]"}), "invalid_output"),
    ],
)
async def test_nonsense_a_refusal_and_a_cut_answer_are_repaired_and_then_replaced(bench, said, outcome):
    output, progress = await bench(Played(said))
    assert output["meta"]["basis"] == "template"
    assert [call.outcome for call in progress.calls] == [outcome, outcome]


async def test_what_a_model_was_not_asked_for_is_left_out_and_says_nothing_of_whom_a_text_is_for(bench):
    told = {"contact_id": PEOPLE[2]["id"], "basis": "template", "checks": [], "$ref": 1, "words": "many"}
    output, progress = await bench(Played({**TRUE, **told}))
    (letter,) = output["letters"]
    assert (letter["contact_id"], letter["basis"], len(letter["checks"])) == (PEOPLE[0]["id"], "model", 1)
    assert (letter.keys() - told.keys(), letter["words"]) == ({"text"}, 6)
    assert progress.warnings[0] == (
        "the model's answer: contact_id is not known and was left out; known: text"
    )


@pytest.mark.parametrize("python", [WHOLE, None])
@pytest.mark.parametrize(
    "said",
    [
        {"text": {"$sealed": PEOPLE[2]["id"], "n": "", "c": ""}},
        {"$sealed": PEOPLE[2]["id"], "n": "", "c": ""},
        {**TRUE, "words": 6, "$sealed": "Ada", "more": [{"$sealed": 1}]},
    ],
)
async def test_a_sealed_value_is_nothing_that_a_model_can_have_and_asked_for_again(bench, said, python):
    output, progress = await bench(Played(said, {**TRUE, "words": 6} if python is None else TRUE), python)
    assert output["letters"][0]["text"] == "Hi Person 0, they record at home"
    assert [call.outcome for call in progress.calls] == ["invalid_output", "passed"]


async def test_without_a_template_the_attempt_fails_with_the_names_of_the_checks(bench):
    failure, progress = await bench(Played(FALSE), CHECK)
    assert (failure.code, failure.retryable) == ("invalid_output", True)
    assert failure.message == "contacts[0]: the answer did not pass: names"
    assert progress.total.calls == 2


@pytest.mark.parametrize("code", ["provider_error", "provider_away"])
async def test_a_provider_that_fails_ends_the_attempt_and_is_no_reason_for_the_template(bench, code):
    busy = Failure(code, "it is away", retryable=True, retry_after_s=3)
    failure, progress = await bench(Played(busy))
    assert (failure.code, failure.retryable, failure.retry_after_s) == (code, True, 3)
    assert outcomes(progress) == [("first", code, ())]
    assert progress.total is None


async def test_a_call_that_is_refused_for_now_is_made_again_and_noted_once(bench):
    busy = Failure("rate_limited", "too many", retryable=True, retry_after_s=0.1)
    output, progress = await bench(Played(busy, busy, TRUE))
    assert output["meta"]["basis"] == "model"
    assert outcomes(progress) == [("first", "passed", ())]
    assert progress.total.calls == 1
    assert progress.warnings[-1] == "the local model took no more calls for a while: they were made later"


async def test_the_repair_of_an_answer_is_made_again_too(bench):
    busy = Failure("rate_limited", "too many", retryable=True, retry_after_s=0.1)
    _, progress = await bench(Played(FALSE, busy, TRUE))
    assert outcomes(progress) == [("first", "checks_failed", ("names",)), ("repair", "passed", ())]


async def test_whoever_has_to_wait_for_longer_than_half_of_its_time_ends_with_what_it_has(bench):
    busy = Failure("rate_limited", "too many", retryable=True, retry_after_s=11)
    model = Played(TRUE, busy)
    failure, progress = await bench(model, given={**GIVEN, "contacts": PEOPLE[:2]}, timeout_s=20)
    assert (failure.code, failure.retryable) == ("rate_limited", True)
    assert failure.message == "contacts[1]: too many"
    assert 5 < failure.retry_after_s <= 11
    assert len(model.asked) == 2
    assert [letter["words"] for letter in progress.partial["letters"]] == [6]


async def test_who_waited_while_another_text_had_no_answer_in_its_time_asks_nobody(bench):
    """The first has no answer within 2 s, the second is refused for 2.4 s: all are the template's then."""
    busy = Failure("rate_limited", "too many", retryable=True, retry_after_s=2.4)
    model = Played(60.0, busy, TRUE)
    output, progress = await bench(model, given=many(9), timeout_s=2)
    assert [letter["basis"] for letter in output["letters"]] == ["template"] * 9
    assert len(model.asked) == 2
    assert [(call.outcome, call.in_doubt) for call in progress.calls] == [
        ("timeout", True),
        ("rate_limited", False),
    ]


async def test_what_may_not_be_tried_again_is_not(bench):
    failure, progress = await bench(Played(Failure("rate_limited", "never again")))
    assert (failure.code, failure.retryable) == ("rate_limited", False)
    assert len(progress.calls) == 1


@pytest.mark.parametrize(
    ("at_once", "attempts", "timeout_s"), [(2, 2, 20), (1, 1, 1)], ids=["by all attempts", "in its time"]
)
async def test_a_server_is_asked_no_more_at_once_than_it_answers(tmp_path, at_once, attempts, timeout_s):
    """A text takes 0.4 s: one after the other, three need more than the time of one."""
    (tmp_path / "a").mkdir()
    workers = Workers(tmp_path, "postgresql://127.0.0.1:1/none", 2, {})
    known, model = load(), Counted(0.4)
    own = known["anthropic"].model_copy(update={"at_once": at_once})
    engine = AiEngine(model, known | {"anthropic": own}, VAULT, workers)
    people = {**GIVEN, "contacts": PEOPLE}
    try:
        made = [written(tmp_path, CHECK, name) for name in ("small", "large")[:attempts]]
        runs = [await engine.prepare(await attempt(one, people, timeout_s)) for one in made]
        outputs = await asyncio.gather(*(engine.run(run) for run in runs))
    finally:
        await workers.close()
    assert [len(output["letters"]) for output in outputs] == [3] * attempts
    assert model.most == at_once


class Counted(Played):
    """A model that notes how many ask it at the same time."""

    now = most = 0

    async def ask(self, question):
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await super().ask(question)
        finally:
            self.now -= 1


async def test_attempts_of_one_runner_learn_from_each_other(tmp_path):
    """The next one stays in the queue while the model takes no calls; that of another model does not."""
    (tmp_path / "a").mkdir()
    workers = Workers(tmp_path, "postgresql://127.0.0.1:1/none", 2, {})
    busy = Failure("rate_limited", "too many", retryable=True, retry_after_s=30)
    engine = AiEngine(Played(busy), load(), VAULT, workers)
    try:
        runs = [await attempt(written(tmp_path, CHECK, name)) for name in ("small", "small", "large")]
        prepared = await engine.prepare(runs[0])
        assert prepared.no_turn is None
        with pytest.raises(Failure):
            await engine.run(prepared)
        same, other = [(await engine.prepare(run)).no_turn for run in runs[1:]]
    finally:
        await workers.close()
    assert other is None
    assert same is not None
    assert same.wait_s == pytest.approx(30, abs=5)
    assert (same.code, same.message) == ("rate_limited", "too many")


@pytest.mark.parametrize("code", ["model_refused", "invalid_output"])
async def test_what_the_provider_itself_stopped_is_put_to_the_next_tier_and_keeps_no_other_text_back(
    bench, code
):
    stopped = Failure(code, "by a filter")
    output, progress = await bench(Played(stopped, TRUE), given=many(1))
    assert [call.outcome for call in progress.calls] == [code, "passed"]
    output, progress = await bench(Played(stopped), given=many(3))
    assert [letter["basis"] for letter in output["letters"]] == ["template"] * 3
    assert progress.total is None


async def test_a_model_that_only_thought_is_not_told_of_as_one_that_wrote_too_much(bench):
    failure, _ = await bench(Played(reply("", "length")), CHECK)
    thought = "claude-sonnet-5 thought for 1024 tokens and had said nothing yet"
    assert failure.message == f"contacts[0]: {thought}: raise config.max_tokens"


async def test_an_answer_that_is_cut_off_says_at_how_many_tokens(bench):
    failure, _ = await bench(Played(reply('{"text": "Hi', "length")), CHECK)
    why = "the answer was cut off at 1024 tokens: raise config.max_tokens"
    assert failure.message == f"contacts[0]: {why}"


async def test_where_a_model_takes_no_more_the_input_is_what_is_too_long(bench):
    failure, _ = await bench(Played(reply('{"text": "Hi', "full")), CHECK)
    why = "input and answer are together longer than the model takes: shorten the input"
    assert failure.message == f"contacts[0]: {why}"


@pytest.mark.parametrize(
    "fenced", ["```json\n{}\n```", "```\n{}```\n", "\n```JSON\r\n{}\r\n```", "```json {} ```"]
)
async def test_an_answer_in_a_fence_of_markdown_is_one(bench, fenced):
    output, progress = await bench(Played(reply(fenced.replace("{}", json.dumps(TRUE)))))
    assert output["letters"][0]["basis"] == "model"
    assert outcomes(progress) == [("first", "passed", ())]


@pytest.mark.parametrize(
    "several", ["```json\n{}\n```\n```json\n{}\n```", "Here it is: ```json\n{}\n```", "{}\n{}", "```{}```"]
)
async def test_of_two_answers_or_one_among_other_words_none_is_guessed(bench, several):
    _, progress = await bench(Played(reply(several.replace("{}", json.dumps(TRUE))), TRUE))
    assert outcomes(progress) == [("first", "invalid_output", ()), ("repair", "passed", ())]


async def test_half_a_letter_at_the_end_of_an_answer_is_not_sent_back(bench):
    model = Played(reply('{"text": "\ud83d'), TRUE)
    await bench(model)
    assert model.asked[1].again.answer == '{"text": "?'


async def test_a_provider_that_fails_in_the_repair_ends_the_attempt_too(bench):
    failure, progress = await bench(Played(FALSE, Failure("provider_error", "broken", retryable=True)))
    assert failure.code == "provider_error"
    assert [call.outcome for call in progress.calls] == ["checks_failed", "provider_error"]


async def test_a_provider_that_fails_in_the_middle_of_an_answer_ends_the_attempt_and_is_paid_what_it_says(
    bench,
):
    failure, progress = await bench(Played(reply('{"text": "Hi', "error")))
    assert (failure.code, failure.retryable) == ("provider_error", True)
    assert failure.message == "contacts[0]: the local model failed in the middle of an answer"
    assert outcomes(progress) == [("first", "provider_error", ())]
    assert (progress.total.tokens, progress.total.in_doubt_usd) == (120, 0)


async def test_no_repair_is_begun_that_cannot_end_in_time(bench):
    class Slow(Played):
        async def ask(self, question):
            await asyncio.sleep(1.2)
            return await super().ask(question)

    model = Slow(FALSE)
    output, progress = await bench(model, timeout_s=2.5)
    assert (len(progress.calls), output["meta"]["basis"]) == (1, "template")
    assert progress.took_s < 2.5


async def test_a_call_that_is_not_answered_in_time_is_followed_by_the_template(bench):
    output, progress = await bench(Played(60.0), timeout_s=2)
    assert output["meta"]["basis"] == "template"
    assert outcomes(progress) == [("first", "timeout", ())]


def many(count):
    return {**GIVEN, "contacts": [{**PEOPLE[0], "name": f"Person {number}"} for number in range(count)]}


async def test_a_long_list_has_its_time_for_every_eight_of_it(bench):
    output, progress = await bench(Played(0.4), given=many(20), timeout_s=0.9)
    assert {letter["basis"] for letter in output["letters"]} == {"model"}
    assert len(progress.calls) == 20
    assert progress.took_s > 0.9


async def test_of_a_list_whose_texts_are_more_than_an_output_holds_the_rest_is_not_paid_for(
    bench, monkeypatch
):
    monkeypatch.setattr("skill_runner.ai.OUTPUT_LIMIT", 1000)
    failure, progress = await bench(Played(TRUE), given=many(40))
    assert (failure.code, failure.retryable) == ("output_too_large", False)
    assert "of 40 texts are more than the 1000 bytes" in failure.message
    assert len(progress.calls) < 20


async def test_after_a_call_without_an_answer_in_time_the_rest_of_the_list_asks_nobody(bench):
    output, progress = await bench(Played(60.0), given=many(60), timeout_s=0.5)
    assert {letter["basis"] for letter in output["letters"]} == {"template"}
    assert len(progress.calls) == 8, "those that were under way at once"
    assert progress.took_s < 2.5, "eight at once for all of them would take 3.75 s"


async def test_a_call_whose_answer_does_not_say_what_it_used_counts_at_its_most(bench):
    paid, silent = reply(FALSE), reply(TRUE)
    del silent.raw["usage"]
    model = Played(paid, silent)
    model.simulated = False
    _, progress = await bench(model)
    first, repair = progress.calls
    assert (repair.usage.cost_usd, repair.in_doubt_usd) == (None, repair.most_usd)
    assert progress.total.cost_usd == first.usage.cost_usd > 0
    assert progress.total.in_doubt_usd == repair.most_usd > 0


async def test_what_is_known_of_calls_of_which_one_has_no_price_is_not_forgotten(bench):
    paid, unpriced = reply(FALSE), reply(TRUE)
    model = Played(paid, unpriced)
    model.simulated = False
    unpriced.raw["usage"] = None
    _, progress = await bench(model)
    first, repair = progress.calls
    repair.most_usd = None
    assert progress.total.cost_usd is None
    assert progress.total.at_most_usd == first.usage.cost_usd > 0


async def test_what_a_text_costs_at_most_is_said_before_it_is_asked_for_its_repair_included(bench):
    model = Played(FALSE, TRUE)
    await bench(model)
    assert bench.most_usd == 0
    model = Played(FALSE, TRUE)
    model.simulated = False
    _, progress = await bench(model)
    assert [question.repairs for question in model.asked] == [False, True]
    assert bench.most_usd == sum(call.most_usd for call in progress.calls) > 0


async def test_a_model_that_ends_while_an_attempt_runs_is_asked_until_the_attempt_has_ended(bench):
    """For another one, at another price, no money is set aside."""
    ending = Retiring(model="claude-opus-5", since=date(2026, 11, 27))
    aliases = load()["anthropic"].model_copy(update={"retiring": {"claude-haiku-4-5": ending}})
    model = Played(FALSE, TRUE)
    await bench(model, name="claude-haiku-4-5", models={"anthropic": aliases})
    assert [question.model for question in model.asked] == ["claude-haiku-4-5"] * 2


async def test_what_the_place_of_a_model_adds_to_its_price_is_set_aside(bench):
    model = Played(TRUE)
    model.simulated = False
    await bench(model)
    plain = bench.most_usd
    model.terms = {"inference_geo": "eu"}
    await bench(model)
    assert bench.most_usd == plain * Decimal("1.1")
    assert [question.settings for question in model.asked] == [{}, {}]


@pytest.mark.parametrize(("python", "timeout_s", "kept_s"), [(WHOLE, 5, 0.5), (WHOLE, 60, 1), (None, 5, 0)])
async def test_a_call_leaves_time_for_checks_and_template_where_there_are_any(
    bench, python, timeout_s, kept_s
):
    model = Played(TRUE)
    await bench(model, python, timeout_s=timeout_s)
    assert model.asked[0].timeout_s == pytest.approx(timeout_s - kept_s, abs=0.2)


async def test_where_a_model_said_nothing_its_repair_is_told_so(bench):
    """Providers take no empty turn."""
    model = Played(reply("", "refusal"), TRUE)
    await bench(model)
    assert model.asked[1].turns[1][1]


@pytest.mark.parametrize("start", ["", "x"])
def test_what_was_wrong_is_cut_to_what_was_reckoned_with_at_a_whole_letter(start):
    told = Unusable(Failure("invalid_output", ""), "", start + "é" * LONGEST_WRONG).again.wrong
    assert LONGEST_WRONG - 1 <= len(told.encode()) <= LONGEST_WRONG


async def test_one_text_that_cannot_be_had_is_named_and_the_others_are_kept(bench):
    class First(Played):
        async def ask(self, question):
            self.asked.append(question)
            return reply(FALSE if question.key.split("/")[1] == "1" else TRUE)

    failure, progress = await bench(First(TRUE), CHECK, {**GIVEN, "contacts": PEOPLE})
    assert failure.message.startswith("contacts[1]: ")
    assert progress.items == (0, 2)
    assert [letter["contact_id"] for letter in progress.partial["letters"]] == [
        PEOPLE[0]["id"],
        PEOPLE[2]["id"],
    ]


async def test_what_is_in_the_log_already_is_not_asked_for_again(bench):
    model = Played(TRUE)
    kept = [
        {"contact_id": PEOPLE[n]["id"], "text": f"kept {n}", "words": 2, "basis": "model"} for n in (0, 2)
    ]
    there = Done(partial=await seal(VAULT, USER, OUTPUT, {"letters": kept}), items=(0, 2))
    output, progress = await bench(model, given={**GIVEN, "contacts": PEOPLE}, done=there)
    assert [question.key for question in model.asked] == ["attempt-1/1"]
    assert [letter["contact_id"] for letter in output["letters"]] == [one["id"] for one in PEOPLE]
    assert [is_sealed(letter["text"]) for letter in output["letters"]] == [True, False, True]
    assert (progress.total.calls, progress.items) == (1, (0, 1, 2))


async def test_what_is_there_is_kept_when_the_rest_fails_again(bench):
    there = Done(partial={"letters": [{"text": "kept", "words": 1}]}, items=(2,))
    failing = Played(Failure("provider_error", "it broke", retryable=True))
    _, progress = await bench(failing, given={**GIVEN, "contacts": PEOPLE}, done=there)
    assert (progress.partial, progress.items) == ({"letters": [{"text": "kept", "words": 1}]}, (2,))


async def test_a_call_that_is_stopped_is_noted_as_unanswered(bench):
    model = Played(60.0)
    task = asyncio.create_task(bench(model))
    while not model.asked:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert outcomes(bench.progresses[0]) == [("first", "unanswered", ())]


@pytest.mark.parametrize(
    ("python", "said"),
    [
        ("def check(given, answer):\n    return 3\n", "check must return a list of {name, passed, why}"),
        ("def check(given, answer):\n    raise KeyError('x')\n", "KeyError at write_letters.py:2"),
        (CHECK + "def brief(given, now):\n    return []\n", "brief must return an object"),
        (CHECK + "def template(given):\n    return {}\n", "the template does not fit: text"),
        (
            CHECK + "def template(given):\n    return {'text': ''}\n"
            "def complete(given, answer):\n    return {**answer, 'basis': given['contact']['name']}\n",
            "basis is public and names a person",
        ),
        (
            CHECK + "from skill_runner.context import SkillError\n"
            "def brief(given, now):\n    raise SkillError('fact: say more', code='invalid_input')\n",
            "fact: say more",
        ),
    ],
)
async def test_a_python_file_that_fails_is_told_by_name(bench, python, said):
    failure, _ = await bench(Played(FALSE), python)
    assert (said in failure.message, failure.retryable) == (True, False)


async def test_a_function_that_does_not_end_is_killed(bench, monkeypatch):
    monkeypatch.setattr("skill_runner.functions.LONGEST_S", 0.3)
    failure, _ = await bench(Played(TRUE), "def check(given, answer):\n    while True:\n        pass\n")
    assert failure.message == "contacts[0]: check ran longer than 0.3 s"


async def test_an_input_that_the_skill_refuses_costs_nothing(bench):
    model = Played(TRUE)
    python = CHECK + "def brief(given, now):\n    raise ValueError\n"
    await bench(model, python)
    assert model.asked == []
