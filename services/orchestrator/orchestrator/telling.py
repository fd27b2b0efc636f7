"""How a span is told: it never ends before it begins, and an error is among its attributes."""

from datetime import datetime

from shared import genai
from shared.span import Attributes, Span


def told(
    trace: str,
    name: str,
    span_id: str,
    *,
    parent: str | None,
    times: tuple[datetime, datetime],
    attributes: Attributes,
    error: str | None,
    seq: int,
    links: tuple[str, ...] = (),
) -> Span:
    start, end = times
    all_attributes = {**attributes, genai.ERROR: error} if error else attributes
    return Span(
        trace,
        span_id,
        parent,
        name,
        start,
        max(start, end),
        all_attributes,
        failed=bool(error),
        links=links,
        seq=seq,
    )
