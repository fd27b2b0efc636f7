"""Which of our own skills may answer again with an earlier result, and until when."""

import ast
from pathlib import Path

import pytest

from shared.definitions import SkillDefinition
from totalaud.skillfiles import load

ROOT = Path(__file__).parents[2] / "skills"
SKILLS = load(ROOT).skills
COHORT = "library.cohort"


def imported(file: Path) -> set[str]:
    """Return the modules of the library that a file uses, and those that they use."""
    found: set[str] = set()
    left = [file]
    while left:
        for node in ast.walk(ast.parse(left.pop().read_text(encoding="utf-8"))):
            name = node.module if isinstance(node, ast.ImportFrom) else None
            if name and name.startswith("library.") and name not in found:
                found.add(name)
                left.append(ROOT / f"{name.replace('.', '/')}.py")
    return found


@pytest.mark.parametrize("skill", SKILLS, ids=lambda skill: skill.name)
def test_every_skill_says_how_long_its_results_serve(skill: SkillDefinition):
    assert skill.config.cache_s is not None


@pytest.mark.parametrize(
    "skill", [skill for skill in SKILLS if skill.provider == "custom"], ids=lambda skill: skill.name
)
def test_a_skill_that_compares_with_others_says_so(skill: SkillDefinition):
    (file,) = ROOT.glob(f"*/{skill.name.replace('-', '_')}.py")
    assert bool(skill.config.cohort) == (COHORT in imported(file))
