"""What a backup consists of, and whether it is whole and can be read by this release."""

import hashlib
import importlib.metadata
import json
import os
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self
from uuid import UUID

from pydantic import ValidationError

from shared.json import loads
from shared.message import File
from shared.refusal import Refusal

FORMAT = 1
FILE = "manifest.json"
SUM = "sum"
KEYS_FILE = "vault.jsonl"
LOG = "EVT"
COPIED = ("CMD", LOG, "DLQ")
KEPT_DAYS = 30
BLOCK = 1024 * 1024
PAGE_BYTES = 8 * 1024 * 1024
Json = dict[str, Any]


class Copy(File):
    """A file of the backup."""

    size: int
    sha256: str


class StreamCopy(File):
    """A stream as its snapshot has it; one that was restored keeps the time at which it was first made."""

    born: str
    state: Json

    @property
    def messages(self) -> int:
        return int(self.state["messages"])

    @property
    def last_seq(self) -> int:
        return int(self.state["last_seq"])


class Manifest(File):
    """`delete_by` is when the keys in it must be gone for good; `sum` is over all else that stands here.

    Without a sum it is of a time when none was written. `master_key_since` tells by which master key it is
    restored: None is the first one.
    """

    format: int
    release: str
    nats: str
    created: datetime
    delete_by: date
    user: UUID
    streams: dict[str, StreamCopy]
    keys: int
    erased: int
    master_key_since: datetime | None = None
    files: dict[str, Copy]
    sum: str = ""

    def document(self) -> Json:
        """Return it with its sum, as it is written."""
        told = self.model_dump(mode="json")
        return told | {SUM: _sum(told)}

    def to_json(self) -> bytes:
        return json.dumps(self.document(), indent=1).encode() + b"\n"


def release() -> str:
    return importlib.metadata.version("totalaud")


def stream_file(stream: str) -> str:
    """Return the name of a stream's snapshot."""
    return f"{stream}.snapshot"


class Written:
    """A new file, readable by its owner only, counted and summed up while it is written."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._sum = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> int:
        self._sum.update(data)
        self._size += len(data)
        return self._file.write(data)

    def fileno(self) -> int:
        return self._file.fileno()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def done(self) -> Copy:
        """Return what it is once it is on disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return Copy(size=self._size, sha256=self._sum.hexdigest())


def read(folder: Path) -> Manifest:
    """Read the manifest and check every file; raises Refusal with the file, the reason and the way out."""
    path = folder / FILE
    if not path.is_file():
        raise _refused(FILE, f"{path} is missing: name the folder that 'totalaud backup' has written")
    document = _document(path)
    if document.get("format") != FORMAT:
        raise _refused(
            FILE,
            f"{path} is of format {document.get('format')}, this release reads {FORMAT}: "
            f"use the release that made it ({document.get('release', 'unknown')})",
        )
    if _numbers(str(document.get("release"))) > _numbers(release()):
        raise _refused(
            FILE,
            f"{path} was made by release {document['release']}, this is {release()}: upgrade, then restore",
        )
    if document.get(SUM, _sum(document)) != _sum(document):
        raise _damaged(path)
    try:
        manifest = Manifest.model_validate(document)
    except ValidationError:
        raise _damaged(path) from None
    for name in (*map(stream_file, COPIED), KEYS_FILE):
        if name not in manifest.files or not manifest.streams.keys() >= set(COPIED):
            raise _damaged(path)
        _check(folder / name, manifest.files[name])
    return manifest


def _document(path: Path) -> Json:
    try:
        document = loads(path.read_bytes())
    except Refusal:
        document = None
    if not isinstance(document, dict):
        raise _damaged(path)
    return document


def _sum(document: Json) -> str:
    told = {name: value for name, value in document.items() if name != SUM}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _check(path: Path, copy: Copy) -> None:
    if not path.is_file():
        raise _refused(path.name, f"{path} is missing: take another copy of the backup")
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
    if found.hexdigest() != copy.sha256:
        raise _refused(
            path.name,
            f"{path} is not as it was written (its checksum differs): take another copy of the backup",
        )


def _damaged(path: Path) -> Refusal:
    return _refused(FILE, f"{path} is damaged: take another copy of the backup")


def _refused(file: str, message: str) -> Refusal:
    return Refusal("backup", file, message)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
