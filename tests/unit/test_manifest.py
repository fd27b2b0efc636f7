"""A backup that is not whole, or not for this release, is refused: by the file, with the way out."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from controls import USER
from shared.refusal import Refusal
from totalaud.backup.manifest import (
    COPIED,
    FILE,
    FORMAT,
    KEYS_FILE,
    Manifest,
    StreamCopy,
    Written,
    read,
    release,
    stream_file,
)

Damage = Callable[[Path], object]


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A folder of the right form; what its files hold is not looked at here."""
    files = {}
    for name in (*map(stream_file, COPIED), KEYS_FILE):
        with Written(tmp_path / name) as file:
            file.write(name.encode())
            files[name] = file.done()
    manifest = Manifest(
        format=FORMAT,
        release=release(),
        nats="2.15.1",
        created=datetime(2026, 11, 1, tzinfo=UTC),
        delete_by=date(2026, 12, 1),
        user=USER,
        streams={name: StreamCopy(born="once", state={"messages": 1, "last_seq": 1}) for name in COPIED},
        keys=0,
        erased=0,
        files=files,
    )
    (tmp_path / FILE).write_bytes(manifest.to_json())
    return tmp_path


def edit(folder: Path, **changes: object) -> None:
    file = folder / FILE
    document = json.loads(file.read_text()) | changes
    del document["sum"]
    file.write_text(json.dumps(document))


DAMAGES: dict[str, tuple[Damage, str, str]] = {
    "a wrong checksum": (
        lambda folder: (folder / "EVT.snapshot").write_bytes(b"else"),
        "EVT.snapshot",
        "checksum",
    ),
    "a missing file": (lambda folder: (folder / KEYS_FILE).unlink(), KEYS_FILE, "is missing"),
    "no manifest": (lambda folder: (folder / FILE).unlink(), FILE, "name the folder"),
    "half a manifest": (lambda folder: (folder / FILE).write_text("{"), FILE, "another copy"),
    "a manifest of other things": (lambda folder: edit(folder, created="soon"), FILE, "another copy"),
    "a manifest that lacks a file": (lambda folder: edit(folder, files={}), FILE, "another copy"),
    "a manifest that lacks a stream": (lambda folder: edit(folder, streams={}), FILE, "another copy"),
    "another format": (lambda folder: edit(folder, format=2), FILE, "of format 2, this release reads 1"),
    "a newer release": (lambda folder: edit(folder, release="99.1"), FILE, "upgrade, then restore"),
}


def test_a_file_is_its_owner_s_only_and_is_there_whole_with_its_size_once_it_is_done(tmp_path: Path):
    path = tmp_path / "keys"
    with Written(path) as file:
        for part in (b"one", b"and two"):
            file.write(part)
        copy = file.done()
        assert path.read_bytes() == b"oneand two"
    assert (copy.size, copy.sha256) == (10, hashlib.sha256(b"oneand two").hexdigest())
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_file_is_written_over(tmp_path: Path):
    (tmp_path / "keys").write_bytes(b"another's")
    with pytest.raises(FileExistsError):
        Written(tmp_path / "keys")


def test_a_whole_backup_is_read(backup: Path):
    assert read(backup).user == USER


@pytest.mark.parametrize("name", ["2026-11-01", "2026-12-01", str(USER), "once", "last_seq", "erased"])
def test_a_manifest_with_a_letter_changed_is_refused(backup: Path, name: str):
    text = (backup / FILE).read_text()
    (backup / FILE).write_text(text.replace(name, name[:-1] + ("2" if name[-1].isdigit() else "x"), 1))
    with pytest.raises(Refusal, match="is damaged: take another copy"):
        read(backup)


@pytest.mark.parametrize("older", ["0.0.9", "0.0.9.dev1"])
def test_one_of_an_older_release_is_read(backup: Path, older: str):
    edit(backup, release=older, files_of_a_later_time={})
    assert read(backup).release == older


@pytest.mark.parametrize("fault", DAMAGES)
def test_a_backup_that_is_not_whole_is_refused_by_the_file(backup: Path, fault: str):
    damage, file, reason = DAMAGES[fault]
    damage(backup)
    with pytest.raises(Refusal) as refused:
        read(backup)
    assert refused.value.field == file
    assert str(backup / file) in refused.value.message
    assert reason in refused.value.message
