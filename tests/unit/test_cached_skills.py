"""Which of our own skills may answer again with an earlier result, and until when."""

import ast
from pathlib import Path

import pytest

from shared.definitions import SkillDefinition
from skillmodules import SKILLS, shipped

COHORT = "library.cohort.opted_in"


def imported(file: Path) -> set[str]:
    """Return what a file takes from the library, and what that takes from it."""
    found: set[str] = set()
    left = [file]
    while left:
        for node in ast.walk(ast.parse(left.pop().read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("library"):
                continue
            new = {f"{node.module}.{name.name}" for name in node.names} - found
            found |= new
            modules = new if node.module == "library" else {str(node.module)} if new else set()
            left += [SKILLS / f"{module.replace('.', '/')}.py" for module in modules]
    return found


@pytest.mark.parametrize("skill", shipped().values(), ids=lambda skill: skill.name)
def test_every_skill_says_how_long_its_results_serve(skill: SkillDefinition):
    assert skill.config.cache_s is not None


@pytest.mark.parametrize(
    "skill",
    [skill for skill in shipped().values() if skill.provider == "custom"],
    ids=lambda skill: skill.name,
)
def test_a_skill_that_compares_with_others_says_so(skill: SkillDefinition):
    (file,) = SKILLS.glob(f"*/{skill.name.replace('-', '_')}.py")
    assert bool(skill.config.cohort) == (COHORT in imported(file))
