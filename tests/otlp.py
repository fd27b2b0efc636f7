"""A real OTLP http receiver: it decodes what it gets, and tells whether the traces are whole."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Status


@dataclass(frozen=True)
class Received:
    """A span as decoded: ids in hex, `parent_span_id` "" for a root, times in nanoseconds."""

    service: str
    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    start: int
    end: int
    attributes: dict[str, Any]
    failed: bool
    links: tuple[str, ...]


@dataclass
class Receiver:
    """`refuse` answers everything with 503 while it is set, `most_bytes` larger requests with 413.

    `bodies` are the raw requests, for canaries.
    """

    endpoint: str
    refuse: bool = False
    most_bytes: int | None = None
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    requests: int = 0
    _spans: list[Received] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spans(self, *, trace_id: str | None = None) -> list[Received]:
        with self._lock:
            return [span for span in self._spans if trace_id in (None, span.trace_id)]

    def wait(self, enough: Callable[[list[Received]], bool], *, timeout: float = 10) -> list[Received]:
        """Block until `enough` spans are there; use `asyncio.to_thread` in an async test."""
        deadline = time.monotonic() + timeout
        while not enough(self.spans()):
            if time.monotonic() > deadline:
                raise AssertionError(f"no such spans within {timeout} s, but {names(self.spans())}")
            time.sleep(0.02)
        return self.spans()

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        with self._lock:
            self.bodies.append(body)
            self._spans += list(_decode(request))


def names(spans: list[Received]) -> list[str]:
    return sorted(f"{span.service}: {span.name}" for span in spans)


def assert_whole(spans: list[Received], *, services: set[str] | None = None, above: str = "") -> Received:
    """One root, which hangs below `above`, every parent present, no span twice; returns the root."""
    assert spans, "no span at all"
    ids = [span.span_id for span in spans]
    assert len(ids) == len(set(ids)), f"told twice: {sorted({i for i in ids if ids.count(i) > 1})}"
    orphans = [span for span in spans if span.parent_span_id not in {*ids, above}]
    assert not orphans, f"without their parent: {names(orphans)}"
    roots = [span for span in spans if span.parent_span_id == above]
    assert len(roots) == 1, f"roots: {names(roots)}"
    assert len({span.trace_id for span in spans}) == 1
    if services is not None:
        assert {span.service for span in spans} >= services
    return roots[0]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Listen on a free port of the loopback; `endpoint` is the value for OTEL_EXPORTER_OTLP_ENDPOINT."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    received = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
    server.received = received  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        received: Receiver = self.server.received  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        received.requests += 1
        received.headers.append({name.lower(): value for name, value in self.headers.items()})
        if self.path != "/v1/traces":
            return self._answer(404, b"")
        if received.refuse:
            return self._answer(503, b"")
        if received.most_bytes is not None and len(body) > received.most_bytes:
            return self._answer(413, b"")
        received.take(body)
        return self._answer(200, ExportTraceServiceResponse().SerializeToString())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _decode(request: ExportTraceServiceRequest) -> Iterator[Received]:
    for of_resource in request.resource_spans:
        resource = {pair.key: _value(pair.value) for pair in of_resource.resource.attributes}
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield Received(
                    service=str(resource["service.name"]),
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_span_id=span.parent_span_id.hex(),
                    name=span.name,
                    start=span.start_time_unix_nano,
                    end=span.end_time_unix_nano,
                    attributes={pair.key: _value(pair.value) for pair in span.attributes},
                    failed=span.status.code == Status.STATUS_CODE_ERROR,
                    links=tuple(link.span_id.hex() for link in span.links),
                )


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return None if kind is None else getattr(value, kind)
