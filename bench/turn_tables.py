"""What the turns gave, as tables: throughput, latency, and where the CPU goes."""

from collections.abc import Iterator

from bench.cells import Cells, number, ranged
from bench.figures import Figure, lookup
from bench.names import FLOOR, PEERS
from bench.ratios import value
from bench.results import Results
from bench.run import Run

PROCESSES = ("nats", "orchestrator", "skill-runner", "projector", "postgres", "server", "driver")


def speeds(results: Results, figures: list[Figure]) -> Iterator[Cells]:
    others = _others(figures)
    yield ["sync", "in the log", "who", "steps/s", *(f"/ {other}" for other in others), "foreign cores"]
    for one in _of("steps/s", figures):
        foreign = max(run.foreign_cores for run in results.by_round(one.who, one.setting).values())
        ratios = [_ratio(one, other) for other in others]
        yield [*_where(one), ranged(one.value), *ratios, f"≤ {foreign:.2f}"]


def latencies(figures: list[Figure]) -> Iterator[Cells]:
    others = _others(figures)
    yield ["sync", "in the log", "who", "p50", "p95", "p99", *(f"p50 / {other}" for other in others)]
    for one in _of("p50", figures):
        tail = [lookup(figures, what, one.who, one.setting) for what in ("p95", "p99")]
        slow = [number(found.value.middle) for found in tail if found]
        yield [*_where(one), ranged(one.value), *slow, *(_ratio(one, other) for other in others)]


def costs(results: Results, figures: list[Figure]) -> Iterator[Cells]:
    yield ["sync", "in the log", "who", *PROCESSES, "others", "sum", "/ floor"]
    for one in _of("CPU per step", figures):
        runs = list(results.by_round(one.who, one.setting).values())
        used = [_used(runs, process) for process in PROCESSES]
        rest = max(0.0, one.value.middle - sum(used))
        cells = [number(each) if each else "" for each in (*used, rest)]
        yield [*_where(one), *cells, ranged(one.value), _ratio(one, FLOOR)]


def _used(runs: list[Run], process: str) -> float:
    found = value(runs, lambda run: run.cpu_per_step.get(process, 0.0))
    return found.middle if found else 0.0


def _of(what: str, figures: list[Figure]) -> list[Figure]:
    return [one for one in figures if one.what == what]


def _others(figures: list[Figure]) -> list[str]:
    """Return whom anything was divided by."""
    return [other for other in (FLOOR, *PEERS) if any(other in one.ratios for one in figures)]


def _where(one: Figure) -> Cells:
    return [one.setting.sync, f"{one.setting.in_log:,}", one.who]


def _ratio(one: Figure, other: str) -> str:
    return "1" if one.who == other else ranged(one.ratios.get(other))
