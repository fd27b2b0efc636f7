"""Changes the master key of a data folder, or of the servers that the environment names."""

import os
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from nats.errors import NoRespondersError

from shared import subjects
from shared.bus import Bus
from shared.keyring import KEY_BYTES, MASTER_KEY, key_in, key_of
from shared.refusal import Refusal
from shared.secret import secret
from shared.vault import migrate
from totalaud.database import reaching
from totalaud.door import connected
from totalaud.rekey.changing import change
from totalaud.rekey.rewrapping import Rewrapping
from totalaud.stack import paths
from totalaud.stack.servers import servers

NEW = "TOTALAUD_NEW_MASTER_KEY"
HEARD_S = 2.0
NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """`file` holds the new master key; None where the environment does."""

    keys: int
    changed: int
    file: Path | None


async def rekey(data: Path) -> Rekeyed:
    """Raises Refusal before anything is changed.

    The new key is written beside the old one, then the vault is changed at once, then the new one takes the
    old one's place: at any moment one of the two opens all of it. Where it breaks off, it is done again.
    """
    given = secret(NEW)
    wanted = key_of(given, NEW) if given else None
    file = _file(data)
    old = key_in(file) if file else key_of(os.environ[MASTER_KEY], MASTER_KEY)
    if file is None and wanted is None:
        way = "32 random bytes as hex, and keep them: they take the place of TOTALAUD_MASTER_KEY"
        raise Refusal("no_key", NEW, f"the new master key is needed: set {NEW} or {NEW}_FILE to {way}")
    made = file and paths.new_master_key_file(file)
    new = _new(made, wanted)
    rewrapping = Rewrapping(old, new)

    def keep() -> None:
        if file and made:
            _keep(file.resolve(), made, old, new)

    async with servers(data) as (nats_url, database_url):
        async with connected(nats_url) as bus:
            await _check_nobody_holds_it(bus)
        with reaching(database_url):
            await migrate(database_url)
            await change(database_url, rewrapping, keep)
    if file and made:
        made.replace(file.resolve())
        paths.on_disk(made.parent)
        for one in (file.resolve(), made):
            paths.drop_drafts(one)
    return Rekeyed(rewrapping.changed + rewrapping.stayed, rewrapping.changed, file)


def _keep(file: Path, made: Path, old: bytes, new: bytes) -> None:
    """Write the new one, once it is tried that it can take the old one's place: a file that is mounted stays.

    Raises Refusal, or the vault would have a master key that is nowhere.
    """
    try:
        paths.write_private(file, old.hex())
        paths.made_once(made, new.hex)
        paths.on_disk(made.parent)
    except OSError as error:
        why = f"{error.filename or made}: {error.strerror}"
        raise Refusal(
            "master_key", None, f"{why}: nothing was changed, {file} must be one to replace"
        ) from None
    if key_in(made) != new:
        raise Refusal("conflict", None, f"{made} is of another change at the same time: run this again")


def _file(data: Path) -> Path | None:
    if os.environ.get(MASTER_KEY):
        return None
    chosen = os.environ.get(f"{MASTER_KEY}_FILE")
    return Path(chosen).absolute() if chosen else data / "master.key"


def _new(made: Path | None, wanted: bytes | None) -> bytes:
    """Return that of a change that broke off, else the one that is wanted, else one of our own."""
    if made is None or not made.exists():
        return wanted or os.urandom(KEY_BYTES)
    new = key_in(made)
    if wanted not in (None, new):
        raise Refusal("conflict", NEW, f"{made} holds another one, of a change that broke off: unset {NEW}")
    return new


async def _check_nobody_holds_it(bus: Bus) -> None:
    """Whoever has keys in memory listens for erasures; that of nobody is heard without effect."""
    try:
        await bus.replies.one(subjects.erased(NOBODY, NOBODY), b"", timeout=HEARD_S)
    except NoRespondersError:
        return
    except TimeoutError:
        pass
    raise Refusal(
        "in_use",
        "vault",
        "services hold the vault: stop every orchestrator, skill-runner and campaigns service first",
    )
