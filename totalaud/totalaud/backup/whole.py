"""Restores into a data folder or into the servers that the environment names.

A NATS of our own does not sync each message meanwhile, but all is synced before the log loses its mark: NATS
2.15 gives a restore up that needs five seconds for a megabyte, which many small messages do on a slow disk.
"""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

from shared.keyring import master_key
from shared.settings import Settings, ack_wait_s
from totalaud.backup import manifest as manifests
from totalaud.backup.manifest import Manifest
from totalaud.backup.restoring import Part, Restored, restore
from totalaud.door import connected
from totalaud.stack import paths
from totalaud.stack.servers import servers

SELDOM = "2m"


async def restore_into(
    data: Path, folder: Path, *, only: Part | None = None, replicas: int = 1
) -> tuple[Manifest, Restored]:
    """Check the backup, then put it back; who the command line acts as comes back too."""
    manifest = manifests.read(folder)
    key = _master_key(data)
    wait_s = ack_wait_s()

    def keep() -> None:
        paths.make_folder(data)
        paths.made_once(data / "user", lambda: str(manifest.user))

    async with servers(data, SELDOM) as (nats_url, database_url), connected(nats_url) as bus:
        done = await restore(
            bus,
            database_url,
            folder,
            manifest,
            master_key=key,
            only=only,
            replicas=replicas,
            ack_wait_s=wait_s,
            keep=keep,
        )
    await asyncio.to_thread(os.sync)
    return manifest, done


def _master_key(data: Path) -> bytes | None:
    """Return the key that is at hand; none is ever made here."""
    settings = Settings.from_env()
    kept = data / "master.key"
    if settings.master_key is None and settings.master_key_file is None:
        if not kept.is_file():
            return None
        settings = replace(settings, master_key_file=kept)
    return master_key(settings)
