"""Who may say and hear what on the deployment's NATS: every other user is denied, family by family."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import nats
import pytest
from nats.errors import NoRespondersError

from campaigns.doors import Doors
from campaigns.main import routes
from deployed import ALICE, BOB, OPERATOR, SERVICES, Deployment, deployed, grants, matches
from shared.bus import Ack
from shared.log import MemoryLog
from shared.memory_vault import MemoryVault
from shared.streams import durables, streams
from shared.subjects import POOLS, RECORDS

ID = "00000000-0000-4000-8000-000000000001"
USERS = [*SERVICES, "alice"]
STREAMS = [str(stream.name) for stream in streams()]
DURABLES = [(durable.stream, durable.name) for durable in durables()]
OWN_NOUNS = ("session", "skill", "budget")
ROUTES = routes(MemoryLog(), MemoryVault())
RECORD_NOUNS = sorted({door.subject.split(".")[2] for door in Doors(ROUTES).open()})

PUBLISHED_BY = {
    "orchestrator": [
        *(f"evt.{ALICE}.{noun}.{ID}" for noun in ("session", "execution", "ledger")),
        *("evt.skill.generate-pitch", "evt.agent.scout", "dlq.orchestrator", "dlq.traces", f"stop.{ID}"),
        *(f"work.{pool}.generate-pitch.{ID}" for pool in POOLS),
        "$JS.API.STREAM.MSG.DELETE.CMD",
        f"$JS.API.DIRECT.GET.CMD.late.{ID}",
        *(f"$JS.API.CONSUMER.INFO.WORK.{pool}" for pool in POOLS),
        "$JS.API.CONSUMER.MSG.NEXT.CMD.orchestrator",
        "$JS.API.CONSUMER.MSG.NEXT.EVT.traces",
        "$JS.ACK.CMD.orchestrator.1.1.1.1.0",
        "$JS.ACK.EVT.traces.1.1.1.1.0",
        "_INBOX_skill-runner.x.y",
    ],
    "skill-runner": [
        *(f"report.{ID}", f"late.{ID}"),
        *(f"attempt.{ID}.{word}" for word in ("start", "defer", "beat")),
        *(f"dlq.{pool}" for pool in POOLS),
        *(f"$JS.API.CONSUMER.MSG.NEXT.WORK.{pool}" for pool in POOLS),
        *(f"$JS.ACK.WORK.{pool}.1.1.1.1.0" for pool in POOLS),
    ],
    "projector": [],
    "campaigns": [*(f"evt.{ALICE}.{noun}.{ID}" for noun in RECORDS), f"erased.{ALICE}.{ID}"],
    "alice": [
        *(f"ask.{ALICE}.{noun}.x" for noun in (*OWN_NOUNS, *RECORD_NOUNS)),
        *(f"cmd.{ALICE}.{noun}.x" for noun in (*OWN_NOUNS, *RECORD_NOUNS)),
    ],
}
PUBLISHED_BY_SERVICES = [*(f"$JS.API.STREAM.INFO.{stream}" for stream in STREAMS), "$JS.API.DIRECT.GET.EVT"]
PUBLISHED_BY_NONE = [
    *(f"{door}.{BOB}.{noun}.x" for door in ("ask", "cmd") for noun in (*OWN_NOUNS, *RECORD_NOUNS)),
    *(f"feed.{user}.session.{ID}" for user in (ALICE, BOB)),
    *(
        "feed.skill.x",
        "dlq.projector",
        "dlq.x",
        "ops.skill.push",
        "ops.skill.enable",
        "ops.projection.rebuild",
    ),
    *(f"evt.{ALICE}.other.{ID}", "evt.x", "x", "_INBOX.x", "_R_.x.y", "$KV.x", "$O.x"),
    *(f"_INBOX_{user}.x.y" for user in (OPERATOR, *USERS) if user != "skill-runner"),
    *("$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.LIST", "$JS.API.META.LEADER.STEPDOWN"),
    *("$JS.API.STREAM.CREATE.NEW", "$JS.API.STREAM.RESTORE.NEW", "$JS.API.ACCOUNT.PURGE.TOTALAUD"),
    *(
        f"$JS.API.STREAM.{verb}.{stream}"
        for stream in STREAMS
        for verb in (
            "CREATE",
            "UPDATE",
            "DELETE",
            "PURGE",
            "SNAPSHOT",
            "RESTORE",
            "MSG.GET",
            "LEADER.STEPDOWN",
            "PEER.REMOVE",
        )
    ),
    *(f"$JS.API.STREAM.MSG.DELETE.{stream}" for stream in STREAMS if stream != "CMD"),
    *(f"$JS.API.DIRECT.GET.{stream}" for stream in STREAMS if stream != "EVT"),
    *(f"$JS.API.DIRECT.GET.EVT.evt.{user}.session.{ID}" for user in (ALICE, BOB)),
    *(f"$JS.API.DIRECT.GET.CMD.cmd.{user}.session.run" for user in (ALICE, BOB)),
    *(
        f"$JS.API.CONSUMER.{verb}.{stream}"
        for stream in STREAMS
        for verb in (
            "CREATE",
            "NAMES",
            "LIST",
            "CREATE",
            "CREATE.x",
            "DURABLE.CREATE.x",
            f"CREATE.x.feed.{BOB}.>",
        )
    ),
    *(
        f"$JS.API.CONSUMER.{verb}.{stream}.{durable}"
        for stream, durable in DURABLES
        for verb in ("DELETE", "INFO", "PAUSE", "UNPIN", "RESET", "CREATE", "LEADER.STEPDOWN")
        if (verb, stream) != ("INFO", "WORK")
    ),
    *(
        "$SYS.REQ.USER.INFO",
        "$SYS.REQ.SERVER.PING",
        "$SYS.REQ.ACCOUNT.PING.CONNZ",
        "$SYS.REQ.SERVER.PING.CONNZ",
    ),
    *("$SYS.REQ.ACCOUNT.PING.STATZ", "$SYS.ACCOUNT.TOTALAUD.CONNECT", "$JS.FC.EVT.traces.x", "$NRG.x"),
]

HEARD_BY = {
    "orchestrator": [
        *(f"ask.*.{noun}.*" for noun in OWN_NOUNS),
        *("report.*", "attempt.*.start", "attempt.*.defer", "attempt.*.beat", "ops.skill.*"),
        *("feed.skill.*", "feed.agent.*", "erased.*.*", "_INBOX_orchestrator.>"),
    ],
    "skill-runner": ["stop.*", "feed.skill.*", "feed.agent.*", "erased.*.*", "_INBOX_skill-runner.>"],
    "projector": [
        *("feed.>", f"feed.{ALICE}.>", f"feed.{BOB}.>", "feed.*.session.*", "feed.skill.*", "feed.agent.*"),
        *("ops.projection.*", "_INBOX_projector.>"),
    ],
    "campaigns": [*(f"ask.*.{noun}.*" for noun in RECORD_NOUNS), "erased.*.*", "_INBOX_campaigns.>"],
    "alice": [f"feed.{ALICE}.>", f"feed.{ALICE}.session.{ID}", "_INBOX_alice.>"],
}
HEARD_BY_NONE = [
    *(
        ">",
        "*",
        "*.>",
        f"*.{ALICE}.>",
        "ask.>",
        "cmd.>",
        "evt.>",
        "work.>",
        "late.*",
        "dlq.>",
        "ops.>",
    ),
    *(f"{door}.{user}.>" for door in ("ask", "cmd", "evt") for user in (ALICE, BOB)),
    *("_INBOX.>", "_INBOX_operator.>", "_R_.>", "$JS.>", "$JS.API.>", "$JS.ACK.>", "$SYS.>"),
    *("$JS.EVENT.ADVISORY.>", "attempt.>"),
]


@pytest.fixture(scope="module")
async def deployment(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    async with deployed(tmp_path_factory.mktemp("nats")) as deployment:
        yield deployment


async def denied(
    deployment: Deployment, user: str, published: Iterable[str] = (), heard: Iterable[str] = ()
) -> set[str]:
    """Return what the server objects to, tried by one connection; a queue group opens nothing."""
    objections: list[str] = []

    async def objected(error: Exception) -> None:
        objections.append(str(error))

    client = await nats.connect(deployment.url(user), error_cb=objected, inbox_prefix=f"_INBOX_{user}")
    try:
        for subject in published:
            await client.publish(subject, b"{}", headers={"Nats-Expected-Last-Sequence": "999999999"})
        for subject in heard:
            await client.subscribe(subject)
            await client.subscribe(subject, queue="orchestrator")
        await client.flush()
        await asyncio.sleep(0.05)
    finally:
        await client.close()
    told = "\n".join(objections)
    return {one for one in (*published, *heard) if f'to "{one.lower()}"' in told}


def others(table: dict[str, list[str]], user: str) -> set[str]:
    """Return what some user may, and this one may not."""
    some = {subject for subjects in table.values() for subject in subjects}
    return {subject for subject in some if not any(matches(own, subject) for own in table[user])}


@pytest.mark.parametrize("user", USERS)
async def test_nobody_may_say_what_is_anothers_to_say(deployment, user):
    forbidden = others(PUBLISHED_BY, user) | set(PUBLISHED_BY_NONE)
    forbidden |= set(PUBLISHED_BY_SERVICES) if user == "alice" else set()
    assert forbidden - await denied(deployment, user, published=forbidden) == set()


@pytest.mark.parametrize("user", USERS)
async def test_nobody_may_hear_what_is_anothers_to_hear(deployment, user):
    forbidden = others(HEARD_BY, user) | set(HEARD_BY_NONE)
    assert forbidden - await denied(deployment, user, heard=forbidden) == set()


@pytest.mark.parametrize("user", SERVICES)
async def test_a_service_is_given_nothing_that_the_tables_here_do_not_know(user):
    """A new grant of the file has to be told here too, which then denies it to all others."""
    published, heard = grants(user)
    assert len(published) > 1
    known = [*PUBLISHED_BY[user], *PUBLISHED_BY_SERVICES]
    assert [
        one
        for one in published
        if not any(matches(one, subject) for subject in known) and "$JS.ACK.*" not in one
    ] == []
    assert sorted(set(heard) - set(HEARD_BY[user])) == []


@pytest.mark.parametrize("user", SERVICES)
async def test_a_service_may_all_that_its_part_of_the_file_says(deployment, user):
    published, heard = grants(user)
    wanted = [subject for subject in PUBLISHED_BY[user] if any(matches(one, subject) for one in published)]
    assert len(wanted) > 0 or user == "projector"
    assert await denied(deployment, user, published=[*wanted, *PUBLISHED_BY_SERVICES], heard=heard) == set()


async def test_a_client_may_ask_queue_and_hear_what_is_its_own(deployment):
    assert await denied(deployment, "alice", PUBLISHED_BY["alice"], HEARD_BY["alice"]) == set()


async def test_a_client_takes_so_many_connections_and_subscriptions_and_leaves_the_others_to_others(
    deployment,
):
    """Each of its own commits goes to each of them before anybody's next one is stored."""
    async with AsyncExitStack() as held:
        first, *_ = [await held.enter_async_context(deployment.bus("alice")) for _ in range(16)]
        with pytest.raises(nats.errors.Error, match="maximum account active connections exceeded"):
            await held.enter_async_context(deployment.bus("alice"))
        await held.enter_async_context(deployment.bus("skill-runner"))
        for _ in range(500):
            await first.client.subscribe(f"feed.{ALICE}.>")
        await first.settled()
        await first.client.subscribe(f"feed.{ALICE}.>")
        async with asyncio.timeout(10):
            while not first.client.is_closed:
                await asyncio.sleep(0.01)
        assert "maximum subscriptions exceeded" in str(first.client.last_error)


