"""A skill reads its own user's rows: every table that is joined is bounded by the user too."""

import re
from pathlib import Path

import pytest

from projected import RECORDS

ROOT = Path(__file__).parents[2] / "skills"
FILES = sorted(file for file in ROOT.rglob("*.py") if "JOIN" in file.read_text(encoding="utf-8"))
TABLES = "|".join(sorted(RECORDS))
JOINED = re.compile(rf"JOIN ({TABLES})\s+\w+\s+ON(.*?)(?=JOIN|WHERE|ORDER|GROUP|$)", re.DOTALL)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_joined_table_is_bounded_by_the_user(file: Path):
    text = file.read_text(encoding="utf-8")
    unbounded = [table for table, condition in JOINED.findall(text) if "user_id" not in condition]
    assert unbounded == []


def test_joins_are_found_at_all():
    assert sum(len(JOINED.findall(file.read_text(encoding="utf-8"))) for file in FILES) > 10
