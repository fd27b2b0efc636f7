"""Bad input has a clear error, and nothing is lost or changed by it."""

import asyncio
import json
from uuid import uuid4

import pytest
from nats.js.errors import NotFoundError

import rawnats
from rig import client_of
from shared.refusal import Refusal
from totalaud.client import Client
from totalaud.errors import SkillFailed, WorkflowFailed
from totalaud.stack.local import LocalStack

COUNT = {"skill": "count", "input": {"numbers": [1, 2]}}
ECHO = {"skill": "echo", "input": {"text": "hello"}}


@pytest.fixture
async def client(stack: LocalStack):
    async with await client_of(stack, uuid4()) as client:
        yield client


async def ask(client: Client, body: bytes, noun: str = "session", verb: str = "run"):
    answer = await client.bus.request(f"ask.{client.user}.{noun}.{verb}", body, timeout=5)
    return json.loads(answer)


async def refusal(client: Client, *steps: object, agent: str = "tester", **more: object) -> dict[str, str]:
    before = await client.bus.client.jetstream().stream_info("EVT")
    body = json.dumps({"agent": agent, "steps": steps, **more}).encode()
    answer = await ask(client, body)
    after = await client.bus.client.jetstream().stream_info("EVT")
    assert after.state.last_seq == before.state.last_seq
    return answer["error"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed_json"),
        (b"{", "malformed_json"),
        (b"\xff\xfe", "malformed_json"),
        (b"[" * 30_000, "malformed_json"),
        (b'{"agent": 1e400}', "unstorable"),
        (b'{"agent": NaN}', "malformed_json"),
        (b'{"agent": "a\\u0000b"}', "unstorable"),
        (b'{"agent": "\\ud800"}', "unstorable"),
        (b"[]", "invalid"),
        (b"{}", "missing_field"),
        (b'{"agent": 5, "steps": []}', "invalid"),
        (b'{"agent": "tester", "steps": []}', "invalid"),
        (b'{"agent": "tester", "steps": [{"skill": "echo", "input": {}}], "extra": 1}', "unknown_field"),
        (b'{"session_id": "no", "agent": "tester", "steps": []}', "invalid"),
    ],
)
async def test_a_malformed_command_is_refused_with_its_field(client: Client, body: bytes, code: str):
    assert (await ask(client, body))["error"]["code"] == code


async def test_an_unknown_agent_is_refused_and_the_known_are_named(client: Client):
    error = await refusal(client, COUNT, agent="nobody")
    assert (error["code"], error["field"]) == ("unknown_agent", "agent")
    assert "tester-agent" in error["message"]


async def test_an_unknown_skill_is_refused_before_the_first_step(client: Client):
    error = await refusal(client, COUNT, {"skill": "dance", "input": {}})
    assert (error["code"], error["field"]) == ("unknown_skill", "steps[1].skill")


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{{step2.total}}", "bad_template"),
        ("{{step9.total}}", "bad_template"),
        ("{{nothing.total}}", "bad_template"),
        ("{{step1.nosuch}}", "bad_template"),
        ("{{step1.__class__}}", "bad_template"),
        ("{{step1.numbers", "bad_template"),
        ("{{ 1 + 1 }}", "bad_template"),
        ("{{step1.numbers}}", "type_mismatch"),
    ],
)
async def test_a_template_that_cannot_work_is_refused_before_the_first_step(
    client: Client, template: str, code: str
):
    error = await refusal(client, COUNT, {"skill": "echo", "input": {"text": template}})
    assert (error["code"], error["field"]) == (code, "steps[1].input.text")


async def test_an_input_that_cannot_satisfy_its_schema_is_refused(client: Client):
    error = await refusal(client, {"skill": "count", "input": {"numbers": ["one"]}})
    assert (error["code"], error["field"]) == ("invalid", "steps[0].input.numbers[0]")
    assert "one" not in error["message"]


async def test_a_missing_input_is_named(client: Client):
    error = await refusal(client, {"skill": "count", "input": {}})
    assert (error["code"], error["field"]) == ("missing_field", "steps[0].input.numbers")


