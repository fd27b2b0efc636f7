"""The Python client and the command line on a whole stack."""

import asyncio
import contextlib
import io
import json
import shutil
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import totalaud
from rig import client_of
from shared.refusal import Refusal
from totalaud.cli.main import INTERRUPTED, call
from totalaud.client import Client
from totalaud.connection import Connection
from totalaud.contacts import import_csv
from totalaud.errors import SkillFailed, Unreachable, WorkflowFailed
from totalaud.stack.local import LocalStack

ECHO = {"skill": "echo", "description": "say it", "input": {"text": "hello"}}
COUNT = {"skill": "count", "input": {"numbers": [1, 2]}}
FAIL_PARTLY = {"skill": "fail-partly", "input": {"until": 3}}
HEADER = "name,email,outlet,type\n"


@pytest.fixture
async def client(stack: LocalStack) -> AsyncIterator[Client]:
    async with await client_of(stack, uuid4()) as client:
        yield client


@pytest.fixture
def at_the_stack(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOTALAUD_NATS_URL", stack.place.nats_url)
    monkeypatch.setenv("TOTALAUD_DATABASE_URL", stack.place.database_url)
    monkeypatch.setenv("TOTALAUD_MASTER_KEY_FILE", str(stack.place.master_key_file))
    monkeypatch.setattr("totalaud.stack.paths.data_dir", lambda: stack.data)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TOTALAUD_SKILLS", str(stack.skills))


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


async def test_contacts_come_in_pieces_and_errors_keep_their_lines(client: Client):
    rows = [f"Fictional {n},fictional{n}@example.org,Radio {n},radio\n" for n in range(2500)]
    rows[2100] = "Fictional Wrong,not-an-address,Radio X,radio\n"
    report = await import_csv(client.door, client.user, (HEADER + "".join(rows)).encode())
    assert (report["imported"], report["failed"]) == (2499, 1)
    assert [error["line"] for error in report["errors"]] == [2102]
    again = await import_csv(client.door, client.user, (HEADER + "".join(rows)).encode())
    assert (again["imported"], again["unchanged"]) == (0, 2499)


async def test_an_erased_contact_is_read_as_erased(client: Client, stack: LocalStack):
    csv = (HEADER + "Fictional Ada,ada@example.org,Radio A,radio\n").encode()
    report = await import_csv(client.door, client.user, csv)
    await client.tables.caught_up(report["seq"])
    row = await client.tables.row("SELECT id, name FROM contacts WHERE user_id = $1", client.user)
    assert row is not None
    assert await client.open(client.user, row["name"]) == "Fictional Ada"
    await client.door.ask(client.user, "contacts", "erase", {"contact_id": str(row["id"])})
    async with await client_of(stack, client.user) as fresh:
        assert await fresh.open(client.user, row["name"]) == "[erased]"


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


@pytest.mark.parametrize("wrong", ["nobody", "", 7, None, ["a"]])
async def test_what_is_no_id_is_refused_whatever_it_is(client: Client, wrong: Any):
    with pytest.raises(Refusal) as refused:
        await client.get(wrong)
    assert (refused.value.code, refused.value.field) == ("invalid", "session_id")


WRONG = {
    "limit": [
        lambda client: client.list(limit=-1),
        lambda client: client.records.rows("artists", limit="5"),
        lambda client: client.budgets.ledger(limit=2**63),
    ],
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


async def test_a_user_that_is_none_leaves_no_connection_open(at_the_stack: None):
    before = asyncio.all_tasks()
    with pytest.raises(Refusal):
        await totalaud.run_agent_workflow("tester", "nobody", [ECHO])
    assert asyncio.all_tasks() == before


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
    await client.bus.publish(f"cmd.{client.user}.session.run", b"{ not json")
    for _ in range(100):
        letters = await client.operator.dead_letters(10_000)
        if letters:
            break
        await asyncio.sleep(0.05)
    assert letters[-1]["stream"] == "CMD"
    assert "malformed_json" in letters[-1]["reason"]


async def cli(*words: str, code: int = 0) -> str:
    out, err = io.StringIO(), io.StringIO()

    def run() -> int:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            return call(list(words))

    assert await asyncio.to_thread(run) == code, err.getvalue()
    return out.getvalue()


async def document(*words: str, code: int = 0) -> Any:
    return json.loads(await cli(*words, "--json", code=code))


async def test_the_command_line_drives_a_session_from_start_to_end(at_the_stack: None, tmp_path: Path):
    file, user = tmp_path / "workflow.json", str(uuid4())
    file.write_text(json.dumps({"agent": "tester", "steps": [ECHO, FAIL_PARTLY]}))
    started = await document("run", "-f", str(file), "--no-wait", "--user", user)
    id_ = started["session_id"]
    events = await cli("session", "watch", id_, "--json", "--user", user, code=1)
    assert next(json.loads(line)["seq"] for line in events.splitlines()) == started["seq"]
    failed = await document("session", "result", id_, "--user", user, code=1)
    assert failed["error"]["failed_step"] == 2
    found = await document("session", "get", id_, "--min-seq", str(started["seq"]))
    assert found["id"] == id_
    await document("session", "retry", id_, "-i", "until=5", "--user", user)
    assert (await document("session", "result", id_, "--user", user))["outputs"][1]["numbers"][-1] == 5
    assert id_ in [row["id"] for row in await document("session", "list", "--user", user)]
    assert "completed" in await cli("session", "events", id_, "--user", user)


async def test_watching_goes_on_where_it_was_left_even_after_the_end(at_the_stack: None):
    user = str(uuid4())
    ran = await totalaud.run_agent_workflow("tester", user, [ECHO, COUNT])
    watch = ("session", "watch", ran.session_id, "--user", user, "--from-seq")
    assert await cli(*watch, str(ran.seq + 1)) == ""
    assert "step 2 count completed" in await cli(*watch, str(ran.seq))


async def test_the_command_line_tells_a_hit_and_asks_for_a_fresh_run(at_the_stack: None, tmp_path: Path):
    file, user = tmp_path / "workflow.yaml", str(uuid4())
    file.write_text("- {skill: draw-token, input: {text: told}}\n- {skill: echo, input: {text: hello}}\n")
    run = ("run", "tester", "-f", str(file), "--user", user)
    first, again = await document(*run), await document(*run)
    assert (again["outputs"], again["cache_hits"], again["saved_usd"]) == (first["outputs"], 1, 0)
    shown = await cli("session", "get", again["session_id"], "--min-seq", str(again["seq"]))
    assert "1 of 2 steps cached, saved $0" in shown
    found = await document("session", "get", again["session_id"])
    assert [step["cache_hit"] for step in found["steps"]] == [True, False]
    assert (await document(*run, "--fresh"))["cache_hits"] == 0
    alone = ("skill", "draw-token", "-i", "text=alone", "--user", user)
    assert (await document(*alone))["output"] == (await document(*alone))["output"]
    assert "cached, saved $0" in await cli(*alone)
    assert (await document(*alone, "--fresh"))["cache_hits"] == 0


async def test_the_command_line_cancels(at_the_stack: None, tmp_path: Path):
    file, user = tmp_path / "workflow.yaml", str(uuid4())
    file.write_text("- skill: sleep\n  input: {seconds: 20}\n")
    started = await document("run", "tester", "-f", str(file), "--no-wait", "--user", user)
    await document("session", "cancel", started["session_id"], "--reason", "enough", "--user", user)
    failed = await document("session", "result", started["session_id"], "--user", user, code=1)
    assert (failed["error"]["code"], failed["error"]["message"]) == ("cancelled", "enough")


@pytest.mark.parametrize("words", [("skill", "sleep", "-i", "seconds=20"), ("run", "tester", "-f", "-")])
async def test_whoever_stops_waiting_knows_by_then_what_goes_on(
    at_the_stack: None, tmp_path: Path, words: tuple[str, ...]
):
    user = str(uuid4())
    with (tmp_path / "workflow.yaml").open("w+") as steps:
        steps.write("- {skill: sleep, input: {seconds: 20}}\n")
        steps.seek(0)
        command = (sys.executable, "-m", "totalaud.cli", *words, "--user", user)
        waiting = await asyncio.create_subprocess_exec(*command, stdin=steps, stdout=PIPE, stderr=PIPE)
    assert waiting.stdout
    noun, id_ = (await asyncio.wait_for(waiting.stdout.readline(), 30)).decode().split(",")[0].split()
    waiting.send_signal(signal.SIGINT)
    assert await waiting.communicate() == (b"", b"")
    assert waiting.returncode == INTERRUPTED
    alone = noun == "execution"
    await document("skills" if alone else "session", "cancel", id_, "--user", user)


async def test_a_field_that_a_skill_does_not_know_is_told_wherever_its_result_is(
    at_the_stack: None, tmp_path: Path
):
    file, user = tmp_path / "workflow.yaml", str(uuid4())
    file.write_text("- {skill: echo, input: {text: hello, txt: hi}}\n")
    told = "txt is not known and was left out"
    assert told in await cli("skill", "echo", "-i", "text=hello", "-i", "txt=hi", "--user", user)
    shown = await cli("run", "tester", "-f", str(file), "--watch", "--user", user)
    assert f"! step 1: {told}" in shown
    assert f"; {told}" in shown
    done = await document("run", "tester", "-f", str(file), "--user", user)
    assert done["warnings"][0].startswith(f"step 1: {told}")
    assert f"! step 1: {told}" in await cli(
        "session", "get", done["session_id"], "--min-seq", str(done["seq"])
    )


async def test_a_script_that_waits_for_a_skill_may_choose_its_id(at_the_stack: None):
    id_ = str(uuid4())
    asked = ("skill", "echo", "-i", "text=hi", "--execution-id", id_, "--user", str(uuid4()))
    assert (await document(*asked))["execution_id"] == id_
    assert (await cli(*asked)).startswith(f"execution {id_}, sequence ")


async def test_the_command_line_cancels_nothing_that_is_not_there(at_the_stack: None):
    id_ = str(uuid4())
    refused = await document("session", "cancel", id_, code=1)
    assert (refused["error"]["code"], refused["error"]["field"]) == ("not_found", "session_id")
    assert (await document("session", "get", id_, code=1))["error"]["code"] == "not_found"


async def test_the_command_line_cancels_a_skill_that_runs_alone(at_the_stack: None):
    user = str(uuid4())
    started = await document("skill", "sleep", "-i", "seconds=20", "--no-wait", "--user", user)
    cancel = ("skills", "cancel", started["execution_id"], "--user")
    assert not (await document(*cancel, user, "--reason", "enough"))["duplicate"]
    assert (await document(*cancel, user))["duplicate"]
    others = await document(*cancel, str(uuid4()), code=1)
    assert (others["error"]["code"], others["error"]["field"]) == ("not_found", "execution_id")
    failed = await document("skills", "result", started["execution_id"], "--user", user, code=1)
    assert (failed["error"]["code"], failed["error"]["message"]) == ("cancelled", "enough")
    done = await document("skill", "echo", "-i", "text=hi", "--user", user)
    assert await document("skills", "result", done["execution_id"], "--user", user) == done
    late = await document("skills", "cancel", done["execution_id"], "--user", user, code=1)
    assert (late["error"]["code"], late["error"]["field"]) == ("already_ended", "execution_id")


async def test_the_command_line_shows_the_operators_things(at_the_stack: None):
    assert (await document("skill", "echo", "-i", "text=hi"))["output"] == {"text": "hi"}
    assert "echo" in [row["name"] for row in await document("skills", "list")]
    status = await document("projection", "status")
    assert status["lag"] == status["log_seq"] - status["seq"]
    assert isinstance(await document("dlq", "list"), list)
    assert (await document("projection", "rebuild"))["events"] > 0
    assert (await document("provision"))["ok"]


async def test_a_deployment_is_told_of_a_bad_skill_file_and_begins_all_the_same(
    stack: LocalStack, at_the_stack: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder, told = tmp_path / "skills", io.StringIO()
    shutil.copytree(stack.skills, folder)
    (folder / "tester" / "broken.yaml").write_text("name: [")
    monkeypatch.setenv("TOTALAUD_SKILLS", str(folder))
    with contextlib.redirect_stderr(told):
        assert await asyncio.to_thread(call, ["provision", "--skills"]) == 0
    assert "broken.yaml:" in told.getvalue()


async def test_a_disabled_skill_is_refused_until_it_is_enabled(at_the_stack: None):
    await document("skills", "disable", "write-twice")
    try:
        refused = await document("skill", "write-twice", "-i", "topic=x", code=1)
        assert refused["error"]["code"] == "skill_disabled"
    finally:
        await document("skills", "enable", "write-twice")


async def test_tables_fit_into_80_columns(at_the_stack: None):
    user = str(uuid4())
    result = await totalaud.run_agent_workflow("tester", user, [ECHO, COUNT])
    got = ("session", "get", result.session_id, "--min-seq", str(result.seq))
    for words in (got, ("session", "list"), ("skills", "list")):
        assert max(len(line.rstrip()) for line in (await cli(*words)).splitlines()) <= 80
