"""The vault of a single process, without Postgres: its keys are gone with it."""

import os
from collections.abc import Iterable
from uuid import UUID

from shared.keyring import KEY_BYTES, Ids, Keyring
from shared.vault import Vault


class MemoryVault(Vault):
    """Keeps the promises of `shared.vault.Vault`."""

    def __init__(self, keyring: Keyring | None = None) -> None:
        self._keyring = keyring or Keyring(os.urandom(KEY_BYTES))
        self._keys: dict[tuple[UUID, UUID], bytes | None] = {}

    async def check_master_key(self) -> None:
        """Whoever made its keys has it."""

    async def ids(self) -> Ids:
        return self._keyring.ids

    async def keys(self, user: UUID, people: Iterable[UUID]) -> dict[UUID, bytes | None]:
        return {person: self._keys.get((user, person)) for person in people}

    async def make_keys(self, user: UUID, people: Iterable[UUID]) -> dict[UUID, bytes]:
        found = {one: self._keys.setdefault((user, one), os.urandom(KEY_BYTES)) for one in people}
        return {person: key for person, key in found.items() if key is not None}

    async def erase(self, user: UUID, person: UUID) -> bool:
        first = self._keys.get((user, person), b"") is not None
        self._keys[user, person] = None
        return first

    async def close(self) -> None:
        self._keys.clear()
