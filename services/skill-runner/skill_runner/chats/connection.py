"""How a provider is reached over HTTP, the same for every SDK."""

import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx2

from skill_runner.chats.endpoints import Endpoint
from skill_runner.failure import Failure

MOST, KEPT_TO_OURS = 1000, 100
CONNECT_S = 5.0
PROBED_EVERY_S = 60
SHARE = 1 / 3
LONGEST = 4_000_000
PLAIN = {"accept-encoding": "identity"}
PACKINGS = {"gzip", "deflate", "br", "zstd"}


class TooLong(httpx2.DecodingError):
    """An answer has more than LONGEST bytes: no text is that long, and to read on would take all memory."""


class Packed(httpx2.DecodingError):
    """An answer came compressed: so many bytes may be a thousand times as many."""


def client(there: Endpoint) -> httpx2.AsyncClient:
    """Return an HTTP client that goes where it is told to and no further: redirects are not followed.

    Its connections are kept up by probes, or whoever stands between may forget one on which a long answer is
    waited for. A connection to a provider carries one call: whatever else comes over it would be taken for
    the answer to the next one, of whatever user. The local model is ours: its connections are kept, and never
    led through the proxy that the environment names. An answer is asked for as it is, and read up to LONGEST
    bytes. Raises Failure `provider_unavailable` where a provider would be, and that proxy cannot be used.
    """
    limits = httpx2.Limits(
        max_connections=MOST, max_keepalive_connections=KEPT_TO_OURS if there.simulated else 0
    )
    hooks: dict[str, list[Any]] = {"request": [_have_probed], "response": [_bound]}
    try:
        return httpx2.AsyncClient(
            limits=limits,
            trust_env=not there.simulated,
            follow_redirects=False,
            event_hooks=hooks,
            headers=PLAIN,
        )
    except (ImportError, OSError, ValueError, httpx2.InvalidURL) as error:
        raise Failure(
            "provider_unavailable",
            f"no way to reach {there.provider}: the environment names a proxy or certificates that cannot be "
            f"used ({type(error).__name__})",
        ) from None


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for part in self._stream:
            read += len(part)
            if read > LONGEST:
                raise TooLong(f"more than {LONGEST} bytes")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    """Have it never unpacked. An error is told by its status; some call a set of letters an encoding."""
    encodings = response.headers.pop("content-encoding", "").lower().replace(" ", "").split(",")
    if response.is_success and not PACKINGS.isdisjoint(encodings):
        raise Packed("it was asked for as it is")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream)


async def _have_probed(request: httpx2.Request) -> None:
    request.extensions = {**request.extensions, "trace": _probe}


async def _probe(event: str, told: dict[str, Any]) -> None:
    """Set up a connection that has just been made; other options of httpx2 would do away with proxies."""
    if event == "connection.connect_tcp.complete":
        connected = told["return_value"].get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PROBED_EVERY_S)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBED_EVERY_S)


def within(timeout_s: float) -> httpx2.Timeout:
    """Return the bounds of a call: TCP and TLS each have their share, and end long before the call must.

    Whoever cannot be connected to has not been asked anything, so such a call is not in doubt.
    """
    return httpx2.Timeout(timeout_s, connect=min(CONNECT_S, SHARE * timeout_s))
