"""Bob knows the ids of all that is Alice's: no door, table, client or command line shows or touches it."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import pytest

from asking import Told, command, environment_of, totalaud
from rig import client_of
from shared.refusal import Refusal
from totalaud import readers
from totalaud.client import Client
from totalaud.connection import Connection
from totalaud.stack.local import LocalStack

SECRET = "the second verse of an unreleased song"
ECHO = {"skill": "echo", "input": {"text": SECRET}}
FAIL = {"skill": "fail-partly", "input": {"until": 1}}
CONTACT = {
    "name": "Zephyrine Birdcage",
    "email": "zephyrine@example.org",
    "outlet": "Aviary Hour",
    "type": "radio",
}


@dataclass
class Scene:
    """What Alice has, and Bob, who reads PostgreSQL by a role of his own."""

    stack: LocalStack
    alice: Client
    bob: Client
    session: UUID
    failed: UUID
    execution: UUID
    seq: int
    bob_url: str


@pytest.fixture(scope="module")
async def scene(stack: LocalStack) -> AsyncIterator[Scene]:
    alice = await client_of(stack, uuid4())
    url = await readers.add(stack.place.database_url, bob_id := uuid4())
    connection = replace(Connection.of(stack), database_url=url, master_key_file=None)
    bob = await Client.connect(connection, user=bob_id)
    session = await alice.run("tester", [ECHO])
    await alice.outcome(session.id)
    failed = await alice.run("tester", [ECHO, FAIL])
    async for _ in alice.watch(failed.id):
        continue
    execution = await alice.execute("echo", ECHO["input"])
    await alice.skill_outcome(execution.id)
    told = await alice.door.ask(alice.user, "contacts", "import", {"rows": [CONTACT]})
    await alice.tables.caught_up(told["seq"])
    try:
        yield Scene(
            stack, alice, bob, UUID(session.id), UUID(failed.id), UUID(execution.id), told["seq"], url
        )
    finally:
        await alice.close()
        await bob.close()
        await readers.remove(stack.place.database_url, bob_id)


async def told_by(scene: Scene, user: UUID, url: str, *words: str) -> Told:
    """Run a command as somebody who has a URL of their own, and no master key."""
    env = {**environment_of(scene.stack), "TOTALAUD_DATABASE_URL": url, "TOTALAUD_MASTER_KEY_FILE": ""}
    data = str(scene.stack.data / "elsewhere")
    return await command(*words, "--user", str(user), "--data", data, **env)


async def ask(scene: Scene, noun: str, verb: str, **body: Any) -> dict[str, Any]:
    given = {name: str(value) if isinstance(value, UUID) else value for name, value in body.items()}
    return await scene.bob.door.ask(scene.bob.user, noun, verb, given)


async def test_the_history_of_anothers_session_is_empty(scene):
    assert (await ask(scene, "session", "events", session_id=scene.session))["commits"] == []
    assert (await ask(scene, "skill", "events", execution_id=scene.execution))["commits"] == []


async def test_another_s_session_is_not_retried(scene):
    before = [commit async for commit in scene.alice.events(scene.failed)]
    with pytest.raises(Refusal) as refused:
        await ask(scene, "session", "retry", session_id=scene.failed)
    assert refused.value.code == "not_found"
    assert [commit async for commit in scene.alice.events(scene.failed)] == before


async def test_cancelling_another_s_session_stops_nothing_of_theirs(scene):
    running = await scene.alice.run("tester", [{"skill": "sleep", "input": {"seconds": 1}}, ECHO])
    with pytest.raises(Refusal) as refused:
        await ask(scene, "session", "cancel", session_id=UUID(running.id))
    assert refused.value.code == "not_found"
    assert (await scene.alice.outcome(running.id)).status == "completed"


async def test_a_skill_is_not_filed_beside_another_s_session(scene):
    with pytest.raises(Refusal) as refused:
        await ask(scene, "skill", "execute", skill="echo", input={"text": "x"}, session_id=scene.session)
    assert (refused.value.code, refused.value.field) == ("not_found", "session_id")


async def test_the_same_id_is_another_session_and_leaves_the_first_as_it_is(scene):
    """Ids are chosen by clients: that of another user's session names one of one's own."""
    with pytest.raises(Refusal):
        await scene.bob.known(scene.session)
    before = [commit async for commit in scene.alice.events(scene.session)]
    step = {"skill": "echo", "input": {"text": "bob's"}}
    await scene.bob.run("tester", [step], session_id=scene.session)
    assert (await scene.bob.outcome(scene.session)).outputs == [{"text": "bob's"}]
    assert [commit async for commit in scene.alice.events(scene.session)] == before
    record = await scene.alice.get(scene.session)
    assert (record.user_id, record.initial_input) == (str(scene.alice.user), ECHO["input"])


async def test_an_id_that_two_users_derive_alike_is_the_first_one_s(scene):
    """The tables have each id once: under another user's a session would be paid for and never shown."""
    order = uuid5(NAMESPACE_URL, f"https://example.org/orders/{uuid4()}")
    await scene.alice.outcome((await scene.alice.run("tester", [ECHO], session_id=order)).id)
    with pytest.raises(Refusal) as refused:
        await scene.bob.run("tester", [ECHO], session_id=order)
    assert (refused.value.code, refused.value.field) == ("conflict", "session_id")
    queued = []
    for agent in ("tester", "nobody"):
        body = json.dumps({"session_id": str(order), "agent": agent, "steps": [ECHO]}).encode()
        queued.append((await scene.bob.bus.publish(f"cmd.{scene.bob.user}.session.run", body)).seq)
    async with asyncio.timeout(10):
        while not {*queued} <= {one["seq"] for one in await scene.alice.operator.dead_letters(10_000)}:
            await asyncio.sleep(0.05)
    assert [commit async for commit in scene.bob.events(order)] == []


