"""The page OPERATIONS.md: its commands run as they stand, and what it names is there."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rig import ROOT
from servers import data_folder
from totalaud.stack.postgres import Postgres

PAGE = (ROOT / "OPERATIONS.md").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE, flags=re.DOTALL)
COMMANDS = [line.removeprefix("$ ") for block in BLOCKS for line in block.splitlines()]
PROOFS = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
ALARMS = re.findall(r"^\| `([^`]+)`", PAGE.split("## Alarms")[1].split("##")[0], flags=re.MULTILINE)
TEXTS = [
    path.read_text()
    for folder in ("shared/shared", "services", "totalaud/totalaud")
    for path in (ROOT / folder).rglob("*.py")
]


@pytest.mark.parametrize(("file", "name"), PROOFS)
def test_every_test_that_it_names_is_there(file: str, name: str):
    assert f"def {name}(" in (ROOT / file).read_text() or not name


@pytest.mark.parametrize("line", ALARMS)
def test_every_alarm_that_it_explains_is_raised_somewhere(line: str):
    assert any(f'"{line}"' in text for text in TEXTS)


def test_every_line_that_is_a_warning_or_an_error_is_explained():
    level = r"(?:warning|error|exception|critical)"
    raised = {line for text in TEXTS for line in re.findall(rf'get_logger\(\)\.{level}\(\s*"([^"]+)"', text)}
    explained = PAGE.split("## Alarms")[1].split("##")[0]
    assert raised
    assert {line for line in raised if f"`{line}`" not in explained} == set()


def test_it_has_the_commands_that_are_tried_here():
    verbs = [word for line in COMMANDS for word in line.split() if word in ("backup", "restore", "rebuild")]
    assert verbs == ["backup", "restore", "rebuild"]


def test_the_folder_that_a_restore_goes_to_is_its_owner_s_alone(tmp_path: Path):
    (tmp_path / "master.key").touch()
    (line,) = (line for line in COMMANDS if "master.key" in line)
    new = tmp_path / "new"
    subprocess.run(
        ["bash", "-ec", f"umask 022; {line}"], env={"DATA": str(tmp_path), "NEW": str(new)}, check=True
    )
    assert [one.stat().st_mode & 0o077 for one in (new, new / "master.key")] == [0, 0]


async def test_its_commands_run_one_after_the_other(stack, tmp_path: Path):
    with data_folder() as data:
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DATA": str(stack.data),
            "BACKUPS": str(tmp_path),
            "NEW": str(data / "new"),
        }
        for line in COMMANDS:
            process = await asyncio.create_subprocess_exec(
                *("bash", "-ec", line),
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=-1,
                stderr=-2,
            )
            out, _ = await process.communicate()
            assert process.returncode == 0, (line, out.decode())
        shutil.rmtree(Postgres(data / "new", data / "new" / "logs").files.parent)
