"""One connected tree per session, over all services, at a real OTLP receiver, whatever is killed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from uuid import UUID, uuid4

import pytest
from opentelemetry.sdk.trace import TracerProvider

import otlp
from rig import client_of, running_stack
from shared.json import dumps
from shared.refusal import Refusal
from shared.subjects import ask
from totalaud.client import Client
from totalaud.errors import Unreachable, WorkflowFailed
from totalaud.stack.local import LocalStack

SERVICES = {"client", "orchestrator", "skill-runner", "projector"}
CANARY = "a canary that nobody may read in a trace"


@dataclass(frozen=True)
class Traced:
    stack: LocalStack
    client: Client
    receiver: otlp.Receiver

    async def trace(self, trace_id: str, enough: Callable[[list[str]], bool]) -> list[otlp.Received]:
        """Wait until the trace is there and quiet: spans come from four processes."""
        async with asyncio.timeout(30):
            before = -1
            while True:
                spans = self.receiver.spans(trace_id=trace_id)
                if len(spans) == before and enough([span.name for span in spans]):
                    return spans
                before = len(spans)
                await asyncio.sleep(0.8)

    async def run(self, *steps: tuple[str, dict]) -> str:
        """Start a session under the client's span; return its id."""
        started = await self.client.run("tester", [{"skill": s, "input": given} for s, given in steps])
        return started.id

    async def outcome(self, session_id: str) -> None:
        """Wait for the end, however often nobody is there to ask."""
        async with asyncio.timeout(40):
            while True:
                try:
                    await self.client.outcome(session_id)
                except Unreachable:
                    continue
                return

    async def plain(self, verb: str, body: dict, headers: dict[str, str]) -> None:
        """Ask as any NATS client does."""
        subject = ask(self.client.user, "session", verb)
        answer = await self.client.bus.client.request(subject, dumps(body), timeout=5, headers=headers)
        assert b"accepted" in answer.data

    async def trace_id(self, session_id: str) -> str:
        commits = [commit async for commit in self.client.events(session_id)]
        return commits[0].traceparent.split("-")[1]


@dataclass(frozen=True)
class TraceParent:
    """A span of somebody who is no client of ours."""

    trace: str
    span: str

    @classmethod
    def new(cls) -> Self:
        return cls(uuid4().hex, uuid4().hex[:16])

    @property
    def header(self) -> str:
        return f"00-{self.trace}-{self.span}-01"


@pytest.fixture(scope="module")
async def traced() -> AsyncIterator[Traced]:
    with otlp.receiver() as receiver:
        async with running_stack(runners=2, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint) as stack:
            client = await client_of(stack, uuid4())
            try:
                yield Traced(stack, client, receiver)
            finally:
                await client.close()


async def test_a_session_is_one_tree_over_all_services(traced):
    id_ = await traced.run(
        ("echo", {"text": CANARY}), ("write", {"topic": CANARY}), ("write-twice", {"topic": CANARY})
    )
    await traced.client.outcome(id_)
    spans = await traced.trace(
        await traced.trace_id(id_), lambda names: "invoke_agent tester-agent" in names and "project" in names
    )
    root = otlp.assert_whole(spans, services=SERVICES)
    assert (root.service, root.name) == ("client", "session.run")
    by_id = {span.span_id: span for span in spans}
    chats = [span for span in spans if span.name.startswith("chat ")]
    assert len(chats) == 2
    assert [path(span, by_id) for span in chats] == [
        ["chat", "run", "execute_tool", "invoke_agent", "session.run"],
        ["chat", "run", "execute_tool", "invoke_agent", "session.run"],
    ]
    assert not any(CANARY.encode() in body for body in traced.receiver.bodies)


async def test_a_session_is_below_the_span_that_its_program_has_open_itself(traced):
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("a program")
    with tracer.start_as_current_span("request") as own:
        id_ = await traced.run(("echo", {"text": "x"}))
    await traced.client.outcome(id_)
    above = own.get_span_context()
    spans = await traced.trace(
        f"{above.trace_id:032x}", lambda names: {"invoke_agent tester-agent", "project"} <= set(names)
    )
    root = otlp.assert_whole(spans, services=SERVICES, above=f"{above.span_id:016x}")
    assert root.name == "session.run"


async def test_a_plain_client_without_a_header_has_the_session_as_root(traced):
    id_ = uuid4()
    body = {"session_id": str(id_), "agent": "tester", "steps": [{"skill": "echo", "input": {"text": "x"}}]}
    answer = await traced.client.bus.client.request(
        ask(traced.client.user, "session", "run"), dumps(body), timeout=5
    )
    assert b"accepted" in answer.data
    await traced.client.outcome(id_)
    spans = await traced.trace(id_.hex, lambda names: "invoke_agent tester-agent" in names)
    root = otlp.assert_whole(spans, services=SERVICES - {"client"})
    assert root.name == "invoke_agent tester-agent"


