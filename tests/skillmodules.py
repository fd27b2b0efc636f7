"""Loads the Python file of a shipped skill as a module."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

SKILLS = Path(__file__).parents[1] / "skills"


def skill_module(path: str) -> ModuleType:
    spec = spec_from_file_location(f"skill_{Path(path).stem}", SKILLS / path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
