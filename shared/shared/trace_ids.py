"""Trace and span ids that anyone can derive from the log, so that a trace can be told twice alike."""

import hashlib
import re
from typing import NamedTuple
from uuid import UUID

from shared.subjects import Aggregate

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class Context(NamedTuple):
    """A W3C trace context: 32 and 16 hex digits; `sampled` means that its span is recorded by its owner."""

    trace_id: str
    span_id: str
    sampled: bool

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


def parse(traceparent: str | None) -> Context | None:
    """Read a `traceparent`; one that breaks the W3C rules counts as none."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if found is None or not int(found[1], 16) or not int(found[2], 16) or found[0].startswith("ff"):
        return None
    return Context(found[1], found[2], bool(int(found[3], 16) & 1))


def traceparent(trace: str, span: str) -> str:
    return Context(trace, span, sampled=True).traceparent


def of_own(own: str) -> Context:
    """Read a `traceparent` of our own."""
    _, trace, span, flags = own.split("-")
    return Context(trace, span, flags == "01")


def trace_id(aggregate: Aggregate, cause: str | None) -> str:
    """Return 32 hex digits: the trace of the first commit's `traceparent`, else the aggregate's own."""
    context = parse(cause)
    if context is not None:
        return context.trace_id
    try:
        own = aggregate.uuid.hex
    except ValueError:
        own = ""
    return own if own and int(own, 16) else _digest(aggregate.subject, 16)


def life_span(aggregate: Aggregate, life: int = 1) -> str:
    """Return the span id of a session's life; each retry of the session begins another."""
    return _digest(f"{aggregate.subject}/life/{life}", 8)


def attempt_span(attempt_id: UUID | str) -> str:
    return _digest(f"attempt/{attempt_id}", 8)


def late_span(attempt_id: UUID | str) -> str:
    """Return the span id of a report that came after the end."""
    return _digest(f"attempt/{attempt_id}/late", 8)


def attempt_parent(own: str, attempt_id: UUID) -> str:
    """Return the `traceparent` that puts a runner's spans below an attempt; `own` is that of the session."""
    return of_own(own)._replace(span_id=attempt_span(attempt_id)).traceparent


def session_parent(aggregate: Aggregate, cause: str | None) -> str:
    """Return the `traceparent` that puts a span below the session; `cause` is that of its first commit.

    Sessions and executions have such a span, nothing else has.
    """
    return traceparent(trace_id(aggregate, cause), life_span(aggregate))


def _digest(text: str, size: int) -> str:
    digest = hashlib.sha256(text.encode()).digest()[:size]
    return (digest if any(digest) else b"\1" * size).hex()
