"""Live spans over OTLP http/protobuf when OTEL_EXPORTER_OTLP_ENDPOINT is set; else nothing is created at all.

Only our own spans are exported: no global tracer provider is set, so a library that traces itself stays
silent and cannot put a payload into an attribute. An exception leaves its type on a span, never its message.
"""

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from shared import trace_ids
from shared.live_span import LiveSpan, NoSpan, Tree, current, new_id
from shared.span import Attributes, Kind
from shared.subjects import Aggregate
from shared.trace_ids import Context
from shared.urls import http_url

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.sampling import Sampler

    from shared.span_export import Outbox

FLUSH_EVERY_MS = 500.0
SHUTDOWN_S = 3.0
OFF = (("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none"))
# The machine's own id is to be kept to itself, and containers have others.
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
NO_SPAN = NoSpan()


class _Current:
    outbox: "Outbox | None" = None
    sampler: "Sampler"
    sampler_is_set = False


def endpoint() -> str | None:
    """Return where spans go, if anywhere; raises Refusal for what is no URL, where none would arrive."""
    if any(os.environ.get(name, "").strip().lower() == value for name, value in OFF):
        return None
    return http_url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or http_url("OTEL_EXPORTER_OTLP_ENDPOINT")


def resource(service: str) -> "Resource":
    """Describe the service that spans come from; what OTEL_RESOURCE_ATTRIBUTES says of the host counts."""
    from opentelemetry.sdk.resources import Resource

    try:
        release = version("totalaud-shared")
    except PackageNotFoundError:
        release = "unknown"
    own = {"service.name": service, "service.version": release, "service.namespace": "totalaud"}
    return Resource(_host()).merge(Resource.create(own))


def _host() -> dict[str, str]:
    """Name whose clock this is: on one host, whatever the container, a span after its parent is no skew."""
    try:
        return {"host.id": BOOT_ID.read_text().strip()}
    except OSError:
        return {}


def start(service: str) -> None:
    """Begin to export spans, if an endpoint is set; a receiver that is away costs spans, nothing else."""
    if endpoint() is None or _Current.outbox is not None:
        return
    from opentelemetry.sdk.trace import TracerProvider

    from shared.settings import number
    from shared.span_export import Outbox, sender

    about = resource(service)
    every_ms = number("OTEL_BSP_SCHEDULE_DELAY", FLUSH_EVERY_MS)
    _Current.sampler = TracerProvider(resource=about, shutdown_on_exit=False).sampler
    _Current.sampler_is_set = bool(os.environ.get("OTEL_TRACES_SAMPLER"))
    _Current.outbox = Outbox(sender(about, "totalaud"), every_ms / 1000)


def shutdown() -> None:
    """Flush and stop, within seconds even if the receiver is away."""
    outbox, _Current.outbox = _Current.outbox, None
    if outbox is not None:
        outbox.close(SHUTDOWN_S)


def on() -> bool:
    """Whether spans are made at all."""
    return _Current.outbox is not None


def span(
    name: str,
    *,
    parent: str | None = None,
    kind: Kind = "internal",
    attributes: Attributes | None = None,
) -> NoSpan:
    """Open a span below `parent`, a traceparent string, else below the current one.

    Names are few: what differs from session to session belongs into `attributes`; none is personal.
    """
    outbox = _Current.outbox
    if outbox is None:
        return NO_SPAN
    above, within = trace_ids.parse(parent), None
    if above is None and (within := current()) is not None:
        above = within.context
    return LiveSpan(
        name,
        Context(above.trace_id, new_id(16), above.sampled) if above else _root(name),
        above.span_id if above else None,
        within.tree if within else Tree(outbox.put),
        outermost=within is None,
        kind=kind,
        attributes=attributes,
    )


def session_span(aggregate: Aggregate, cause: str | None) -> str:
    """Return the `traceparent` of a session's span; `cause` is that of its first commit.

    Its flag says whether the session's trace is recorded, as OTEL_TRACES_SAMPLER has it. Where nobody set one
    a sender that is not recorded is none. Some bits of a UUID are fixed: a share is taken by the span's id.
    """
    own = trace_ids.session_parent(aggregate, cause)
    if not on():
        return own
    span_ = trace_ids.of_own(own)
    sender = trace_ids.parse(cause)
    if sender is not None and (sender.sampled or _Current.sampler_is_set):
        return span_._replace(sampled=_samples(aggregate.noun, sender.trace_id, sender)).traceparent
    return span_._replace(sampled=_samples(aggregate.noun, span_.span_id, None)).traceparent


def traceparent() -> str | None:
    """Return the current span as a W3C header value, to be carried to whoever does the work."""
    open_ = current() if on() else None
    return open_.context.traceparent if open_ else None


def _root(name: str) -> Context:
    """Begin a trace; OTEL_TRACES_SAMPLER says whether it is recorded, and what is below it follows."""
    own = new_id(32)
    return Context(own, new_id(16), sampled=_samples(name, own, None))


def _samples(name: str, id_: str, parent: Context | None) -> bool:
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    above = None
    if parent is not None:
        ids = int(parent.trace_id, 16), int(parent.span_id, 16)
        flags = TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT)
        above = set_span_in_context(NonRecordingSpan(SpanContext(*ids, is_remote=True, trace_flags=flags)))
    decision = _Current.sampler.should_sample(above, int(id_, 16), name).decision
    return decision is type(decision).RECORD_AND_SAMPLE
