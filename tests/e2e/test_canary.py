"""An imported person can be read through the client alone, and after `contacts erase` not there either."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

import everyskill
import otlp
from asking import shown
from canary import Canary, checkpoint, dump
from rig import client_of, environment, running_stack
from seedblocks import arguments
from shared.json import dumps
from shared.refusal import Refusal
from skillmodules import SKILLS as SHIPPED
from totalaud import get_agent_session, get_execution_trace, watch
from totalaud.client import Client
from totalaud.errors import SkillFailed, WorkflowFailed
from totalaud.stack.local import LocalStack

NAME, EMAIL = "Zephyrine Birdcage", "z.birdcage7731@example.org"
PHONE, NOTES = "+44 1632 960881", "sings only in zymurgical cellars"
PAGE = "https://example.org/authors/zephyrine-birdcage"
CANARY = Canary(("Zephyrine", "Birdcage", "birdcage7731", "960881", "zymurgical"))
OUTLET = Canary(("Aviary Hour",))
OTHER = "Rosalind Otherperson"
CSV = f"""name,email,phone,notes,outlet,type,genres,regions,source,source_url
{NAME},{EMAIL},{PHONE},{NOTES},{OUTLET.words[0]},radio,synthpop,UK,page of {NAME},{PAGE}
{OTHER},rosalind@example.org,,,Second Aviary,radio,synthpop,UK,,
{NAME},no address {NAME},,,Third Aviary,radio,synthpop,UK,,
"""
OUTREACH = f"""contact_email,campaign,event,at,detail
{EMAIL},Aviary spring,sent,2026-05-01T10:00:00+01:00,for {NAME}
{EMAIL},Aviary spring,replied,2026-05-02T10:00:00+01:00,{NAME} {NOTES}
{EMAIL},Aviary spring,{NAME},2026-05-02T10:00:00+01:00,
no address {NAME},Aviary spring,sent,{NAME},
"""
REPLY = {"campaign": "Aviary spring", "email": EMAIL, "event": "replied", "at": "2026-05-03T10:00:00+01:00"}
PITCH = {"artist_name": "Neon Harbour", "genre": "synthpop", "contact_name": NAME}
MISTYPED = PITCH | {"contactName": NAME, "contacts": [{"name": NAME, "nick": NAME, "at": {"mail": [EMAIL]}}]}
BROKEN = f"Dear {NAME} {{{{step9.contacts}}}}"
COUNTED = "SELECT count(*) FROM skill_executions WHERE user_id = $1 AND status IS NULL"


@dataclass
class Story:
    """What was done with the person's data, and everything that the client heard meanwhile."""

    stack: LocalStack
    client: Client
    receiver: otlp.Receiver
    contact_id: str = ""
    session_id: str = ""
    queued_id: str = ""
    own_id: str = ""
    report: dict[str, Any] = field(default_factory=dict)
    pitch: dict[str, Any] = field(default_factory=dict)
    every: dict[str, Any] = field(default_factory=dict)
    reply: dict[str, Any] = field(default_factory=dict)
    feed: list[bytes] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def hear(self, message: Any) -> None:
        self.feed.append(message.subject.encode() + b" " + message.data)

    async def refused(self, noun: str, verb: str, body: bytes) -> None:
        subject = f"ask.{self.client.user}.{noun}.{verb}"
        answer = await self.client.bus.request(subject, body, timeout=5)
        assert "error" in json.loads(answer)
        self.errors.append(answer.decode())

    async def queue(self, noun: str, verb: str, body: dict[str, Any]) -> None:
        await self.client.bus.publish(f"cmd.{self.client.user}.{noun}.{verb}", dumps(body))

    async def shown(self, session_id: str) -> list[Any]:
        """All that the front door shows of a session; keys are not remembered from one call to the next."""
        user = self.client.user
        return [
            await get_agent_session(session_id),
            await get_execution_trace(session_id),
            [commit.as_dict() async for commit in watch(session_id, user)],
            [commit.as_dict() for commit in await self._events(session_id)],
        ]

    async def _events(self, session_id: str) -> list[Any]:
        async with await client_of(self.stack, self.client.user) as client:
            return [commit async for commit in client.events(session_id)]


