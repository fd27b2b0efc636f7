"""A live span for the projection of each commit that ends a session, below the session's."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from projector.entry import Reading
from shared import genai, telemetry
from shared.events import ENDED, SessionRefused, SessionRetried, SessionStarted


@contextmanager
def spans_over(readings: Sequence[Reading]) -> Iterator[None]:
    """Cover the projection of a batch; nothing is done while tracing is off."""
    if telemetry.endpoint() is None:
        yield
        return
    with ExitStack() as spans:
        for reading in readings:
            if (parent := _parent(reading)) is not None:
                attributes = {genai.SEQ: reading.entry.seq}
                spans.enter_context(telemetry.span("project", parent=parent, attributes=attributes))
        yield


def _parent(reading: Reading) -> str | None:
    """Return the session's span: all commits carry it but the first, and those of retries."""
    commit, aggregate = reading.commit, reading.aggregate
    if commit is None or aggregate is None or aggregate.noun not in ("session", "execution"):
        return None
    kinds = {type(event) for event in commit.events}
    if kinds.isdisjoint(ENDED) or SessionRetried in kinds:
        return None
    is_first = commit.traceparent is None or SessionRefused in kinds or SessionStarted in kinds
    return telemetry.session_span(aggregate, commit.traceparent) if is_first else commit.traceparent
