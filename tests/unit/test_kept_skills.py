"""The Python files of past versions: kept while the skills folder has them, run when it no longer does."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import NamedTuple

import pytest
from structlog.testing import capture_logs

from shared.definitions import SkillDefinition
from shared.registry import Skill
from shared.skill_source import file_name, library_of, python_hash
from skill_runner.kept_skills import VERSIONS, KeptSkills
from skill_runner.skillfile import Missing, SkillFiles

SOURCE = "from library.rule import NUMBER\n\ndef run(given, context):\n    return NUMBER\n"
ROUNDS = 100
LATE = "def run(given, context):\n    from library.rule import NUMBER\n    return NUMBER\n"


class Installation(NamedTuple):
    """A skills folder, and the folder beside it where past versions are kept."""

    skills: Path
    folder: Path

    @property
    def kept(self) -> KeptSkills:
        return KeptSkills(self.skills, str(self.folder))

    @property
    def files(self) -> SkillFiles:
        return SkillFiles(self.skills, self.folder)

    def release(self, number: int, source: str = SOURCE, name: str = "tell-number") -> SkillDefinition:
        """Have the skill's file, and a library with this number in it."""
        (self.skills / "library" / "rule.py").write_text(f"NUMBER = {number}\n" + "#" * number)
        (self.skills / "tester" / file_name(name)).write_text(source)
        return SkillDefinition(
            name=name,
            category="analysis",
            provider="custom",
            input_schema={},
            output_schema={},
            hash=f"hash-{number}",
            python_hash=python_hash(source.encode(), library_of(self.skills)),
        )


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    (tmp_path / "skills" / "library").mkdir(parents=True)
    (tmp_path / "skills" / "library" / "__init__.py").touch()
    (tmp_path / "skills" / "tester").mkdir()
    before = list(sys.path)
    yield Installation(tmp_path / "skills", tmp_path / "kept")
    sys.path[:] = before
    for name in [name for name in sys.modules if name.split(".")[0] == "library"]:
        del sys.modules[name]


def told(files: SkillFiles, version: SkillDefinition) -> int:
    number: int = files.function(version.name, version.python_hash or "")({}, None)
    return number


def test_a_version_that_the_skills_folder_no_longer_has_is_run_with_its_own_library(here: Installation):
    first = here.release(1)
    here.kept.keep(first)
    second = here.release(2)
    assert [told(here.files, one) for one in (first, second, first)] == [1, 2, 1]


def test_what_is_imported_while_it_runs_is_its_own_library_s_too(here: Installation):
    first = here.release(1, LATE)
    here.kept.keep(first)
    second = here.release(2, LATE)
    files = here.files
    assert [told(files, one) for one in (first, second, first, second)] == [1, 2, 1, 2]


def test_a_version_is_not_run_with_what_has_taken_the_place_of_a_library_in_use(here: Installation):
    unused = "def run(given, context):\n    return 0\n"
    first, other = here.release(1, unused), here.release(1, SOURCE, name="tell-other")
    for one in (first, other):
        here.kept.keep(one)
    files = here.files
    told(files, first)
    here.release(2)
    assert told(files, other) == 1


def test_a_version_that_was_gone_before_it_was_told_of_is_missing(here: Installation):
    first = here.release(1)
    here.release(2)
    here.kept.keep(first)
    with pytest.raises(Missing):
        told(here.files, first)


def test_a_kept_file_that_was_damaged_is_not_run_and_is_kept_anew(here: Installation):
    first = here.release(1)
    here.kept.keep(first)
    for file in here.folder.glob("*/*/*.py"):
        file.write_text("NUMBER = 3\n")
    here.release(2)
    with pytest.raises(Missing):
        told(here.files, first)
    here.kept.keep(here.release(1))
    here.release(2)
    assert told(here.files, first) == 1


def test_what_is_kept_already_is_not_written_again(here: Installation):
    def written() -> set[int]:
        return {file.stat().st_ino for file in here.folder.glob("*/*/*.py")}

    first = here.release(1)
    here.kept.keep(first)
    before = written()
    here.kept.keep(first)
    assert written() == before


def test_runners_that_begin_together_keep_a_version_though_both_are_the_first_process_of_a_container(
    here: Installation,
):
    first, together = here.release(1), Barrier(2)

    def keep(_: object) -> None:
        for number in range(ROUNDS):
            kept = KeptSkills(here.skills, str(here.folder / str(number)))
            together.wait()
            kept.keep(first)

    with capture_logs() as logs, ThreadPoolExecutor(2) as runners:
        list(runners.map(keep, range(2)))
    assert logs == []


def test_all_but_the_last_versions_are_forgotten_but_for_those_of_another_log(here: Installation):
    versions = [here.release(number) for number in range(VERSIONS + 2)]
    for number, _ in enumerate(versions):
        here.kept.keep(here.release(number))
    (here.folder / ("0" * 64) / "library").mkdir(parents=True)
    here.kept.forget([Skill(tuple(versions[1:]))])
    here.kept.forget([])
    kept = {path.parent.name for path in here.folder.glob("*/*/tell_number.py")}
    assert kept == {one.python_hash for number, one in enumerate(versions) if number != 1}
    assert len(list(here.folder.glob("*/library"))) == VERSIONS + 2


def test_a_library_stays_for_as_long_as_one_of_its_versions(here: Installation):
    versions = []
    for number in range(VERSIONS + 1):
        versions.append(here.release(1, f"{SOURCE}# {number}\n"))
        here.kept.keep(versions[-1])
    here.kept.forget([Skill(tuple(versions))])
    here.release(2)
    assert [told(here.files, one) for one in versions[1:]] == [1] * VERSIONS
    with pytest.raises(Missing):
        told(here.files, versions[0])


def test_a_folder_that_takes_nothing_is_said_and_keeps_nobody_from_running(here: Installation):
    here.folder.write_text("a file")
    with capture_logs() as logs:
        here.kept.keep(here.release(1))
    assert [(line["log_level"], line["skill"]) for line in logs] == [("warning", "tell-number")]


def test_without_a_folder_nothing_is_kept(here: Installation):
    kept = KeptSkills(here.skills, None)
    kept.keep(here.release(1))
    kept.forget([])
    assert not here.folder.exists()
