"""What is asked for in numbers: refused by name where it makes no sense, held to what is useful."""

from collections.abc import Mapping
from typing import Any

from skill_runner.context import SkillError


def how_many(given: Mapping[str, Any], field: str, most: int) -> int:
    """Return how many are wanted, at most `most`; raises SkillError below 1."""
    wanted = int(given[field])
    if wanted < 1:
        raise SkillError(f"{field}: at least 1 is wanted")
    return min(wanted, most)


def share_of_false(given: Mapping[str, Any]) -> float:
    """Return `fdr`; raises SkillError where it is no share."""
    wanted = float(given["fdr"])
    if not 0 < wanted < 1:
        raise SkillError("fdr: a share between 0 and 1 is wanted, such as 0.1")
    return wanted
