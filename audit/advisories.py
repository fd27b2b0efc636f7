"""Known vulnerabilities and withdrawn versions, asked by uv of the index and of its advisory service."""

import os
import subprocess
import tempfile
from collections.abc import Iterable
from enum import Enum
from pathlib import Path

from audit.lock import Pin

PROJECT = """\
[project]
name = "audited"
version = "0"
requires-python = ">=3.11"
dependencies = [
{dependencies}
]
"""
FOUND = 1


class Answer(Enum):
    """What came of asking."""

    CLEAN = "no known vulnerability"
    VULNERABLE = "known vulnerabilities"
    NOT_ASKED = "could not ask"


def ask(pins: Iterable[Pin], uv: Path) -> tuple[Answer, list[str]]:
    """Return what is known of exactly these versions, and uv's words; needs the network."""
    listed = "\n".join(f"  {_quoted(str(pin))}," for pin in pins)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").write_text(PROJECT.format(dependencies=listed))
        done = subprocess.run(
            [uv, "audit", "--preview-features", "audit", "--no-dev"],
            cwd=folder,
            env={**os.environ, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    words = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return understood(done.returncode), words


def understood(code: int) -> Answer:
    """Take any failure but the one that names findings for a question that was not answered."""
    if code == 0:
        return Answer.CLEAN
    return Answer.VULNERABLE if code == FOUND else Answer.NOT_ASKED


def withdrawn(words: Iterable[str]) -> list[str]:
    return [line for line in words if "yanked" in line]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