async def test_a_client_that_asks_and_does_not_read_holds_up_nobody_else(tmp_path: Path):
    """Its answers are dropped once many wait; NATS would have whoever gives them wait for each."""

    async def answer(message) -> None:
        await message.answer(bytes(10_000))

    async def reported(message) -> None:
        await message.answer(b"{}")

    async with (
        deployed(tmp_path) as deployment,
        deployment.bus("orchestrator") as orchestrator,
        deployment.bus("skill-runner") as runner,
    ):
        place, port = deployment.address.split(":")
        name, password = urlsplit(deployment.url("alice")).netloc.split("@")[0].split(":")
        await orchestrator.listen("ask.*.session.*", answer)
        await orchestrator.listen("report.*", reported)
        await orchestrator.settled()
        _, alice = await asyncio.open_connection(place, int(port), limit=1024)
        with closing(alice):
            login = {"user": name, "pass": password, "verbose": False, "headers": True, "no_responders": True}
            alice.write(b"CONNECT %s\r\nSUB _INBOX_alice.> 1\r\n" % json.dumps(login).encode())
            asked = b"PUB ask.%s.session.events _INBOX_alice.x 2\r\n{}\r\n" % str(ALICE).encode()
            for _ in range(14):
                alice.write(asked * 500)
                assert await runner.request(f"report.{ID}", b"{}", timeout=20) == b"{}"
    assert "Producer was stalled" not in (tmp_path / "nats.log").read_text()


