"""A sender that writes to NATS what no client library would."""

import asyncio
import json
from urllib.parse import urlsplit


async def publish(url: str, subject: bytes, body: bytes, *, reply: bytes = b"", head: bytes = b"") -> None:
    """Return once the server has it."""
    to = b" ".join(filter(None, (subject, reply)))
    sizes = b"%d %d" % (len(head), len(head + body)) if head else b"%d" % len(body)
    verb = b"HPUB" if head else b"PUB"
    at = urlsplit(url)
    login = {"user": at.username, "pass": at.password, "headers": True, "verbose": False}
    connect = b"CONNECT %s\r\n" % json.dumps(login).encode()
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    try:
        writer.write(connect + b"%s %s %s\r\n%s%s\r\nPING\r\n" % (verb, to, sizes, head, body))
        await reader.readuntil(b"PONG\r\n")
    finally:
        writer.close()
        await writer.wait_closed()
