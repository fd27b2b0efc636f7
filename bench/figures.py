"""Every figure of a turn with its ratios: none stands alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.names import FLOOR, PEERS
from bench.ratios import Measure, Span, beside, cpu, latency, steps_per_s, value
from bench.results import Results
from bench.run import Setting

MEASURES: dict[str, tuple[str, Measure]] = {
    "steps/s": ("1/s", steps_per_s),
    "p50": ("ms", latency(0.5)),
    "p95": ("ms", latency(0.95)),
    "p99": ("ms", latency(0.99)),
    "CPU per step": ("µs", cpu),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """`ratios` name whom it was divided by, in the same rounds at the same setting."""

    what: str
    unit: str
    who: str
    setting: Setting
    value: Span
    ratios: dict[str, Span]


def figures(results: Results) -> list[Figure]:
    return [
        figure
        for setting in results.settings
        for who in results.contenders
        for figure in _figures(results, who, setting)
    ]


def _figures(results: Results, who: str, setting: Setting) -> Iterator[Figure]:
    runs = list(results.by_round(who, setting).values())
    for what, (unit, measure) in MEASURES.items():
        if (found := value(runs, measure)) is None:
            return
        ratios = {
            other: ratio
            for other in (FLOOR, *PEERS)
            if other != who and (ratio := beside(results, setting, who, other, measure))
        }
        yield Figure(what, unit, who, setting, found, ratios)


def lookup(all_: list[Figure], what: str, who: str, setting: Setting) -> Figure | None:
    return next((one for one in all_ if (one.what, one.who, one.setting) == (what, who, setting)), None)
