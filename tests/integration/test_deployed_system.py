"""The whole system, each service as its own user, which may do what the system needs and nothing else."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

import otlp
from deployed import ALICE, OPERATOR, SERVICES, Deployment, deployed, grants, matches, process
from rig import all_skills
from servers import Rig, fresh_database
from shared.json import dumps
from shared.vault import migrate
from totalaud.client import Client
from totalaud.connection import Connection
from totalaud.errors import Unreachable, WorkflowFailed
from totalaud.results import WorkflowResult
from totalaud.skillfiles import load
from totalaud.stack import ports

LOOKED_AT = "$JS.API.CONSUMER.INFO.WORK."
Start = Callable[[str, str], Awaitable[None]]
PITCH = {"artist_name": "A", "genre": "synthpop", "contact_name": "a presenter"}
NOT_IN_THE_STORY = {
    "attempt.*.defer": "a provider that takes no more calls: test_few_calls",
    "attempt.*.beat": "an attempt that lasts: test_deploy_permissions",
    "late.*": "a report that nobody answered: test_deploy_conf",
    "$JS.API.DIRECT.GET.CMD.late.*": "a runner that fell silent: test_deploy_conf",
    "dlq.custom": "work that failed for good: test_deploy_permissions",
    "dlq.openai": "likewise",
    "dlq.anthropic": "likewise",
    "dlq.traces": "a commit that no span can be made of: test_trace_exporter",
    "$JS.ACK.*.*.CMD.orchestrator.>": "the second form of acknowledgements, which NATS has announced",
    "$JS.ACK.*.*.EVT.traces.>": "likewise",
    "$JS.ACK.*.*.WORK.>": "likewise",
    "evt.*.ledger.*": "a budget: no user of this story has one",
}


@dataclass
class Story:
    """How it went, what the services said, and what the server heard from whom."""

    result: WorkflowResult
    status: str
    logs: dict[str, str]
    said: set[tuple[str, str]]
    heard: set[tuple[str, str]]


@pytest.fixture(scope="module")
async def story(_postgres: Rig, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    folder = tmp_path_factory.mktemp("system")
    with otlp.receiver() as receiver:
        async with (
            fresh_database(_postgres.url) as database_url,
            deployed(folder, trace=True) as deployment,
        ):
            await migrate(database_url)
            async with AsyncExitStack() as running:
                all_skills(folder / "skills")
                model_port = ports.free_port()
                model = (sys.executable, "-m", "totalaud.model_server", "--port", str(model_port))
                await running.enter_async_context(process(folder / "model-server", model, {}))
                env = {
                    "TOTALAUD_DATABASE_URL": database_url,
                    "TOTALAUD_MASTER_KEY": "ab" * 32,
                    "TOTALAUD_LOCAL_MODEL_URL": f"http://{ports.LOOPBACK}:{model_port}",
                    "TOTALAUD_SKILLS": str(folder / "skills"),
                    "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
                }

                async def start(user: str, log: str) -> None:
                    command = (sys.executable, "-m", user.replace("-", "_"))
                    own = env | {"TOTALAUD_NATS_URL": deployment.url(user)}
                    await running.enter_async_context(process(folder / log, command, own))

                for user in SERVICES:
                    await start(user, user)
                result, status = await tell(deployment, database_url, folder, start)
            trace = re.findall(
                r'"\w+/user:([\w-]+)" - <<- \[(H?PUB|SUB) (\S+)', (folder / "nats.log").read_text()
            )
            yield Story(
                result,
                status,
                {user: (folder / user).read_text() for user in SERVICES},
                {(user, subject) for user, verb, subject in trace if verb != "SUB"},
                {(user, subject) for user, verb, subject in trace if verb == "SUB"},
            )


async def tell(
    deployment: Deployment, database_url: str, folder: Path, start: Start
) -> tuple[WorkflowResult, str]:
    """One of each thing that a client and an operator do."""
    async with await client(deployment, OPERATOR, database_url) as operator:
        loaded = load(folder / "skills")
        await when_there(lambda: operator.operator.push(loaded.skills, loaded.agents))
    async with await client(deployment, "alice", database_url) as alice:
        rows = {"rows": [{"name": "Jane Example", "email": "jane@example.org", "type": "radio"}]}
        await when_there(lambda: alice.door.ask(ALICE, "contacts", "import", rows))
        await alice.door.ask(ALICE, "contacts", "import", rows)
        await recorded(alice)
        step = {"skill": "research-contacts", "input": {"query": "radio"}}
        started = await alice.run("scout-agent", [step, {"skill": "generate-pitch", "input": PITCH}])
        result = await alice.outcome(started.id)
        record = await alice.get(started.id, min_seq=result.seq)
        alone = await alice.execute("generate-pitch", PITCH)
        await alice.skill_outcome(alone.id)
        await cancelled(alice, folder / "nats.log", start)
        await queued(alice)
        await alice.door.ask(ALICE, "contacts", "erase", {"email": "jane@example.org"})
    async with await client(deployment, OPERATOR, database_url) as operator:
        await operator.operator.rebuild()
        while not await operator.operator.dead_letters():
            continue
    return result, record.status


async def recorded(alice: Client) -> None:
    """A record of every noun."""
    records = alice.records
    await records.set_artist("Nobody")
    await records.plan_release("Nobody", "Nothing", "single", "2027-01-08")
    await records.create_campaign("Spring", artist="Nobody")
    await records.record_outreach("Spring", "jane@example.org", "sent", "2026-05-01T10:00:00Z")
    await records.load("opportunities", b"title,kind,deadline\nNew sounds,festival,2027-03-01\n")
    await records.load("coverage", b"artist,outlet,date\nNobody,Tees Valley FM,2026-05-02\n")


async def cancelled(alice: Client, server_log: Path, start: Start) -> None:
    """An orchestrator that comes finds work open; then it is cancelled."""
    running = await alice.run("tester", [{"skill": "sleep", "input": {"seconds": 20}}])
    async for commit in alice.watch(running.id):
        if any(event["type"] == "AttemptRequested" for event in commit.events):
            await start("orchestrator", "orchestrator-2")
            while LOOKED_AT not in server_log.read_text():
                await asyncio.sleep(0.1)
            await alice.cancel(running.id)
    with pytest.raises(WorkflowFailed):
        await alice.outcome(running.id)


async def queued(alice: Client) -> None:
    """A start with something personal in it, and something that is no command."""
    session_id = uuid4()
    start = {
        "session_id": str(session_id),
        "agent": "coach",
        "steps": [{"skill": "generate-pitch", "input": PITCH}],
    }
    await alice.bus.publish(f"cmd.{ALICE}.session.run", dumps(start))
    await alice.outcome(session_id)
    await alice.bus.publish(f"cmd.{ALICE}.session.run", b"no command")


async def when_there(ask: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await ask()
        except Unreachable:
            continue
        return


async def client(deployment: Deployment, user: str, database_url: str) -> Client:
    connection = Connection(deployment.url(user), database_url, Path(), "ab" * 32, None)
    return await Client.connect(connection, user=ALICE)


@pytest.mark.timeout(240)
async def test_a_workflow_runs_to_its_end(story):
    assert story.result.status == "completed"
    assert story.status == "completed"


@pytest.mark.parametrize("user", SERVICES)
async def test_no_service_asks_for_more_than_it_may(story, user):
    assert "violation" not in story.logs[user].lower()


@pytest.mark.parametrize("user", SERVICES)
async def test_no_service_is_given_more_than_it_needs(story, user):
    """What the story has no use for is named above, with where it is used."""
    published, heard = grants(user)
    said = [subject for by, subject in story.said if by == user]
    idle = [one for one in published if not any(matches(one, subject) for subject in said)]
    asleep = [
        one for one in heard if not any(matches(one, subject) for by, subject in story.heard if by == user)
    ]
    assert [one for one in (*idle, *asleep) if one not in NOT_IN_THE_STORY] == []
