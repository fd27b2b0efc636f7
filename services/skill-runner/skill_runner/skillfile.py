"""Finds a skill's Python file by name and hash, and loads it once, with the library it was pushed with."""

import sys
from collections.abc import Callable
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType
from typing import Any

from shared.skill_source import LIBRARY, file_name, library_of, python_hash

Function = Callable[..., Any]


class Missing(Exception):  # noqa: N818 - an answer
    """No file here has the pinned hash, or it has no such function."""


class SkillFiles:
    """Modules by skill and content: a changed file is another one, the old one stays for who pinned it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._loaded: dict[tuple[str, str], ModuleType] = {}
        self._library: dict[str, bytes] | None = None

    def function(self, skill: str, pinned: str, name: str = "run") -> Function:
        """Return `name` of <root>/<agent>/`file_name(skill)`; raises what loading it raises."""
        module = self._loaded.get((skill, pinned))
        if module is None:
            module = self._loaded[skill, pinned] = self._load(skill, pinned)
        function: Function | None = getattr(module, name, None)
        if not callable(function):
            raise Missing(skill)
        return function

    def _load(self, skill: str, pinned: str) -> ModuleType:
        library = library_of(self.root)
        for path in sorted(self.root.glob(f"*/{file_name(skill)}")):
            source = path.read_bytes()
            if python_hash(source, library) == pinned:
                self._use(library)
                return _module(path, source, f"skill_{path.stem}_{pinned[:12]}")
        raise Missing(skill)

    def _use(self, library: dict[str, bytes]) -> None:
        """Make `import library.…` mean these files; modules loaded before keep what they had."""
        if library == self._library:
            return
        for name in [name for name in sys.modules if name.split(".")[0] == LIBRARY]:
            del sys.modules[name]
        if str(self.root) not in sys.path:
            sys.path.insert(0, str(self.root))
        invalidate_caches()
        if library:
            import_module(LIBRARY)
        self._library = library


def _module(path: Path, source: bytes, name: str) -> ModuleType:
    module = sys.modules[name] = ModuleType(name)
    module.__file__ = str(path)
    exec(compile(source, path, "exec"), module.__dict__)  # noqa: S102 - running skills is what a worker is for
    return module
