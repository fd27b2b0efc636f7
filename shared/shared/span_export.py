"""How spans leave the process; imported only where an endpoint is set, because the SDK is slow to load."""

import logging
import threading
from collections.abc import Callable, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource

from shared import otlp
from shared.logs import get_logger
from shared.quiet import Quiet
from shared.settings import number
from shared.span import Span

Send = Callable[[Sequence[Span]], bool]
TIMEOUT_MS = 3000.0
REPORT_EVERY_S = 60.0
ROOM = 8192
NOISY = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


def sender(resource: Resource, scope: str) -> Send:
    """Return a function that blocks until the receiver took the spans (True), or did not.

    It is the SDK's exporter, set up by the OTEL_* environment, but for its encoder; it logs nothing itself.
    """
    logging.getLogger(NOISY).setLevel(logging.CRITICAL)
    exporter = OTLPSpanExporter(timeout=timeout_s())

    def send(spans: Sequence[Span]) -> bool:
        body = otlp.request(spans, resource, scope)
        return exporter._client.export(body).success  # noqa: SLF001 - there is no other door

    return send


def timeout_s() -> float:
    """Return how long the receiver is waited for: OpenTelemetry says milliseconds, the SDK reads seconds."""
    of_all = number("OTEL_EXPORTER_OTLP_TIMEOUT", TIMEOUT_MS)
    return number("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", of_all) / 1000


class Outbox:
    """Sends what is put in every `every_s` seconds, from a thread; what finds no room or receiver is lost.

    How much that is, is said once a minute at most.
    """

    def __init__(self, send: Send, every_s: float) -> None:
        self._send = send
        self._every_s = every_s
        self._lock = threading.Lock()
        self._waiting: list[Span] = []
        self._lost = self._under_way = 0
        self._quiet = Quiet(REPORT_EVERY_S)
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, spans: Sequence[Span]) -> None:
        with self._lock:
            if len(self._waiting) + len(spans) > ROOM:
                self._lost += len(spans)
            else:
                self._waiting += spans
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
                self._thread.start()

    def close(self, within_s: float) -> None:
        """Send what is left, or give up."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(within_s)
            if self._thread.is_alive():
                self._report()

    def _run(self) -> None:
        while not self._closing.wait(self._every_s):
            self._empty()
        self._empty()

    def _empty(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
            self._under_way = len(waiting)
        taken = not waiting or self._taken(waiting)
        with self._lock:
            self._lost += 0 if taken else len(waiting)
            self._under_way = 0
        self._report()

    def _report(self) -> None:
        with self._lock:
            lost = self._lost + self._under_way
            if not lost or not self._quiet.is_over():
                return
            self._lost = 0
        get_logger().warning("the trace receiver takes no spans", lost=lost)

    def _taken(self, spans: Sequence[Span]) -> bool:
        try:
            return self._send(spans)
        except Exception:  # noqa: BLE001 - what cannot be sent is lost, and holds up nothing
            return False
