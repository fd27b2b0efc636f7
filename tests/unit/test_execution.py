"""An attempt from its work to its report, without a process, a model or a server."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from controls import NOW, usage, work
from shared.definitions import SkillConfig, SkillDefinition
from shared.keyring import Keyring
from shared.log import MemoryLog
from shared.memory_vault import MemoryVault
from shared.registry import Registry, Skill
from shared.sealing import is_sealed, people_in, seal
from shared.work import Report
from skill_runner.abort import Abort
from skill_runner.execution import Execution
from skill_runner.failure import Failure
from skill_runner.frames import OUTPUT_LIMIT
from skill_runner.objections import Objections
from skill_runner.progress import LONGEST_WARNING, MOST_WARNINGS, Progress, ProviderCall
from skill_runner.run import Prepared, Run

TEXT = {"type": "string"}
FIND = SkillDefinition(
    name="find",
    category="analysis",
    provider="custom",
    input_schema={"type": "object", "properties": {"topic": TEXT}, "required": ["topic"]},
    output_schema={
        "type": "object",
        "properties": {"found": TEXT, "who": {"type": "string", "x-personal": True}},
        "required": ["found"],
    },
    hash="h" * 64,
)
WORK = work(skill_hash=FIND.hash, input={"topic": "labels"})


class Contacts:
    """Contacts of whom these have objected."""

    def __init__(self, *shut: UUID) -> None:
        self.shut = shut

    async def objected(self, *_: Any) -> set[UUID]:
        return {*self.shut}


class Told:
    """An engine that does what a test says."""

    def __init__(self, act: Callable[[Run], Any]) -> None:
        self.act = act
        self.unready: Exception | None = None

    async def prepare(self, run: Run) -> Prepared:
        if self.unready is not None:
            raise self.unready
        return Prepared(run, most_usd=Decimal("0.5"))

    async def run(self, prepared: Prepared) -> Any:
        return self.act(prepared.run)


def execution(
    engine: Told, definition: SkillDefinition = FIND, *shut: UUID, vault: MemoryVault | None = None
) -> Execution:
    registry = Registry(MemoryLog())
    registry._skills = {"find": Skill((definition,))}
    engines: Any = {"custom": engine, "anthropic": engine}
    vault = vault or MemoryVault(Keyring(bytes(32)))
    return Execution(registry, vault, Objections(Contacts(*shut), vault), engines, lambda: NOW)


async def reported(
    act: Callable[[Run], Any],
    *,
    unready: Exception | None = None,
    definition: Any = FIND,
    vault: MemoryVault | None = None,
    **work: Any,
) -> Report:
    engine = Told(act)
    engine.unready = unready
    runs = execution(engine, definition, vault=vault)
    return await runs.run(await runs.prepare(replace(WORK, **work)), Abort())


def gives(output: Any) -> Callable[[Run], Any]:
    return lambda _: output


def fails(partial: Any, items: tuple[int, ...]) -> Callable[[Run], Any]:
    def act(run: Run) -> Any:
        run.progress.keep(partial)
        run.progress.items = items
        raise Failure("timeout", "it took too long", retryable=True)

    return act


def broken(_: Run) -> Any:
    raise ValueError("Jane Example")


@pytest.mark.parametrize(("in_doubt", "code"), [(False, "runner_stopped"), (True, "lost")])
async def test_what_an_attempt_has_is_reported_when_its_runner_is_stopped(in_doubt: bool, code: str):
    runs = execution(Told(gives(None)))
    ready = await runs.prepare(WORK)
    ready.progress.keep({"found": "one", "who": "Jane Example"})
    ready.progress.items = (0,)
    ready.progress.calls.append(
        ProviderCall(0, 1, "first", "openai", "m", NOW, usage=usage(), in_doubt=in_doubt, most_usd=Decimal(1))
    )
    report = await runs.left(ready)
    assert report.error is not None
    assert (report.error.code, report.error.retryable, report.items) == (code, True, (0,))
    assert is_sealed(report.partial["who"])
    assert report.usage is not None
    assert report.usage.in_doubt_usd == in_doubt
    assert len(report.calls) == 1


async def test_an_output_is_reported_with_its_personal_values_sealed():
    report = await reported(gives({"found": "a label", "who": "Jane Example"}))
    assert (report.error, report.output["found"], report.attempt_id) == (None, "a label", WORK.attempt_id)
    assert is_sealed(report.output["who"])
    assert (report.started_at, report.warnings, report.partial, report.items) == (NOW, (), None, ())


async def test_what_comes_back_of_somebody_stays_theirs_though_nothing_beside_it_says_whose_it_is():
    """Or a name that was typed beside an address would outlive the erasure of that address in an output."""
    text = {"type": "string", "x-personal": True}
    named = {"type": "object", "properties": {"email": text, "name": text}}
    schema = {"type": "object", "properties": {"of": {"type": "array", "items": named}}}
    people = [
        {"email": "jane@example.org", "name": "Jane Example"},
        *({"email": f"{name}@example.org", "name": "Joe"} for name in ("ann", "joe")),
    ]
    vault = MemoryVault(Keyring(bytes(32)))
    given = await seal(vault, WORK.user, schema, {"of": people})
    finds = FIND.model_copy(update={"input_schema": schema})
    for who, email in (("Jane Example", "jane@example.org"), ("Joe", "Joe"), ("Zoe", "Zoe")):
        output = gives({"found": "", "who": who})
        report = await reported(output, definition=finds, vault=vault, input=given)
        assert people_in(report.output) == {(await vault.ids()).person_of(WORK.user, email)}


async def test_warnings_stay_few_and_short_however_much_is_unknown():
    unknown = {f"x{number}": 1 for number in range(2 * MOST_WARNINGS)}
    report = await reported(gives({"found": "a label", **unknown}), input={"topic": "labels", **unknown})
    assert len(report.warnings) == MOST_WARNINGS + 1
    assert report.warnings[-1] == "there is more to warn of"
    long = Progress()
    long.warn("x" * (2 * LONGEST_WARNING))
    assert [len(warning) for warning in long.warnings] == [LONGEST_WARNING]


async def test_a_field_that_nobody_calls_so_is_not_repeated():
    given = {"topic": "labels", "jane@example.org": 1, "Jane Example": 1, "x" * 65: 1, "größe-2": 1}
    report = await reported(gives({"found": "a label"}), input=given)
    assert [warning.split(" is not")[0] for warning in report.warnings] == ["(…)", "größe-2"]


async def test_what_neither_schema_knows_is_left_out_with_a_warning():
    seen = []

    def act(run: Run) -> Any:
        seen.append((run.input, run.opened))
        return {"found": "a label", "stray": 1}

    report = await reported(act, input={"topic": "labels", "colour": "red"})
    assert seen == [({"topic": "labels"}, {"topic": "labels"})]
    assert report.output == {"found": "a label"}
    assert [warning.split(" is ")[0] for warning in report.warnings] == ["colour", "output: stray"]


@pytest.mark.parametrize(
    ("work", "code"),
    [({"skill_hash": "another"}, "definition_missing"), ({"input": {"topic": 7}}, "invalid_input")],
    ids=["version", "input"],
)
async def test_what_cannot_be_run_is_reported_and_no_engine_is_asked(work: dict[str, Any], code: str):
    report = await reported(broken, **work)
    assert (report.error.code, report.error.retryable, report.output) == (code, False, None)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"found": 7}, "found must be a string"),
        ({}, "found is required"),
        ([], "the output must be an object"),
        ({"found": "a\0b"}, "found: "),
    ],
    ids=str,
)
async def test_an_output_that_does_not_fit_is_no_better_next_time_whoever_is_asked(output: Any, message: str):
    """What a model wrote was held against the schema before: to ask and pay it again would not help."""
    for provider in ("custom", "anthropic"):
        definition = FIND.model_copy(update={"provider": provider})
        report = await reported(gives(output), definition=definition)
        assert (report.error.code, report.error.retryable) == ("invalid_output", False)
        assert report.error.message.startswith(message)


async def test_an_output_up_to_the_limit_is_reported_and_one_byte_more_is_not():
    room = OUTPUT_LIMIT - len('{"found":""}')
    assert (await reported(gives({"found": "x" * room}))).error is None
    report = await reported(gives({"found": "x" * (room + 1)}))
    assert (report.error.code, report.error.retryable, report.output) == ("output_too_large", False, None)


async def test_what_breaks_in_the_runner_is_told_by_its_kind_only_and_tried_again():
    for report in (
        await reported(broken),
        await reported(gives({}), unready=ValueError("Jane Example")),
    ):
        assert (report.error.code, report.error.retryable) == ("runner_error", True)
        assert report.error.message == "the runner failed: ValueError"


async def test_what_breaks_in_the_runner_is_logged_by_its_attempt():
    with capture_logs() as logged:
        await reported(broken)
    assert [(line["log_level"], line["subject"], line["attempt"]) for line in logged] == [
        ("error", WORK.aggregate.subject, str(WORK.attempt_id))
    ]


async def test_nobody_is_asked_for_a_text_to_somebody_who_objected():
    ada = UUID(int=7, version=4)
    config = SkillConfig(writes_to_people=True)
    writing = FIND.model_copy(update={"config": config, "input_schema": {"properties": {"contact_id": TEXT}}})
    runs = execution(Told(broken), writing, ada)
    ready = await runs.prepare(replace(WORK, input={"contact_id": str(ada)}))
    assert (ready.prepared, ready.failure.code, ready.most_usd) == (None, "invalid_input", 0)


async def test_an_engine_that_is_not_ready_says_why():
    report = await reported(broken, unready=Failure("no_model", "there is no such model"))
    assert (report.error.code, report.error.message) == ("no_model", "there is no such model")


async def test_a_failure_keeps_what_there_is_so_far_sealed_and_of_what_the_schema_knows():
    report = await reported(fails({"found": "half", "who": "Jane Example", "stray": 1}, (0, 2)))
    assert (report.error.code, report.output, report.items) == ("timeout", None, (0, 2))
    assert (report.partial.keys(), report.partial["found"]) == ({"found", "who"}, "half")
    assert is_sealed(report.partial["who"])


@pytest.mark.parametrize(
    "partial",
    [None, {"found": "a\0b"}, {"found": "x" * OUTPUT_LIMIT}],
    ids=["nothing", "not to be stored", "too large"],
)
async def test_a_partial_result_that_cannot_be_kept_is_none_and_has_no_places(partial: Any):
    report = await reported(fails(partial, (0,)))
    assert (report.error.code, report.partial, report.items) == ("timeout", None, ())


async def test_what_was_paid_and_how_long_it_took_is_told_however_it_ends():
    def paid(run: Run) -> None:
        run.progress.took_s = 1.5
        run.progress.calls.append(
            ProviderCall(None, 1, "first", "openai", "m", NOW, usage=usage(1), took_s=0.5, in_doubt=False)
        )

    def done(run: Run) -> Any:
        paid(run)
        return {"found": "a label"}

    def failed(run: Run) -> Any:
        paid(run)
        raise Failure("timeout", "it took too long")

    for report in (await reported(done), await reported(failed)):
        assert (report.usage, report.duration_ms) == (usage(1), 1500)
        (call,) = report.calls
        assert (call.model, call.usage, call.duration_ms) == ("m", usage(1), 500)


async def test_the_most_that_an_attempt_can_cost_is_its_engine_s_and_nothing_where_it_cannot_run():
    for unready, most in ((None, Decimal("0.5")), (Failure("no_model", "there is none"), Decimal(0))):
        engine = Told(broken)
        engine.unready = unready
        assert (await execution(engine).prepare(WORK)).most_usd == most


async def test_a_success_has_no_partial_result_beside_it():
    def act(run: Run) -> Any:
        run.progress.keep({"found": "half"})
        run.progress.items = (0,)
        return {"found": "whole"}

    report = await reported(act)
    assert (report.output, report.partial, report.items) == ({"found": "whole"}, None, ())


async def test_an_attempt_that_was_stopped_before_it_began_is_not_run():
    runs, abort = execution(Told(broken)), Abort()
    abort.request()
    report = await runs.run(await runs.prepare(WORK), abort)
    assert report.error.code == "cancelled"
