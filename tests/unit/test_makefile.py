"""When `make` installs again."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
MAKE = str(shutil.which("make"))
UV_VERSION = re.findall(r"^UV_VERSION := (.*)$", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)[0]

PRETENDS = """\
#!/bin/sh
shift
exec {real} -c 'import sys; sys.version_info = (3, {minor}, 0); exec(sys.argv[1])' "$1"
"""

BREAKS_OFF = """\
#!/bin/sh
case "$*" in
    *venv*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    *pip*) echo half > "$(dirname "$0")/uv" && kill -KILL 0 ;;
esac
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A checkout of which `make` takes everything for installed."""
    folder = tmp_path / "Über uns" / "it's ours"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".tools" / "bin").mkdir(parents=True)
    (folder / ".tools" / "bin" / "uv").touch()
    (folder / ".tools" / f"uv-{UV_VERSION}").touch()
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    for name in (
        "Makefile",
        "requirements.lock",
        "pyproject.toml",
        "*/pyproject.toml",
        "services/*/pyproject.toml",
    ):
        for file in CHECKOUT.glob(name):
            there = folder / file.relative_to(CHECKOUT)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, there)
    written = f"{folder} {sys.version_info.major} {sys.version_info.minor}\n"
    (folder / ".venv" / ".installed").write_text(written, encoding="utf-8")
    return folder


def make(folder: Path, *args: str) -> int:
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run([MAKE, *args], cwd=folder, env=env, check=False, start_new_session=True).returncode


def is_taken_for_installed(folder: Path) -> bool:
    return make(folder, "--question", "install") == 0


def test_what_is_installed_is_not_installed_again(installed: Path):
    assert is_taken_for_installed(installed)


def test_a_folder_that_was_moved_is_installed_again(installed: Path):
    assert not is_taken_for_installed(installed.rename(installed.with_name("elsewhere")))


def test_a_folder_that_was_copied_is_installed_on_its_own(installed: Path):
    copy = shutil.copytree(installed, installed.with_name("copy"), symlinks=True)
    assert not is_taken_for_installed(copy)
    assert is_taken_for_installed(installed)


def test_a_folder_whose_python_has_gone_is_installed_again(installed: Path):
    python = installed / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert not is_taken_for_installed(installed)


def test_a_folder_whose_python_has_become_another_one_is_installed_again(installed: Path):
    (installed / ".venv" / ".installed").write_text(f"{installed} 3 10\n", encoding="utf-8")
    assert not is_taken_for_installed(installed)


def test_a_folder_whose_install_broke_off_is_installed_again(installed: Path):
    half = installed / ".venv" / "half"
    half.touch()
    os.utime(installed / ".venv" / ".installed", (0, 0))
    assert make(installed, "install") != 0
    assert half.exists()
    make(installed, "install")
    assert not half.exists()


def test_an_environment_that_only_root_can_remove_is_told_in_one_line(
    installed: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    (installed / ".venv" / ".installed").unlink()
    rm = installed / "rm"
    rm.write_text("#!/bin/sh\necho one of many lines >&2\nexit 1\n")
    rm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{installed}:{os.environ['PATH']}")
    assert make(installed, "install") != 0
    told = capfd.readouterr()
    assert "'sudo make clean'" in told.out
    assert "one of many lines" not in told.err


def test_an_install_says_that_it_takes_its_time(installed: Path, capfd: pytest.CaptureFixture[str]):
    (installed / ".venv" / ".installed").unlink()
    make(installed, "install")
    assert "installing into .venv" in capfd.readouterr().err


def test_a_uv_of_another_version_is_replaced(installed: Path):
    makefile = installed / "Makefile"
    makefile.write_text(makefile.read_text().replace(f"UV_VERSION := {UV_VERSION}", "UV_VERSION := 0.0.1"))
    assert not is_taken_for_installed(installed)
    make(installed, "PYTHON=true", "install")
    assert not (installed / ".tools" / f"uv-{UV_VERSION}").exists()


def test_uv_is_there_whole_or_not_at_all(installed: Path):
    python = installed / "python"
    python.write_text(BREAKS_OFF)
    python.chmod(0o755)
    shutil.rmtree(installed / ".tools")
    assert make(installed, "PYTHON=./python", "install") == -signal.SIGKILL
    assert not (installed / ".tools").exists()


def pretend(folder: Path, minors: dict[str, int]) -> None:
    """Put Pythons there that take themselves for `3.<minor>`."""
    for name, minor in minors.items():
        (folder / name).write_text(PRETENDS.format(real=sys.executable, minor=minor))
        (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ({"python3": 14, "python3.11": 11}, "python3.11"),
        ({"python3": 12, "python3.14": 14}, "python3"),
        ({"python3": 15, "python3.13": 13, "python3.14": 14}, "python3.14"),
        ({"python3": 10, "python3.12": 12}, "python3.12"),
    ],
)
def test_of_several_pythons_make_takes_one_that_all_wheels_are_for(
    installed: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    there: dict[str, int],
    taken: str,
):
    pretend(installed, there)
    monkeypatch.setenv("PATH", str(installed))
    make(installed, "--silent", "--eval", "taken: ; $(info $(PYTHON))", "taken")
    assert capfd.readouterr().out == f"{installed / taken}\n"


def test_a_python_that_some_wheel_is_not_for_is_refused(installed: Path, capfd: pytest.CaptureFixture[str]):
    pretend(installed, {"newest": 15})
    shutil.rmtree(installed / ".tools")
    assert make(installed, "PYTHON=./newest", "install") != 0
    assert "needs Python 3.11 to 3.14" in capfd.readouterr().out