@pytest.fixture(scope="module")
async def story() -> AsyncIterator[Story]:
    with otlp.receiver() as receiver:
        async with running_stack(OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint) as stack:
            client = await client_of(stack, uuid4())
            try:
                story = Story(stack, client, receiver)
                with environment(
                    TOTALAUD_NATS_URL=stack.place.nats_url,
                    TOTALAUD_DATABASE_URL=stack.place.database_url,
                    TOTALAUD_MASTER_KEY_FILE=str(stack.place.master_key_file),
                ):
                    await tell(story)
                    yield story
            finally:
                await client.close()


async def tell(story: Story) -> None:
    client = story.client
    feed = await client.bus.client.subscribe("feed.>", cb=story.hear)
    await client.bus.settled()
    story.report = await client.records.load("contacts", CSV.encode())
    await outreach(story)
    await client.tables.caught_up(story.reply["seq"])
    await workflows(story)
    await every_skill(story)
    await pitches(story)
    await questions(story)
    await refusals(story)
    await failures(story)
    async with asyncio.timeout(20):
        while (await client.tables.row(COUNTED, client.user))["count"] or (
            await client.operator.projection_status()
        )["lag"]:
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    await feed.unsubscribe()


async def outreach(story: Story) -> None:
    """What was written to the person, and what they answered; and commands that are refused."""
    records = story.client.records
    report = await records.load("outreach", OUTREACH.encode())
    assert (report["imported"], report["failed"]) == (2, 2)
    story.errors.append(json.dumps(report))
    story.reply = await records.record_outreach(*REPLY.values(), detail=f"{NAME}: {NOTES}")
    for verb, body in (
        ("record", REPLY | {"event": NAME}),
        ("record", REPLY | {"at": NAME}),
        ("record", REPLY | {"detail": [NAME]}),
        ("record", REPLY | {"email": f"{EMAIL}.{NAME}"}),
        ("correct", {"campaign": REPLY["campaign"], "outreach_id": NAME}),
        ("import", {"csv": CSV}),
        ("import", {"rows": NAME}),
    ):
        await story.refused("outreach", verb, dumps(body))
    await story.refused("contacts", "suppress", dumps({"contact_id": EMAIL}))
    await story.refused("coverage", "import", dumps({"csv": CSV}))


async def workflows(story: Story) -> None:
    artist = {"name": "Neon Harbour", "genre": "synthpop"}
    bound = {
        "query": "UK radio",
        "genres": ["synthpop"],
        "regions": ["UK"],
        "criteria": {},
        "artistInfo": artist,
    }
    agent, _, steps = arguments("workflow.ts", userId=None, **bound)
    result = await story.client.outcome((await story.client.run(agent, steps)).id)
    story.session_id = result.session_id
    (story.contact_id,) = [one["id"] for one in result.outputs[0]["contacts"] if one["name"] == NAME]
    own = await story.client.run(
        "coach",
        [{"skill": "generate-pitch", "input": PITCH | {"contact_name": "{{input.who}}"}}],
        input={"who": NAME},
    )
    await story.client.outcome(own.id)
    story.own_id = own.id
    told = await story.client.run(
        "coach",
        [{"skill": "write-summary", "input": {"findings": "{{input.people}}", "about": "{{input.people}}"}}],
        input={"people": {"best": {"name": NAME, "mail": EMAIL, "replied": 2}}},
    )
    (summary,) = (await story.client.outcome(told.id)).outputs
    assert not CANARY.hits_in(summary)


async def every_skill(story: Story) -> None:
    """All shipped skills, each on the person by id and by what one would type."""
    (campaign,) = await story.client.records.rows("campaigns")
    person = {"id": story.contact_id, "name": NAME, "email": EMAIL, "phone": PHONE, "notes": NOTES}
    given = everyskill.inputs(person, str(campaign.id))
    assert given.keys() == {path.stem for path in SHIPPED.glob("*/*.yaml")} - {"agent"}
    asked = {skill: await story.client.execute(skill, body) for skill, body in given.items()}
    for skill, execution in asked.items():
        story.every[skill] = (await story.client.skill_outcome(execution.id)).output