async def test_a_disabled_skill_is_refused_until_it_is_enabled(client: Client):
    await client.operator.disable("sleep")
    try:
        error = await refusal(client, {"skill": "sleep", "input": {"seconds": 0}})
        assert (error["code"], error["field"]) == ("skill_disabled", "steps[0].skill")
    finally:
        await client.operator.enable("sleep")
    await client.outcome((await client.run("tester", [{"skill": "sleep", "input": {"seconds": 0}}])).id)


async def test_an_unknown_field_of_a_skill_is_a_warning(client: Client):
    accepted = await client.run("tester", [{"skill": "count", "input": {"numbers": [1], "colour": "red"}}])
    await client.outcome(accepted.id)
    steps = (await client.get(accepted.id, min_seq=(await client.outcome(accepted.id)).seq)).steps
    assert "colour" in str(steps[0]["warnings"])


async def test_two_megabytes_work(client: Client):
    text = "x" * 2_000_000
    accepted = await client.run("tester", [{"skill": "echo", "input": {"text": text}}])
    assert (await client.outcome(accepted.id)).outputs == [{"text": text}]


async def test_five_megabytes_are_refused_with_the_limit(client: Client):
    error = await refusal(client, {"skill": "echo", "input": {"text": "x" * 5_000_000}})
    assert error["code"] == "too_large"
    assert "2500000" in error["message"]


async def test_nine_megabytes_never_reach_the_log(client: Client):
    before = await client.bus.client.jetstream().stream_info("EVT")
    with pytest.raises(Exception, match=r"payload|larger|bytes"):
        await client.run("tester", [{"skill": "echo", "input": {"text": "x" * 9_000_000}}])
    after = await client.bus.client.jetstream().stream_info("EVT")
    assert after.state.last_seq == before.state.last_seq


async def test_the_same_id_with_another_body_is_a_conflict(client: Client):
    session_id = uuid4()
    await client.run("tester", [COUNT], session_id=session_id)
    with pytest.raises(Refusal) as refused:
        await client.run("tester", [ECHO], session_id=session_id)
    assert (refused.value.code, refused.value.field) == ("conflict", "session_id")


async def test_another_command_under_a_used_command_id_is_a_conflict(client: Client):
    """Nothing of it is done, and the same one again still is a repetition."""
    started = await client.run("tester", [{"skill": "sleep", "input": {"seconds": 60}}])
    of = {"session_id": started.id, "command_id": "1"}
    commands = [
        ("session", "cancel", {"reason": "enough"}, {"reason": "another"}),
        ("session", "retry", {}, {"input": {"seconds": 0}}),
        ("budget", "set", {"scope": "session", "limit_usd": "1"}, {"scope": "session", "limit_usd": "2"}),
    ]
    for noun, verb, first, other in commands:
        assert (await ask(client, json.dumps(of | first).encode(), noun, verb))["duplicate"] is False
        error = (await ask(client, json.dumps(of | other).encode(), noun, verb))["error"]
        assert (error["code"], error["field"]) == ("conflict", "command_id")
        assert (await ask(client, json.dumps(of | first).encode(), noun, verb))["duplicate"] is True
    await client.cancel(started.id)


async def test_another_limit_of_a_user_under_a_used_command_id_is_a_conflict(client: Client):
    limit = {"scope": "user", "limit_usd": "5", "command_id": "1"}
    assert (await ask(client, json.dumps(limit).encode(), "budget", "set"))["duplicate"] is False
    error = (await ask(client, json.dumps(limit | {"scope": "day"}).encode(), "budget", "set"))["error"]
    assert (error["code"], error["field"]) == ("conflict", "command_id")
    assert (await ask(client, json.dumps(limit).encode(), "budget", "set"))["duplicate"] is True
    assert (await client.budgets.get())["day"]["limit_usd"] is None


async def test_the_same_command_twice_starts_one_session(client: Client):
    session_id = uuid4()
    first = await client.run("tester", [COUNT], session_id=session_id)
    second = await client.run("tester", [COUNT], session_id=session_id)
    assert (first.duplicate, second.duplicate) == (False, True)


async def test_a_queued_start_that_is_refused_is_a_failed_session_with_its_reason(client: Client):
    session_id = uuid4()
    body = json.dumps({"session_id": str(session_id), "agent": "nobody", "steps": [COUNT]}).encode()
    await client.bus.publish(f"cmd.{client.user}.session.run", body)
    async with asyncio.timeout(10):
        while (row := await client.tables.session(session_id)) is None:
            await asyncio.sleep(0.05)
    assert (row["status"], row["error_code"]) == ("failed", "unknown_agent")
    assert row["total_steps"] in (None, 0)


