"""How a service begins: told to stop it ends though NATS is away; a wrong setting is named, once."""

import asyncio
import json
import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx2
import psutil
import pytest

from busstage import until
from deployed import process
from rig import ROOT, environment
from servers import data_folder
from shared.bus import Bus
from shared.nats_urls import servers
from shared.refusal import Refusal
from shared.settings import Settings
from shared.streams import provision
from shared.urls import database_url as checked
from shared.vault import Vault, migrate
from standin import STAND_IN
from totalaud.stack import ports
from totalaud.stack.nats import Nats
from totalaud.stack.parts import TAKEN, Part, PartKind, services
from totalaud.stack.server import Server

AWAY = "127.0.0.1:1"
SECRET = "opensesame"
NAMES = ("orchestrator", "skill_runner", "projector", "campaigns")
GIVEN = {
    "TOTALAUD_DATABASE_URL": f"postgresql://x@{AWAY}/x",
    "TOTALAUD_MASTER_KEY": "ab" * 32,
    "TOTALAUD_SKILLS": str(ROOT / "skills"),
    "TOTALAUD_HEALTH_PORT": "0",
}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", ["nats", "tls"])
async def test_a_service_that_waits_for_nats_ends_when_it_is_told_to(
    tmp_path: Path, name: str, scheme: str, number: signal.Signals
):
    log = tmp_path / "log"
    env = GIVEN | {"TOTALAUD_NATS_URL": f"{scheme}://{AWAY}"}
    async with process(log, (sys.executable, "-m", name), env) as running:
        async with asyncio.timeout(30):
            while '"nats"' not in log.read_text():
                await asyncio.sleep(0.05)
        running.send_signal(number)
        assert await asyncio.wait_for(running.wait(), 5) == 0
    assert '"error"' not in log.read_text()


@pytest.mark.parametrize("name", NAMES)
async def test_a_service_leaves_no_memory_on_the_disk_when_it_crashes(tmp_path: Path, name: str):
    log = tmp_path / "log"
    env = GIVEN | {"TOTALAUD_NATS_URL": f"nats://{AWAY}"}
    async with process(log, (sys.executable, "-m", name), env) as running, asyncio.timeout(30):
        while '"nats"' not in log.read_text():
            await asyncio.sleep(0.05)
        assert psutil.Process(running.pid).rlimit(psutil.RLIMIT_CORE) == (0, 0)


@pytest.fixture
def provisioned(bus: Bus, nats_url: str) -> str:
    """A NATS with the streams."""
    return nats_url


async def last_words(log: Path, name: str, env: dict[str, str]) -> list[str]:
    async with process(log, (sys.executable, "-m", name), GIVEN | env) as running:
        assert await asyncio.wait_for(running.wait(), 30) == 1
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert SECRET not in log.read_text()
    return [one["exception"].get("message") for one in told if one["level"] in ("error", "critical")]


@pytest.mark.parametrize(
    ("name", "env", "said"),
    [
        ("orchestrator", {"TOTALAUD_HEALTH_PORT": "abc"}, "TOTALAUD_HEALTH_PORT: 'abc' is not a number of 0"),
        ("orchestrator", {"TOTALAUD_HEALTH_PORT": "70000"}, "TOTALAUD_HEALTH_PORT: '70000' is not a number"),
        ("campaigns", {"TOTALAUD_HEALTH_HOST": "192.0.2.1"}, "TOTALAUD_HEALTH_HOST: 192.0.2.1:0 cannot be"),
        ("campaigns", {"TOTALAUD_HEALTH_HOST": "no.invalid"}, "TOTALAUD_HEALTH_HOST: no.invalid:0 cannot be"),
        ("orchestrator", {"TOTALAUD_MASTER_KEY": "zz"}, "TOTALAUD_MASTER_KEY must hold 32 bytes"),
        ("campaigns", {"TOTALAUD_MASTER_KEY": "", "TOTALAUD_MASTER_KEY_FILE": "/none"}, "file /none cannot"),
        ("skill_runner", {"TOTALAUD_SKILLS": "/none"}, "TOTALAUD_SKILLS: /none is no folder"),
        ("skill_runner", {"TOTALAUD_GRACE_S": "-1"}, "TOTALAUD_GRACE_S: '-1' is not a number of 0 or more"),
        ("skill_runner", {"OPENAI_BASE_URL": f"u:{SECRET}@h"}, "OPENAI_BASE_URL: not a URL such as https://"),
        ("orchestrator", {"TOTALAUD_LOCAL_MODEL_URL": "h:1"}, "TOTALAUD_LOCAL_MODEL_URL: not a URL such as"),
        *((one, {"OTEL_EXPORTER_OTLP_ENDPOINT": "x"}, "OTEL_EXPORTER_OTLP_ENDPOINT: not a") for one in NAMES),
        ("skill_runner", {"TOTALAUD_MODELS": "/none"}, "TOTALAUD_MODELS: /none: it cannot be read: No such"),
    ],
)
async def test_a_wrong_setting_is_named_once(
    provisioned: str, tmp_path: Path, name: str, env: dict[str, str], said: str
):
    (told,) = await last_words(tmp_path / "log", name, {"TOTALAUD_NATS_URL": provisioned} | env)
    assert said in told