async def test_a_retried_session_stays_one_tree(traced):
    id_ = await traced.run(("echo", {"text": "x"}), ("fail", {"text": CANARY}))
    with pytest.raises(WorkflowFailed):
        await traced.client.outcome(id_)
    await traced.client.retry(id_)
    spans = await traced.trace(
        await traced.trace_id(id_), lambda names: names.count("invoke_agent tester-agent") == 2
    )
    otlp.assert_whole(spans, services=SERVICES)
    failed = [span for span in spans if span.name == "execute_tool fail"]
    assert [span.attributes["totalaud.attempt"] for span in sorted(failed, key=start)] == [1, 2]
    assert not any(CANARY.encode() in body for body in traced.receiver.bodies)


async def test_what_a_client_asks_says_of_which_session_in_whatever_trace_it_is(traced):
    client = traced.client
    id_ = await traced.run(("echo", {"text": "x"}))
    alone = (await client.execute("echo", {"text": "x"})).id
    for asking in (client.retry(id_), client.cancel(id_), client.cancel_skill(alone)):
        with suppress(Refusal):
            await asking
    asked = {(verb, id_) for verb in ("session.run", "session.retry", "session.cancel")}
    asked |= {(verb, alone) for verb in ("skill.execute", "skill.cancel")}
    await asyncio.to_thread(
        traced.receiver.wait,
        lambda spans: asked <= {(span.name, span.attributes.get("gen_ai.conversation.id")) for span in spans},
    )


@pytest.mark.parametrize("header", ["traceparent", "Traceparent"])
async def test_a_plain_client_finds_its_span_above_the_session_and_linked_by_a_retry(traced, header):
    id_, first, second = uuid4(), TraceParent.new(), TraceParent.new()
    body = {"session_id": str(id_), "agent": "tester", "steps": [{"skill": "fail", "input": {"text": "x"}}]}
    await traced.plain("run", body, {header: first.header})
    with pytest.raises(WorkflowFailed):
        await traced.client.outcome(id_)
    await traced.plain("retry", {"session_id": str(id_)}, {header: second.header})
    spans = await traced.trace(first.trace, lambda names: names.count("invoke_agent tester-agent") == 2)
    one, two = sorted((span for span in spans if span.name == "invoke_agent tester-agent"), key=start)
    assert one.parent_span_id == first.span
    assert (two.parent_span_id, two.links) == (one.span_id, (one.span_id, second.span))
    otlp.assert_whole(spans, above=first.span)


async def test_a_session_whose_services_are_killed_stays_one_tree(traced):
    id_ = await traced.run(("write", {"topic": "x"}), ("sleep", {"seconds": 2}), ("write", {"topic": "y"}))
    await asyncio.sleep(1)
    for name in ("skill-runner-1", "skill-runner-2", "orchestrator", "projector"):
        await traced.stack.kill(name)
    await traced.outcome(id_)
    spans = await traced.trace(await traced.trace_id(id_), lambda names: "invoke_agent tester-agent" in names)
    otlp.assert_whole(spans, services=SERVICES)


async def test_a_session_that_the_sampler_leaves_out_has_no_span_anywhere():
    with otlp.receiver() as receiver:
        env = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OTEL_TRACES_SAMPLER": "parentbased_always_off",
        }
        async with running_stack(**env) as stack, await client_of(stack, uuid4()) as client:
            traced, sender = Traced(stack, client, receiver), TraceParent.new()
            for headers in ({}, {"traceparent": sender.header}):
                id_ = uuid4()
                step = {"skill": "write", "input": {"topic": "x"}}
                body = {"session_id": str(id_), "agent": "tester", "steps": [step]}
                await traced.plain("run", body, headers)
                await client.outcome(id_)
            spans = await traced.trace(
                sender.trace, lambda names: {"invoke_agent tester-agent", "project"} <= set(names)
            )
        otlp.assert_whole(spans, above=sender.span, services=SERVICES - {"client"})
        assert receiver.spans() == spans


async def test_a_receiver_that_was_away_gets_the_whole_session_later(traced):
    traced.receiver.refuse = True
    id_ = uuid4()
    body = {"session_id": str(id_), "agent": "tester", "steps": [{"skill": "echo", "input": {"text": "x"}}]}
    await traced.client.bus.client.request(ask(traced.client.user, "session", "run"), dumps(body), timeout=5)
    await traced.client.outcome(id_)
    traced.receiver.refuse = False
    spans = await traced.trace(UUID(str(id_)).hex, lambda names: "invoke_agent tester-agent" in names)
    otlp.assert_whole(spans)


def path(span: otlp.Received, by_id: dict[str, otlp.Received]) -> list[str]:
    above = by_id.get(span.parent_span_id)
    return [span.name.split(" ")[0], *(path(above, by_id) if above else [])]


def start(span: otlp.Received) -> int:
    return span.start
