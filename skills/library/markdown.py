"""Blocks of a report as Markdown that can be read as it stands: columns aligned, at most 80 columns wide."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from unicodedata import category, east_asian_width

from library.claimed_text import Text, flat, say


@dataclass(frozen=True, slots=True)
class Heading:
    text: Text

    def lines(self) -> list[str]:
        return [f"## {flat(self.text)}"]

    def texts(self) -> list[Text]:
        return [self.text]


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: Text

    def lines(self) -> list[str]:
        return [flat(self.text)]

    def texts(self) -> list[Text]:
        return [self.text]


@dataclass(frozen=True, slots=True)
class Items:
    items: Sequence[Text]

    def lines(self) -> list[str]:
        return [f"- {flat(one)}" for one in self.items]

    def texts(self) -> list[Text]:
        return list(self.items)


@dataclass(frozen=True, slots=True)
class Table:
    """The first row is the heading; the first column is text, the others stand to the right."""

    rows: Sequence[Sequence[Text]]

    def lines(self) -> list[str]:
        cells = [[flat(cell) for cell in row] for row in self.rows]
        widths = [max(columns(row[place]) for row in cells) for place in range(len(cells[0]))]
        ruled = ["-" * widths[0], *(f"{'-' * (width - 1)}:" for width in widths[1:])]
        return [_line(one, widths) for one in (cells[0], ruled, *cells[1:])]

    def texts(self) -> list[Text]:
        return [cell for row in self.rows for cell in row]


Block = Heading | Paragraph | Items | Table


def head(*names: str) -> list[Text]:
    return [say(name) for name in names]


def markdown(blocks: Iterable[Block]) -> str:
    return "\n\n".join("\n".join(block.lines()) for block in blocks) + "\n"


def texts(blocks: Iterable[Block]) -> list[Text]:
    """Return all texts as a reader meets them."""
    return [text for block in blocks for text in block.texts()]


def columns(text: str) -> int:
    """Count the columns of a text: two for a letter of Chinese or Japanese, none for a mark on one."""
    marks = sum(category(sign) in {"Mn", "Me", "Cf"} for sign in text)
    return len(text) - marks + sum(east_asian_width(sign) in "WF" for sign in text)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        f"{' ' * (width - columns(cell))}{cell}" if place else f"{cell}{' ' * (width - columns(cell))}"
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join([first, *others])} |"
