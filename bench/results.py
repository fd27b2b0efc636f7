"""What a bench has found, as it was measured; everything that is shown is worked out from this."""

from dataclasses import dataclass, field

from bench.meter import Memory
from bench.rebuilding import Rebuilt
from bench.run import Run, Setting

TRUSTED_CORES = 0.3


@dataclass(frozen=True, slots=True)
class MemoryAt:
    """What the stack's processes held after so many sessions of their life."""

    setting: Setting
    sessions: int
    by: dict[str, Memory]


@dataclass(frozen=True, slots=True)
class FirstWork:
    """How long a skill-runner took from the start of its process to its first work."""

    seconds: float
    foreign_cores: float


@dataclass(slots=True)
class Results:
    """`about` tells what was run on what; `skipped` says why a peer was left out."""

    about: dict[str, str] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    memory: list[MemoryAt] = field(default_factory=list)
    first_works: list[FirstWork] = field(default_factory=list)
    rebuilds: list[Rebuilt] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    def by_round(self, contender: str, setting: Setting) -> dict[int, Run]:
        return {run.round: run for run in self.runs if (run.contender, run.setting) == (contender, setting)}

    @property
    def settings(self) -> list[Setting]:
        return list(dict.fromkeys(run.setting for run in self.runs))

    @property
    def smallest(self) -> int:
        """The log at which everybody had a turn."""
        return min(run.setting.in_log for run in self.runs)

    @property
    def contenders(self) -> list[str]:
        return list(dict.fromkeys(run.contender for run in self.runs))


def trusted(measured: Run | FirstWork | Rebuilt) -> bool:
    """Tell whether others left the machine alone."""
    return measured.foreign_cores <= TRUSTED_CORES
