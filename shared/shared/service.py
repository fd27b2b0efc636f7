"""The face of every service: FastStream's lifespan, doors, health and AsyncAPI around the loops it runs.

The loops themselves are raw nats-py (`shared.bus`): FastStream on a hot path costs a factor of 2.4 and more.
"""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import uvicorn
import uvloop
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.asgi.types import ASGIApp
from faststream.nats import NatsBroker, NatsMessage
from faststream.nats.security import NatsSecurity

from shared import logs, telemetry
from shared.bus import CONNECT, Bus, log_error, shake_hands
from shared.counts import refused, told
from shared.inbox import inbox
from shared.nats_urls import secured, servers
from shared.refusal import Refusal
from shared.room import no_room
from shared.settings import Settings

AT_ONCE = 64
GARBAGE = 50_000
NO_ROOM = Refusal("unavailable", None, "NATS has no room left, nothing was stored: ask again once it has")

NOT_NOW = Refusal("unavailable", None, "the service could not do it now: ask again")


@dataclass(frozen=True, slots=True)
class Door:
    """Requests on `subject` are answered by `handle(subject, body, headers)`; a Refusal is an answer too.

    `title` and `description` (Markdown) are what AsyncAPI says of it.
    """

    subject: str
    handle: Callable[[str, bytes, dict[str, str]], Awaitable[bytes]]
    title: str
    description: str | None = None


Wire = Callable[[Bus, Settings], AbstractAsyncContextManager[Sequence[Door] | None]]


def run(name: str, wire: Wire) -> None:
    """Run the service until it is told to stop; exit 1 when one of its loops died."""
    gc.freeze()
    gc.set_threshold(GARBAGE)
    gc.enable()
    logs.configure(name)
    telemetry.start(name)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            failed = runner.run(_serve(name, wire))
    finally:
        telemetry.shutdown()
    if failed:
        sys.exit(1)


async def _serve(name: str, wire: Wire) -> bool:
    settings = Settings.from_env()
    buses: list[Bus] = []

    async def reconnected() -> None:
        for bus in buses:
            await bus.reconnected()

    tls = secured(settings.nats_url)
    broker = NatsBroker(
        servers(settings.nats_url),
        security=NatsSecurity(ssl_context=tls["tls"], tls_handshake_first=True) if tls else None,
        name=name,
        inbox_prefix=inbox(settings.nats_url),
        logger=None,
        apply_types=False,
        reconnected_cb=reconnected,
        error_cb=log_error,
        **CONNECT,
    )
    failed = False

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        nonlocal failed
        try:
            await shake_hands(settings.nats_url)
            bus = Bus(await broker.connect())
            buses.append(bus)
            async with wire(bus, settings) as doors:
                for door in doors or ():
                    _open(broker, name, door)
                yield
        except BaseException as error:
            if not isinstance(error, asyncio.CancelledError) or not server.should_exit:
                failed = True
                logs.get_logger().error("the service stops", exc_info=error)
            raise
        finally:
            server.should_exit = True

    app = AsgiFastStream(
        broker,
        lifespan=lifespan,
        logger=None,
        asgi_routes=[("/healthz", _health(buses)), ("/metrics", _metrics(name))],
        asyncapi_path="/docs",
    )
    config = uvicorn.Config(
        app, host="127.0.0.1", port=settings.health_port, log_config=None, access_log=False, lifespan="on"
    )
    server = uvicorn.Server(config)
    await server.serve()
    return failed or not server.started


def _open(broker: NatsBroker, name: str, door: Door) -> None:
    async def whole(message: NatsMessage) -> NatsMessage:
        return message

    async def answer(message: NatsMessage) -> bytes:
        raw = message.raw_message
        try:
            return await door.handle(raw.subject, raw.data, raw.headers or {})
        except Refusal as refusal:
            return refused(raw.subject, refusal)
        except Exception as error:  # noqa: BLE001 - an asker gets an answer
            if no_room(error):
                return refused(raw.subject, NO_ROOM)
            logs.get_logger().exception("no answer", door=door.subject)
            return refused(raw.subject, NOT_NOW)

    subscribe = broker.subscriber(
        door.subject,
        queue=name,
        decoder=whole,
        title=door.title,
        description=door.description,
        max_workers=AT_ONCE,
    )
    subscribe(answer)


def _health(buses: list[Bus]) -> ASGIApp:
    @get
    async def health(_scope: object) -> AsgiResponse:
        ready = bool(buses) and buses[0].client.is_connected
        return AsgiResponse(b"ok" if ready else b"NATS is away", 200 if ready else 503)

    return health


def _metrics(name: str) -> ASGIApp:
    @get
    async def metrics(_scope: object) -> AsgiResponse:
        return AsgiResponse(told(name).encode(), 200, {"content-type": "text/plain; version=0.0.4"})

    return metrics
