"""How spans leave the process; imported only where an endpoint is set, because the SDK is slow to load."""

import logging
import os
import threading
import time
from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from shared.logs import get_logger

REPORT_EVERY_S = 60.0
NOISY = ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.sdk._shared_internal")


def exporter(timeout_s: float) -> OTLPSpanExporter:
    """Make an OTLP http/protobuf exporter from the OTEL_* environment; it logs nothing itself."""
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return OTLPSpanExporter(timeout=None if "OTEL_EXPORTER_OTLP_TIMEOUT" in os.environ else timeout_s)


class Reporting(SpanExporter):
    """Counts the spans that the receiver did not take, and says so once a minute at most."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self._lost = 0
        self._next_report = 0.0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._lost += len(spans)
            if time.monotonic() >= self._next_report:
                self._next_report = time.monotonic() + REPORT_EVERY_S
                get_logger().warning("the trace receiver takes no spans", lost=self._lost)
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()


class WholeTrees(SpanProcessor):
    """Passes on the spans of one piece of work when its outermost span ends, that one first.

    So a kill in between loses the piece, but never leaves a span whose parent nobody has.
    """

    def __init__(self, inner: SpanProcessor) -> None:
        self._inner = inner
        self._lock = threading.Lock()
        self._outermost: dict[int, int] = {}
        self._held: dict[int, list[ReadableSpan]] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self._inner.on_start(span, parent_context)
        own, parent = span.get_span_context().span_id, span.parent
        with self._lock:
            if parent is None or parent.is_remote:
                self._outermost[own], self._held[own] = own, []
            elif parent.span_id in self._outermost:
                self._outermost[own] = self._outermost[parent.span_id]

    def on_end(self, span: ReadableSpan) -> None:
        context = span.get_span_context()
        own = context.span_id if context else 0
        with self._lock:
            outermost = self._outermost.pop(own, None)
            if outermost is not None and outermost != own and outermost in self._held:
                self._held[outermost].append(span)
                return
            inside = self._held.pop(own, [])
        for whole in (span, *inside):
            self._inner.on_end(whole)

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._inner.force_flush(timeout_millis)
