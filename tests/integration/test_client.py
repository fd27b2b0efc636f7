"""The Python client on a whole stack."""

import asyncio
import contextlib
import json
import math
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler

import totalaud
from rig import COUNT, ECHO, FAIL_PARTLY, client_of
from shared.json import MAX_DEPTH
from shared.refusal import Refusal
from totalaud.client import Client
from totalaud.connection import Connection
from totalaud.errors import Closed, SkillFailed, Unreachable, WorkflowFailed
from totalaud.stack.local import LocalStack
from totalaud.tables import SESSION, SESSIONS

HEADER = "name,email,outlet,type\n"


@pytest.fixture
async def client(stack: LocalStack) -> AsyncIterator[Client]:
    async with await client_of(stack, uuid4()) as client:
        yield client


async def test_a_workflow_is_run_and_read_by_the_seeds_names(stack: LocalStack, at_the_stack: None):
    user = str(uuid4())
    result = await totalaud.run_agent_workflow("tester-agent", user, [ECHO, COUNT])
    assert result.outputs == [{"text": "hello"}, {"total": 3, "numbers": [1, 2]}]
    session = await totalaud.get_agent_session(result.session_id)
    assert (session.id, session.status, session.user_id) == (result.session_id, "completed", user)
    assert [(step.step_number, step.skill, step.status) for step in session.steps] == [
        (1, "echo", "completed"),
        (2, "count", "completed"),
    ]
    assert session.total_duration == sum(step.duration for step in session.steps)
    assert session.total_cost == session.cost_usd == 0
    assert session.trace_id == result.trace_id


async def test_what_was_watched_or_run_is_read_however_its_id_is_written(
    stack: LocalStack, at_the_stack: None
):
    user, ran, watched = uuid4(), str(uuid4()).upper(), str(uuid4()).upper()
    await stack.halt("projector")
    async with await client_of(stack, user) as client:
        await client.run("tester", [ECHO], session_id=watched)
    await totalaud.run_agent_workflow("tester", user, [ECHO], session_id=ran)
    _ = [commit async for commit in totalaud.watch(watched, user)]
    reading = [asyncio.create_task(totalaud.get_agent_session(id_)) for id_ in (ran, watched)]
    await asyncio.sleep(0.5)
    await stack.resume("projector")
    assert [session.status for session in await asyncio.gather(*reading)] == ["completed", "completed"]


async def test_cost_and_trace_have_the_seeds_keys(at_the_stack: None):
    result = await totalaud.run_agent_workflow("tester", uuid4(), [ECHO])
    cost = await totalaud.get_session_cost(result.session_id)
    assert set(cost) == {"session_id", "total_tokens", "total_cost_usd", "duration_ms"}
    (trace,) = await totalaud.get_execution_trace(result.session_id)
    assert (trace.skill_name, trace.input, trace.output) == ("echo", {"text": "hello"}, {"text": "hello"})
    assert (trace.tokens_used, trace.cost_usd, trace.status) == (0, 0, "success")


async def test_a_failed_workflow_is_raised_with_all_that_is_known(client: Client):
    accepted = await client.run("tester", [ECHO, FAIL_PARTLY])
    with pytest.raises(WorkflowFailed) as failed:
        await client.outcome(accepted.id)
    assert (failed.value.session_id, failed.value.failed_step) == (accepted.id, 2)
    assert failed.value.outputs == [{"text": "hello"}, None]
    assert failed.value.partial == {"numbers": [1, 2, 3]}


async def test_a_retry_goes_on_under_the_same_id(client: Client):
    accepted = await client.run("tester", [ECHO, FAIL_PARTLY])
    with pytest.raises(WorkflowFailed):
        await client.outcome(accepted.id)
    again = await client.retry(accepted.id, input={"until": 5})
    assert again.id == accepted.id
    assert (await client.outcome(accepted.id)).outputs[1] == {"numbers": [1, 2, 3, 4, 5]}


async def test_a_retry_that_is_sent_again_is_done_once_though_it_has_failed_meanwhile(client: Client):
    accepted = await client.run("tester", [FAIL_PARTLY])
    await client.ended(accepted.id)
    once = await client.retry(accepted.id, command_id=UUID(int=1))
    ended = await client.ended(accepted.id)
    again = await client.retry(accepted.id, command_id=str(UUID(int=1)))
    assert (once.duplicate, again.duplicate, again.seq) == (False, True, ended.seq)


