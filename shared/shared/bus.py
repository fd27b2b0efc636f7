"""Speaking on NATS: requests and streams, on one connection per process."""

import asyncio
from collections.abc import Awaitable, Callable
from ssl import SSLError
from typing import Any
from weakref import WeakSet

import msgspec
from nats.aio.client import Client
from nats.errors import ConnectionClosedError, ConnectionReconnectingError, NoRespondersError, NoServersError
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.errors import APIError, NoStreamResponseError

from shared.hanging_up import Connection, cut, drop, hang_up, opened
from shared.headers import read_any
from shared.hearing import hear
from shared.inbox import inbox
from shared.listening import AT_ONCE, Handler, Listening
from shared.logs import get_logger
from shared.nats_urls import NATS_URL, credentials, secured, servers, told
from shared.refusal import Refusal
from shared.replies import Replies, sending_s
from shared.room import RoomAlarm

Callback = Callable[[], Awaitable[None]]
NOBODY_THERE_S = 0.1
AGAIN_S = 0.5
SAID_AGAIN_S = 10.0
HUNG_UP = "APPLICATION_DATA_AFTER_CLOSE_NOTIFY"
"""What OpenSSL calls it that something came after we had hung up."""
CONNECT: dict[str, Any] = {
    "max_reconnect_attempts": -1,
    "reconnect_time_wait": 0.1,
    "connect_timeout": 2,
    "ping_interval": 5,
    "max_outstanding_pings": 2,
}
ONCE: dict[str, Any] = {"allow_reconnect": False, "max_reconnect_attempts": 1}


class Ack(msgspec.Struct, frozen=True):
    """A message is in a stream; and on disk, unless that stream is written behind (`shared.streams`)."""

    seq: int
    duplicate: bool
    stream: str


