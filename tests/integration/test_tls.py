"""TLS from the first byte: with the right CA it works; without, or with another one, nothing is said."""

import asyncio
import gc
import re
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from nats.aio.msg import Msg
from structlog.testing import capture_logs

from certificates import Authority
from deployed import ALICE, OPERATOR, ROOT, Deployment, deployed, process
from rig import environment
from shared.bus import Bus
from shared.nats_urls import secured
from shared.refusal import Refusal
from shared.vault import Unavailable, Vault
from totalaud.door import Door, connect
from totalaud.errors import Unreachable
from totalaud.stack import ports

GREETING = b'INFO {"server_id":"x","version":"2.15.1","max_payload":1048576,"auth_required":true}\r\n'
SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@pytest.fixture(autouse=True)
def _left_behind() -> Iterator[None]:
    """A connection that nobody closed is an error of the test that made it."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"), "ca")


@pytest.fixture(scope="module")
async def secure(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    """The deployment's NATS with TLS switched on."""
    certificate, key = authority.vouch("nats", ports.LOOPBACK)
    with environment(TOTALAUD_NATS_CA=str(authority.file)):
        async with deployed(
            tmp_path_factory.mktemp("nats"),
            ROOT / "deploy" / "nats-tls.conf",
            "tls",
            NATS_TLS_CERT=f'"{certificate}"',
            NATS_TLS_KEY=f'"{key}"',
        ) as deployment:
            yield deployment


async def test_a_service_and_a_client_speak_over_tls(secure, database_url, tmp_path, caplog):
    log = tmp_path / "orchestrator"
    env = {
        "TOTALAUD_NATS_URL": secure.url("orchestrator"),
        "TOTALAUD_DATABASE_URL": database_url,
        "TOTALAUD_MASTER_KEY": "ab" * 32,
    }
    async with process(log, (sys.executable, "-m", "orchestrator"), env):
        bus = await connect(secure.url("alice"))
        assert bus.client._transport._io_writer.get_extra_info("ssl_object").version() == "TLSv1.3"
        body = {"session_id": str(uuid4())}
        async with asyncio.timeout(30):
            while True:
                try:
                    answer = await Door(bus).ask(ALICE, "session", "events", body)
                    break
                except Unreachable:
                    continue
        await bus.close()
    assert answer["commits"] == []
    assert "eof_received" not in log.read_text() + caplog.text


async def test_what_comes_while_a_client_hangs_up_is_no_trouble(secure, caplog):
    """It was said to be a server that does not speak TLS."""

    async def speak() -> None:
        while True:
            await speaker.client.publish("feed.skill.x", bytes(20_000))
            await asyncio.sleep(0)

    with capture_logs() as said:
        async with secure.bus(OPERATOR) as speaker:
            speaking = asyncio.create_task(speak())
            for _ in range(20):
                async with secure.bus(OPERATOR) as hearer:
                    heard = asyncio.Event()
                    await hearer.client.subscribe("feed.skill.x", cb=partial(_rings, heard))
                    await heard.wait()
            speaking.cancel()
    assert said == []


async def _rings(heard: asyncio.Event, _: Msg) -> None:
    heard.set()


async def test_a_client_without_tls_is_told_that_it_is_needed(secure):
    with pytest.raises(Unreachable, match="no greeting in time: it stands still, or wants tls://"):
        await connect(secure.url("alice").replace("tls://", "nats://"))


async def test_a_certificate_of_another_ca_is_refused(secure, tmp_path):
    other = Authority(tmp_path, "other")
    with (
        environment(TOTALAUD_NATS_CA=str(other.file)),
        pytest.raises(Unreachable, match=r"certificate is refused, unable to get .*: see TOTALAUD_NATS_CA"),
    ):
        await connect(secure.url("alice"))


async def test_a_certificate_for_another_host_is_refused(secure):
    elsewhere = secure.url("alice").replace(ports.LOOPBACK, "localhost")
    with pytest.raises(Unreachable, match="certificate is refused, Hostname mismatch"):
        await connect(elsewhere)


async def test_a_service_refuses_to_run_on_a_server_of_another_ca(secure, tmp_path):
    other, log = Authority(tmp_path, "other"), tmp_path / "projector"
    env = {"TOTALAUD_NATS_URL": secure.url("projector"), "TOTALAUD_NATS_CA": str(other.file)}
    async with process(log, (sys.executable, "-m", "projector"), env) as running:
        assert await asyncio.wait_for(running.wait(), 30) != 0
    assert "the NATS server: its certificate is refused, unable to get" in log.read_text()


