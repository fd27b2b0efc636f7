"""A span that has ended, live or told from the log, as it is sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

Attribute = str | int | float | bool | tuple[str, ...]
Attributes = Mapping[str, Attribute]
Kind = Literal["internal", "client"]


class Span(msgspec.Struct, frozen=True):
    """Ids in hex; `links` are traceparent strings; `seq` is that of the commit that completed it."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    start: datetime
    end: datetime
    attributes: Attributes
    failed: bool = False
    links: tuple[str, ...] = ()
    kind: Kind = "internal"
    seq: int = 0
