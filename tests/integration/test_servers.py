"""The embedded servers keep what they acknowledged, whatever happens to them."""

import asyncio
import json
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest

from servers import Rig, data_folder, dead
from shared.bus import Bus
from totalaud.stack import binaries
from totalaud.stack import nats as module
from totalaud.stack.nats import Nats
from totalaud.stack.postgres import Postgres
from totalaud.stack.server import NotReady, Server
from totalaud.stack.servers import servers


async def test_nats_keeps_a_message_it_acknowledged_through_a_kill(nats: Rig, bus: Bus):
    ack = await bus.publish("evt.skill.example", b"{}")
    await nats.kill()
    await nats.restart()
    info = await bus.client.jetstream().stream_info("EVT")
    assert info.state.last_seq == ack.seq


async def test_the_dead_whom_nobody_reaps_are_not_waited_for():
    parent = await asyncio.create_subprocess_exec("sh", "-c", "sleep 0.1 & exec sleep 600")
    try:
        async with asyncio.timeout(10):
            while not (children := psutil.Process(parent.pid).children()):
                await asyncio.sleep(0.02)
            await dead(children)
        assert [child.status() for child in children] == [psutil.STATUS_ZOMBIE]
    finally:
        parent.kill()
        await parent.wait()


async def test_servers_start_in_a_folder_of_any_name(monkeypatch: pytest.MonkeyPatch):
    for name in ("TOTALAUD_NATS_URL", "TOTALAUD_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with data_folder() as data:
        async with servers(data / 'Müsik "2", 日本 \\ $x') as (nats_url, database_url):
            await (await Bus.connect(nats_url, name="test")).close()
            await (await asyncpg.connect(database_url)).close()


async def test_a_folder_of_programs_from_which_initdb_cannot_run_is_named(monkeypatch: pytest.MonkeyPatch):
    for name in ("installed", "readable_copy"):
        monkeypatch.setattr(binaries, name, lambda: Path("/home/A$AP/pginstall18"))
    with data_folder() as data, pytest.raises(NotReady, match=r"/home/A\$AP/"):
        await Postgres(data, data / "logs").prepare()


async def test_a_postgres_of_ours_is_reached_whatever_tls_others_are_to_have(
    monkeypatch: pytest.MonkeyPatch, postgres_url: str
):
    monkeypatch.setenv("PGSSLMODE", "require")
    await (await asyncpg.connect(postgres_url)).close()


async def test_nats_takes_eight_megabytes(bus: Bus):
    assert bus.max_payload == 8 * 1024 * 1024


async def test_nats_turns_away_who_has_no_password(nats: Rig):
    reader, writer = await asyncio.open_connection(urlsplit(nats.url).hostname, urlsplit(nats.url).port)
    await reader.readline()
    writer.write(b"CONNECT {}\r\nPING\r\n")
    assert b"Authorization Violation" in await reader.readline()
    writer.close()


async def test_nats_lets_go_whoever_does_not_answer_its_pings(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PING_INTERVAL", "100ms")
    with data_folder() as data:
        kind = Nats(data)
        server = Server(kind, data / "logs")
        await server.start()
        try:
            at = urlsplit(kind.url)
            reader, writer = await asyncio.open_connection(at.hostname, at.port)
            login = json.dumps({"user": at.username, "pass": at.password, "verbose": False})
            writer.write(f"CONNECT {login}\r\nPING\r\n".encode())
            async with asyncio.timeout(10):
                said = await reader.read(-1)
            assert b"Stale Connection" in said
            writer.close()
        finally:
            await server.stop()


async def test_postgres_keeps_a_row_it_committed_through_a_kill(postgres: Rig, postgres_url: str):
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("CREATE TABLE kept (n integer); INSERT INTO kept VALUES (7)")
    await postgres.kill()
    await postgres.restart()
    again = await asyncpg.connect(postgres_url)
    assert await again.fetchval("SELECT n FROM kept") == 7
    await again.close()
    connection.terminate()


async def test_servers_that_a_file_names_are_used_in_place_of_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    named = {"NATS": "nats://127.0.0.1:1", "DATABASE": "postgresql://u:p@127.0.0.1:1/d"}
    for name, url in named.items():
        (tmp_path / name).write_text(f"{url}\n")
        monkeypatch.delenv(f"TOTALAUD_{name}_URL", raising=False)
        monkeypatch.setenv(f"TOTALAUD_{name}_URL_FILE", str(tmp_path / name))
    async with servers(tmp_path / "data") as urls:
        assert urls == tuple(named.values())
    assert not (tmp_path / "data").exists()


async def test_each_test_has_a_database_of_its_own(postgres_url: str):
    connection = await asyncpg.connect(postgres_url)
    assert await connection.fetchval("SELECT to_regclass('kept')") is None
    await connection.close()
