"""What is wrong in a file, and where."""

from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

LONGEST = 400


class Problem(NamedTuple):
    """One fault; `str` of it is `file:line: reason`."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass
class Faults:
    """Collects what is wrong with one file, so that all of it is told at once."""

    file: Path
    found: list[Problem] = field(default_factory=list)
    warned: list[Problem] = field(default_factory=list)
    unmarked: list[Problem] = field(default_factory=list)

    def add(self, line: int, message: str) -> None:
        short = message if len(message) <= LONGEST else f"{message[:LONGEST]}…"
        self.found.append(Problem(self.file, line, short))

    def warn(self, line: int, message: str) -> None:
        """Tell of what can be run, but not as it was meant."""
        self.warned.append(Problem(self.file, line, message))

    def unknown(self, line: int, what: str, name: str, known: list[str]) -> None:
        """Tell of an unknown name, with the one that was perhaps meant."""
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(known) or 'none'}"
        self.add(line, f"unknown {what} '{name}'; {hint}")

    def lacks_mark(self, line: int, name: str) -> None:
        self.unmarked.append(
            Problem(self.file, line, f"'{name}' is free text: mark it 'personal: true' or 'public: true'")
        )
