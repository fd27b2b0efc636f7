"""Faults on order: in the model's name for one prompt, over HTTP for all calls."""

import random
import time
from dataclasses import dataclass
from typing import Any

HTTP_ERRORS = range(400, 600)
FAULTS = ("cut", "invalid", "invent", "latency", "refuse", "truncate")


@dataclass(frozen=True, slots=True)
class Order:
    """What a model name asks for, e.g. `local;429=2;latency=0.5`: the first 2 calls of a prompt get a 429."""

    model: str
    latency_s: float = 0.0
    first: tuple[tuple[str, int], ...] = ()

    @classmethod
    def parse(cls, name: str) -> "Order":
        """Read a name; an unknown or malformed fault is a ValueError that names it."""
        parts = name.split(";")
        plain = "" if "=" in parts[0] else parts.pop(0)
        latency, first = 0.0, []
        for part in parts:
            fault, _, amount = part.partition("=")
            if not (fault in FAULTS or (fault.isdigit() and int(fault) in HTTP_ERRORS)):
                raise ValueError(f"model: unknown fault {fault!r}")
            try:
                if fault == "latency":
                    latency = float(amount)
                else:
                    first.append((fault, int(amount)))
            except ValueError:
                raise ValueError(f"model: {part!r}: a number is required") from None
        return cls(plain or "local", latency, tuple(first))

    def fault(self, call: int) -> str | None:
        """Return the fault of a prompt's n-th call, counted from 1; faults follow each other as named."""
        for name, count in self.first:
            if call <= count:
                return name
            call -= count
        return None


@dataclass(frozen=True, slots=True)
class Weather:
    """Faults for every call. Times in seconds; `error_rate` is the share that gets `error_status`.

    `calls_per_s` are taken, all others get a 429; 0 takes all.
    """

    latency_s: float = 0.0
    latency_jitter_s: float = 0.0
    error_rate: float = 0.0
    error_status: float = 503
    calls_per_s: float = 0.0

    @classmethod
    def parse(cls, body: dict[str, Any]) -> "Weather":
        """Read `PUT /faults`; what is not named is none, an unknown name is a ValueError."""
        if unknown := set(body) - set(cls.__slots__):
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(cls.__slots__)}")
        return cls(**{name: _number(name, value) for name, value in body.items()})

    def delay_s(self, chance: random.Random) -> float:
        return self.latency_s + chance.random() * self.latency_jitter_s

    def fault(self, chance: random.Random) -> str | None:
        return f"{self.error_status:.0f}" if chance.random() < self.error_rate else None


class Allowance:
    """What is left of the calls a second: a second's worth is saved up at most, and one at least."""

    def __init__(self, per_s: float = 0.0) -> None:
        self._per_s = per_s
        self._most = max(1.0, per_s)
        self._left = self._most
        self._at = time.monotonic()

    def wait_s(self) -> float:
        """Take a call, and return 0; or return in how many seconds there will be one."""
        if not self._per_s:
            return 0.0
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return (1 - self._left) / self._per_s
        self._left -= 1
        return 0.0


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{name}: a number from 0 on is required")
    return value
