"""A PostgreSQL of one's own that will not do is refused at the start, in one sentence that says why."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

import pytest

from projectorstage import halted, projecting, until
from shared.bus import Bus
from shared.refusal import Refusal
from shared.vault import migrate
from totalaud.cli.main import FAILED, call
from totalaud.errors import Unreachable
from totalaud.tables import CHECKPOINT, Tables

SSL_REQUEST = 80877103
OF_OLD = b"R\0\0\0\x08\0\0\0\0" + b"S\0\0\0\x19server_version\x0014.22\0" + b"Z\0\0\0\x05I"
UNSUPPORTED = b"SFATAL\0C08P01\0Munsupported startup parameter: client_connection_check_interval\0\0"
Serve = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], object]


@asynccontextmanager
async def before(url: str, serve: Serve) -> AsyncIterator[str]:
    """Stand where the URL's server does; what a client begins with is read, its wish for TLS denied."""

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while int.from_bytes((wish := await message(reader))[4:8]) == SSL_REQUEST:
                writer.write(b"N")
            await serve(wish, reader, writer)
        writer.close()

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    parts = urlsplit(url)
    place = f"{parts.username}:{parts.password}@127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield urlunsplit(parts._replace(netloc=place))
    finally:
        server.close()


async def message(reader: asyncio.StreamReader) -> bytes:
    size = await reader.readexactly(4)
    return size + await reader.readexactly(int.from_bytes(size) - 4)


async def as_postgres_14(_: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OF_OLD)
    await reader.read(1)


async def refusing(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Be a pgbouncer as it is shipped."""
    writer.write(b"E" + (len(UNSUPPORTED) + 4).to_bytes(4) + UNSUPPORTED)
    await writer.drain()


def dropping(url: str) -> Serve:
    """Be a pooler that lets nobody's settings through, and all else."""
    parts = urlsplit(url)

    async def serve(wish: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        words = wish[8:].split(b"\0")
        told = dict(zip(words[::2], words[1::2], strict=False))
        kept = b"".join(b"%s\0%s\0" % (one, told[one]) for one in (b"user", b"database")) + b"\0"
        answers, server = await asyncio.open_connection(parts.hostname, parts.port)
        server.write((len(kept) + 8).to_bytes(4) + wish[4:8] + kept)
        await asyncio.gather(passed(reader, server), passed(answers, writer))

    return serve


async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
    writer.close()


async def test_an_old_postgres_is_refused_and_the_needed_version_named(bus: Bus, postgres_url: str):
    async with before(postgres_url, as_postgres_14) as url:
        with pytest.raises(Refusal, match="PostgreSQL 14 is too old: 15 or newer is needed") as refused:
            await migrate(url)
        async with projecting(bus, url) as live:
            await until(lambda: halted(live))
            assert live.halted == refused.value.message


@pytest.mark.parametrize("pooler", [lambda _: refusing, dropping], ids=["refusing", "dropping"])
async def test_a_pooler_before_postgres_is_refused(
    pooler: Callable[[str], Serve], bus: Bus, postgres_url: str
):
    async with before(postgres_url, pooler(postgres_url)) as url:
        with pytest.raises(Refusal, match="a pooler answers there") as refused:
            await migrate(url)
        async with projecting(bus, url) as live:
            await until(lambda: halted(live))
            assert live.halted == refused.value.message


async def test_whoever_reads_the_tables_through_a_pooler_is_told_of_it(postgres_url: str):
    async with before(postgres_url, refusing) as url:
        tables = Tables(url)
        with pytest.raises(Unreachable, match="a pooler answers there"):
            await tables.rows(CHECKPOINT)
        await tables.close()


@pytest.mark.parametrize("command", [["provision"], ["session", "list"]], ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("channel_binding=require", 'unrecognized configuration parameter "channel_binding"'),
        ("work_mem=much", 'invalid value for parameter "work_mem": "much"'),
        ("sslmode=sure", "`sslmode` parameter must be one of"),
    ],
)
async def test_what_is_wrong_in_the_url_of_postgres_is_named(
    *,
    asked: str,
    why: str,
    command: list[str],
    bus: Bus,
    nats_url: str,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("TOTALAUD_NATS_URL", nats_url)
    monkeypatch.setenv("TOTALAUD_DATABASE_URL", postgres_url + ("&" if "?" in postgres_url else "?") + asked)
    assert await asyncio.to_thread(call, command) == FAILED
    (line,) = capsys.readouterr().err.splitlines()
    assert why in line
    assert "TOTALAUD_DATABASE_URL" in line
