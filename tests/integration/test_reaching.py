"""Servers of several addresses, one of which says nothing: its machine is gone, or the way to it."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from shared.bus import Bus
from shared.reaching import first, postgres
from totalaud.stack.ports import LOOPBACK, free_port

QUEUED = 4
NAME = "several.example.org"


@pytest.fixture
def gone() -> Iterator[int]:
    """A port that takes no connection and refuses none: as many wait there as may."""
    with ExitStack() as held:
        listening = held.enter_context(socket.socket())
        listening.bind((LOOPBACK, 0))
        listening.listen(0)
        for _ in range(QUEUED):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


def before(url: str, *hosts: str) -> str:
    """Name other hosts before the one of the URL."""
    whole = urlsplit(url)
    who, at, host = whole.netloc.rpartition("@")
    return whole._replace(netloc=f"{who}{at}{','.join([*hosts, host])}").geturl()


async def test_a_postgres_is_found_behind_one_that_says_nothing(postgres_url: str, gone: int):
    connection = await postgres(before(postgres_url, f"{LOOPBACK}:{gone}"), timeout=10)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


async def test_where_no_postgres_will_do_the_last_one_says_why(postgres_url: str):
    url = before(postgres_url, f"{LOOPBACK}:{free_port()}").partition("?")[0]
    with pytest.raises(asyncpg.TargetServerAttributeNotMatched):
        await postgres(f"{url}?target_session_attrs=standby", timeout=10)


@pytest.mark.parametrize("give_up", [True, False], ids=["client", "service"])
async def test_a_nats_is_found_though_the_first_address_of_its_name_says_nothing(
    nats_url: str, gone: int, give_up: bool, monkeypatch: pytest.MonkeyPatch
):
    loop, there = asyncio.get_running_loop(), urlsplit(nats_url)
    look_up = loop.getaddrinfo

    async def looked_up(host: Any, port: Any, **how: Any) -> list[Any]:
        if host != NAME:
            return await look_up(host, port, **how)
        return [*await look_up(LOOPBACK, gone, **how), *await look_up(there.hostname, port, **how)]

    monkeypatch.setattr(loop, "getaddrinfo", looked_up)
    who = there.netloc.rpartition("@")[0]
    async with asyncio.timeout(20):
        named = there._replace(netloc=f"{who}@{NAME}:{there.port}").geturl()
        bus = await Bus.connect(named, name="test", give_up=give_up)
    assert bus.client.is_connected
    await bus.close()


@pytest.mark.parametrize("addresses", [1, 2])
async def test_what_is_reached_when_nobody_waits_any_more_is_let_go(addresses: int):
    let_go: list[str] = []

    async def reached() -> str:
        asyncio.get_running_loop().call_soon(reaching.cancel)
        return "it"

    async def found() -> None:
        let_go.append(await first([reached] * addresses, let_go.append))

    reaching = asyncio.create_task(found())
    await asyncio.wait([reaching])
    assert let_go == ["it"]
