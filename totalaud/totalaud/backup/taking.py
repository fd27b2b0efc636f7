"""Takes a backup of a running stack; nothing of it stops."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from shared import streams
from shared.bus import Bus
from shared.outage import DATABASE_AWAY
from shared.refusal import Refusal
from totalaud.backup import keys, snapshot
from totalaud.backup.manifest import (
    COPIED,
    FILE,
    FORMAT,
    KEPT_DAYS,
    KEYS_FILE,
    Copy,
    Manifest,
    StreamCopy,
    Written,
    release,
    stream_file,
)
from totalaud.connection import Connection, place
from totalaud.door import Door
from totalaud.errors import Unreachable


async def back_up(connection: Connection, folder: Path) -> Manifest:
    """Write a backup into a folder that must not exist; half a backup is never seen under its name.

    The queue is copied first: what it counts as handled is then in the log. The keys come last: each is made
    before its first use, so that whatever the log's copy holds can be opened.
    """
    _, bus = await Door.open(connection.nats_url)
    try:
        await streams.check(bus)
        with _draft(folder) as draft:
            copies: dict[str, StreamCopy] = {}
            files: dict[str, Copy] = {}
            for stream in COPIED:
                name = stream_file(stream)
                with Written(draft / name) as file:
                    copies[stream] = await _stream(bus, stream, file)
                    files[name] = file.done()
            with Written(draft / KEYS_FILE) as file:
                alive, erased = await _keys(connection.database_url, file)
                files[KEYS_FILE] = file.done()
            now = datetime.now(UTC)
            manifest = Manifest(
                format=FORMAT,
                release=release(),
                nats=str(bus.client.connected_server_version),
                created=now,
                delete_by=(now + timedelta(days=KEPT_DAYS)).date(),
                user=connection.user(),
                streams=copies,
                keys=alive,
                erased=erased,
                files=files,
            )
            with Written(draft / FILE) as file:
                file.write(manifest.to_json())
                file.done()
    finally:
        await bus.close()
    return manifest


async def _stream(bus: Bus, stream: str, file: Written) -> StreamCopy:
    born = streams.born(await bus.client.jetstream(timeout=10).stream_info(stream))
    return StreamCopy(born=born, state=await snapshot.take(bus, stream, file))


async def _keys(database_url: str, file: Written) -> tuple[int, int]:
    try:
        return await keys.write(database_url, file)
    except DATABASE_AWAY as error:
        raise Unreachable(
            f"no PostgreSQL answers at {place(database_url)} ({type(error).__name__})"
        ) from None
    except asyncpg.UndefinedTableError:
        raise Refusal("no_vault", "vault", "the vault is missing: run 'totalaud provision'") from None


@contextmanager
def _draft(folder: Path) -> Iterator[Path]:
    if folder.exists():
        raise Refusal("backup", str(folder), f"{folder} is there already: name a folder that is not")
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    draft.mkdir(mode=0o700, parents=True)
    try:
        yield draft
        _on_disk(draft)
        draft.rename(folder)
        _on_disk(folder.absolute().parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _on_disk(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
