"""Takes a backup of a running stack; nothing of it stops."""

import asyncio
import errno
import fcntl
import re
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared import streams
from shared.bus import Bus
from shared.direct_get import ALL, read_page
from shared.refusal import Refusal
from totalaud.backup import keys, snapshot
from totalaud.backup.manifest import (
    COPIED,
    FILE,
    FORMAT,
    KEPT_DAYS,
    KEYS_FILE,
    LOG,
    PAGE_BYTES,
    Copy,
    Manifest,
    StreamCopy,
    Written,
    release,
    stream_file,
)
from totalaud.connection import Connection
from totalaud.door import connected
from totalaud.stack import paths

BEHIND_S = 5
FULL = (errno.ENOSPC, errno.EDQUOT)
DRAFT = re.compile(r"\..+\.backup-[0-9a-f]{8}")


async def back_up(connection: Connection, folder: Path) -> Manifest:
    """Write a backup into a folder that must not exist; half a backup is never seen under its name.

    The queue is copied first: what it counts as handled is then in the log. The keys come last: each is made
    before its first use, so that whatever the log's copy holds can be opened.
    """
    async with connected(connection.nats_url) as bus:
        await streams.check(bus)
        with _draft(folder) as draft, Written(draft / FILE) as whole:
            _hold(whole)
            copies: dict[str, StreamCopy] = {}
            files: dict[str, Copy] = {}
            for stream in COPIED:
                name = stream_file(stream)
                with Written(draft / name) as file:
                    copies[stream] = await _stream(bus, stream, file)
                    files[name] = file.done()
            await _check_whole(bus, copies[LOG].last_seq)
            with Written(draft / KEYS_FILE) as file:
                alive, erased, since = await _keys(connection.database_url, file)
                files[KEYS_FILE] = file.done()
            now, server = datetime.now(UTC), bus.client.connected_server_version
            manifest = Manifest(
                format=FORMAT,
                release=release(),
                nats=f"{server.major}.{server.minor}.{server.patch}",
                created=now,
                delete_by=(now + timedelta(days=KEPT_DAYS)).date(),
                user=connection.user(),
                streams=copies,
                keys=alive,
                master_key_since=since,
                erased=erased,
                files=files,
            )
            whole.write(manifest.to_json())
            whole.done()
    return manifest


async def _stream(bus: Bus, stream: str, file: Written) -> StreamCopy:
    born = streams.born(await streams.info(bus, stream))
    return StreamCopy(born=born, state=await snapshot.take(bus, stream, file))


async def _check_whole(bus: Bus, last_seq: int) -> None:
    """Read the log: what a disk has lost of it NATS does not tell, and no restore would take the copy."""
    seq = 0
    while seq < last_seq:
        found = await _after(bus, seq)
        following = range(seq + 1, seq + 1 + max(1, len(found)))
        if found != list(following):
            lost = next(number for number in following if number not in found)
            raise Refusal(
                "damaged",
                LOG,
                f"the log has lost sequence {lost} of {last_seq}, a copy of it could not be restored: "
                "keep the last backup, and restore that",
            )
        seq = found[-1]


async def _after(bus: Bus, seq: int) -> list[int]:
    """Return the sequences of a page; a copy of the log that answers may be behind for a moment."""
    for _ in range(BEHIND_S):
        page = await read_page(bus, LOG, ALL, seq + 1, max_bytes=PAGE_BYTES)
        if page.entries:
            return [entry.seq for entry in page.entries]
        await asyncio.sleep(1)
    return []


async def _keys(database_url: str, file: Written) -> tuple[int, int, datetime | None]:
    """Write the vault; return how many keys and erased persons, and when its master key was changed."""
    counted = Counter[bool]()
    since = None
    async with aclosing(keys.lines(database_url)) as lines:
        async for is_key, line in lines:
            file.write(line)
            if isinstance(is_key, keys.Kept):
                since = is_key.since
            else:
                counted[is_key] += 1
    return counted[True], counted[False], since


@contextmanager
def _draft(folder: Path) -> Iterator[Path]:
    if folder.exists():
        raise Refusal("backup", str(folder), f"{folder} exists already: name a folder that does not")
    _remove_abandoned(folder.absolute().parent)
    draft = folder.with_name(f".{folder.name}.backup-{secrets.token_hex(4)}")
    draft.mkdir(mode=0o700, parents=True)
    try:
        yield draft
        paths.on_disk(draft)
        draft.rename(folder)
        paths.on_disk(folder.absolute().parent)
    except OSError as error:
        if error.errno not in FULL:
            raise
        room = "make room there, or name a folder on another disk"
        raise Refusal("backup", str(folder), f"{folder}: {error.strerror}: {room}") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _hold(manifest: Written) -> None:
    """Tell others, for as long as it is open, that somebody writes this backup; some disks know no locks."""
    with suppress(OSError):
        fcntl.flock(manifest, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove_abandoned(folder: Path) -> None:
    """Remove what a backup that was killed has left here: the keys in it would outlive their persons."""
    for draft in folder.glob(".*"):
        if DRAFT.fullmatch(draft.name) and _is_abandoned(draft / FILE):
            shutil.rmtree(draft, ignore_errors=True)


def _is_abandoned(manifest: Path) -> bool:
    try:
        with manifest.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
