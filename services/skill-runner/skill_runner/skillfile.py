"""Finds a skill's Python file by name and hash, and loads it once, with the library it was pushed with."""

import sys
from collections.abc import Callable, Iterable
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from shared.skill_source import LIBRARY, file_name, library_of, python_hash

KEPT = "TOTALAUD_KEPT_SKILLS"
Function = Callable[..., Any]


class Missing(Exception):  # noqa: N818 - an answer
    """No file here has the pinned hash, or it has no such function."""


class Source(NamedTuple):
    """A skill's Python file, and the library that lies beside its folder."""

    path: Path
    content: bytes
    library: dict[str, bytes]


class Library:
    """The folder `library` as some version had it; `modules` are its own while another one is in use."""

    def __init__(self, root: Path, *, is_empty: bool) -> None:
        self.root = str(root)
        self.is_empty = is_empty
        self.modules: dict[str, ModuleType] = {}


class SkillFiles:
    """Modules by skill and content: a changed file is another one, the old one stays for who pinned it.

    What is no longer in the skills folder is looked for in `kept` (`skill_runner.kept_skills`).
    """

    def __init__(self, root: Path, kept: Path | None = None) -> None:
        self.roots = (root, kept) if kept else (root,)
        self._loaded: dict[tuple[str, str], tuple[ModuleType, Library]] = {}
        self._libraries: dict[tuple[Path, str], Library] = {}
        self._used: Library | None = None

    def function(self, skill: str, pinned: str, name: str = "run") -> Function:
        """Return `name` of the skill's file; raises what loading it raises.

        Until the next call `import library.…` means that version's.
        """
        loaded = self._loaded.get((skill, pinned))
        if loaded is None:
            loaded = self._loaded[skill, pinned] = self._load(skill, pinned)
        module, library = loaded
        self._use(library)
        function: Function | None = getattr(module, name, None)
        if not callable(function):
            raise Missing(skill)
        return function

    def _load(self, skill: str, pinned: str) -> tuple[ModuleType, Library]:
        root, *kept = self.roots
        found = find(here_at(root, skill), pinned)
        for folder in kept:
            found = found or find(kept_at(folder, skill, pinned), pinned)
        if found is None:
            raise Missing(skill)
        home = found.path.parent.parent
        library = self._libraries.setdefault(
            (home, python_hash(b"", found.library)), Library(home, is_empty=not found.library)
        )
        self._use(library)
        return _module(found.path, found.content, f"skill_{found.path.stem}_{pinned[:12]}"), library

    def _use(self, library: Library) -> None:
        """Make `import library.…` mean these files; modules loaded before keep what they had."""
        if library is self._used:
            return
        loaded = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == LIBRARY}
        if self._used is not None:
            self._used.modules = loaded
            sys.path[:] = [path for path in sys.path if path != self._used.root]
        sys.path.insert(0, library.root)
        sys.modules.update(library.modules)
        invalidate_caches()
        self._used = library
        if not library.is_empty:
            import_module(LIBRARY)


def here_at(root: Path, skill: str) -> list[Path]:
    """Return where in a skills folder the Python file of a skill lies, or those of several agents."""
    return sorted(root.glob(f"*/{file_name(skill)}"))


def kept_at(folder: Path, skill: str, pinned: str) -> Iterable[Path]:
    """Return where past versions of it are kept: <folder>/<its library's hash>/<its own>/<its file>."""
    return folder.glob(f"*/{pinned}/{file_name(skill)}")


def find(places: Iterable[Path], pinned: str) -> Source | None:
    """Return the file that, with its library, has this hash."""
    for path in places:
        source = Source(path, path.read_bytes(), library_of(path.parent.parent))
        if python_hash(source.content, source.library) == pinned:
            return source
    return None


def _module(path: Path, source: bytes, name: str) -> ModuleType:
    module = sys.modules[name] = ModuleType(name)
    module.__file__ = str(path)
    exec(compile(source, path, "exec"), module.__dict__)  # noqa: S102 - running skills is what a worker is for
    return module
