"""The span that the calling program has open itself, with OpenTelemetry."""

import sys

from shared.trace_ids import Context


def callers_span() -> str | None:
    """Return it as a W3C header value; None where there is none, or it is not recorded.

    Who has not imported OpenTelemetry has no span, and need not wait for its import.
    """
    api = sys.modules.get("opentelemetry.trace")
    span = api.get_current_span() if api else None
    if span is None or not span.is_recording():
        return None
    its = span.get_span_context()
    return Context(f"{its.trace_id:032x}", f"{its.span_id:016x}", its.trace_flags.sampled).traceparent
