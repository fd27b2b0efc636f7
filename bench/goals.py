"""The goals, and whether they are reached: each a ratio or a bar, judged on what was measured."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.figures import Figure, lookup
from bench.names import DBOS, FLOOR, LANGGRAPH, OURS, PEERS, RESTATE, TEMPORAL, TRACED
from bench.ratios import Span, beside, span, steps_per_s, value
from bench.results import MemoryAt, Results
from bench.run import Setting, Sync

THROUGHPUT: dict[Sync, dict[str, float]] = {
    "default": {RESTATE: 2, DBOS: 7, LANGGRAPH: 6, TEMPORAL: 15, FLOOR: 0.38},
    "always": {RESTATE: 1.1, DBOS: 4, LANGGRAPH: 3.5, FLOOR: 0.8},
}
LATENCY: dict[Sync, float] = {"default": 0.7, "always": 1.0}
GROWTH = 0.9
SMALL_LOG, LARGE_LOG = 300, 300_000
FIRST_WORK_S = 1.0
MEMORY_MB = 300.0
WARM, MANY_SESSIONS, NO_GROWTH = 10_000, 100_000, 1.1
REBUILD_PER_S, REBUILD_SHARE = 40_000.0, 0.4
TRACING = 0.15
SERVICES = ("orchestrator", "skill-runner", "projector", "campaigns")


@dataclass(frozen=True, slots=True)
class Goal:
    """`at_least`: the bar is a lower one. `got` is None where it was not measured."""

    what: str
    bar: float
    got: Span | None
    at_least: bool = True

    @property
    def passed(self) -> bool | None:
        if self.got is None:
            return None
        return self.got.middle >= self.bar if self.at_least else self.got.middle <= self.bar

    @property
    def verdict(self) -> str:
        if self.got is None:
            return "not measured"
        return ("pass" if self.passed else "MISS") + ("" if self.got.quiet else ", not on a quiet machine")


def goals(results: Results, figures: list[Figure]) -> list[Goal]:
    if not results.runs:
        return []
    return [
        *_throughput(results, figures),
        *_latency(results, figures),
        *_growth(figures),
        Goal("start of a skill-runner to its first work, s", FIRST_WORK_S, first_work(results), False),
        Goal("memory of our services at rest, MB", MEMORY_MB, _at_rest(results), False),
        Goal(
            "their memory after 100,000 sessions, beside that when warm",
            NO_GROWTH,
            memory_growth(results),
            False,
        ),
        *_rebuild(results),
        Goal("throughput lost to tracing, share", TRACING, tracing(results), False),
    ]


def _throughput(results: Results, figures: list[Figure]) -> Iterator[Goal]:
    for sync, bars in THROUGHPUT.items():
        mine = lookup(figures, "steps/s", OURS, Setting(sync, results.smallest))
        for other, bar in bars.items():
            yield Goal(f"steps/s, {sync}, beside {other}", bar, mine.ratios.get(other) if mine else None)


def _latency(results: Results, figures: list[Figure]) -> Iterator[Goal]:
    for sync, bar in LATENCY.items():
        mine = lookup(figures, "p50", OURS, Setting(sync, results.smallest))
        ratios = [mine.ratios[peer] for peer in PEERS if peer in mine.ratios] if mine else []
        slowest = max(ratios, key=lambda ratio: ratio.middle, default=None)
        yield Goal(f"p50 of a session alone, {sync}, beside the fastest peer", bar, slowest, False)


def _growth(figures: list[Figure]) -> Iterator[Goal]:
    for sync in THROUGHPUT:
        what = f"steps/s, {sync}, at 300,000 sessions in the log beside 300, each by its floor"
        yield Goal(what, GROWTH, growth(figures, sync, SMALL_LOG, LARGE_LOG))


def growth(figures: list[Figure], sync: Sync, small: int, large: int) -> Span | None:
    """Return the ratio at the large log over that at the small one, both beside their own floors.

    The two are measured far apart in time; the floor takes out what the machine's speed did meanwhile.
    """
    found = [lookup(figures, "steps/s", OURS, Setting(sync, in_log)) for in_log in (small, large)]
    before, after = (one.ratios.get(FLOOR) if one else None for one in found)
    if before is None or after is None:
        return None
    return Span(
        after.middle / before.middle, after.low / before.high, after.high / before.low,
        before.quiet and after.quiet,
    )  # fmt: skip


def tracing(results: Results) -> Span | None:
    """Return the share of throughput that full tracing takes."""
    kept = beside(results, Setting("default", results.smallest), TRACED, OURS, steps_per_s)
    return kept and Span(1 - kept.middle, 1 - kept.high, 1 - kept.low, kept.quiet)


def memory_growth(results: Results) -> Span | None:
    """Return what the services held at the end by what they held when warm, 100,000 sessions before."""
    grown = []
    for life in lives(results.memory):
        warm = next((at for at in life if at.sessions >= WARM), None)
        if warm and life[-1].sessions - warm.sessions >= MANY_SESSIONS:
            grown.append(services(life[-1]) / services(warm))
    return span(grown) if grown else None


def lives(readings: list[MemoryAt]) -> list[list[MemoryAt]]:
    """Return the readings of each life of the stack, in their order."""
    settings = dict.fromkeys(at.setting for at in readings)
    return [[at for at in readings if at.setting == setting] for setting in settings]


def services(at: MemoryAt) -> float:
    """Return the MB of our services, what they share counted once."""
    return sum(at.by[name].pss for name in SERVICES if name in at.by)


def _at_rest(results: Results) -> Span | None:
    found = [services(at) for at in results.memory if at.sessions == 0]
    return span(found) if found else None


def first_work(results: Results) -> Span | None:
    return value(results.first_works, lambda one: one.seconds)


def _rebuild(results: Results) -> Iterator[Goal]:
    rate = value(results.rebuilds, lambda one: one.events_per_s)
    share = value(results.rebuilds, lambda one: one.share)
    events = max((one.events for one in results.rebuilds), default=0)
    yield Goal(f"rebuild of the projection from {events:,} events, events/s", REBUILD_PER_S, rate)
    yield Goal("the same, beside raw asyncpg unnest", REBUILD_SHARE, share)


def missed(all_: list[Goal]) -> list[Goal]:
    return [goal for goal in all_ if goal.passed is False]
