"""The face of every service: FastStream's lifespan, health and AsyncAPI around its loops and doors.

Those are raw nats-py (`shared.bus`, `shared.doors`): FastStream in their path costs a factor of 2.4 and more.
"""

import asyncio
import errno
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any

import uvicorn
import uvloop
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.asgi.types import ASGIApp
from faststream.nats import NatsBroker
from faststream.nats.security import NatsSecurity
from faststream.specification import AsyncAPI
from nats.aio.client import Client
from nats.errors import Error as NatsError

from shared import health, logs, telemetry
from shared.bus import CONNECT, Bus, Callback, Complaints, shake_hands
from shared.counts import told as counted
from shared.door_page import page
from shared.doors import Door, OpenDoors
from shared.hanging_up import hang_up, opened
from shared.inbox import inbox
from shared.nats_urls import NATS_URL, credentials, secured, servers, told
from shared.no_core import leave_no_core
from shared.refusal import Refusal
from shared.settings import HEALTH_HOST, HEALTH_PORT, Settings

GARBAGE = 50_000
LOOK_S = 1.0

Wire = Callable[[Bus, Settings], AbstractAsyncContextManager[Sequence[Door] | None]]


def run(name: str, wire: Wire) -> None:
    """Run the service until it is told to stop; exit 1 when one of its loops died.

    It ends at once then: asyncio would wait for the answers to look-ups of names that nobody needs any more.
    """
    leave_no_core()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    gc.enable()
    logs.configure(name)
    telemetry.start(name)
    try:
        failed = asyncio.Runner(loop_factory=uvloop.new_event_loop).run(_serve(name, wire))
    finally:
        telemetry.shutdown()
    sys.stderr.flush()
    os._exit(failed)


async def _serve(name: str, wire: Wire) -> bool:
    settings = Settings.from_env()
    buses: list[Bus] = []

    async def reconnected() -> None:
        for bus in buses:
            await bus.reconnected()

    broker = _broker(name, settings.nats_url, reconnected)
    described = NatsBroker(servers(settings.nats_url), logger=None)
    specification = AsyncAPI(described, title=f"totalaud {name}")
    doors = OpenDoors(name, described)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        await shake_hands(settings.nats_url)
        try:
            bus = Bus(await broker.connect())
            bus.client.options |= credentials(settings.nats_url)
        except NatsError as error:
            raise Refusal("nats", NATS_URL, f"{NATS_URL}: the server says: {told(error)}") from None
        buses.append(bus)
        yield

    @asynccontextmanager
    async def working(bus: Bus) -> AsyncIterator[None]:
        """End the loops while the connection is there: what still runs has to be reported."""
        watching = asyncio.create_task(_end_when_lost(bus.client, server))
        async with wire(bus, settings) as wired:
            try:
                await doors.open(bus, wired or ())
                yield
            finally:
                await doors.close()
        watching.cancel()

    app = AsgiFastStream(
        broker,
        lifespan=lifespan,
        logger=None,
        specification=specification,
        asgi_routes=[
            ("/healthz", _health(buses)),
            ("/metrics", _metrics(name)),
            ("/docs", _docs(doors)),
            ("/docs.json", _asyncapi(specification)),
        ],
    )
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    with _bound(settings.health_host, settings.health_port) as port, server.told_to_stop():
        try:
            async with app.start_lifespan_context(), working(buses[0]):
                await server.serve_until_lost(port)
        except asyncio.CancelledError:
            if not server.should_exit:
                raise
        except BaseException as error:  # noqa: BLE001 - whatever ends a service is told in its log
            logs.get_logger().error("the service stops", exc_info=server.lost or error)
            return True
    return False


class _Broker(NatsBroker):
    """Opens its connection and lets go of it as `Bus` does: one that is away is closed, not drained."""

    async def _connect(self) -> Client:
        connection = await opened(**self._connection_kwargs)
        self.config.connect(connection)
        return connection

    async def stop(self, *raised: Any) -> None:
        if self._connection and not self._connection.is_connected:
            await hang_up(self._connection)
            self._connection = None
        await super().stop(*raised)


