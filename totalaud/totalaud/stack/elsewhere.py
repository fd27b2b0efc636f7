"""Where root keeps PostgreSQL's files when its account cannot reach DATA, and what is left over there."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from totalaud.stack import paths
from totalaud.stack.server import NotReady

CLUSTERS = paths.ROOT_DATA / "postgres"
OWNER = "data-folder"


class Left(NamedTuple):
    """A folder with the tables and the keys of a data folder that is gone, or was made anew."""

    folder: Path
    data: Path

    def __str__(self) -> str:
        return f"left over: {self.folder} holds tables and keys of {self.data}, which is gone: remove it"


def place(data: Path) -> Path:
    """Return where a data folder's cluster is if it is not there itself."""
    return CLUSTERS / paths.stack_id(data)


def home(data: Path) -> Path:
    """Return the place for a data folder's cluster, made where it is missing; it says whose it is.

    Raises NotReady for a copy: it has the id of the folder that the cluster belongs to.
    """
    folder = paths.make_folder(place(data))
    owner = folder / OWNER
    if owner.is_file():
        first = _owner(owner)
        if _is_of(folder, first) and not first.samefile(data):
            raise NotReady(
                f"{data} is a copy of {first}, whose tables and keys are in {folder}: make another one with "
                f"'totalaud backup' and 'totalaud restore', or remove {first} and keep this one"
            )
    paths.write_private(owner, str(data.absolute()))
    return folder


def left(clusters: Path = CLUSTERS) -> Iterator[Left]:
    """Yield what nobody has a use for; of folders that do not say whose they are nothing is known."""
    for owner in sorted(clusters.glob(f"*/{OWNER}")):
        folder, data = owner.parent, _owner(owner)
        if not _is_of(folder, data):
            yield Left(folder, data)


def _owner(file: Path) -> Path:
    return Path(file.read_text(encoding="utf-8").strip())


def _is_of(folder: Path, data: Path) -> bool:
    known = data / "id"
    return known.is_file() and known.read_text().strip() == folder.name
