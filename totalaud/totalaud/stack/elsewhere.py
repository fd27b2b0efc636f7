"""Where root keeps PostgreSQL's files when its account cannot reach DATA, and what is left over there."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from totalaud.stack import paths

CLUSTERS = paths.ROOT_DATA / "postgres"
OWNER = "data-folder"


class Left(NamedTuple):
    """A folder with the tables and the keys of a data folder that is gone, or was made anew."""

    folder: Path
    data: Path

    def __str__(self) -> str:
        return f"left over: {self.folder} holds tables and keys of {self.data}, which is gone: remove it"


def home(data: Path) -> Path:
    """Return the place for a data folder's cluster, made where it is missing; it says whose it is."""
    folder = paths.make_folder(CLUSTERS / paths.stack_id(data))
    paths.write_private(folder / OWNER, str(data.absolute()))
    return folder


def left(clusters: Path = CLUSTERS) -> Iterator[Left]:
    """Yield what nobody has a use for; of folders that do not say whose they are nothing is known."""
    for owner in sorted(clusters.glob(f"*/{OWNER}")):
        folder, data = owner.parent, Path(owner.read_text(encoding="utf-8").strip())
        known = data / "id"
        if not known.is_file() or known.read_text().strip() != folder.name:
            yield Left(folder, data)
