"""Throughput against the sessions in the log, drawn as SVG; the axis of the log is logarithmic."""

from collections.abc import Iterator, Sequence
from html import escape
from math import ceil, floor, log10

from bench.figures import Figure
from bench.names import FLOOR, OURS
from bench.run import Sync

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 170, 30, 50
COLOURS: dict[tuple[str, Sync], str] = {
    (OURS, "default"): "#1b6ca8",
    (OURS, "always"): "#0f9d77",
    (FLOOR, "default"): "#9db8cc",
    (FLOOR, "always"): "#a3cfc1",
}
FONT = 'font-family="sans-serif" font-size="12"'
TICKS = 5
Point = tuple[float, float]


class Scale:
    """From a value to its place between two ends."""

    def __init__(self, lowest: float, highest: float, first: float, last: float) -> None:
        self._lowest, self._span = lowest, (highest - lowest) or 1
        self._first, self._length = first, last - first

    def place(self, value: float) -> float:
        return round(self._first + (value - self._lowest) / self._span * self._length, 1)


def plot(figures: Sequence[Figure]) -> str:
    """Return the SVG; whiskers reach from the lowest to the highest round."""
    chosen = [one for one in figures if one.what == "steps/s" and (one.who, one.setting.sync) in COLOURS]
    sizes = [log10(one.setting.in_log) for one in chosen]
    highest = max((one.value.high for one in chosen), default=1)
    step = _step(highest)
    top = step * ceil(highest / step)
    first = floor(min(sizes, default=0))
    x = Scale(first, max(ceil(max(sizes, default=0)), first + 1), LEFT, WIDTH - RIGHT)
    y = Scale(0, top, HEIGHT - BOTTOM, TOP)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *_axes(x, y, sizes, step, top),
        *_lines(chosen, x, y),
        "</svg>",
        "",
    ])  # fmt: skip


def _axes(x: Scale, y: Scale, sizes: Sequence[float], step: float, top: float) -> Iterator[str]:
    for number in range(round(top / step) + 1):
        at = y.place(number * step)
        yield f'<line x1="{LEFT}" y1="{at}" x2="{WIDTH - RIGHT}" y2="{at}" stroke="#e4e4e4"/>'
        yield _text(LEFT - 8, at + 4, f"{number * step:,.0f}", "end")
    for size in sorted(set(sizes)):
        yield _text(x.place(size), HEIGHT - BOTTOM + 18, f"{round(10**size):,}", "middle")
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "sessions in the log", "middle")
    yield _text(LEFT, TOP - 12, "steps/s", "end")


def _lines(chosen: Sequence[Figure], x: Scale, y: Scale) -> Iterator[str]:
    row = 0
    for (who, sync), colour in COLOURS.items():
        mine = sorted(
            (one for one in chosen if (one.who, one.setting.sync) == (who, sync)),
            key=lambda one: one.setting.in_log,
        )
        if not mine:
            continue
        at = [(x.place(log10(one.setting.in_log)), y.place(one.value.middle)) for one in mine]
        yield f'<polyline points="{_points(at)}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for one, (left, middle) in zip(mine, at, strict=True):
            low, high = y.place(one.value.low), y.place(one.value.high)
            yield f'<line x1="{left}" y1="{low}" x2="{left}" y2="{high}" stroke="{colour}"/>'
            yield f'<circle cx="{left}" cy="{middle}" r="4" fill="{colour}"/>'
        beside = TOP + 10 + 20 * row
        yield f'<circle cx="{WIDTH - RIGHT + 20}" cy="{beside - 4}" r="4" fill="{colour}"/>'
        yield _text(WIDTH - RIGHT + 30, beside, f"{who}, sync {sync}", "start")
        row += 1


def _step(highest: float) -> float:
    """Return a round distance between lines, so that there are about five."""
    rough = highest / TICKS
    power = 10.0 ** floor(log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)


def _points(at: Sequence[Point]) -> str:
    return " ".join(f"{left},{top}" for left, top in at)


def _text(left: float, top: float, told: str, anchor: str) -> str:
    return f'<text x="{left}" y="{top}" text-anchor="{anchor}">{escape(told)}</text>'
