"""The shipped skills: what they are, and the Python file of one as a module."""

from datetime import UTC, datetime
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from uuid import UUID

from shared.definitions import SkillDefinition
from totalaud.skillfiles import load

SKILLS = Path(__file__).parents[1] / "skills"


class Asked:
    """The context of a skill that reads nothing: who asks, and when."""

    user = UUID(int=1)

    def now(self) -> datetime:
        return datetime(2026, 11, 2, 12, tzinfo=UTC)


@cache
def shipped() -> dict[str, SkillDefinition]:
    """All of them by name, read once."""
    return {skill.name: skill for skill in load(SKILLS).skills}


def skill_module(path: str) -> ModuleType:
    spec = spec_from_file_location(f"skill_{Path(path).stem}", SKILLS / path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
