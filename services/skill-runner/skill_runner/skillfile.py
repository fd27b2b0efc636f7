"""Finds a custom skill's Python file by name and hash, and loads it once."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

Function = Callable[[dict[str, Any], Any], Any]


class Missing(Exception):  # noqa: N818 - an answer
    """No file here has the pinned hash, or it has no function `run`."""


class SkillFiles:
    """Modules by skill and content: a changed file is another one, the old one stays for who pinned it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._loaded: dict[tuple[str, str], Function] = {}

    def function(self, skill: str, python_hash: str) -> Function:
        """Return `run` of <root>/<agent>/<skill_with_underscores>.py; raises what loading it raises."""
        known = self._loaded.get((skill, python_hash))
        if known is None:
            known = self._loaded[skill, python_hash] = self._load(skill, python_hash)
        return known

    def _load(self, skill: str, python_hash: str) -> Function:
        name = skill.replace("-", "_")
        for path in sorted(self.root.glob(f"*/{name}.py")):
            source = path.read_bytes()
            if hashlib.sha256(source).hexdigest() == python_hash:
                return _run_of(path, source, f"skill_{path.stem}_{python_hash[:12]}")
        raise Missing(skill)


def _run_of(path: Path, source: bytes, name: str) -> Function:
    module = sys.modules[name] = ModuleType(name)
    module.__file__ = str(path)
    exec(compile(source, path, "exec"), module.__dict__)  # noqa: S102 - running skills is what a worker is for
    function: Function | None = getattr(module, "run", None)
    if not callable(function):
        raise Missing(path.stem)
    return function