async def pitches(story: Story) -> None:
    asked = await story.client.execute("generate-pitch", PITCH)
    story.pitch = (await story.client.skill_outcome(asked.id)).output
    execution_id, session_id = uuid4(), uuid4()
    await story.queue(
        "skill", "execute", {"execution_id": str(execution_id), "skill": "generate-pitch", "input": PITCH}
    )
    await story.client.skill_outcome(execution_id)
    steps = [{"skill": "generate-pitch", "input": PITCH}]
    await story.queue("session", "run", {"session_id": str(session_id), "agent": "coach", "steps": steps})
    await story.client.outcome(session_id)
    story.queued_id = str(session_id)
    mistyped = await story.client.execute("generate-pitch", MISTYPED)
    result = await story.client.skill_outcome(mistyped.id)
    assert result.input == MISTYPED


async def questions(story: Story) -> None:
    """Whoever asks by an address is shown the person; one that is not answered repeats no part of it."""
    for question in (f"Find {EMAIL}", f"How likely is <{EMAIL.upper()}> to answer?"):
        told = await shown(story.client.user, "ask", question, data=story.stack.data)
        assert NAME in told.out, told.err
    for question in (f"How is {EMAIL} performing?", f"Find {EMAIL}.x.", f"Find {EMAIL.removesuffix('.org')}"):
        told = await shown(story.client.user, "ask", question, data=story.stack.data)
        assert told.code
        story.errors.append(told.out + told.err)


async def refusals(story: Story) -> None:
    """By `ask.` the error is the answer; by `cmd.` a start becomes a failed session.

    A queued message that cannot be read stays in CMD for the operator (DECISIONS.md): none of those here.
    """
    wrong = [
        {"agent": "nobody", "steps": [{"skill": "generate-pitch", "input": PITCH}]},
        {"agent": "coach", "steps": [{"skill": "generate-pitch", "input": {"contact_name": NAME}}]},
        {"agent": "coach", "steps": [{"skill": "generate-pitch", "input": PITCH | {"contact_name": [NAME]}}]},
        {"agent": "coach", "steps": [{"skill": "generate-pitch", "input": PITCH | {"contact_name": BROKEN}}]},
        {"agent": "scout", "steps": [{"skill": "research-contacts", "input": {"query": "q", "type": NAME}}]},
        {"agent": "coach", "steps": [{"skill": "generate-pitch", "input": PITCH, EMAIL: 1}]},
        {"agent": "coach", "steps": NAME},
        {"session_id": EMAIL, "agent": "coach", "steps": [{"skill": "generate-pitch", "input": PITCH}]},
    ]
    for body in wrong:
        await story.refused("session", "run", dumps(body))
    for body in wrong[:6]:
        session_id = str(uuid4())
        await story.queue("session", "run", {**body, "session_id": session_id})
        with pytest.raises(WorkflowFailed) as refused:
            await story.client.outcome(session_id)
        story.errors.append(f"{refused.value!r} {refused.value.__dict__}")
    await story.refused("session", "run", f'{{"agent": "{NAME}, {EMAIL}'.encode())
    await story.refused("session", "run", dumps(wrong[1])[:-1] + b"\xff")
    await story.refused("contacts", "import", dumps({"rows": NAME}))
    with pytest.raises(Refusal) as refused:
        await story.client.execute("generate-pitch", {"contact_name": {"is": NAME}, "artist_name": "x"})
    story.errors.append(f"{refused.value!r} {refused.value.__dict__}")


async def failures(story: Story) -> None:
    asked = await story.client.execute("fail-named", {"name": NAME})
    with pytest.raises(SkillFailed) as failed:
        await story.client.skill_outcome(asked.id)
    assert failed.value.partial == {"name": NAME}
    story.errors.append(f"{failed.value!r} {failed.value.message}")
    steps = [{"skill": "fail-named", "input": {"name": NAME}}]
    session_id = str(uuid4())
    await story.queue("session", "run", {"session_id": session_id, "agent": "tester", "steps": steps})
    with pytest.raises(WorkflowFailed) as ended:
        await story.client.outcome(session_id)
    story.errors.append(f"{ended.value!r} {ended.value.message}")


async def test_the_search_finds_what_is_there(story):
    """The outlet is public: where it is found, the person would be found too."""
    folder = story.stack.data
    assert any(file.startswith("nats") for file in OUTLET.files(folder))
    assert OUTLET.hits((await dump(story.stack.place.database_url))["public.contacts"])
    assert any(map(OUTLET.hits, story.feed))
    assert Canary(("invoke_agent",)).hits(b"".join(story.receiver.bodies))


