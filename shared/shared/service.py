"""The face of every service: FastStream's lifespan, health and AsyncAPI around its loops and doors.

Those are raw nats-py (`shared.bus`, `shared.doors`): FastStream in their path costs a factor of 2.4 and more.
"""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import uvicorn
import uvloop
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.asgi.types import ASGIApp
from faststream.nats import NatsBroker
from faststream.nats.security import NatsSecurity
from faststream.specification import AsyncAPI

from shared import logs, telemetry
from shared.bus import CONNECT, Bus, log_error, shake_hands
from shared.counts import told
from shared.doors import Door, OpenDoors
from shared.inbox import inbox
from shared.nats_urls import secured, servers
from shared.settings import Settings

GARBAGE = 50_000

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
    described = NatsBroker(servers(settings.nats_url), logger=None)
    doors = OpenDoors(name, described)
    failed = False

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        nonlocal failed
        try:
            await shake_hands(settings.nats_url)
            bus = Bus(await broker.connect())
            buses.append(bus)
            async with wire(bus, settings) as wired:
                await doors.open(bus, wired or ())
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
        on_shutdown=[doors.close],
        logger=None,
        specification=AsyncAPI(described),
        asgi_routes=[("/healthz", _health(buses)), ("/metrics", _metrics(name))],
        asyncapi_path="/docs",
    )
    config = uvicorn.Config(
        app, host="127.0.0.1", port=settings.health_port, log_config=None, access_log=False, lifespan="on"
    )
    server = uvicorn.Server(config)
    await server.serve()
    return failed or not server.started


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
