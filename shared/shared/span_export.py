"""How spans leave the process; imported only where an endpoint is set, because the SDK is slow to load."""

import logging
import os
import time
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
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