async def test_the_client_shows_the_real_name(story):
    for session_id in (story.session_id, story.queued_id, story.own_id):
        for told in await story.shown(session_id):
            assert {"Zephyrine", "Birdcage"} <= CANARY.hits_in(told)
    assert NAME in story.pitch["body"]
    assert story.report["errors"][0]["line"] == 4


async def test_every_skill_was_run_and_some_speak_of_the_person(story):
    assert None not in story.every.values()
    named = {skill for skill, output in story.every.items() if CANARY.hits_in(output)}
    assert named >= {"generate-pitch", "research-contacts", "score-contacts", "write-press-release"}


async def test_the_client_shows_what_the_person_answered(story):
    rows = await story.client.records.rows("outreach")
    assert [row.event for row in rows] == ["replied", "replied", "sent"]
    assert all(NAME in row.detail for row in rows)


async def test_no_table_of_any_schema_holds_the_person(story):
    found = {table: CANARY.hits(text) for table, text in (await dump(story.stack.place.database_url)).items()}
    assert "vault.keys" in found
    assert {table: hits for table, hits in found.items() if hits} == {}


async def test_no_message_of_the_feed_holds_the_person(story):
    assert [message for message in story.feed if CANARY.hits(message)] == []


async def test_no_error_holds_the_person(story):
    assert len(story.errors) > 15
    assert [error for error in [*story.errors, json.dumps(story.report)] if CANARY.hits(error.encode())] == []


async def test_no_span_holds_the_person(story):
    await asyncio.to_thread(story.receiver.wait, lambda spans: any("chat" in span.name for span in spans))
    assert [body for body in story.receiver.bodies if CANARY.hits(body)] == []
    assert [span for span in story.receiver.spans() if CANARY.hits(str(span).encode())] == []


async def test_no_dead_letter_was_needed(story):
    assert await story.client.operator.dead_letters() == []


@pytest.fixture(scope="module")
async def erased(story) -> Story:
    client = story.client
    told = await client.door.ask(client.user, "contacts", "erase", {"email": EMAIL})
    assert (told["erased"], told["contact_id"]) == (True, story.contact_id)
    await client.tables.caught_up(told["seq"])
    return story


async def test_an_erased_person_is_shown_no_more(erased):
    for session_id in (erased.session_id, erased.queued_id, erased.own_id):
        for told in await erased.shown(session_id):
            assert CANARY.hits_in(told) == set()
            assert "[erased]" in json.dumps(told, default=str)


async def test_that_the_person_answered_is_still_counted_but_not_what(erased):
    async with await client_of(erased.stack, erased.client.user) as fresh:
        rows = await fresh.records.rows("outreach")
    assert [(row.event, row.detail, row.contact) for row in rows] == [
        ("replied", "[erased]", None),
        ("replied", "[erased]", None),
        ("sent", "[erased]", None),
    ]


async def test_the_others_stay_readable(erased):
    for told in await erased.shown(erased.session_id):
        assert OTHER in json.dumps(told, default=str)


async def test_an_erased_address_is_not_imported_again(erased):
    client = erased.client
    report = await client.records.load("contacts", CSV.encode())
    assert (report["imported"], report["unchanged"], report["failed"]) == (0, 1, 2)
    assert [error["line"] for error in report["errors"]] == [2, 4]
    assert "erased" in report["errors"][0]["message"]
    assert CANARY.hits_in(report) == set()


async def test_a_rebuild_brings_nobody_back(erased):
    await erased.client.operator.rebuild()
    for told in await erased.shown(erased.session_id):
        assert CANARY.hits_in(told) == set()
    row = await erased.client.tables.row("SELECT * FROM contacts WHERE id = $1", UUID(erased.contact_id))
    assert row["erased"]
    assert CANARY.hits_in(row) == set()


async def test_no_file_holds_the_person_neither_before_nor_after_the_stop(erased):
    """NATS' files, PostgreSQL's files and its write-ahead log, all services' logs."""
    data = erased.stack.data
    await checkpoint(erased.stack.place.database_url)
    assert CANARY.files(data / "nats") == {}
    await erased.client.close()
    await erased.stack.stop()
    files = {path.relative_to(data).parts[0] for path in data.rglob("*") if path.is_file()}
    assert {"nats", "postgres", "logs"} <= files
    assert CANARY.files(data) == {}