@pytest.mark.parametrize("name", ["orchestrator", "skill_runner", "campaigns"])
async def test_a_master_key_that_the_vault_was_not_made_with_is_refused(
    provisioned: str, database_url: str, tmp_path: Path, name: str
):
    await migrate(database_url)
    vault = await Vault.connect(database_url, bytes(32))
    await vault.make_keys(uuid4(), [uuid4()])
    await vault.close()
    env = {"TOTALAUD_NATS_URL": provisioned, "TOTALAUD_DATABASE_URL": database_url}
    (told,) = await last_words(tmp_path / "log", name, env)
    assert told == (
        "this vault has another master key: restore that one, or the new one of a 'totalaud rekey'"
    )


async def test_a_health_port_that_is_taken_is_named(nats_url: str, tmp_path: Path):
    with socket.create_server((ports.LOOPBACK, 0)) as holder:
        port = str(holder.getsockname()[1])
        (told,) = await last_words(
            tmp_path / "log", "orchestrator", {"TOTALAUD_NATS_URL": nats_url, "TOTALAUD_HEALTH_PORT": port}
        )
    assert told == f"TOTALAUD_HEALTH_PORT: {ports.LOOPBACK}:{port} {TAKEN}"


async def test_health_is_told_where_the_settings_say(provisioned: str, database_url: str, tmp_path: Path):
    elsewhere, port = "127.0.0.2", ports.free_port()
    env = GIVEN | {"TOTALAUD_NATS_URL": provisioned, "TOTALAUD_DATABASE_URL": database_url}
    env |= {"TOTALAUD_HEALTH_HOST": elsewhere, "TOTALAUD_HEALTH_PORT": str(port)}
    async with process(tmp_path / "log", (sys.executable, "-m", "campaigns"), env), asyncio.timeout(30):
        while True:
            with suppress(urllib.error.URLError):
                url = f"http://{elsewhere}:{port}/healthz"
                with await asyncio.to_thread(urllib.request.urlopen, url) as answer:
                    assert answer.read() == b"ok"
                    break
            await asyncio.sleep(0.05)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(ports.LOOPBACK, port)


async def test_who_reaches_a_service_s_health_port_can_look_and_say_nothing(
    provisioned: str, database_url: str, bus: Bus, tmp_path: Path
):
    port, subject = ports.free_port(), f"evt.{UUID(int=1)}.contact.{UUID(int=2)}"
    env = GIVEN | {"TOTALAUD_NATS_URL": provisioned, "TOTALAUD_DATABASE_URL": database_url}
    env["TOTALAUD_HEALTH_PORT"] = str(port)
    told = {"channelName": subject, "message": {"message": {}}, "options": {"sendToRealBroker": True}}
    async with (
        process(tmp_path / "log", (sys.executable, "-m", "campaigns"), env),
        httpx2.AsyncClient(base_url=f"http://{ports.LOOPBACK}:{port}", trust_env=False) as client,
        asyncio.timeout(30),
    ):
        while True:
            with suppress(httpx2.ConnectError):
                if (await client.get("/healthz")).is_success:
                    break
            await asyncio.sleep(0.05)
        for path in ("/healthz", "/metrics", "/docs", "/docs.json"):
            assert (await client.get(path)).is_success
            assert (await client.post(path, json=told)).status_code == 405
        assert (await client.post("/docs/try", json=told)).status_code == 404
        assert "totalaud campaigns" in (await client.get("/docs.json")).text
        assert "<code>ask.*.contacts.*</code>" in (await client.get("/docs")).text
    assert (await bus.client.jetstream().stream_info("EVT")).state.messages == 0


async def test_a_free_port_that_somebody_else_took_meanwhile_is_chosen_anew(tmp_path: Path):
    part = Part("one", ())
    words = f"TOTALAUD_HEALTH_PORT: {ports.LOOPBACK}:1 {TAKEN}"
    assert PartKind(part, {}, tmp_path).passes(words)
    assert not PartKind(part, {}, tmp_path, port=1).passes(words)


async def test_a_stranger_that_answers_on_its_port_is_not_taken_for_a_service(tmp_path: Path):
    kind = PartKind(STAND_IN, os.environ, tmp_path)
    stranger = Server(kind, tmp_path)
    await stranger.start()
    assert stranger.child
    assert await kind.answers(stranger.child.pid)
    assert await kind.lives(stranger.child.pid)
    assert not await kind.answers(os.getpid())
    assert not await kind.lives(os.getpid())
    await stranger.stop()
    assert not await kind.lives(stranger.child.pid)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.0 200 OK\r\n", b"x" * 100_000, b"\r\n\r\n"])
async def test_who_speaks_no_http_on_its_port_is_not_taken_for_a_service(said: bytes, tmp_path: Path):
    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(said)
        writer.close()

    port = ports.free_port()
    kind = PartKind(STAND_IN, os.environ, tmp_path, port)
    await kind.prepare()
    async with await asyncio.start_server(tell, ports.LOOPBACK, port):
        assert not await kind.answers(os.getpid())
        assert not await kind.lives(os.getpid())


