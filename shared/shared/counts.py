"""What operators count of a service, in memory since it started, and what they measure of it when they ask.

Both are told in the form that Prometheus reads. Labels are words of ours: no name that somebody sent can be
one.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field

from shared.json import dumps
from shared.refusal import Refusal

BEFORE_THE_BODY = ("user", "subject", "Nats-Msg-Id")
UNKNOWN = "unknown"
MEASURED_WITHIN_S = 3.0
Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """A number for each value of its labels; all have the label `service` too."""

    name: str
    kind: str
    help: str
    labels: Labels = ()
    counted: Counter[Labels] = field(default_factory=Counter)

    def told(self, service: str, values: Mapping[Labels, float]) -> Iterator[str]:
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.kind}"
        for labels, value in sorted(values.items()):
            pairs = zip(("service", *self.labels), (service, *labels), strict=True)
            told = ",".join(f'{label}="{word}"' for label, word in pairs)
            yield f"{self.name}{{{told}}} {value:.15g}"


def counter(name: str, help_: str, *labels: str) -> Metric:
    return Metric(f"totalaud_{name}_total", "counter", f"{help_} since the service started.", labels)


def gauge(name: str, help_: str, *labels: str) -> Metric:
    return Metric(f"totalaud_{name}", "gauge", help_, labels)


REFUSALS = counter("refusals", "Commands that were refused", "command", "code")
DEAD_LETTERS = counter("dead_letters", "Messages that could not be handled", "durable")
LINES = counter("lines", "Lines in its log that are a warning or an error", "level", "event")
CALLS = counter("calls", "Calls of models by how they ended", "provider", "outcome")
ATTEMPTS = counter("attempts", "Attempts that a skill-runner reported", "outcome")
COUNTED = (REFUSALS, DEAD_LETTERS, LINES, CALLS, ATTEMPTS)
STARTED = gauge("start_time_seconds", "When the service started, in seconds since 1970.")

Measured = Mapping[Metric, Mapping[Labels, float]]
Measure = Callable[[], Awaitable[Measured]]
_STARTED_AT = time.time()
_measures: list[Measure] = []


def refused(subject: str, refusal: Refusal) -> bytes:
    """Count a refusal of what came on the subject, and return its answer."""
    REFUSALS.counted[_command(subject, refusal), refusal.code] += 1
    return dumps(refusal.body())


def buried(durable: str) -> None:
    """Count a dead letter."""
    DEAD_LETTERS.counted[(durable,)] += 1


def measured_by(measure: Measure) -> None:
    """Have it asked whenever somebody asks for the counts; an OSError of its, or to be late, is an outage."""
    _measures.append(measure)


async def told(service: str) -> str:
    """Return all of it as text; what cannot be measured in time is left out."""
    found: dict[Metric, Mapping[Labels, float]] = {
        **{count: count.counted for count in COUNTED},
        STARTED: {(): _STARTED_AT},
    }
    for measured in await asyncio.gather(*map(_measured, _measures)):
        found |= measured
    lines = [line for metric, values in found.items() for line in metric.told(service, values)]
    return "\n".join(lines) + "\n"


async def _measured(measure: Measure) -> Measured:
    try:
        async with asyncio.timeout(MEASURED_WITHIN_S):
            return await measure()
    except OSError:
        return {}


def _command(subject: str, refusal: Refusal) -> str:
    """Return the command as `noun.verb`; refused for address or headers, it is none that anybody knows."""
    match subject.split("."):
        case ["report" | "late" as kind, _]:
            return kind
        case ["ask" | "cmd", _, noun, verb] | ["ops", noun, verb] if refusal.field not in BEFORE_THE_BODY:
            return f"{noun}.{verb}"
        case _:
            return UNKNOWN
