"""A terminal that shows what steers terminals in place of being steered by it."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

PICTURES = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"}
SHOWN = PICTURES | {0x7F: 0x2421} | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)


def plain(text: str) -> str:
    """Return the text with a picture for each control character, but for tabs and ends of lines."""
    return text.translate(SHOWN)


class Terminal(Console):
    """All that is written went through `plain`, but for the colours of our own."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=plain(segment.text))
