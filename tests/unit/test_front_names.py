"""The names of `totalaud` as a type checker of a program that uses them knows them."""

import subprocess
import sys
from pathlib import Path

import totalaud

PACKAGE = Path(totalaud.__file__)


def test_a_type_checker_knows_each_name_and_no_other(tmp_path: Path):
    own = tmp_path / "own.py"
    own.write_text("".join(f"from totalaud import {name}\n" for name in (*totalaud.__all__, "Cleint")))
    mypy = [sys.executable, "-m", "mypy", "--follow-imports=skip", "--cache-dir=/dev/null"]
    told = subprocess.run([*mypy, PACKAGE, own], capture_output=True, text=True, check=False, cwd=tmp_path)
    faults = [line for line in told.stdout.splitlines() if ": error: " in line]
    assert [fault.startswith(f"own.py:{len(totalaud.__all__) + 1}: ") for fault in faults] == [True], told
