"""Fetching for skills: public addresses only, looked up once and gone to, a few redirects, within limits."""

import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import httpx2

from shared import json
from shared.refusal import Refusal
from skill_runner.addresses import Address, Allowed
from skill_runner.context import SkillError

SCHEMES = {"http": 80, "https": 443}
REDIRECTS = 3
TIMEOUT_S = 10.0
LONGEST = 2_000_000
AGENT = "totalaud-skill"
FIXED = frozenset({"host", "connection", "accept-encoding", "content-length", "transfer-encoding"})


class Refused(SkillError):  # noqa: N818 - an answer
    """The guard says no; the message holds nothing of the URL."""

    def __init__(self, why: str) -> None:
        super().__init__(f"url: {why}", code="fetch_refused")


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer, whatever its status; `url` is where it came from after redirects."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """Return the body as JSON; raises SkillError for what is none."""
        try:
            return json.loads(self.body)
        except (ValueError, Refusal):
            raise SkillError("what was fetched is not JSON", code="fetch_failed") from None


class Guard(httpx2.BaseTransport):
    """Every request, a redirect's too: checked, looked up once, sent to the very address that was checked."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._inner = httpx2.HTTPTransport(limits=httpx2.Limits(max_keepalive_connections=0))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raise Refused, or return the answer of the first address that takes the connection."""
        url = request.url
        if url.scheme not in SCHEMES:
            raise Refused("only http and https are fetched")
        if url.userinfo:
            raise Refused("no name or password may stand in it")
        port = url.port or SCHEMES[url.scheme]
        addresses = looked_up(url.host, port)
        for address in addresses:
            if why := self._allowed.refusal(address, port):
                raise Refused(why)
        request.extensions["sni_hostname"] = url.host
        for number, address in enumerate(addresses, 1):
            request.url = url.copy_with(host=str(address))
            try:
                return self._inner.handle_request(request)
            except httpx2.ConnectError:
                if number == len(addresses):
                    raise
            finally:
                request.url = url
        raise AssertionError

    def close(self) -> None:
        self._inner.close()


def looked_up(host: str, port: int) -> list[Address]:
    """Return all addresses of a host; numbers in any spelling are addresses too."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise SkillError("url: the host is not known", code="fetch_failed", retryable=True) from None
    return list(dict.fromkeys(ip_address(str(place[0]).partition("%")[0]) for *_, place in found))


def fetch(
    url: str,
    allowed: Allowed,
    *,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
    max_bytes: int = LONGEST,
) -> Fetched:
    """GET a URL; raises SkillError, `fetch_refused` or `fetch_failed` (which may help to try again)."""
    until = time.monotonic() + timeout_s
    try:
        with httpx2.Client(transport=Guard(allowed), trust_env=False) as client:
            request = client.build_request("GET", url, headers=_sent(headers or {}))
            for _ in range(REDIRECTS + 1):
                request.extensions["timeout"] = httpx2.Timeout(_left(until)).as_dict()
                with closing(client.send(request, stream=True)) as answer:
                    if answer.next_request is None:
                        return _read(answer, until, max_bytes)
                    request = answer.next_request
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
        raise Refused("only http and https are fetched") from None
    except httpx2.TimeoutException:
        raise _slow() from None
    except httpx2.HTTPError:
        raise SkillError("url: the connection failed", code="fetch_failed", retryable=True) from None
    raise Refused(f"it leads on more than {REDIRECTS} times")


def _read(answer: httpx2.Response, until: float, most: int) -> Fetched:
    """Read the one answer that leads nowhere else; what those before it hold is not looked at."""
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise SkillError("url: it was answered compressed, which is not read", code="fetch_failed")
    body = _within(answer.iter_raw(), until, most)
    return Fetched(str(answer.url), answer.status_code, dict(answer.headers), body)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise _slow()
    return left


def _sent(headers: Mapping[str, str]) -> dict[str, str]:
    if given := sorted(name for name in headers if name.lower() in FIXED):
        raise SkillError(f"headers: {given[0]} is not a skill's to set", code="fetch_refused")
    return {"user-agent": AGENT, **headers, "accept-encoding": "identity"}


def _within(chunks: Iterable[bytes], until: float, most: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > most:
            raise SkillError(f"url: the answer has more than {most} bytes", code="fetch_failed")
        if time.monotonic() > until:
            raise _slow()
    return bytes(body)


def _slow() -> SkillError:
    return SkillError("url: it was not answered in time", code="fetch_failed", retryable=True)
