"""Puts a backup back where there is nothing yet; whoever the log says is erased stays so."""

import asyncio
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nats.js.api import StreamConfig, StreamInfo
from nats.js.errors import NotFoundError

from shared import streams
from shared.bus import Bus
from shared.direct_get import read_page
from shared.erasure import erase_again
from shared.jetstream_log import JetStreamLog
from shared.own_settings import NEWEST, PATIENT, unhurried
from shared.reaching import postgres
from shared.refusal import Refusal
from shared.subjects import Aggregate
from shared.vault import Vault, migrate
from totalaud.backup import snapshot
from totalaud.backup.keys import Keys
from totalaud.backup.manifest import COPIED, LOG, PAGE_BYTES, Manifest, StreamCopy, stream_file
from totalaud.database import reaching

Part = Literal["log", "vault"]
CONTACTS = "evt.*.contact.*"
GONE = b'"type":"ContactErased"'


@dataclass(frozen=True, slots=True)
class Restored:
    """`erased` counts the persons whose erasure the log told of."""

    streams: dict[str, StreamCopy]
    keys: int
    erased: int


async def restore(
    bus: Bus,
    database_url: str,
    folder: Path,
    manifest: Manifest,
    *,
    master_key: bytes | None,
    only: Part | None = None,
    replicas: int = 1,
    ack_wait_s: float = 5.0,
    keep: Callable[[], None] = lambda: None,
) -> Restored:
    """Put back the log, then the keys, then the queue; raises Refusal before anything is changed.

    Until all of it is there, and on the disk where NATS is here, the log carries a mark: nobody starts on it,
    another restore may take its place. `keep` puts back what neither server has, and the mark goes last.
    """
    if only != "vault":
        _check_nats(bus, manifest)
    keys = None if only == "log" else _keys(folder, master_key)
    with reaching(database_url):
        await migrate(database_url)
        connection = await postgres(database_url, timeout=10, server_settings=NEWEST | PATIENT)
    try:
        await unhurried(connection)
        if keys:
            with reaching(database_url):
                await keys.check(connection)
        copies: dict[str, StreamCopy] = {}
        if only == "vault":
            await streams.check(bus)
        else:
            await _make_way(bus)
            copies[LOG] = await _put(bus, _config(LOG, manifest, replicas, half=True), folder, manifest)
        erased = await _erase(bus, database_url, keys, master_key)
        if keys:
            with reaching(database_url):
                await keys.put(connection)
        if only != "vault":
            for config in streams.streams(replicas):
                stream = str(config.name)
                if stream not in COPIED:
                    await streams.add(bus, config)
                elif stream != LOG:
                    copies[stream] = await _put(bus, _config(stream, manifest, replicas), folder, manifest)
            await streams.add_durables(bus, ack_wait_s=ack_wait_s)
            keep()
            await asyncio.to_thread(os.sync)
            await bus.client.jetstream(timeout=10).update_stream(_config(LOG, manifest, replicas))
            await streams.check(bus)
    finally:
        await connection.close()
    return Restored(copies, len(keys.wrapped) if keys else 0, erased)


def _check_nats(bus: Bus, manifest: Manifest) -> None:
    """Refuse a server older than the one that made the snapshots: 2.14 cannot read those of 2.15."""
    here = bus.client.connected_server_version
    made_by = re.search(r"(\d+)\.(\d+)", manifest.nats)
    if made_by and (int(made_by[1]), int(made_by[2])) > (here.major, here.minor):
        raise Refusal(
            "old_server",
            "nats",
            f"the backup is of nats-server {made_by[0]}, whose snapshots {here.major}.{here.minor} cannot "
            "read: upgrade the server",
        )


def _keys(folder: Path, master_key: bytes | None) -> Keys:
    if master_key is None:
        raise Refusal(
            "no_key",
            "master_key",
            "the master key is needed: set TOTALAUD_MASTER_KEY or TOTALAUD_MASTER_KEY_FILE, or put it into "
            "master.key in the data folder; if it is lost, names are too, and --only log restores the rest",
        )
    return Keys.read(folder, master_key)


async def _make_way(bus: Bus) -> None:
    """Refuse to overwrite anything but what a restore that broke off has left; work follows from the log.

    Its log goes last: the mark on it tells whose the others are.
    """
    js = bus.client.jetstream(timeout=10)
    there: dict[str, StreamInfo] = {}
    for config in streams.streams():
        with suppress(NotFoundError):
            there[str(config.name)] = await js.stream_info(str(config.name))
    if not (LOG in there and streams.is_half(there[LOG].config)):
        for name, info in there.items():
            if name in COPIED and info.state.last_seq:
                raise Refusal(
                    "not_empty",
                    name,
                    f"the stream {name} has {info.state.messages} messages and stays as it is: restore "
                    "into an empty data folder (--data DIR) or an empty NATS, with every service stopped",
                )
    for name in sorted(there, key=lambda name: name == LOG):
        await js.delete_stream(name)


def _config(stream: str, manifest: Manifest, replicas: int, *, half: bool = False) -> StreamConfig:
    config = next(one for one in streams.streams(replicas) if one.name == stream)
    mark = {streams.RESTORING: "true"} if half else {}
    return config.evolve(metadata={streams.BORN: manifest.streams[stream].born, **mark})


async def _put(bus: Bus, config: StreamConfig, folder: Path, manifest: Manifest) -> StreamCopy:
    stream = str(config.name)
    wanted = manifest.streams[stream]
    with (folder / stream_file(stream)).open("rb") as file:
        found = StreamCopy(born=wanted.born, state=await snapshot.put(bus, config, wanted.state, file))
    if found.last_seq < wanted.last_seq or found.messages < wanted.messages:
        raise Refusal(
            "incomplete",
            stream_file(stream),
            f"{stream} came back with {found.messages} messages to sequence {found.last_seq}, not "
            f"{wanted.messages} to {wanted.last_seq}: empty NATS and restore another backup",
        )
    return found


async def _erase(bus: Bus, database_url: str, keys: Keys | None, master_key: bytes | None) -> int:
    """Erase whoever the log says is erased: among the keys to be restored, or in the vault that is there."""
    if keys is not None:
        return await _erase_in(keys, bus)
    if master_key is None:
        return 0
    vault = await Vault.connect(database_url, master_key)
    try:
        return await _erase_in(vault, bus)
    finally:
        await vault.close()


async def _erase_in(vault: Vault, bus: Bus) -> int:
    log = JetStreamLog(bus)
    erased = 0
    start, more = 1, True
    while more:
        page = await read_page(bus, LOG, CONTACTS, start, max_bytes=PAGE_BYTES)
        more = page.more
        for entry in page.entries:
            start = entry.seq + 1
            if GONE in entry.body:
                contact = Aggregate.parse(entry.subject)
                if contact.user is not None:
                    await erase_again(vault, log, contact.user, contact.uuid)
                    erased += 1
    return erased