async def test_a_message_that_cannot_be_read_is_a_dead_letter_with_its_reason(client: Client):
    ack = await client.bus.publish(f"cmd.{client.user}.session.run", b'{"agent": ')
    async with asyncio.timeout(10):
        while not (letters := [one for one in await client.operator.dead_letters() if one["seq"] == ack.seq]):
            await asyncio.sleep(0.05)
    assert "malformed_json" in letters[0]["reason"]


@pytest.mark.parametrize("verb", [b"\xff", b"run\x0b1"])
async def test_a_queued_command_whose_address_is_no_text_is_a_dead_letter_and_holds_nothing_up(
    client: Client, stack: LocalStack, verb: bytes
):
    address = f"cmd.{client.user}.session.".encode() + verb
    await rawnats.publish(stack.place.nats_url, address, json.dumps({"agent": "tester"}).encode())
    ack = await client.bus.publish(f"cmd.{client.user}.session.run", b"{")
    async with asyncio.timeout(10):
        while {ack.seq - 1, ack.seq} - {one["seq"] for one in await client.operator.dead_letters()}:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(("noun", "verb"), [("session", "run"), ("artist", "set")])
async def test_what_a_sender_calls_a_message_is_no_way_into_the_log_around_the_limits(
    client: Client, noun: str, verb: str
):
    subject, body = f"ask.{client.user}.{noun}.{verb}", b'{"agent": "tester", "steps": [], "name": "Ada"}'
    answer = await client.bus.replies.one(subject, body, timeout=5, headers={"Nats-Msg-Id": "x" * 7_000_000})
    error = json.loads(answer.data)["error"]
    assert (error["code"], error["field"]) == ("invalid", "Nats-Msg-Id")


async def test_a_queued_message_whose_sender_calls_it_by_half_a_book_is_a_dead_letter(client: Client):
    body = json.dumps({"agent": "tester", "steps": [COUNT]}).encode()
    headers = {"Nats-Msg-Id": "x" * 60_000}
    ack = await client.bus.publish(f"cmd.{client.user}.session.run", body, headers=headers)
    async with asyncio.timeout(10):
        while not (letters := [one for one in await client.operator.dead_letters() if one["seq"] == ack.seq]):
            await asyncio.sleep(0.05)
    assert "must have at most 128 letters" in letters[0]["reason"]


async def test_a_queued_start_that_is_refused_and_whose_id_another_has_is_a_dead_letter(client: Client):
    accepted = await client.run("tester", [COUNT])
    body = json.dumps({"session_id": str(accepted.id), "agent": "nobody", "steps": [COUNT]}).encode()
    ack = await client.bus.publish(f"cmd.{client.user}.session.run", body)
    async with asyncio.timeout(10):
        while not (letters := [one for one in await client.operator.dead_letters() if one["seq"] == ack.seq]):
            await asyncio.sleep(0.05)
    assert "unknown_agent" in letters[0]["reason"]
    assert (await client.outcome(accepted.id)).outputs


async def test_what_a_refused_queued_start_calls_its_agent_is_kept_only_if_it_is_a_name(client: Client):
    session_id = uuid4()
    body = {"session_id": str(session_id), "agent": "Maya Quill <maya@example.org>", "steps": [COUNT]}
    await client.bus.publish(f"cmd.{client.user}.session.run", json.dumps(body).encode())
    async with asyncio.timeout(10):
        while (row := await client.tables.session(session_id)) is None:
            await asyncio.sleep(0.05)
    assert (row["agent_name"], row["error_code"]) == ("", "unknown_agent")
    assert "Maya" not in str([commit async for commit in client.events(session_id)])


