"""What processes cost: CPU by group, the load of everybody else, memory."""

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

Groups = Mapping[str, Sequence[int]]
TICKS = os.sysconf("SC_CLK_TCK")
USER, NICE, SYSTEM, IRQ, SOFTIRQ, STOLEN = 0, 1, 2, 5, 6, 7
MB = 2**20


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds by group over `seconds` of wall clock, and the cores that others used."""

    cpu_s: dict[str, float]
    seconds: float
    foreign_cores: float


@dataclass(frozen=True, slots=True)
class Memory:
    """MB; the resident sets count shared pages for each process, the proportional ones once in all."""

    rss: float
    pss: float


class Meter:
    """Measures from its making to `spent`."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._began = time.monotonic()
        self._cpu = self._used()
        self._foreign = _foreign()

    def spent(self) -> Spent:
        seconds = time.monotonic() - self._began
        cpu = {name: used - self._cpu[name] for name, used in self._used().items()}
        return Spent(cpu, seconds, max(0.0, round((_foreign() - self._foreign) / seconds, 3)))

    def _used(self) -> dict[str, float]:
        return {name: _used(pids) for name, pids in self._groups.items()}


def memory(groups: Groups) -> dict[str, Memory]:
    """Return what each group holds now, its processes' children among it."""
    return {name: _sum(map(_memory, _with_children(pids))) for name, pids in groups.items()}


def _foreign() -> float:
    """Return the CPU seconds of all processes but the bench and whatever it has started."""
    return _busy() - _used([os.getpid()])


def _used(pids: Sequence[int]) -> float:
    return sum(_cpu(process) for process in _with_children(pids))


def _cpu(process: psutil.Process) -> float:
    """Count what its ended children used too: PostgreSQL's come and go."""
    try:
        return float(sum(process.cpu_times()[:4]))
    except psutil.Error:
        return 0.0


def _memory(process: psutil.Process) -> Memory:
    try:
        rolled = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        pss = next(int(line.split()[1]) for line in rolled.splitlines() if line.startswith("Pss:"))
        return Memory(process.memory_info().rss / MB, pss / 1024)
    except (psutil.Error, OSError, StopIteration):
        return Memory(0, 0)


def _sum(of: Iterable[Memory]) -> Memory:
    all_ = list(of)
    return Memory(sum(one.rss for one in all_), sum(one.pss for one in all_))


def _with_children(pids: Sequence[int]) -> Iterator[psutil.Process]:
    for pid in pids:
        try:
            process = psutil.Process(pid)
            yield from (process, *process.children(recursive=True))
        except psutil.Error:
            continue


def _busy() -> float:
    """Return the CPU seconds that this machine has used, and those that its host has kept from it."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().partition("\n")[0].split()[1:]]
    return sum(ticks[kind] for kind in (USER, NICE, SYSTEM, IRQ, SOFTIRQ, STOLEN)) / TICKS
