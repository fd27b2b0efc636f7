"""All that was found as text, in the order in which one reads it."""

from collections.abc import Iterable, Iterator
from operator import attrgetter

from bench.cells import Cells, number, ranged, table
from bench.figures import Figure
from bench.goals import FIRST_WORK_S, SERVICES, Goal, first_work, lives, services, tracing
from bench.names import OURS, TRACED
from bench.ratios import Span, value
from bench.results import MemoryAt, Results
from bench.turn_tables import costs, latencies, speeds


def report(results: Results, figures: list[Figure], goals: list[Goal]) -> str:
    parts = [
        "\n".join(f"{name}: {told}" for name, told in results.about.items()),
        _titled("Throughput, median [lowest to highest] of the rounds", speeds(results, figures)),
        _titled("Latency of a session alone, ms", latencies(figures)),
        _titled("CPU per step, µs", costs(results, figures)),
        _titled("Memory, MB, shared pages counted once unless resident", _memory(results.memory)),
        _titled("Other figures", _others(results)),
        _titled("Goals", _goals(goals)),
        "\n".join(f"Left out: {peer}, {why}" for peer, why in results.skipped.items()),
    ]
    return "\n\n".join(part for part in parts if part)


def _titled(title: str, lines: Iterable[Cells]) -> str:
    found = table(lines)
    return f"{title}\n\n{found}" if found else ""


def _memory(readings: list[MemoryAt]) -> Iterator[Cells]:
    """Compare each life's rest with its end."""
    yield ["sync", "in the log", "process", "resident", "at rest", "after", "sessions", "after / at rest"]
    for life in lives(readings):
        rest, last = life[0], life[-1]
        held = {
            name: (one.rss, one.pss, last.by[name].pss) for name, one in rest.by.items() if name in last.by
        }
        resident = sum(held[name][0] for name in SERVICES if name in held)
        held["our services"] = (resident, services(rest), services(last))
        for name, (rss, before, after) in held.items():
            cells = [number(rss), number(before), number(after), f"{last.sessions:,}", number(after / before)]
            yield [rest.setting.sync, f"{rest.setting.in_log:,}", name, *cells]


def _others(results: Results) -> Iterator[Cells]:
    yield ["what", "figure", "beside", "ratio"]
    if found := first_work(results):
        ratio = number(found.middle / FIRST_WORK_S)
        yield ["start of a skill-runner to its first work, s", ranged(found), "the goal, 1.0 s", ratio]
    if lost := tracing(results):
        kept = Span(1 - lost.middle, 1 - lost.high, 1 - lost.low, lost.quiet)
        yield ["throughput lost to tracing, share", ranged(lost), f"{TRACED} / {OURS}", ranged(kept)]
    for way, raw, share in (("unnest", "raw", "share"), ("COPY", "copy", "share_of_copy")):
        if found := value(results.rebuilds, attrgetter("events_per_s")):
            beside = ranged(value(results.rebuilds, attrgetter(f"{raw}_events_per_s")))
            ratio = ranged(value(results.rebuilds, attrgetter(share)))
            yield ["rebuild, events/s", ranged(found), f"raw asyncpg {way}: {beside}", ratio]


def _goals(goals: list[Goal]) -> Iterator[Cells]:
    yield ["what", "goal", "got", ""]
    for goal in goals:
        sign = "≥" if goal.at_least else "≤"
        yield [goal.what, f"{sign} {goal.bar:,g}", ranged(goal.got), goal.verdict]
