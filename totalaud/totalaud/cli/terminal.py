"""A terminal that shows what steers terminals in place of being steered by it."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from totalaud.cli.plain import plain


class Terminal(Console):
    """All that is written went through `plain`, but for the colours of our own."""

    def on_broken_pipe(self) -> None:
        """Leave it an OSError: Rich would end the process from within, whatever has to be stopped first."""
        raise  # noqa: PLE0704 - called where it is handled

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=plain(segment.text))