def _broker(name: str, url: str, reconnected: Callback) -> NatsBroker:
    """Have FastStream make the connection, as `Bus.connect` would."""
    tls = secured(url)
    return _Broker(
        servers(url),
        security=NatsSecurity(ssl_context=tls["tls"], tls_handshake_first=True) if tls else None,
        name=name,
        inbox_prefix=inbox(url),
        logger=None,
        apply_types=False,
        reconnected_cb=reconnected,
        error_cb=Complaints().hear,
        **CONNECT,
    )


class _Server(uvicorn.Server):
    """Serves health and counts. Told to stop it ends in order; while it starts, it gives up the start.

    uvicorn's own handling would wait for the end of the start, which never comes while NATS is away.
    """

    lost: Refusal | None = None

    async def serve_until_lost(self, port: socket.socket) -> None:
        """Return when it was told to stop; raises what it `lost`."""
        await self.serve([port])
        if self.lost:
            raise self.lost

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    @contextmanager
    def told_to_stop(self) -> Iterator[None]:
        loop, starting = asyncio.get_running_loop(), asyncio.current_task()
        assert starting

        def stop() -> None:
            self.should_exit = True
            if not self.started:
                starting.cancel()

        for wanted in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(wanted, stop)
        yield


async def _end_when_lost(client: Client, server: _Server) -> None:
    """End the service once nats-py does not try to reconnect any more.

    What a callback raises ends its trying, and FastStream's raises what a server says of a password.
    """
    while client.is_connected or not (client.is_closed or _is_over(client)):
        await asyncio.sleep(LOOK_S)
    why = told(client.last_error) if client.last_error else "closed"
    server.lost = Refusal("nats", NATS_URL, f"{NATS_URL}: the server says: {why}")
    server.should_exit = True


def _is_over(client: Client) -> bool:
    trying: asyncio.Task[None] | None = client._reconnection_task  # noqa: SLF001 - there is no other door
    if trying is None or not trying.done():
        return False
    if not trying.cancelled():
        trying.exception()  # it is told as what the service has lost, and not once more by asyncio
    return True


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, port))
        except OSError as error:
            blamed = HEALTH_PORT if error.errno in (errno.EADDRINUSE, errno.EACCES) else HEALTH_HOST
            why = f"{host}:{port} cannot be listened on: {error.strerror}"
            raise Refusal("invalid", blamed, f"{blamed}: {why}") from None
        yield bound


def _health(buses: list[Bus]) -> ASGIApp:
    @get
    async def answer(_scope: object) -> AsgiResponse:
        ready = bool(buses) and buses[0].client.is_connected
        return AsgiResponse(b"ok" if ready else b"NATS is away", 200 if ready else 503, health.whose())

    return answer


def _metrics(name: str) -> ASGIApp:
    @get
    async def metrics(_scope: object) -> AsgiResponse:
        try:
            body = (await counted(name)).encode()
        except Exception:
            logs.get_logger().exception("the counts cannot be told")
            raise
        return AsgiResponse(body, 200, {"content-type": "text/plain; version=0.0.4"})

    return metrics


def _docs(doors: OpenDoors) -> ASGIApp:
    """Tell of the doors; FastStream's own page is made by scripts from elsewhere."""

    @get
    async def docs(_scope: object) -> AsgiResponse:
        return AsgiResponse(page(doors.name, doors.told).encode(), 200, {"content-type": "text/html"})

    return docs


def _asyncapi(specification: AsyncAPI) -> ASGIApp:
    @get
    async def asyncapi(_scope: object) -> AsgiResponse:
        told = specification.to_specification().to_json()
        return AsgiResponse(told.encode(), 200, {"content-type": "application/json"})

    return asyncapi