async def test_a_start_that_is_sent_again_says_how_things_stand(client: Client):
    accepted = await client.run("tester", [ECHO])
    await client.ended(accepted.id)
    again = await client.run("tester", [ECHO], session_id=accepted.id)
    assert (accepted.status, again.status) == ("running", "completed")


@pytest.mark.parametrize(("sampler", "is_named"), [(ALWAYS_ON, True), (ALWAYS_OFF, False)])
async def test_a_span_that_a_program_has_open_itself_is_named_where_it_is_recorded(
    client: Client, sampler: Sampler, is_named: bool
):
    tracer = TracerProvider(sampler, shutdown_on_exit=False).get_tracer("a program")
    with tracer.start_as_current_span("request") as own:
        accepted = await client.execute("echo", {"text": "hi"})
    result = await client.skill_outcome(accepted.id)
    assert (result.trace_id == f"{own.get_span_context().trace_id:032x}") is is_named


async def test_a_skill_alone_is_run_and_its_failure_raised(at_the_stack: None):
    result = await totalaud.execute_skill("echo", {"text": "hi"}, uuid4())
    assert (result.output, result.status) == ({"text": "hi"}, "success")
    with pytest.raises(SkillFailed) as failed:
        await totalaud.execute_skill("fail-partly", {"until": 2}, uuid4())
    assert failed.value.partial == {"numbers": [1, 2]}


async def test_watching_from_any_sequence_tells_the_same_story(client: Client):
    accepted = await client.run("tester", [ECHO, {"skill": "sleep", "input": {"seconds": 0.3}}, COUNT])
    live = [commit async for commit in client.watch(accepted.id)]
    later = [commit async for commit in client.watch(accepted.id)]
    rest = [commit async for commit in client.watch(accepted.id, from_seq=live[1].seq)]
    assert live == later == [commit async for commit in client.events(accepted.id)]
    assert rest == live[1:]
    assert live[-1].events[-1]["type"] == "SessionCompleted"


async def test_a_watch_that_is_left_early_is_closed_by_what_closes_generators(client: Client):
    accepted = await client.run("tester", [ECHO])
    async with contextlib.aclosing(client.watch(accepted.id)) as commits:
        first = await anext(commits)
    assert first.seq == accepted.seq
    assert not [one for one in client.bus._listening if not one.subscription._closed]


async def test_whoever_waits_for_an_end_may_give_up_at_any_moment(client: Client):
    async def give_up(after_s: float) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(after_s):
                await client.outcome(uuid4())

    waiting = [asyncio.create_task(give_up(number * 0.0005)) for number in range(200)]
    _, held = await asyncio.wait(waiting, timeout=5)
    for task in held:
        task.cancel()
    await asyncio.gather(*waiting)


async def test_many_watchers_of_many_sessions_miss_nothing(client: Client):
    runs = [await client.run("tester", [ECHO, COUNT, ECHO]) for _ in range(10)]

    async def types(session_id: str) -> list[str]:
        return [event["type"] async for commit in client.watch(session_id) for event in commit.events]

    told = await asyncio.gather(*(types(run.id) for run in runs for _ in range(3)))
    assert all(each == told[0] for each in told)


async def test_ones_own_writes_are_read(client: Client):
    for _ in range(5):
        accepted = await client.run("tester", [ECHO])
        session = await client.get(accepted.id, min_seq=accepted.seq)
        assert session.last_seq >= accepted.seq


async def test_another_users_session_is_not_found(client: Client, stack: LocalStack):
    accepted = await client.run("tester", [ECHO])
    async with await client_of(stack, uuid4()) as stranger:
        with pytest.raises(Refusal, match="has no session"):
            await stranger.known(accepted.id)


async def test_users_share_a_connection_and_nothing_else(client: Client):
    other = client.acting_as(str(uuid4()))
    accepted = await other.run("tester", [ECHO])
    assert (await other.outcome(accepted.id)).outputs == [{"text": "hello"}]
    with pytest.raises(Refusal, match="has no session"):
        await client.known(accepted.id)
    await other.budgets.set(5, scope="day")
    done = await other.records.create_campaign("Theirs")
    await client.tables.caught_up(done["seq"])
    assert [each.name for each in await other.records.rows("campaigns")] == ["Theirs"]
    assert await client.records.rows("campaigns") == []
    assert (await client.budgets.get())["day"]["limit_usd"] is None
    assert (other.bus, other.tables) == (client.bus, client.tables)


