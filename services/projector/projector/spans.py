"""A live span for each projected commit, below its session's; none while tracing is off."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from projector.projection import Read
from shared import telemetry


@contextmanager
def project_spans(batch: list[Read]) -> Iterator[None]:
    if telemetry.endpoint() is None:
        yield
        return
    with ExitStack() as spans:
        for read in batch:
            if read.aggregate and read.commit and read.aggregate.noun in ("session", "execution"):
                parent = telemetry.session_parent(read.aggregate, read.commit.traceparent)
                spans.enter_context(
                    telemetry.span("project", parent=parent, attributes={"seq": read.entry.seq})
                )
        yield
