"""What servers and services wrote lately, for whoever reads of a test that failed."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

LINES, WIDTH = 20, 400
USUAL = " [INF] "
BEFORE = ("initdb.log",)


class LastWords:
    """The logs of data folders in use; what was written in one that went with an error is kept."""

    def __init__(self) -> None:
        self._folders: list[Path] = []
        self._kept: list[tuple[float, str, str]] = []

    def open(self, folder: Path) -> None:
        self._folders.append(folder)

    def close(self, folder: Path, *, keep: bool) -> None:
        self._folders.remove(folder)
        if keep:
            self._kept += _written(folder)

    def since(self, begun: float) -> Iterator[tuple[str, str]]:
        """Return name and last lines of each log that was written after `begun` (seconds since 1970)."""
        now = [written for folder in self._folders for written in _written(folder)]
        for at, name, text in self._kept + now:
            if at >= begun:
                yield name, text


def _written(folder: Path) -> Iterator[tuple[float, str, str]]:
    """Pass over what goes away meanwhile: a report of one failure must not become another one."""
    for log in sorted(folder.glob("logs/*.log")):
        with suppress(OSError):
            at, text = log.stat().st_mtime, log.read_text(errors="replace")
            lines = [line for line in text.splitlines() if USUAL not in line]
            if lines and log.name not in BEFORE:
                yield at, log.name, "\n".join(line[:WIDTH] for line in lines[-LINES:])


LAST_WORDS = LastWords()