async def test_contacts_come_in_pieces_and_errors_keep_their_lines(client: Client):
    rows = [f"Fictional {n},fictional{n}@example.org,Radio {n},radio\n" for n in range(2500)]
    rows[2100] = "Fictional Wrong,not-an-address,Radio X,radio\n"
    report = await client.records.load("contacts", (HEADER + "".join(rows)).encode())
    assert (report["imported"], report["failed"]) == (2499, 1)
    assert [error["line"] for error in report["errors"]] == [2102]
    again = await client.records.load("contacts", (HEADER + "".join(rows)).encode())
    assert (again["imported"], again["unchanged"]) == (0, 2499)


async def test_an_erased_contact_is_read_as_erased(client: Client, stack: LocalStack):
    csv = (HEADER + "Fictional Ada,ada@example.org,Radio A,radio\n").encode()
    report = await client.records.load("contacts", csv)
    await client.tables.caught_up(report["seq"])
    row = await client.tables.row("SELECT id, name FROM contacts WHERE user_id = $1", client.user)
    assert row is not None
    assert await client.open(client.user, row["name"]) == "Fictional Ada"
    await client.door.ask(client.user, "contacts", "erase", {"contact_id": str(row["id"])})
    async with await client_of(stack, client.user) as fresh:
        assert await fresh.open(client.user, row["name"]) == "[erased]"


@pytest.mark.parametrize(
    ("skill", "given"),
    [("score-contacts", {}), ("predict-success", {}), ("generate-pitch", {"artist_name": "Neon Harbour"})],
)
async def test_what_was_typed_beside_an_address_and_made_of_it_is_erased_with_it(
    client: Client, stack: LocalStack, skill: str, given: dict[str, Any]
):
    typed = {
        "email": "Zoe <zoe@example.org>",
        "name": "Canary Z.",
        "notes": "canary notes",
        "phone": "77 77 77",
    }
    asked = await client.execute(skill, {"contacts": [typed], **given})
    before = json.dumps((await client.skill_outcome(asked.id)).output)
    await client.records.erase("zoe@example.org")
    async with await client_of(stack, client.user) as fresh:
        after = await fresh.skill_outcome(asked.id)
    assert "Canary" in before
    assert not re.search("canary|77 77|zoe", json.dumps([after.input, after.output]), re.IGNORECASE)


async def test_without_the_key_a_sealed_value_is_shown_as_sealed(client: Client):
    value = {"$sealed": str(uuid4()), "n": "", "c": ""}
    client._opener._connection = Connection("", "", Path("/nowhere"))
    assert await client.open(client.user, [value]) == ["[sealed]"]


async def test_a_text_that_cannot_be_kept_is_refused_by_its_field(client: Client):
    with pytest.raises(Refusal, match="half of a surrogate pair") as refused:
        await client.execute("echo", {"text": "half \ud800"})
    assert refused.value.field == "input.text"
    with pytest.raises(Refusal, match="half of a surrogate pair"):
        await client.records.rows("campaigns", of="half \udcff")


async def test_what_may_be_sent_may_be_read_however_deep_it_is(at_the_stack: None):
    nested: Any = "x"
    for _ in range(MAX_DEPTH - 4):
        nested = [nested]
    result = await totalaud.run_agent_workflow(
        "tester", uuid4(), [{**ECHO, "input": {**ECHO["input"], "more": nested}}]
    )
    assert result.status == "completed"


@pytest.mark.parametrize("number", [math.nan, math.inf])
async def test_a_number_that_json_does_not_know_is_refused_and_not_sent_as_null(
    client: Client, number: float
):
    with pytest.raises(Refusal, match="out of range") as refused:
        await client.run("tester", [{**ECHO, "input": {"text": "hello", "sizes": (1.0, number)}}])
    assert (refused.value.code, refused.value.field) == ("unstorable", "steps[0].input.sizes[1]")


@pytest.mark.parametrize("wrong", ["nobody", "", 7, None, ["a"]])
async def test_what_is_no_id_is_refused_whatever_it_is(client: Client, wrong: Any):
    with pytest.raises(Refusal) as refused:
        await client.get(wrong)
    assert (refused.value.code, refused.value.field) == ("invalid", "session_id")


