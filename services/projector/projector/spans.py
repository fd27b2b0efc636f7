"""A live span for each commit that is projected, below its session's."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager

from projector.entry import Reading, read
from projector.reader import STREAM
from shared import genai, telemetry
from shared.bus import Bus
from shared.direct_get import read_page
from shared.events import SessionStarted

REMEMBERED = 10_000


class Spans:
    """Knows the trace that a session began in: its later commits may have come by another, or by none."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._parents: OrderedDict[str, str] = OrderedDict()

    @asynccontextmanager
    async def over(self, readings: Sequence[Reading]) -> AsyncIterator[None]:
        """Cover the projection of a batch; nothing is done while tracing is off."""
        if telemetry.endpoint() is None:
            yield
            return
        parents = [await self._parent(reading) for reading in readings]
        with ExitStack() as spans:
            for reading, parent in zip(readings, parents, strict=True):
                if parent is not None:
                    attributes = {genai.SEQ: reading.entry.seq}
                    spans.enter_context(telemetry.span("project", parent=parent, attributes=attributes))
            yield

    async def _parent(self, reading: Reading) -> str | None:
        aggregate = reading.aggregate
        if aggregate is None or reading.commit is None or aggregate.noun not in ("session", "execution"):
            return None
        if aggregate.subject not in self._parents:
            cause = await self._cause(reading)
            self._parents[aggregate.subject] = telemetry.session_parent(aggregate, cause)
            if len(self._parents) > REMEMBERED:
                self._parents.popitem(last=False)
        return self._parents[aggregate.subject]

    async def _cause(self, reading: Reading) -> str | None:
        """Return the context that the first commit came with; after a restart the log has to be asked."""
        commit = reading.commit
        if commit is None or not any(isinstance(event, SessionStarted) for event in commit.events):
            first = (await read_page(self._bus, STREAM, reading.entry.subject, 1, most=1)).entries
            commit = read(first[0]).commit if first else None
        return commit.traceparent if commit else None
