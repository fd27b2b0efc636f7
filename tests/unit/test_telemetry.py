"""Live spans and logs of a process of its own, as a service is one."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import UUID

import pytest

import otlp
from shared import telemetry, trace_ids
from shared.refusal import Refusal
from shared.span_export import sender
from shared.subjects import execution, session, skill

USER = UUID("5f1c54a4-6d0c-4a57-9d6b-5d2a3f8e1c11")
ID = UUID("0d9e3d6a-8a4f-4f57-b7e5-52e5a3a4f0aa")
CLIENT = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
CANARY = "jane.canary@example.org"
NOWHERE = "http://127.0.0.1:9"
BASE, TRACES = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"


def run(program: str, *, endpoint: str | None = None, fails: bool = False, **otel: str) -> list[dict]:
    """Run `program` after `configure` and `start`; return its log lines."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    env |= otel
    if endpoint:
        env["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
    preamble = (
        "import sys, time\nfrom shared import logs, telemetry\nlogs.configure('demo')\n"
        f"telemetry.start('demo')\nlog = logs.get_logger()\nCLIENT = '{CLIENT}'\nCANARY = '{CANARY}'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", preamble + program],
        check=False,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode != 0) is fails, done.stderr
    assert CANARY not in done.stderr + done.stdout
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_without_an_endpoint_nothing_is_created():
    program = """
with telemetry.span("x", parent=CLIENT) as span:
    assert telemetry.traceparent() is None and span is telemetry.NO_SPAN
assert "opentelemetry.sdk" not in sys.modules
telemetry.shutdown()
"""
    assert run(program) == []


def test_spans_reach_the_receiver_in_one_tree():
    program = """
with telemetry.span("outer", parent=CLIENT, attributes={"totalaud.step": 2}):
    with telemetry.span("inner"):
        pass
telemetry.shutdown()
"""
    with otlp.receiver() as receiver:
        run(program, endpoint=receiver.endpoint)
        outer, inner = receiver.spans()
    assert (inner.parent_span_id, outer.parent_span_id) == (outer.span_id, "cd" * 8)
    assert (outer.service, outer.trace_id, outer.attributes["totalaud.step"]) == ("demo", "ab" * 16, 2)


def test_the_environment_says_where_spans_go_and_how():
    program = """
with telemetry.span("x"):
    pass
telemetry.shutdown()
"""
    with otlp.receiver() as receiver:
        run(
            program,
            endpoint=NOWHERE,
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{receiver.endpoint}/v1/traces",
            OTEL_EXPORTER_OTLP_HEADERS="x-team=music",
            OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
            OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=test",
        )
        (span,), (headers,) = receiver.spans(), receiver.headers
        assert b"deployment.environment.name" in receiver.bodies[0]
    assert (span.service, span.name) == ("demo", "x")
    assert (headers["x-team"], headers["content-encoding"]) == ("music", "gzip")
    assert headers["content-type"] == "application/x-protobuf"


def test_the_services_of_a_host_say_that_they_are_on_one_unless_the_environment_says_where(
    monkeypatch: pytest.MonkeyPatch,
):
    one, other = (telemetry.resource(name).attributes["host.id"] for name in ("orchestrator", "projector"))
    assert one == other != ""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "host.id=i-0a1b")
    assert telemetry.resource("projector").attributes["host.id"] == "i-0a1b"


@pytest.mark.parametrize(
    ("env", "where"),
    [
        ({}, None),
        ({BASE: ""}, None),
        ({BASE: NOWHERE, TRACES: ""}, NOWHERE),
        ({BASE: "x", TRACES: f"{NOWHERE}/v1/traces"}, f"{NOWHERE}/v1/traces"),
        ({BASE: "x", "OTEL_SDK_DISABLED": "true"}, None),
        ({BASE: NOWHERE, "OTEL_TRACES_EXPORTER": "none"}, None),
        ({BASE: NOWHERE, "OTEL_TRACES_EXPORTER": "otlp"}, NOWHERE),
    ],
)
def test_an_endpoint_that_is_empty_is_none(
    env: dict[str, str], where: str | None, monkeypatch: pytest.MonkeyPatch
):
    given(env, monkeypatch)
    assert telemetry.endpoint() == where


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({BASE: "x"}, BASE),
        ({BASE: "h:4318"}, BASE),
        ({BASE: NOWHERE, TRACES: "grpc://u:opensesame@h:4317"}, TRACES),
    ],
)
def test_an_endpoint_that_is_no_url_is_refused_and_not_repeated(
    env: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
):
    given(env, monkeypatch)
    with pytest.raises(Refusal, match=f"^{named}: not a URL such as") as refused:
        telemetry.start("demo")
    assert "opensesame" not in str(refused.value)


