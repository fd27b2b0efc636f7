"""Opening sealed values for whoever has the master key; `[sealed]` for all others."""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from shared.address import address
from shared.erasure import written_as
from shared.refusal import Refusal
from shared.sealing import UNREADABLE, redact, reveal
from shared.vault import Unavailable, Vault
from totalaud.connection import Connection
from totalaud.own_loop import OwnLoop


class Open(Protocol):
    """Returns the value with its sealed parts opened, or `[sealed]` where the key is not at hand."""

    async def __call__(self, user: UUID, value: Any, /) -> Any: ...


class Opener:
    """Shows values in the clear where that is possible; reads the key when it is first asked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._connected: Vault | None = None
        self._loop = OwnLoop()

    async def open(self, user: UUID, value: Any) -> Any:
        """Return the value with what is sealed opened; `[sealed]` with no key or while the vault is away."""
        vault = await self._vault()
        if vault is None:
            return redact(value)
        try:
            return await reveal(vault, user, value, unreadable=UNREADABLE)
        except Unavailable:
            return redact(value)

    async def person_of(self, user: UUID, email: str) -> UUID:
        """Return the id of the contact with this address; refuse without the key that ids are made with."""
        vault = await self._vault()
        if vault is None:
            raise Refusal("no_key", "email", "without the master key a contact is named by its id")
        try:
            return (await vault.ids()).person_of(user, address(email))
        except ValueError as error:
            raise Refusal("invalid", "email", f"email: {error}") from None

    async def whom(self, user: UUID, values: Sequence[Any]) -> set[UUID]:
        """Return whom name, address, phone and notes mean where no id is beside; nobody without the key."""
        vault = await self._vault()
        return set() if vault is None else written_as(await vault.ids(), user, values)

    def forget(self) -> None:
        """Keep no key in memory: somebody was erased, who may have several."""
        if self._connected is not None:
            self._connected.forget_all()

    async def close(self) -> None:
        if self._connected is not None:
            await self._connected.close()

    async def _vault(self) -> Vault | None:
        self._loop.check()
        if self._connected is None and (key := self._connection.key()) is not None:
            self._connected = await Vault.connect(self._connection.database_url, key)
        return self._connected