async def test_work_under_the_id_of_another_s_session_does_not_stand_in_its_way(scene):
    """Bob runs as many steps of the same skills, ahead of Alice's own."""
    slow = {"skill": "sleep", "input": {"seconds": 0.5}}
    running = await scene.alice.run("tester", [slow, ECHO, ECHO])
    await scene.bob.run("tester", [ECHO, ECHO, ECHO], session_id=UUID(running.id))
    assert (await scene.alice.outcome(running.id)).outputs[1:] == [ECHO["input"]] * 2
    assert (await scene.bob.outcome(running.id)).outputs == [ECHO["input"]] * 3


async def test_nothing_of_anothers_is_read_by_the_python_client(scene):
    for call in (scene.bob.get, scene.bob.cost, scene.bob.known):
        with pytest.raises(Refusal) as refused:
            await call(scene.failed)
        assert refused.value.code == "not_found"
    assert await scene.bob.executions(scene.failed) == []
    assert {row["user_id"] for row in await scene.bob.list(limit=1000)} <= {str(scene.bob.user)}
    assert await scene.bob.records.rows("contacts") == []
    contact = (await scene.alice.records.rows("contacts"))[0]
    with pytest.raises(Refusal) as refused:
        await scene.bob.records.export(UUID(contact.id))
    assert refused.value.code == "not_found"


async def test_a_lie_about_who_one_is_shows_nothing(scene):
    """The client's `user` is what a program says; the role is what PostgreSQL knows."""
    liar = await Client.connect(
        replace(Connection.of(scene.stack), database_url=scene.bob_url, master_key_file=None),
        user=scene.alice.user,
    )
    try:
        assert await liar.records.rows("contacts") == []
        assert await liar.list(user=scene.alice.user) == []
        with pytest.raises(Refusal):
            await liar.get(scene.failed)
    finally:
        await liar.close()


@pytest.mark.parametrize(
    "words",
    [
        ("session", "get", "{failed}"),
        ("session", "events", "{failed}"),
        ("session", "result", "{failed}"),
        ("session", "list", "--limit", "1000"),
        ("contacts", "list"),
        ("contacts", "export", "{contact}"),
        ("ask", "Which contacts play synthpop?"),
    ],
    ids=" ".join,
)
async def test_nothing_of_anothers_is_told_by_the_command_line(scene, words):
    contact = (await scene.alice.records.rows("contacts"))[0]
    asked = [word.format(failed=scene.failed, contact=contact.id) for word in words]
    told = await told_by(scene, scene.bob.user, scene.bob_url, *asked)
    assert "Traceback" not in told.err
    shown = told.out + told.err
    assert not [word for word in (SECRET, "Zephyrine", "Aviary", str(scene.alice.user)) if word in shown]


async def test_a_reader_s_own_session_is_there_with_its_plain_values(scene):
    own = await scene.bob.run("tester", [ECHO])
    result = await scene.bob.outcome(own.id)
    record = await scene.bob.get(own.id, min_seq=result.seq)
    assert record.status == "completed"
    assert record.steps[0].output == {"text": SECRET}


async def test_without_the_master_key_an_own_contact_reads_sealed(scene):
    told = await scene.bob.door.ask(scene.bob.user, "contacts", "import", {"rows": [CONTACT]})
    await scene.bob.tables.caught_up(told["seq"])
    (row,) = await scene.bob.records.rows("contacts")
    assert (row.name, row.outlet) == ("[sealed]", "Aviary Hour")


async def test_the_master_key_alone_opens_nothing_for_a_role_without_the_vault(scene):
    connection = replace(Connection.of(scene.stack), database_url=scene.bob_url)
    async with await Client.connect(connection, user=scene.bob.user) as client:
        assert {row.name for row in await client.records.rows("contacts")} <= {"[sealed]"}


async def test_a_url_is_given_and_taken_back_on_the_command_line(scene):
    user = uuid4()
    told = await totalaud(scene.stack, user, "reader", "add", str(user), "--json")
    url = json.loads(told.out)["database_url"]
    assert url.startswith(f"postgresql://reader_{user.hex}:")
    listed = await told_by(scene, user, url, "session", "list", "--json")
    assert (listed.code, json.loads(listed.out)) == (0, [])
    removed = await totalaud(scene.stack, user, "reader", "remove", str(user))
    assert removed.out == "removed\n"
    gone = await told_by(scene, user, url, "session", "list")
    assert gone.code == 1
    assert url.split(":")[2].split("@")[0] not in gone.err


async def test_one_who_starts_a_great_many_sessions_keeps_nobody_else_waiting_for_them(scene: Scene):
    nap = {"skill": "sleep", "input": {"seconds": 0.04}}
    many = await asyncio.gather(*(scene.alice.run("tester", [nap]) for _ in range(160)))
    one = await scene.bob.run("tester", [nap])
    ended = await scene.bob.outcome(one.id)
    others = [(await scene.alice.outcome(each.id)).seq for each in many]
    assert ended.seq < sorted(others)[120]
