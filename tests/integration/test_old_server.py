"""A server that lacks what we rely on is refused, with the way out."""

import asyncio
import json

import pytest

from shared import streams
from shared.bus import Bus
from shared.refusal import Refusal


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak just enough of the NATS protocol to be taken for nats-server 2.10."""
    info = {"server_id": "OLD", "version": "2.10.26", "headers": True, "max_payload": 1_048_576, "proto": 1}
    writer.write(b"INFO " + json.dumps(info).encode() + b"\r\n")
    while line := await reader.readline():
        if line.startswith(b"PING"):
            writer.write(b"PONG\r\n")
    writer.close()


@pytest.mark.parametrize("start", [streams.check, lambda bus: streams.provision(bus, ack_wait_s=5)])
async def test_an_old_nats_server_is_refused_and_the_needed_version_named(start):
    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    bus = await Bus.connect(f"nats://127.0.0.1:{port}", name="test")
    try:
        with pytest.raises(Refusal) as refused:
            await start(bus)
    finally:
        await bus.close()
        server.close()
    assert refused.value.code == "old_server"
    assert "2.14" in refused.value.message