class Bus:
    """One connection that comes back for ever; see `connect`."""

    def __init__(self, client: Client) -> None:
        read_any(client)
        self.client = client
        self.replies = Replies(client)
        self._room = RoomAlarm()
        self._listening: WeakSet[Listening] = WeakSet()
        self._reconnected: list[Callback] = []
        self._catching_up: set[asyncio.Task[None]] = set()

    @classmethod
    async def connect(
        cls, url: str, *, name: str, inbox_prefix: str | None = None, give_up: bool = False
    ) -> "Bus":
        """Connect to `url` (`shared.nats_urls`), which may hold credentials.

        With `give_up`, each server is tried once, and the first that answers is taken; else until one is
        there.
        """
        prefix = inbox_prefix or inbox(url)
        options: dict[str, Any] = CONNECT | secured(url) | credentials(url)
        options |= {"name": name, "inbox_prefix": prefix}
        listed = servers(url)
        holder: list[Bus] = []

        async def reconnected() -> None:
            await holder[0].reconnected()

        if give_up:
            there = await probe(listed, options)
            listed.sort(key=lambda one: one != there)
            options["dont_randomize"] = True
        else:
            await shake_hands(url)
        client = await opened(
            servers=listed, reconnected_cb=reconnected, error_cb=Complaints().hear, **options
        )
        holder.append(cls(client))
        return holder[0]

    @property
    def max_payload(self) -> int:
        """The server's limit for one message, bytes."""
        return int(self.client.max_payload)

    async def request(self, subject: str, body: bytes, *, timeout: float = 2.0) -> bytes | None:
        """Ask and return the answer; None when nobody answered within `timeout` seconds of having it all."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while (left := deadline - loop.time()) > 0:
            try:
                return (await self.replies.one(subject, body, timeout=left + sending_s(body))).data
            except NoRespondersError:
                await asyncio.sleep(min(NOBODY_THERE_S, left))
            except TimeoutError:
                return None
        return None

    async def publish(
        self, subject: str, body: bytes, *, headers: dict[str, str] | None = None, timeout: float = 5.0
    ) -> Ack:
        """Put a message into the stream of its subject; the answer means that it is stored.

        Raises nats' APIError when the server refuses (see `err_code`), TimeoutError when it is not known.
        """
        lives = self.client.stats["reconnects"]
        try:
            answer = await self.replies.one(subject, body, timeout=timeout, headers=headers)
        except NoRespondersError:
            self._room.silent(subject, unheard=True)
            raise NoStreamResponseError from None
        except TimeoutError:
            if self.client.is_connected and self.client.stats["reconnects"] == lives:
                self._room.silent(subject)
            raise
        self._room.answered(subject)
        ack = msgspec.json.decode(answer.data)
        if "error" in ack:
            try:
                APIError.from_error(ack["error"])
            except APIError as error:
                self._room.refused(error)
                raise
        return Ack(ack.get("seq", 0), ack.get("duplicate", False), ack["stream"])

    async def tell(self, subject: str, body: bytes) -> None:
        """Send to whoever listens now."""
        await self.client.publish(subject, body)

    async def settled(self, timeout: float = 5.0) -> None:
        """Return once the server has had all that was sent; raises TimeoutError, or that it is away.

        nats-py's own `flush` sends its PING before what waits to be written, and where its caller is late or
        cancelled, the PONG ends the reading of the connection. Its `_flush_pending` swallows a cancellation.
        """
        self._check_connected()
        await asyncio.shield(self.client._flush_pending(force_flush=True))  # noqa: SLF001
        self._check_connected()
        pong = asyncio.get_running_loop().create_future()
        await self.client._send_ping(pong)  # noqa: SLF001
        if not (await asyncio.wait((pong,), timeout=timeout))[0]:
            raise NatsTimeout

    async def listen(
        self, subject: str, handle: Handler, *, queue: str = "", at_once: int = AT_ONCE
    ) -> Listening:
        """Hear what is sent from now on, each message handled by itself, at most `at_once` at a time."""
        listening = Listening(handle, at_once)
        listening.subscription = await hear(self.client, subject, listening.hear, queue=queue)
        self._listening.add(listening)
        return listening

    def on_reconnect(self, callback: Callback) -> None:
        """Have it called after each reconnect, again until it succeeds."""
        self._reconnected.append(callback)

    async def reconnected(self) -> None:
        """Begin with all that is to be done, and return: nats-py takes what fails here for another outage."""
        for task in self._catching_up:
            task.cancel()
        self._catching_up = {asyncio.create_task(self._until_done(one)) for one in self._reconnected}

    def _check_connected(self) -> None:
        if not self.client.is_connected:
            raise ConnectionClosedError if self.client.is_closed else ConnectionReconnectingError

    async def _until_done(self, callback: Callback) -> None:
        while not self.client.is_closed:
            try:
                return await callback()
            except Exception as error:  # noqa: BLE001 - a server that is back may not have its streams yet
                get_logger().warning("tried again after a reconnect", reason=type(error).__name__)
                await asyncio.sleep(AGAIN_S)
        return None

    async def close(self) -> None:
        for task in self._catching_up:
            task.cancel()
        try:
            for one in list(self._listening):
                await one.cancel()
        finally:
            await hang_up(self.client)


async def probe(urls: list[str], options: dict[str, Any]) -> str:
    """Return the first server that answers; raise what the last one said.

    nats-py leaves what fails to the garbage collector; after a failed handshake its `close` would not end.
    """
    for number, url in enumerate(urls, 1):
        client = Connection()
        try:
            await client.connect(url, error_cb=ignore, **(options | ONCE))
        except (OSError, NatsError, TimeoutError):
            drop(client)
            if number == len(urls):
                raise
        except asyncio.CancelledError:
            cut(client)
            raise
        else:
            await hang_up(client)
            return url
    raise NoServersError


async def shake_hands(url: str) -> None:
    """Where the URL asks for TLS, wait for a server; raises Refusal for one that is not to be trusted.

    nats-py's own first attempt would wait for ever once a handshake has failed.
    """
    complaints = Complaints()
    while tls := secured(url):
        try:
            await probe(servers(url), CONNECT | tls)
        except SSLError as error:
            raise Refusal("tls", NATS_URL, f"the NATS server: {told(error)}") from None
        except (OSError, NatsError, TimeoutError) as error:
            if type(error) is NatsError:  # what a server says, such as of a password: hands were shaken
                return
            await complaints.hear(error)
            await asyncio.sleep(CONNECT["reconnect_time_wait"])
        else:
            return


async def ignore(_: Exception) -> None:
    """Say nothing: the error is raised too."""


class Complaints:
    """Says what a connection meets with: a denied subject reaches the caller only as a timeout.

    While a server is away each attempt to reach it fails with the same words: they are said now and then.
    """

    def __init__(self) -> None:
        self._said: dict[str, float] = {}

    async def hear(self, error: Exception) -> None:
        if isinstance(error, SSLError) and error.reason == HUNG_UP:
            return
        problem, now = f"{type(error).__name__}: {told(error)}"[:200], asyncio.get_running_loop().time()
        self._said = {said: at for said, at in self._said.items() if now - at < SAID_AGAIN_S}
        if problem not in self._said:
            self._said[problem] = now
            get_logger().warning("nats", problem=problem)