async def test_a_list_of_sessions_reads_all_of_them_but_their_payloads(client: Client):
    accepted = await client.run("tester", [ECHO])
    await client.outcome(accepted.id)
    await client.tables.caught_up(accepted.seq)
    (listed,) = await client.tables.rows(SESSIONS, None, None, 1)
    (whole,) = await client.tables.rows(SESSION, UUID(accepted.id))
    assert whole.keys() - listed.keys() == {"initial_input", "final_output"}


WRONG = {
    "limit": [
        lambda client: client.list(limit=-1),
        lambda client: client.records.rows("artists", limit="5"),
        lambda client: client.budgets.ledger(limit=2**63),
    ],
    "status": [lambda client: client.list(status="done")],
    "noun": [
        lambda client: client.records.rows("people"),
        lambda client: client.records.load("releases", b"title\nGlass Coast\n"),
    ],
    "session_id": [lambda client: client.budgets.ledger(session_id="x")],
    "contact_id": [lambda client: client.records.export("x")],
    "min_seq": [lambda client: client.get(uuid4(), min_seq="1")],
    "steps": [
        lambda client: client.run("tester", None),
        lambda client: client.run("tester", "echo"),
        lambda client: client.run("tester", ECHO),
    ],
    "steps[1]": [lambda client: client.run("tester", [ECHO, "count"], fresh=True)],
    None: [lambda client: client.run("tester", [{**ECHO, "input": {"text": object()}}])],
}


@pytest.mark.parametrize(("field", "wrong"), [(field, one) for field in WRONG for one in WRONG[field]])
async def test_a_wrong_value_is_refused_by_its_field(
    client: Client, field: str | None, wrong: Callable[[Client], Awaitable[Any]]
):
    with pytest.raises(Refusal) as refused:
        await wrong(client)
    assert (refused.value.code, refused.value.field) == ("invalid", field)


