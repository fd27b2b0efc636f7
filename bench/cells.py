"""Figures as text, and tables of them in Markdown with aligned columns."""

from collections.abc import Iterable, Sequence

from bench.ratios import Span

Cells = Sequence[str]


def table(lines: Iterable[Cells]) -> str:
    """Return a table of lines, the first of them its headings; nothing for headings alone."""
    rows = list(lines)
    if len(rows) < 2:
        return ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    ruled = [rows[0], ["-" * width for width in widths], *rows[1:]]
    return "\n".join(f"| {' | '.join(map(str.ljust, row, widths))} |" for row in ruled)


def number(figure: float) -> str:
    """Write about three digits that count."""
    if abs(figure) >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.1f}" if abs(figure) >= 10 else f"{figure:.2f}"


def ranged(found: Span | None) -> str:
    """Write a median with its range; one from a busy machine has a question mark."""
    if found is None:
        return ""
    reach = "" if found.low == found.high else f" [{number(found.low)} to {number(found.high)}]"
    return f"{number(found.middle)}{reach}{'' if found.quiet else ' ?'}"
