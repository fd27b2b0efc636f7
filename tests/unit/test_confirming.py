"""Asking a person first: at a terminal, answered, left or interrupted."""

import contextlib
import os
import pty
import subprocess
import sys

import pytest

from totalaud.cli.main import INTERRUPTED

ASKING = """
import sys
from totalaud.cli.app import app
from totalaud.cli.main import call
from totalaud.cli.options import Options

@app.command("asking")
def asking() -> None:
    Options().confirm("Is it meant?")

sys.exit(call(["asking"]))
"""


@pytest.mark.parametrize(
    ("typed", "code"), [(b"y\n", 0), (b"\n", 1), (b"n\n", 1), (b"\x04", 1), (b"\x03", INTERRUPTED)]
)
def test_a_person_who_is_asked_may_agree_refuse_leave_or_interrupt(typed: bytes, code: int):
    ours, theirs = pty.openpty()
    at_a_terminal = ("setsid", "--ctty", sys.executable, "-c", ASKING)
    asked = subprocess.Popen(at_a_terminal, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    while b"[y/N]: " not in said:
        said += os.read(ours, 1024)
    assert pressed(ours, typed, asked) == code
    os.close(ours)


def pressed(terminal: int, keys: bytes, asked: subprocess.Popen[bytes]) -> int:
    """Press until it ends: an interruption just before Python begins to read is not heard."""
    for _ in range(30):
        os.write(terminal, keys)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return asked.wait(1)
    asked.kill()
    raise TimeoutError
