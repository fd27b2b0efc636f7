"""The command line on a whole stack."""

import asyncio
import contextlib
import io
import json
import shutil
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import totalaud
from rig import COUNT, ECHO, FAIL_PARTLY
from totalaud.cli.main import INTERRUPTED, call
from totalaud.stack.local import LocalStack


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


async def test_a_script_that_watches_a_run_is_told_first_which_session_it_is(
    at_the_stack: None, tmp_path: Path
):
    file, user = tmp_path / "workflow.json", str(uuid4())
    file.write_text(json.dumps({"agent": "tester", "steps": [ECHO]}))
    run = await cli("run", "-f", str(file), "--watch", "--json", "--user", user)
    first, *commits = (json.loads(line) for line in run.splitlines())
    assert commits[0]["seq"] == first["seq"]
    assert (await document("session", "get", first["session_id"]))["status"] == "completed"


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


async def test_people_read_what_each_step_answered_in_words(at_the_stack: None, tmp_path: Path):
    file, user = tmp_path / "workflow.yaml", str(uuid4())
    file.write_text("- {skill: echo, input: {text: hello}}\n- {skill: count, input: {numbers: [1, 2]}}\n")
    ran = await cli("run", "tester", "-f", str(file), "--watch", "--user", user)
    id_ = ran.split(",")[0].split()[-1]
    told = await cli("session", "result", id_, "--user", user)
    assert told.splitlines()[1:] == [
        *("", "step 1 echo", "", "text: hello"),
        *("", "step 2 count", "", "total: 3", "numbers: 1, 2"),
        *("", f"all of it, as JSON: totalaud session result {id_} --json"),
    ]
    assert ran.endswith(told)
    alone = await cli("skill", "echo", "-i", "text=hello", "--user", user)
    again = alone.splitlines()[-1].removeprefix("all of it, as JSON: totalaud ")
    assert "\ntext: hello\n" in alone
    assert (await document(*again.split()[:-1], "--user", user))["output"] == {"text": "hello"}


async def test_people_read_what_was_done_before_a_session_failed(at_the_stack: None, tmp_path: Path):
    file, user = tmp_path / "workflow.json", str(uuid4())
    file.write_text(json.dumps([ECHO, FAIL_PARTLY, COUNT]))
    ran = await cli("run", "tester", "-f", str(file), "--user", user, code=1)
    assert ran.splitlines()[1:] == [
        *("", "step 1 echo", "", "text: hello"),
        *("", "step 2 fail-partly, in part", "", "numbers: 1, 2, 3", ""),
    ]


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
    assert (await cli(*cancel, user)).startswith(
        f"execution {started['execution_id']} is cancelled, sequence "
    )
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
    for words, code in ((("provision", "--skills"), 0), (("skills", "push"), 1)):
        (problem,) = (await document(*words, code=code))["problems"]
        assert "broken.yaml:" in problem


async def test_a_disabled_skill_is_refused(at_the_stack: None):
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
