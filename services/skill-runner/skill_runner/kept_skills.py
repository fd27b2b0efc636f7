"""Python files of past versions: a session runs what it began with, whatever the skills folder has by now."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from shared.definitions import SkillDefinition
from shared.logs import get_logger
from shared.registry import Skill
from shared.skill_source import LIBRARY, python_hash
from skill_runner.skillfile import Source, find, here_at

VERSIONS = 20
A_HASH = "[0-9a-f]" * 64


class KeptSkills:
    """A folder for each library, by its hash, in which it lies with the files that use it, by theirs.

    Several runners may share it; without a folder nothing is kept.
    """

    def __init__(self, skills: Path, folder: str | None) -> None:
        self._skills = skills
        self._folder = Path(folder) if folder else None

    def keep(self, definition: SkillDefinition) -> None:
        """Copy what this version runs, if it is here; where a disk takes nothing, skills run all the same."""
        name, pinned = definition.name, definition.python_hash
        if self._folder is None or pinned is None:
            return
        try:
            found = find(here_at(self._skills, name), pinned)
            if found is not None:
                _copy(found, self._folder / python_hash(b"", found.library), pinned)
        except OSError as error:
            get_logger().warning("a skill's Python file is not kept", skill=name, reason=type(error).__name__)

    def forget(self, skills: Sequence[Skill]) -> None:
        """Remove older versions than the last; what this log does not know may be of one to be restored."""
        if self._folder is None:
            return
        last = {one.python_hash for skill in skills for one in skill.versions[-VERSIONS:]}
        older = {one.python_hash for skill in skills for one in skill.versions[:-VERSIONS]} - last
        for home in self._folder.glob(A_HASH):
            versions = {one.name: one for one in home.glob(A_HASH)}
            for name in versions.keys() & older:
                shutil.rmtree(versions[name], ignore_errors=True)
            if versions and versions.keys() <= older:
                shutil.rmtree(home, ignore_errors=True)


def _copy(found: Source, home: Path, pinned: str) -> None:
    """The skill's own file is written last: where it is, its library is whole."""
    for name, content in found.library.items():
        _write(home / LIBRARY / name, content)
    _write(home / pinned / found.path.name, found.content)


def _write(file: Path, content: bytes) -> None:
    if file.is_file() and file.read_bytes() == content:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{uuid4().hex}")
    draft.write_bytes(content)
    draft.replace(file)
