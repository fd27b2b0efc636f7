"""Spans with ids of our own choice, as the OpenTelemetry SDK sends them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from orchestrator.span import Span
from shared import telemetry, trace_ids
from shared.span_export import exporter

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SCOPE = InstrumentationScope("totalaud.log")


def sender(service: str) -> Callable[[Sequence[Span]], bool]:
    """Return a function that blocks until the receiver took the spans (True), or did not."""
    otlp = exporter(telemetry.EXPORT_TIMEOUT_S)
    resource = telemetry.resource(service)

    def send(spans: Sequence[Span]) -> bool:
        return otlp.export([readable(span, resource) for span in spans]) is SpanExportResult.SUCCESS

    return send


def readable(span: Span, resource: Resource) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=_context(span.trace_id, span.span_id),
        parent=_context(span.trace_id, span.parent_span_id) if span.parent_span_id else None,
        resource=resource,
        attributes=span.attributes,
        links=[Link(_context(c.trace_id, c.span_id)) for link in span.links if (c := trace_ids.parse(link))],
        status=Status(StatusCode.ERROR if span.status == "error" else StatusCode.UNSET),
        start_time=_nanoseconds(span.start),
        end_time=_nanoseconds(span.end),
        instrumentation_scope=SCOPE,
    )


def _context(trace_id: str, span_id: str) -> SpanContext:
    sampled = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=sampled)


def _nanoseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1) * 1000
