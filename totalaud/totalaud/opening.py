"""Opening sealed values for whoever has the master key; `[sealed]` for all others."""

from collections.abc import Iterable
from typing import Any, Protocol
from uuid import UUID

from shared.address import address
from shared.refusal import Refusal
from shared.sealing import ERASED, UNREADABLE, redact, reveal
from shared.vault import Unavailable, Vault
from totalaud.connection import Connection


class Open(Protocol):
    """Returns the value with its sealed parts opened, or `[sealed]` where the key is not at hand."""

    async def __call__(self, user: UUID, value: Any, /) -> Any: ...


class Whom(Protocol):
    """Returns whom names and addresses mean where they stand without an id; nobody without the key."""

    async def __call__(self, texts: Iterable[Any], /) -> set[UUID]: ...


class Opener:
    """Shows values in the clear where that is possible."""

    def __init__(self, vault: Vault | None) -> None:
        self._vault = vault

    @classmethod
    async def of(cls, connection: Connection) -> "Opener":
        key = connection.key()
        return cls(None if key is None else await Vault.connect(connection.database_url, key))

    async def open(self, user: UUID, value: Any) -> Any:
        """Return the value with what is sealed opened; `[sealed]` with no key or while the vault is away."""
        if self._vault is None:
            return redact(value)
        try:
            return await reveal(self._vault, user, value, unreadable=UNREADABLE)
        except Unavailable:
            return redact(value)

    def person_of(self, user: UUID, email: str) -> UUID:
        """Return the id of the contact with this address; refuse without the key that ids are made with."""
        if self._vault is None:
            raise Refusal("no_key", "email", "without the master key a contact is named by its id")
        try:
            return self._vault.person_of(user, address(email))
        except ValueError as error:
            raise Refusal("invalid", "email", f"email: {error}") from None

    def whom(self, user: UUID, texts: Iterable[Any]) -> set[UUID]:
        """Return what `Whom` says."""
        if self._vault is None:
            return set()
        told = {text for text in texts if isinstance(text, str)} - {ERASED, UNREADABLE}
        return {self._vault.person_of(user, text) for text in told}

    async def close(self) -> None:
        if self._vault is not None:
            await self._vault.close()
