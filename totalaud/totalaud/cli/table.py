"""Tables: folded to a terminal's width, a line for each row elsewhere."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from totalaud.cli.plain import plain

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
    from rich.segment import Segment
    from rich.table import Table as Folded
    from rich.text import Text

STYLES = {
    "completed": "green",
    "success": "green",
    "running": "cyan",
    "failed": "red",
    "error": "red",
    "cancelled": "yellow",
    "skipped": "yellow",
    "waits": "yellow",
}
EMPTY = "-"
UNBOUNDED = 100_000
LEAST_CELL = 5
ON_A_LINE = str.maketrans("\n\t", "  ")
WHOLE = ("session", "skill", "#", "status")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under their columns: a terminal shows long cells folded, anything else has a line for each row.

    Cells of `whole` columns are not folded, where the terminal has room for them beside the others.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    right: Collection[str] = ()
    whole: Collection[str] = WHOLE
    gap: int = 2

    def __rich_console__(self, _: "Console", options: "ConsoleOptions") -> "RenderResult":
        if options.max_width < UNBOUNDED:
            yield self._folded(options.max_width)
        else:
            yield from self._lines("-" if options.ascii_only else "─")

    def _folded(self, width: int) -> "Folded":
        from rich import box
        from rich.table import Table as Folded

        cells = [[cell(value) for value in row] for row in self.rows]
        longest = [
            max([len(name), *(row[at].cell_len for row in cells)]) for at, name in enumerate(self.columns)
        ]
        least = sum(
            most if name in self.whole else LEAST_CELL
            for name, most in zip(self.columns, longest, strict=True)
        )
        fits = least + self.gap * len(self.columns) <= width
        made = Folded(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, self.gap, 0, 0))
        for name in self.columns:
            justify: JustifyMethod = "right" if name in self.right else "left"
            made.add_column(name, overflow="fold", no_wrap=fits and name in self.whole, justify=justify)
        for row in cells:
            made.add_row(*row)
        return made

    def _lines(self, rule: str) -> "Iterator[Segment]":
        """Yield lines of our own: Rich takes a second for a thousand rows."""
        from rich.cells import cell_len
        from rich.segment import Segment

        told = [
            [plain(words(value)).translate(ON_A_LINE) for value in row] for row in (self.columns, *self.rows)
        ]
        sizes = [[cell_len(text) for text in row] for row in told]
        widths = [max(column) for column in zip(*sizes, strict=True)]
        for number, (row, taken) in enumerate(zip(told, sizes, strict=True)):
            padded = []
            for name, text, width, size in zip(self.columns, row, widths, taken, strict=True):
                room = " " * (width - size)
                padded.append(room + text if name in self.right else text + room)
            yield Segment("  ".join(padded) + "\n")
            if number == 0:
                yield Segment(rule * (sum(widths) + 2 * len(widths) - 2) + "\n")


def cell(value: Any) -> "Text":
    """Style a value by what it says."""
    from rich.text import Text

    match value:
        case None | "" | [] | ():
            return Text(EMPTY, style="dim")
        case datetime() | bool() | list() | tuple():
            return Text(words(value))
        case _:
            text = words(value)
            return Text(text, style=STYLES.get(text.split(" ", 1)[0], ""))


def words(value: Any) -> str:
    """Write a value as a cell has it."""
    match value:
        case None | "" | [] | ():
            return EMPTY
        case datetime():
            return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(str(each) for each in value)
        case _:
            return str(value)