@pytest.mark.parametrize(
    "reply",
    [
        f"evt.{BOB}.session.{ID}",
        "evt.skill.generate-pitch",
        f"stop.{ID}",
        f"work.custom.x.{ID}",
        f"cmd.{BOB}.session.cancel",
        f"ask.{BOB}.session.cancel",
        f"feed.{BOB}.session.{ID}",
        f"late.{ID}",
    ],
)
async def test_an_answer_goes_to_no_subject_of_ours_wherever_a_client_wants_it(deployment, reply):
    """Neither the orchestrator's, nor the server's own acknowledgement of a queued command."""
    heard: list[str] = []

    async def hear(message) -> None:
        heard.append(message.subject)

    async def answer(message) -> None:
        await message.answer(b"{}")

    async with (
        deployment.bus(OPERATOR) as operator,
        deployment.bus("orchestrator") as orchestrator,
        deployment.bus("alice") as alice,
    ):
        await operator.listen(">", hear)
        await orchestrator.listen("ask.*.session.*", answer, queue="orchestrator")
        await operator.settled()
        await orchestrator.settled()
        await alice.client.publish(f"cmd.{ALICE}.session.run", b"{}", reply=reply)
        await alice.client.publish(f"ask.{ALICE}.session.run", b"{}", reply=reply)
        await alice.settled()
        async with asyncio.timeout(5):
            while sum(subject.startswith("_R_.") for subject in heard) < 2:
                await asyncio.sleep(0.01)
        assert {subject for subject in heard if not subject.startswith("_R_.")} == {
            f"cmd.{ALICE}.session.run",
            f"ask.{ALICE}.session.run",
        }


