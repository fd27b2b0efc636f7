"""What `make quality` measures: every skill of ours whose answers can be held against a truth."""

from importlib import import_module

import pytest

from quality.__main__ import HERE, SPEED, modules
from quality.harness import SKILLS
from totalaud.skillfiles import load

NOT_MEASURED = {"write_summary"}


def test_every_skill_is_measured():
    called = {skill.name.replace("-", "_") for skill in load(SKILLS).skills}
    assert {*modules()} == called - NOT_MEASURED


@pytest.mark.parametrize("name", [*modules(), SPEED])
def test_what_is_called_as_a_skill_is_measures_it(name: str):
    assert callable(import_module(f"quality.{name}").measure)


def test_what_measures_nothing_is_not_called_as_a_skill_is():
    others = {file.stem for file in HERE.glob("*.py")} - {*modules(), SPEED, "__init__", "__main__"}
    assert [name for name in others if hasattr(import_module(f"quality.{name}"), "measure")] == []
