"""A live span for each commit that is projected, below its session's."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from projector.entry import Reading
from shared import genai, telemetry
from shared.events import SessionStarted

REMEMBERED = 10_000


class Spans:
    """Remembers the trace that a session began in: its later commits may have come by another."""

    def __init__(self) -> None:
        self._parents: OrderedDict[str, str] = OrderedDict()

    @contextmanager
    def over(self, readings: Sequence[Reading]) -> Iterator[None]:
        """Cover the projection of a batch; nothing is done while tracing is off."""
        if telemetry.endpoint() is None:
            yield
            return
        with ExitStack() as spans:
            for reading in readings:
                if (parent := self._parent(reading)) is not None:
                    attributes = {genai.SEQ: reading.entry.seq}
                    spans.enter_context(telemetry.span("project", parent=parent, attributes=attributes))
            yield

    def _parent(self, reading: Reading) -> str | None:
        aggregate, commit = reading.aggregate, reading.commit
        if aggregate is None or commit is None or aggregate.noun not in ("session", "execution"):
            return None
        known = self._parents.get(aggregate.subject)
        if known is not None:
            return known
        parent = telemetry.session_parent(aggregate, commit.traceparent)
        if any(isinstance(event, SessionStarted) for event in commit.events):
            self._parents[aggregate.subject] = parent
            if len(self._parents) > REMEMBERED:
                self._parents.popitem(last=False)
        return parent