@pytest.mark.parametrize(
    "headers",
    [
        "Nats-Trace-Dest: cmd.{alice}.x.y\r\nNats-Trace-Dest: {history}",
        "Nats-Trace-Dest : {history}",
        "Nats-Trace-Dest: trace disabled\r\nNats-Trace-Dest: {history}",
    ],
)
async def test_an_answer_takes_no_header_of_the_question_along(deployment, headers):
    """A header of NATS in it would be the service's word, which may write into any history."""
    history = f"evt.{BOB}.session.{uuid4()}"
    heard: list[str] = []
    answered = asyncio.Event()

    async def hear(message) -> None:
        heard.append(message.subject)

    async def answer(message) -> None:
        await message.answer(b"{}")
        answered.set()

    async with deployment.bus(OPERATOR) as operator, deployment.bus("orchestrator") as orchestrator:
        await operator.listen("evt.>", hear)
        await orchestrator.listen("ask.*.session.*", answer, queue="orchestrator")
        await operator.settled()
        await orchestrator.settled()
        await say(deployment, headers.format(alice=ALICE, history=history))
        async with asyncio.timeout(5):
            await answered.wait()
        await orchestrator.settled()
        await operator.client.publish(f"evt.{BOB}.session.last", b"{}")
        async with asyncio.timeout(5):
            while f"evt.{BOB}.session.last" not in heard:
                await asyncio.sleep(0.01)
    assert history not in heard


async def say(deployment: Deployment, headers: str) -> None:
    """Ask as alice, with headers as no client library would write them."""
    host, port = deployment.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    user, _, password = deployment.url("alice").removeprefix("nats://").rpartition("@")[0].partition(":")
    login = {"user": user, "pass": password, "headers": True, "verbose": False, "pedantic": False}
    head = f"NATS/1.0\r\n{headers}\r\n\r\n"
    asked = f"HPUB ask.{ALICE}.session.run _INBOX_alice.x {len(head)} {len(head) + 2}\r\n{head}{{}}\r\n"
    writer.write(f"CONNECT {json.dumps(login)}\r\n{asked}PING\r\n".encode())
    async with asyncio.timeout(5):
        while b"PONG" not in await reader.readline():
            continue
    writer.close()
    await writer.wait_closed()


async def test_a_client_is_acknowledged_and_told_at_once_when_nobody_answers(deployment):
    async with deployment.bus("alice") as alice:
        ack = await alice.publish(f"cmd.{ALICE}.session.run", b"{}", headers={"Nats-Msg-Id": str(uuid4())})
        assert isinstance(ack, Ack)
        assert ack.stream == "CMD"
        with pytest.raises(NoRespondersError):
            await alice.client.request(f"ask.{ALICE}.skill.execute", b"{}", timeout=2)