async def test_a_database_that_does_not_come_to_an_end_is_not_waited_for(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("totalaud.tables.COMMAND_S", 0.2)
    async with await client_of(stack, uuid4()) as client:
        with pytest.raises(Unreachable, match="no PostgreSQL answers"):
            await client.tables.rows("SELECT pg_sleep(30)")


async def test_a_workflow_s_budget_is_the_session_s(at_the_stack: None):
    result = await totalaud.run_agent_workflow("tester", uuid4(), [ECHO], budget={"limit_usd": "0.25"})
    assert (await totalaud.get_agent_session(result.session_id)).budget_usd == 0.25


async def test_a_large_workflow_while_nats_is_away_finds_nobody_as_a_small_one_does(
    client: Client, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("totalaud.door.PATIENCE_S", 0.3)
    await stack.halt("nats")
    try:
        with pytest.raises(Unreachable):
            await client.run("tester", [{"skill": "echo", "input": {"text": "x" * 2_300_000}}])
    finally:
        await stack.resume("nats")
    monkeypatch.undo()
    async for commit in client.watch((await client.run("tester", [ECHO])).id):
        assert commit


async def test_what_nobody_answers_names_the_service_that_is_away(
    client: Client, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("totalaud.door.PATIENCE_S", 0.3)
    await stack.halt("orchestrator")
    try:
        with pytest.raises(Unreachable, match="no orchestrator answers"):
            await client.budgets.get()
    finally:
        await stack.resume("orchestrator")


async def test_whoever_runs_a_session_waits_for_its_end_though_nobody_answers_from_its_start_on(
    client: Client, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("totalaud.door.PATIENCE_S", 0.3)
    accepted = await client.run("tester", [ECHO])
    await stack.halt("orchestrator")
    try:
        waiting = asyncio.create_task(client.outcome(accepted.id))
        for _ in range(2):
            with pytest.raises(Unreachable):
                await client.budgets.get()
    finally:
        await stack.resume("orchestrator")
    assert (await waiting).outputs == [{"text": "hello"}]


async def test_while_nats_is_away_nobody_else_is_said_to_be(
    client: Client, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("totalaud.door.PATIENCE_S", 0.3)
    await stack.halt("nats")
    try:
        async with asyncio.timeout(20):
            while client.bus.client.is_connected:
                await asyncio.sleep(0.05)
        with pytest.raises(Unreachable, match="the connection to NATS is lost"):
            await client.budgets.get()
    finally:
        await stack.resume("nats")


USES: dict[str, Callable[[Client], Awaitable[Any]]] = {
    "run": lambda client: client.run("tester", [ECHO]),
    "watch": lambda client: anext(client.watch(uuid4())),
    "list": lambda client: client.list(),
    "get": lambda client: client.get(uuid4()),
    "budgets": lambda client: client.budgets.get(),
}


@pytest.mark.parametrize("use", USES)
async def test_a_client_that_was_closed_says_so(client: Client, use: str):
    await client.list()
    await client.close()
    with pytest.raises(Closed, match="connect anew"):
        await USES[use](client)


async def test_a_watch_ends_when_its_client_is_closed(client: Client):
    watching = asyncio.create_task(client.outcome(uuid4()))
    await asyncio.sleep(0.3)
    await client.close()
    with pytest.raises(Closed):
        await asyncio.wait_for(watching, 5)


LATER_USES = USES | {
    "open": lambda client: client.open(client.user, {}),
    "dead letters": lambda client: client.operator.dead_letters(),
    "close": lambda client: client.close(),
}


@pytest.mark.parametrize("use", LATER_USES)
async def test_a_client_of_another_event_loop_says_so(client: Client, use: str):
    await client.list()

    async def elsewhere() -> None:
        async with asyncio.timeout(10):
            await LATER_USES[use](client)

    with pytest.raises(RuntimeError, match="another event loop"):
        await asyncio.to_thread(lambda: asyncio.run(elsewhere()))


async def test_a_user_that_is_none_leaves_no_connection_open(at_the_stack: None):
    before = asyncio.all_tasks()
    with pytest.raises(Refusal):
        await totalaud.run_agent_workflow("tester", "nobody", [ECHO])
    assert asyncio.all_tasks() == before


async def test_whoever_gives_up_while_it_connects_or_ends_leaves_no_connection(stack: LocalStack):
    before, connection = asyncio.all_tasks(), Connection.of(stack)

    async def use() -> None:
        async with await Client.connect(connection) as client:
            await client.skills()
            await client.contact_id("ada@example.org")

    began = time.monotonic()
    await use()
    whole_s = time.monotonic() - began
    for part in range(40):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(whole_s * part / 40):
                await use()
    async with asyncio.timeout(5):
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0.01)


async def test_a_sequence_that_no_log_reaches_is_refused_by_its_field(client: Client):
    with pytest.raises(Refusal) as refused:
        await client.door.ask(
            client.user, "session", "events", {"session_id": str(uuid4()), "from_seq": 10**20}
        )
    assert (refused.value.code, refused.value.field) == ("invalid", "from_seq")


async def test_a_workflow_without_a_step_is_refused_in_plain_words(client: Client):
    with pytest.raises(Refusal, match="steps: at least one is needed"):
        await client.run("tester", [])


async def test_dead_letters_are_listed_with_their_reason(client: Client):
    ack = await client.bus.publish(f"cmd.{client.user}.session.run", b"{ not json")
    mine: list[Any] = []
    async with asyncio.timeout(30):
        while not mine:
            letters = await client.operator.dead_letters(10_000)
            mine = [one for one in letters if (one["stream"], one["seq"]) == ("CMD", ack.seq)]
    assert "malformed_json" in mine[-1]["reason"]


async def test_what_is_queued_beside_a_session_right_behind_its_start_is_filed_there(client: Client):
    sessions, alone = [uuid4() for _ in range(10)], [uuid4() for _ in range(11)]
    said = {"skill": "echo", "input": {"text": "hello"}}
    for execution_id, session_id in zip(alone, [*sessions, uuid4()], strict=True):
        if session_id in sessions:
            run = {"session_id": str(session_id), "agent": "tester", "steps": [COUNT]}
            await client.bus.tell(f"cmd.{client.user}.session.run", json.dumps(run).encode())
        beside = {"execution_id": str(execution_id), "session_id": str(session_id), **said}
        await client.bus.tell(f"cmd.{client.user}.skill.execute", json.dumps(beside).encode())
    async with asyncio.timeout(20):
        ends = [await end_of(client, one) for one in alone]
    assert ends == ["SessionCompleted"] * len(sessions) + ["SessionRefused"]


async def end_of(client: Client, execution_id: UUID) -> str:
    """Wait for the last event of a skill that runs alone."""
    while True:
        told = await client.door.ask(client.user, "skill", "events", {"execution_id": str(execution_id)})
        events = [event["type"] for commit in told["commits"] for event in commit["events"]]
        if events and events[-1] in ("SessionCompleted", "SessionRefused"):
            return events[-1]
        await asyncio.sleep(0.05)