async def test_a_password_that_nats_refuses_is_blamed_on_its_setting(nats_url: str, tmp_path: Path):
    place = urlsplit(nats_url).netloc.rsplit("@", 1)[1]
    (told,) = await last_words(
        tmp_path / "log", "campaigns", {"TOTALAUD_NATS_URL": f"nats://totalaud:{SECRET}@{place}"}
    )
    assert told == "TOTALAUD_NATS_URL: the server says: Authorization Violation"


async def test_a_service_that_nats_does_not_let_in_again_ends_and_says_why(database_url: str, tmp_path: Path):
    log = tmp_path / "log"
    with data_folder() as data:
        kind = Nats(data)
        server = Server(kind, data / "logs")
        await server.start()
        bus = await Bus.connect(kind.url, name="test")
        await provision(bus, ack_wait_s=5)
        env = GIVEN | {"TOTALAUD_NATS_URL": kind.url, "TOTALAUD_DATABASE_URL": database_url}
        async with process(log, (sys.executable, "-m", "projector"), env) as running:
            assert await bus.request("ops.projection.status", b"{}", timeout=30)
            await bus.close()
            await server.kill()
            kind._password = "another"
            await server.start()
            assert await asyncio.wait_for(running.wait(), 30) == 1
        await server.stop()
    last = json.loads(log.read_text().splitlines()[-1])
    assert last["exception"]["message"] == "TOTALAUD_NATS_URL: the server says: Authorization Violation"


async def test_a_service_ends_in_order_though_nats_went_away_before_it(database_url: str, tmp_path: Path):
    with data_folder() as data:
        nats = Server(kind := Nats(data), data / "logs")
        await nats.start()
        bus = await Bus.connect(kind.url, name="test")
        await provision(bus, ack_wait_s=5)
        await bus.close()
        env = os.environ | GIVEN | {"TOTALAUD_NATS_URL": kind.url, "TOTALAUD_DATABASE_URL": database_url}
        running = [Server(PartKind(part, env, tmp_path), tmp_path) for part in services()]
        try:
            await asyncio.gather(*(one.start() for one in running))
            await nats.stop()
            await until(lambda: all('"nats"' in log.read_text() for log in tmp_path.glob("*.log")))
        finally:
            await asyncio.gather(*(one.stop() for one in running))
    assert [one.child.code for one in running if one.child] == [0, 0, 0, 0]
    assert not [log.name for log in tmp_path.glob("*.log") if '"error"' in log.read_text()]


@pytest.mark.parametrize(
    "url",
    [
        *(" ", ",", "nats://", "nats://h:65536", f"http://u:{SECRET}@h:1", f"nats://u:{SECRET}@h:port"),
        *(f"nats://u:{SECRET}/x@h:1", f"nats://u:{SECRET}[x@h:1", f"u:{SECRET}[x]y@h:1"),
        *(f"nats://u:{SECRET}\u2100@h:1", "ws://h:1", f"wss://u:{SECRET}@h:1"),
    ],
)
def test_what_is_no_url_of_nats_is_refused_and_not_repeated(url: str):
    with pytest.raises(Refusal, match="not nats://") as refusal:
        servers(url)
    assert SECRET not in refusal.value.message


@pytest.mark.parametrize(
    "url",
    [
        *("localhost", "h:1", "nats://h", "tls://u:p@h:1", "nats://token@[::1]:4222", "tls://h:1/"),
        "nats://u:p@:%40:99999{}$;!ä@h:65535",
    ],
)
def test_every_form_of_a_url_of_nats_is_taken(url: str):
    assert servers(url) == [url]


def test_servers_of_a_cluster_stand_with_commas_between():
    assert servers("nats://a:1, tls://b,") == ["nats://a:1", "tls://b"]


@pytest.mark.parametrize(
    "place",
    [f"u:{SECRET}[x@h/x", f"u:{SECRET}[x]y@h/x", f"u:{SECRET}\u2100@h/x", "h:65536/x", "h:1,h:65536/x"],
)
def test_what_is_no_url_of_postgresql_is_refused_and_not_repeated(place: str):
    with pytest.raises(Refusal, match="not postgresql://") as refusal:
        checked(f"postgresql://{place}")
    assert SECRET not in refusal.value.message


@pytest.mark.parametrize("place", ["u:%5B%2F%40@h:65535/x", "h:1,i:2/x", "/x?options=-c%20a.b=:99999"])
def test_every_form_that_postgresql_knows_is_taken(place: str):
    assert checked(f"postgresql://{place}") == f"postgresql://{place}"


@pytest.mark.parametrize(
    ("name", "value"),
    [("TOTALAUD_ACK_WAIT_S", "1e300"), ("TOTALAUD_CONCURRENCY", "1e300"), ("TOTALAUD_CONCURRENCY", "nan")],
)
def test_a_number_that_nothing_can_be_made_of_is_refused(name: str, value: str):
    with environment(**{name: value}), pytest.raises(Refusal, match=f"{name}: '{value}' is not a number"):
        Settings.from_env()
