"""The demo from start to end, and ended early: it leaves no process behind."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from servers import data_folder


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


async def demo(data: Path) -> Process:
    words = (sys.executable, "-m", "totalaud.cli", "demo", "--data", str(data))
    env = {name: value for name, value in os.environ.items() if not name.startswith(("TOTALAUD_", "OTEL_"))}
    return await asyncio.create_subprocess_exec(*words, stdout=-1, stderr=-2, env={**env, "COLUMNS": "80"})


def left_behind(data: Path) -> list[str]:
    """Whatever still speaks of the data folder, in its arguments or its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            said = " ".join([*process.cmdline(), *process.environ().values()])
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if str(data) in said and process.pid != os.getpid():
            found.append(" ".join(process.cmdline()))
    return found


async def told_until(program: Process, words: str) -> None:
    assert program.stdout is not None
    async for line in program.stdout:
        if words in line.decode():
            return
    pytest.fail(f"the demo ended without a word of {words!r}")


@pytest.mark.parametrize(
    ("number", "after", "code"),
    [
        (signal.SIGINT, "“Find me", 130),
        (signal.SIGTERM, "nats runs", 143),
        (signal.SIGHUP, "step 1", 129),
    ],
)
async def test_the_demo_is_ended_early_and_cleans_up(data: Path, number: int, after: str, code: int):
    program = await demo(data)
    await told_until(program, after)
    program.send_signal(number)
    rest, _ = await program.communicate()
    assert program.returncode == code, rest.decode()
    assert "Traceback" not in rest.decode()
    assert left_behind(data) == []


async def test_after_a_kill_the_demo_tells_the_whole_story(data: Path):
    killed = await demo(data)
    await told_until(killed, "the stack is up")
    killed.kill()
    await killed.wait()
    program = await demo(data)
    out, _ = await program.communicate()
    told = out.decode()
    assert program.returncode == 0, told
    assert "scout-agent starts: research-contacts, score-contacts, generate-pitch" in told
    contacts = re.search(r"(\d+) contacts found", told)
    assert contacts, told
    assert told.count("Hi ") == int(contacts[1]) > 0
    assert "[[" not in told
    assert told.count("simulated") > int(contacts[1])
    assert re.search(r"trace [0-9a-f]{32}", told)
    assert "FROM agent_session_steps" in told
    assert max(len(line) for line in told.splitlines() if "FROM" not in line and "  " in line) <= 130
    assert left_behind(data) == []