@pytest.mark.parametrize(
    ("noun", "verb", "body", "stays"),
    [
        ("session", "run", {"agent": "tester", "steps": [{**ECHO, "input": {"text": "Maya Quill"}}]}, False),
        ("session", "retry", {"input": {"text": "Maya Quill"}}, False),
        ("contacts", "import", {"csv": "name\nMaya Quill"}, False),
        ("session", "retry", {}, True),
    ],
)
async def test_a_dead_letter_leaves_in_the_queue_what_says_no_more_than_ids(
    client: Client, noun: str, verb: str, body: dict[str, object], stays: bool
):
    accepted = await client.run("tester", [COUNT])
    await client.outcome(accepted.id)
    given = json.dumps({"session_id": accepted.id, **body}).encode()
    ack = await client.bus.publish(f"cmd.{client.user}.{noun}.{verb}", given)
    async with asyncio.timeout(10):
        while ack.seq not in [one["seq"] for one in await client.operator.dead_letters()]:
            await asyncio.sleep(0.05)
        while not await is_done_with(client, ack.seq):
            await asyncio.sleep(0.05)
    assert await is_queued(client, ack.seq) is stays


async def is_done_with(client: Client, seq: int) -> bool:
    """Tell whether the orchestrator has acknowledged all up to there: what it erases is erased by then."""
    consumer = await client.bus.client.jetstream().consumer_info("CMD", "orchestrator")
    return consumer.ack_floor is not None and consumer.ack_floor.stream_seq >= seq


async def is_queued(client: Client, seq: int) -> bool:
    try:
        await client.bus.client.jetstream().get_msg("CMD", seq)
    except NotFoundError:
        return False
    return True


async def test_a_foreign_user_in_the_subject_is_refused(client: Client):
    answer = json.loads(await client.bus.request("ask.alice.session.run", b"{}", timeout=5))
    assert answer["error"]["field"] == "user"


async def test_a_skill_that_raises_fails_without_its_input_in_the_error(client: Client):
    accepted = await client.execute("fail", {"text": "a secret of the user"})
    with pytest.raises(SkillFailed) as failed:
        await client.skill_outcome(accepted.id)
    assert "a secret" not in str(failed.value)


async def test_what_a_failing_skill_had_yielded_is_kept(client: Client):
    accepted = await client.execute("fail-partly", {"until": 3})
    with pytest.raises(SkillFailed) as failed:
        await client.skill_outcome(accepted.id)
    assert failed.value.partial == {"numbers": [1, 2, 3]}


async def test_a_spinning_skill_is_stopped_at_its_deadline_while_others_go_on(client: Client):
    spinning = await client.execute("spin", {"text": "round"})
    counted = await client.execute("count", {"numbers": [1]})
    assert (await client.skill_outcome(counted.id)).output["total"] == 1
    with pytest.raises(SkillFailed) as failed:
        await client.skill_outcome(spinning.id)
    assert failed.value.code == "timeout"


async def test_a_failed_workflow_keeps_earlier_outputs_and_goes_on_after_a_retry(client: Client):
    steps = [COUNT, {"skill": "fail-partly", "input": {"until": 2}}, COUNT]
    accepted = await client.run("tester", steps)
    with pytest.raises(WorkflowFailed) as failed:
        await client.outcome(accepted.id)
    assert (failed.value.failed_step, failed.value.outputs[0]["total"]) == (2, 3)
    await client.retry(accepted.id, input={"until": 5})
    result = await client.outcome(accepted.id)
    assert [output and len(output["numbers"]) for output in result.outputs] == [2, 5, 2]
    await client.get(accepted.id, min_seq=result.seq)
    trace = await client.executions(accepted.id)
    assert [one["skill_name"] for one in trace].count("count") == 2


async def test_a_cancelled_session_stops_its_work(client: Client):
    accepted = await client.run("tester", [{"skill": "sleep", "input": {"seconds": 20}}, COUNT])
    await asyncio.sleep(0.5)
    await client.cancel(accepted.id, reason="enough")
    with pytest.raises(WorkflowFailed) as failed:
        await client.outcome(accepted.id)
    assert failed.value.code == "cancelled"


async def test_events_larger_than_a_message_come_in_pages(client: Client):
    big = {"skill": "echo", "input": {"text": "x" * 2_000_000}}
    again = {"skill": "echo", "input": {"text": "{{step1.text}}"}}
    accepted = await client.run("tester", [big, again, again])
    await client.outcome(accepted.id)
    page = await ask(client, json.dumps({"session_id": accepted.id}).encode(), verb="events")
    assert page["more"]
    assert len([commit async for commit in client.events(accepted.id)]) == 4
