"""Live spans over OTLP http/protobuf when OTEL_EXPORTER_OTLP_ENDPOINT is set; else nothing is created at all.

Only our own spans are exported: no global tracer provider is set, so a library that traces itself stays
silent and cannot put a payload into an attribute. An exception leaves its type on a span, never its message.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
)

from shared import genai, trace_ids
from shared.trace_ids import attempt_parent, session_parent, trace_id

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

Attribute = str | int | float | bool
EXPORT_TIMEOUT_S = 3.0
FLUSH_EVERY_MS = 500.0
QUEUE = 8192
SHUTDOWN_S = 3.0
NO_SPAN = nullcontext(INVALID_SPAN)


class _Current:
    provider: "TracerProvider | None" = None
    tracer: trace.Tracer | None = None


def endpoint() -> str | None:
    """Return where spans go, if anywhere."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    return os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or os.environ.get(
        "OTEL_EXPORTER_OTLP_ENDPOINT"
    )


def resource(service: str) -> "Resource":
    """Describe the service that spans come from."""
    from opentelemetry.sdk.resources import Resource

    try:
        release = version("totalaud-shared")
    except PackageNotFoundError:
        release = "unknown"
    return Resource.create(
        {"service.name": service, "service.version": release, "service.namespace": "totalaud"}
    )


def start(service: str) -> None:
    """Begin to export spans, if an endpoint is set; a receiver that is away costs spans, nothing else."""
    if endpoint() is None or _Current.provider is not None:
        return
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from shared.span_export import Reporting, WholeTrees, exporter

    provider = TracerProvider(resource=resource(service), shutdown_on_exit=False)
    every = float(os.environ.get("OTEL_BSP_SCHEDULE_DELAY", FLUSH_EVERY_MS))
    batches = BatchSpanProcessor(Reporting(exporter(EXPORT_TIMEOUT_S)), QUEUE, schedule_delay_millis=every)
    provider.add_span_processor(WholeTrees(batches))
    _Current.provider, _Current.tracer = provider, provider.get_tracer("totalaud")


def shutdown() -> None:
    """Flush and stop, within seconds even if the receiver is away."""
    provider, _Current.provider, _Current.tracer = _Current.provider, None, None
    if provider is not None:
        flush = threading.Thread(target=provider.shutdown, name="flush-spans", daemon=True)
        flush.start()
        flush.join(SHUTDOWN_S)


def on() -> bool:
    """Whether spans are made at all."""
    return _Current.tracer is not None


def span(
    name: str,
    *,
    parent: str | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, Attribute] | None = None,
    links: tuple[str, ...] = (),
) -> AbstractContextManager[Span]:
    """Open a span below `parent`, else below the current one; `parent` and `links` are traceparent strings.

    Names are few: what differs from session to session belongs into `attributes`; none is personal.
    """
    tracer = _Current.tracer
    if tracer is None:
        return NO_SPAN
    return _opened(
        tracer.start_as_current_span(
            name,
            context=_below(parent),
            kind=kind,
            attributes=attributes,
            links=[trace.Link(context) for link in links if (context := _remote(link))],
            record_exception=False,
            set_status_on_exception=False,
        )
    )


def traceparent() -> str | None:
    """Return the current span as a W3C header value, to be carried to whoever does the work."""
    if not on():
        return None
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


@contextmanager
def _opened(beginning: AbstractContextManager[Span]) -> Iterator[Span]:
    with beginning as opened:
        try:
            yield opened
        except BaseException as error:
            opened.set_status(StatusCode.ERROR)
            opened.set_attribute(genai.ERROR, type(error).__name__)
            raise


def _below(parent: str | None) -> Context | None:
    context = _remote(parent)
    return None if context is None else trace.set_span_in_context(NonRecordingSpan(context))


def _remote(parent: str | None) -> SpanContext | None:
    found = trace_ids.parse(parent)
    if found is None:
        return None
    flags = TraceFlags(TraceFlags.SAMPLED if found.sampled else TraceFlags.DEFAULT)
    return SpanContext(int(found.trace_id, 16), int(found.span_id, 16), is_remote=True, trace_flags=flags)


__all__ = [
    "attempt_parent",
    "endpoint",
    "on",
    "resource",
    "session_parent",
    "shutdown",
    "span",
    "start",
    "trace_id",
    "traceparent",
]
