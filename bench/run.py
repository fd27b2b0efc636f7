"""One turn of one contender, measured: a warm-up, sessions one at a time, then many in flight."""

import asyncio
import time
from dataclasses import dataclass
from typing import Literal

from bench.contender import Contender, Turn
from bench.meter import Meter, Spent
from bench.work import IN_FLIGHT, STEPS

Sync = Literal["default", "always"]


@dataclass(frozen=True, slots=True)
class Load:
    """How long a turn is."""

    seconds: float
    latency_sessions: int
    warm_up_s: float = 1.0
    in_flight: int = IN_FLIGHT


@dataclass(frozen=True, slots=True)
class Setting:
    """What contenders are compared at; our log holds `in_log` sessions, and those of earlier rounds."""

    sync: Sync
    in_log: int


@dataclass(frozen=True, slots=True)
class Run:
    """What a turn gave: `ms` of each session alone, `cpu_per_step` in µs by group of processes."""

    contender: str
    setting: Setting
    round: int
    sessions: int
    seconds: float
    ms: tuple[float, ...]
    cpu_per_step: dict[str, float]
    cores: float
    foreign_cores: float

    @property
    def steps_per_s(self) -> float:
        return self.sessions * STEPS / self.seconds


async def measured(contender: Contender, load: Load, setting: Setting, number: int) -> Run:
    """Give the contender its turn; raises Wrong when not every session came out right."""
    async with contender.open() as turn:
        warm, _ = await _flood(turn, load.warm_up_s, load.in_flight)
        one_by_one = contender.latency_sessions or load.latency_sessions
        ms = (await turn.drivers[0].ask(do="one_by_one", sessions=min(one_by_one, load.latency_sessions)))[
            "ms"
        ]
        meter = Meter(turn.groups)
        done, seconds = await _flood(turn, load.seconds, load.in_flight)
        spent = meter.spent()
        await turn.check(warm + len(ms) + done)
    return Run(
        contender.name,
        setting,
        number,
        done,
        seconds,
        tuple(ms),
        _per_step(spent, done),
        round(sum(spent.cpu_s.values()) / spent.seconds, 3),
        spent.foreign_cores,
    )


async def _flood(turn: Turn, seconds: float, in_flight: int) -> tuple[int, float]:
    """Return how many sessions were done, and in how many seconds."""
    share = in_flight // len(turn.drivers)
    asked = (driver.ask(do="flood", seconds=seconds, in_flight=share) for driver in turn.drivers)
    answers = await asyncio.gather(*asked)
    ended = max(one["ended"] for one in answers)
    if turn.settle:
        await turn.settle()
        ended = max(ended, time.monotonic() - turn.idle_s)
    return sum(one["sessions"] for one in answers), ended - min(one["began"] for one in answers)


def _per_step(spent: Spent, sessions: int) -> dict[str, float]:
    return {name: round(used * 1e6 / (sessions * STEPS), 1) for name, used in spent.cpu_s.items()}