async def test_a_service_with_a_wrong_password_ends_and_says_so(secure, tmp_path):
    log, url = tmp_path / "projector", re.sub(":[^:@/]+@", ":another@", secure.url("projector"))
    async with process(log, (sys.executable, "-m", "projector"), {"TOTALAUD_NATS_URL": url}) as running:
        assert await asyncio.wait_for(running.wait(), 30) == 1
    assert "TOTALAUD_NATS_URL: the server says: Authorization Violation" in log.read_text()


@pytest.mark.parametrize("give_up", [True, False])
async def test_a_server_that_greets_without_tls_never_gets_the_password(authority, give_up):
    heard = bytearray()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        heard.extend(await reader.read(4096))
        writer.write(b"-ERR 'Unknown Protocol Operation'\r\n")
        heard.extend(await reader.read(4096))
        writer.close()

    server = await asyncio.start_server(greet, ports.LOOPBACK, 0)
    url = f"tls://alice:opensesame@{ports.LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    with environment(TOTALAUD_NATS_CA=str(authority.file)), pytest.raises((ssl.SSLError, Refusal)):
        await asyncio.wait_for(Bus.connect(url, name="test", give_up=give_up), 5)
    server.close()
    await server.wait_closed()
    assert heard
    assert b"opensesame" not in heard
    assert b"CONNECT" not in heard


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_ca_file_that_cannot_be_used_is_named(tmp_path, content):
    file = tmp_path / "ca.pem"
    if content:
        file.write_text(content)
    with environment(TOTALAUD_NATS_CA=str(file)), pytest.raises(Refusal, match="cannot be used") as no:
        secured("tls://localhost")
    assert no.value.field == "TOTALAUD_NATS_CA"


def test_a_cluster_is_reached_by_tls_at_every_node_or_at_none():
    with pytest.raises(Refusal, match="all servers are tls://, or none"):
        secured("tls://a:4222, nats://b:4222")
    assert secured("nats://a:4222,nats://b:4222") == {}


@asynccontextmanager
async def postgres_over_tls(url: str, files: tuple[Path, Path]) -> AsyncIterator[str]:
    """A PostgreSQL that speaks TLS: the embedded one is built without, so it is ended in front of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    place = url.rsplit("@", 1)[1].split("/", maxsplit=1)[0]
    host, port = place.split(":")

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(8) == SSL_REQUEST
        writer.write(b"S")
        plain = writer.transport
        try:
            await writer.start_tls(context)
        except (ssl.SSLError, ConnectionError):
            plain.abort()
            return
        there = await asyncio.open_connection(host, int(port))
        await asyncio.gather(carry(reader, there[1]), carry(there[0], writer), return_exceptions=True)

    server = await asyncio.start_server(serve, ports.LOOPBACK, 0)
    at = f"{ports.LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    yield url.partition("?")[0].replace(place, at)
    server.close()
    await server.wait_closed()


async def test_postgresql_is_reached_over_tls_by_its_url(authority, database_url, tmp_path):
    other = Authority(tmp_path, "other")
    async with postgres_over_tls(database_url, authority.vouch("postgres", ports.LOOPBACK)) as url:
        trusted = f"{url}?sslmode=verify-full&sslrootcert={authority.file}"
        connection = await asyncpg.connect(trusted)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncpg.connect(f"{url}?sslmode=verify-full&sslrootcert={other.file}")


async def test_what_needs_the_vault_waits_while_postgresql_has_a_certificate_that_is_not_trusted(
    authority, database_url, tmp_path
):
    """As while it is away, or a text that is paid for would be thrown away and paid for again."""
    other = Authority(tmp_path, "other")
    async with postgres_over_tls(database_url, authority.vouch("postgres", ports.LOOPBACK)) as url:
        for trusted in (other.file, tmp_path / "nowhere"):
            vault = await Vault.connect(f"{url}?sslmode=verify-full&sslrootcert={trusted}", bytes(32))
            with pytest.raises(Unavailable):
                await vault.make_keys(uuid4(), [uuid4()])
            await vault.close()


async def test_postgresql_without_tls_is_refused_when_the_url_asks_for_it(database_url):
    with pytest.raises(ConnectionError, match="rejected SSL"):
        await asyncpg.connect(f"{database_url.partition('?')[0]}?sslmode=require")
