"""Broken files by the command line: every fault with its line, good rows load, no bomb goes off."""

import json
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from rig import ROOT
from totalaud.cli.main import call

HEADER = "name,email,outlet,type,genres,suppressed\n"
GOOD_ROWS = [
    "Nova Samplewood,nova@example.org,Harbour FM,radio,synthpop;indie,no",
    '"Quill, Jr.",quill@example.org,"Two\nlines FM",podcast,folk,',
]
BROKEN_ROWS = [
    ("Ada Brokenmail,ada at example.org,Harbour FM,radio,,", "email"),
    ("Bo Oddkind,bo@example.org,Harbour FM,astronaut,,", "type"),
    (",,Nobody FM,radio,,", "name"),
    ("Cy Perhaps,cy@example.org,Harbour FM,radio,,perhaps", "suppressed"),
    (f"{'D' * 201},dee@example.org,Harbour FM,radio,,", "name"),
    ("Eve Manycells,eve@example.org,Harbour FM,radio,,no,one,two", "8 cells, but the header has 6 columns"),
]
FIVE_FAULTS = """\
name: Find_People
category: reserch
provider: openai
version: "1"
input:
  query: strin
  kind: enum[a, a]
colour: red
"""
LEVELS = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
BOMBS = {
    "nested lists": "[" * 30_000,
    "nested maps": "{a: " * 15_000,
    "nested lists with values": "[a," * 21_000,
    "one long list": "a: [" + "a," * 32_000,
    "one long map": "{" + "a: b," * 13_000 + "}",
    "aliases": "l0: &l0 [lol]\n" + LEVELS,
    "a merge key": "a: &a {b: c}\nd:\n  <<: *a\n",
    "a tag": "a: !!python/object/apply:os.system [id]\n",
    "too large": "a: " + "x" * 100_000,
    "list marks": "name: s\ncategory: research\nprovider: openai\ninput:\n  x: string" + "[]" * 30_000,
    "no text": "\x00\x01\x02",
    "many documents": "---\n" * 16_000,
}


@pytest.fixture
def command(stack, front, capsys):
    """Run the command line as a user of their own; returns its code and what it wrote."""
    user = str(uuid4())

    def run(*words: str) -> tuple[int, str]:
        code = call([*words, "--user", user, "--data", str(stack.data)])
        told = capsys.readouterr()
        return code, told.out + told.err

    run.user = user
    return run


@pytest.fixture
def skills(tmp_path: Path):
    """Make a folder of skills with one file `a/s.yaml`."""

    def make(text: str | bytes) -> Path:
        (tmp_path / "a").mkdir(exist_ok=True)
        (tmp_path / "a" / "s.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return make


def test_broken_rows_are_told_by_their_lines_and_good_ones_load(command, tmp_path: Path):
    rows = [GOOD_ROWS[0], *(row for row, _ in BROKEN_ROWS), GOOD_ROWS[1]]
    file = tmp_path / "contacts.csv"
    file.write_text(HEADER + "\n".join(rows) + "\n")
    code, told = command("contacts", "import", str(file))
    lines = told.splitlines()
    assert code == 0
    assert lines[-1] == "2 imported, 0 unchanged, 0 duplicates, 6 failed"
    for number, (line, (_, field)) in enumerate(zip(lines, BROKEN_ROWS, strict=False), 3):
        assert line.startswith(f"{file}:{number}: {field}")
    assert not [name for name in ("Ada", "Bo", "Cy", "Eve", "astronaut", "perhaps") if name in told]
    code, told = command("contacts", "import", str(file))
    assert told.splitlines()[-1] == "0 imported, 2 unchanged, 0 duplicates, 6 failed"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"just one line of text",
        b"colour,taste\nred,sweet\n",
        b'name,email\n"never closed,x@example.org\n',
        b"\x00\x01\x02\xff\xfe\xfd" * 100,
        (HEADER + BROKEN_ROWS[0][0]).encode("utf-16"),
    ],
)
def test_a_file_without_any_good_row_ends_with_1_and_says_why(command, tmp_path: Path, data: bytes):
    file = tmp_path / "contacts.csv"
    file.write_bytes(data)
    code, told = command("contacts", "import", str(file))
    assert code == 1
    assert told.strip()
    assert "Traceback" not in told


def test_five_faults_are_five_lines(skills, capsys):
    folder = skills(FIVE_FAULTS)
    assert call(["skills", "lint", str(folder)]) == 1
    told = capsys.readouterr().out.splitlines()
    file = folder / "a" / "s.yaml"
    assert told[:4] == [
        f"{file}:1: 'Find_People' is no name: at most 64 small letters, digits and single hyphens",
        f"{file}:2: unknown category 'reserch'; did you mean 'research'?",
        f"{file}:6: unknown type 'strin'; did you mean 'string'?",
        f"{file}:7: an enum lists each value once",
    ]
    assert [
        line.startswith(f"{file}:8: unknown key 'colour'; there are: name, version") for line in told[4:]
    ] == [True]


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_one_line_within_a_second(skills, capsys, bomb: str):
    folder = skills(BOMBS[bomb])
    call(["skills", "lint", str(ROOT / "skills")])
    capsys.readouterr()
    began = time.process_time()
    assert call(["skills", "lint", str(folder)]) == 1
    assert time.process_time() - began < 1
    told = capsys.readouterr().out.splitlines()
    problems = [line for line in told if not line.endswith("(a warning)")]
    assert len(problems) == 1
    assert problems[0].startswith(f"{folder / 'a' / 's.yaml'}:")
    assert len(problems[0]) < 600


def test_a_bad_file_costs_itself_only(skills, command):
    folder = skills("a: " + "[" * 30_000)
    (folder / "b").mkdir()
    (folder / "b" / "fine.yaml").write_text(
        "name: fine\ncategory: analysis\nprovider: openai\nmodel: small\n"
    )
    code, told = command("skills", "push", str(folder))
    assert code == 1
    assert "nested deeper" in told
    assert "changed: fine" in told
    assert "1 warning: see 'totalaud skills lint'" in told
    assert "fine" in command("skills", "list")[1]


def test_lint_as_a_program_ends_with_1_and_json_is_for_scripts(skills):
    folder = skills(FIVE_FAULTS)
    words = [sys.executable, "-m", "totalaud.cli", "skills", "lint", str(folder), "--json"]
    ended = subprocess.run(words, check=False, capture_output=True, text=True)
    assert ended.returncode == 1
    assert [problem["line"] for problem in json.loads(ended.stdout)] == [1, 2, 6, 7, 8]