@pytest.mark.parametrize(
    ("sampler", "alone", "unrecorded", "sent"),
    [
        ("", 400, 400, 400),
        ("parentbased_always_on", 400, 0, 400),
        ("parentbased_always_off", 0, 0, 400),
        ("parentbased_traceidratio", 100, 0, 400),
        ("traceidratio", 100, 0, 0),
        ("always_on", 400, 400, 400),
        ("always_off", 0, 0, 0),
    ],
)
def test_the_sampler_says_of_which_sessions_there_is_a_trace(
    sampler: str, alone: int, unrecorded: int, sent: int
):
    """A share is one of the sessions; of a sender it is the share of the traces, and this is one trace."""
    program = f"""
from uuid import NAMESPACE_URL, uuid5
from shared import subjects, trace_ids
ids = [subjects.session(NAMESPACE_URL, uuid5(NAMESPACE_URL, str(number))) for number in range(400)]
def recorded(cause):
    return sum(trace_ids.of_own(telemetry.session_span(one, cause)).sampled for one in ids)
assert abs(recorded(None) - {alone}) <= 30 * ({alone} % 400 > 0)
assert (recorded(CLIENT[:-1] + "0"), recorded(CLIENT)) == ({unrecorded}, {sent})
"""
    run(program, endpoint=NOWHERE, OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG="0.25")


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"])
def test_a_timeout_is_one_of_milliseconds_as_opentelemetry_says(name: str, monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        given({BASE: f"http://127.0.0.1:{silent.getsockname()[1]}", name: "400"}, monkeypatch)
        sending = threading.Thread(target=sender(telemetry.resource("demo"), "demo"), args=([],), daemon=True)
        sending.start()
        sending.join(20)
        assert not sending.is_alive()


def given(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)
    for name, value in env.items():
        monkeypatch.setenv(name, value)


def test_what_the_sampler_leaves_out_is_left_out_below_too():
    program = """
with telemetry.span("outer") as outer:
    parent = telemetry.traceparent()
    with telemetry.span("inner"):
        pass
assert parent.endswith("-00") and not outer.context.sampled
with telemetry.span("elsewhere", parent=parent), telemetry.span("asked for", parent=CLIENT):
    pass
telemetry.shutdown()
"""
    with otlp.receiver() as receiver:
        run(program, endpoint=receiver.endpoint, OTEL_TRACES_SAMPLER="parentbased_always_off")
        assert [span.name for span in receiver.spans()] == ["asked for"]


def test_spans_leave_soon_so_a_kill_loses_little():
    program = """
with telemetry.span("before the kill"):
    pass
time.sleep(1.5)
import os, signal
os.kill(os.getpid(), signal.SIGKILL)
"""
    with otlp.receiver() as receiver:
        run(program, endpoint=receiver.endpoint, fails=True)
        assert [span.name for span in receiver.spans()] == ["before the kill"]


def test_a_kill_leaves_no_span_without_its_parent():
    program = """
import os, signal
with telemetry.span("killed"):
    with telemetry.span("inside"):
        pass
    time.sleep(1.5)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    with otlp.receiver() as receiver:
        run(program, endpoint=receiver.endpoint, fails=True)
        assert receiver.spans() == []


def test_a_span_that_ends_after_its_outermost_is_told_too():
    program = """
outer = telemetry.span("outer")
outer.__enter__()
inner = telemetry.span("inner")
inner.__enter__()
outer.__exit__(None, None, None)
inner.__exit__(None, None, None)
telemetry.shutdown()
"""
    with otlp.receiver() as receiver:
        run(program, endpoint=receiver.endpoint)
        assert otlp.names(receiver.spans()) == ["demo: inner", "demo: outer"]


def test_a_failed_span_has_the_type_of_the_exception_and_not_its_message():
    program = """
try:
    with telemetry.span("fails"):
        raise KeyError(CANARY)
except KeyError:
    telemetry.shutdown()
"""
    with otlp.receiver() as receiver:
        run(program, endpoint=receiver.endpoint)
        (span,) = receiver.spans()
        assert not any(CANARY.encode() in body for body in receiver.bodies)
    assert (span.failed, span.attributes["error.type"]) == (True, "KeyError")


def test_a_span_that_says_what_failed_has_failed():
    program = """
with telemetry.span("fails") as span:
    span.set_attribute("error.type", "skill_error")
telemetry.shutdown()
"""
    with otlp.receiver() as receiver:
        run(program, endpoint=receiver.endpoint)
        (span,) = receiver.spans()
    assert (span.failed, span.attributes["error.type"]) == (True, "skill_error")


def test_a_library_that_traces_itself_stays_silent():
    program = """
from opentelemetry import trace
with telemetry.span("ours"), trace.get_tracer("library").start_as_current_span("theirs"):
    pass
telemetry.shutdown()
"""
    with otlp.receiver() as receiver:
        run(program, endpoint=receiver.endpoint)
        assert [span.name for span in receiver.spans()] == ["ours"]


def test_a_receiver_that_is_away_neither_blocks_nor_floods():
    program = """
begin = time.monotonic()
for _ in range(5_000):
    with telemetry.span("x"):
        pass
telemetry.shutdown()
assert time.monotonic() - begin < 15
"""
    begin = time.monotonic()
    lines = run(program, endpoint=NOWHERE)
    assert time.monotonic() - begin < 20
    assert [line["event"] for line in lines] == ["the trace receiver takes no spans"]


def test_what_was_lost_is_said_once_and_not_for_ever():
    program = """
from shared import span_export
span_export.REPORT_EVERY_S = 0.0
sent = []
def send(spans):
    sent.append(len(spans))
    return len(sent) > 2
outbox = span_export.Outbox(send, 0.001)
for number in range(1, 8):
    outbox.put([None])
    while len(sent) < number:
        time.sleep(0.001)
outbox.close(5)
"""
    assert [line["lost"] for line in run(program)] == [1, 1]


def test_a_log_line_inside_a_span_carries_its_ids():
    program = """
with telemetry.span("x", parent=CLIENT):
    log.info("inside", step=2)
"""
    (line,) = run(program, endpoint=NOWHERE)
    assert (line["service"], line["level"], line["event"], line["step"]) == ("demo", "info", "inside", 2)
    assert line["trace_id"] == "ab" * 16
    assert len(line["span_id"]) == 16
    assert line["timestamp"].endswith("Z")


def test_a_validation_error_is_logged_without_its_input():
    program = """
from pydantic import BaseModel
class M(BaseModel):
    age: int
try:
    M(age=CANARY)
except ValueError:
    log.exception("refused")
"""
    (line,) = run(program)
    assert line["exception"]["type"] == "pydantic_core._pydantic_core.ValidationError"
    assert "message" not in line["exception"]
    assert line["exception"]["frames"]


def test_an_error_of_ours_and_of_the_system_keeps_its_message():
    program = """
from shared.refusal import Refusal
try:
    try:
        raise ConnectionError("nobody there")
    except OSError as error:
        raise Refusal("unavailable", None, "ask again") from error
except Refusal:
    log.exception("x")
"""
    (line,) = run(program)
    exception = line["exception"]
    assert (exception["message"], exception["cause"]["message"]) == ("ask again", "nobody there")


def test_what_a_library_says_is_one_json_line_without_values():
    program = """
import asyncio, logging, threading, warnings
async def forgotten():
    async def lost():
        raise ValueError(CANARY)
    asyncio.create_task(lost())
    await asyncio.sleep(0.01)
logging.getLogger("nats").error("got %s", CANARY)
logging.getLogger("faststream").error(f"KeyError: {CANARY}", exc_info=KeyError(CANARY))
warnings.warn(CANARY, stacklevel=1)
asyncio.run(forgotten())
thread = threading.Thread(target=lambda: {}[CANARY])
thread.start()
thread.join()
"""
    lines = run(program)
    assert [line["event"] for line in lines] == [
        "got %s",
        "an exception",
        "a warning",
        "an exception",
        "crashed",
    ]


def test_what_ends_the_process_is_logged_without_values():
    program = """
import asyncio
async def fails():
    raise ValueError(CANARY)
async def main():
    async with asyncio.TaskGroup() as group:
        group.create_task(fails())
asyncio.run(main())
"""
    (line,) = run(program, fails=True)
    assert (line["event"], line["exception"]["type"]) == ("crashed", "ExceptionGroup")
    assert line["exception"]["errors"][0]["type"] == "ValueError"


def test_a_line_steers_no_terminal_whatever_a_field_is_called():
    program = r"""
import logging
log.error("dead letter", reason="\x1b]0;a\x9b31m\u202eb")
logging.getLogger("nats").error("\x9b31m")
"""
    seen = subprocess.run(
        [
            sys.executable,
            "-c",
            f"from shared import logs\nlogs.configure('demo')\nlog = logs.get_logger(){program}",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    assert not {"\x1b", "\x9b", "\u202e"} & set(seen)
    assert json.loads(seen.splitlines()[0])["reason"] == "\x1b]0;a\x9b31m\u202eb"


def test_warnings_and_errors_are_counted_by_our_words_or_by_whose_words_they_are():
    program = """
import asyncio, logging
from shared.counts import told
log.info("nothing to count")
for _ in range(2):
    log.warning("one of ours")
logging.getLogger("asyncio").error("it met %s", CANARY)
for line in asyncio.run(told("demo")).splitlines():
    if line.startswith("totalaud_lines_total"):
        log.info(line)
"""
    told = [line["event"].partition("{")[2] for line in run(program) if line["event"].startswith("totalaud")]
    assert told == [
        'service="demo",level="error",event="asyncio"} 1',
        'service="demo",level="warning",event="one of ours"} 2',
    ]


def test_a_name_that_is_not_found_for_nobody_any_more_is_no_alarm():
    program = """
import logging, socket
for error in (socket.gaierror(-3, "not now"), ConnectionResetError(104, "reset")):
    logging.getLogger("asyncio").error("Future exception was never retrieved", exc_info=error)
"""
    assert [line["level"] for line in run(program)] == ["warning", "error"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="nothing here is always full")
def test_a_line_that_a_full_disk_does_not_take_ends_nobody_s_work():
    program = """
import logging, os
disk = os.dup(2)
os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
for _ in range(1000):
    log.error("lost", text="x" * 100)
    logging.getLogger("nats").error("lost")
os.dup2(disk, 2)
log.error("there is room again")
"""
    assert run(program)[-1]["event"] == "there is room again"


def test_derived_ids_stay_the_same_for_ever():
    aggregate = session(USER, ID)
    assert trace_ids.trace_id(aggregate, None) == "0d9e3d6a8a4f4f57b7e552e5a3a4f0aa"
    assert trace_ids.life_span(aggregate) == "f36b54cfec91be2d"
    assert trace_ids.attempt_span(ID) == "8b5287f0168d917a"


def test_ids_differ_between_what_is_different():
    ids = [
        trace_ids.life_span(session(USER, ID)),
        trace_ids.life_span(session(USER, ID), 2),
        trace_ids.life_span(execution(USER, ID)),
        trace_ids.attempt_span(ID),
        trace_ids.late_span(ID),
    ]
    assert len(set(ids)) == len(ids)


def test_an_aggregate_that_is_no_uuid_has_a_trace_id_too():
    assert trace_ids.parse(trace_ids.session_parent(skill("score-contacts"), None))


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "00-" + "0" * 32 + "-" + "cd" * 8 + "-01",
        "00-" + "ab" * 16 + "-" + "0" * 16 + "-01",
        "ff-" + "ab" * 16 + "-" + "cd" * 8 + "-01",
        "00-" + "AB" * 16 + "-" + "cd" * 8 + "-01",
        CLIENT + "\n",
    ],
)
def test_what_is_no_traceparent_is_none(text):
    assert trace_ids.parse(text) is None
