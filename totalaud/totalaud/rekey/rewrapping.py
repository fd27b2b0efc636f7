"""What the change of the master key makes of each thing that the old one has wrapped, as a pure part."""

from collections.abc import Callable
from uuid import UUID

from shared.keyring import BadMasterKey, Keyring


class Rewrapping:
    """What the new one has wrapped already stays.

    So a change that broke off is gone on with, and a vault that has keys of both is mended.
    """

    def __init__(self, old: bytes, new: bytes) -> None:
        if old == new:
            raise BadMasterKey("the new master key is the old one: name another one, or none")
        self._old = Keyring(old)
        self._new = Keyring(new)
        self.changed = 0
        self.stayed = 0

    def key(self, user: UUID, person: UUID, wrapped: bytes) -> bytes:
        """Return a person's key, wrapped by the new one."""
        try:
            plain = self._old.unwrap(user, person, wrapped)
        except BadMasterKey:
            self._check(lambda: self._new.unwrap(user, person, wrapped))
            self.stayed += 1
            return wrapped
        self.changed += 1
        return self._new.wrap(user, person, plain)

    def ids(self, wrapped: bytes | None) -> bytes:
        """Return what ids come from, wrapped by the new one; without any so far they come from the old one.

        To be asked after all keys: of none that the old one has wrapped it cannot be known to be the old one.
        """
        if wrapped is None:
            if self.stayed and not self.changed:
                raise BadMasterKey("no key of the vault has the old master key: name the one that it has")
            return self._new.wrap_ids(self._old.ids)
        try:
            plain = self._old.unwrap_ids(wrapped)
        except BadMasterKey:
            self._check(lambda: self._new.unwrap_ids(wrapped))
            return wrapped
        return self._new.wrap_ids(plain)

    def _check(self, unwrap: Callable[[], object]) -> None:
        try:
            unwrap()
        except BadMasterKey:
            raise BadMasterKey(
                "the vault has another master key than the old one that is named, so nothing was changed: "
                "name the one that it has"
            ) from None
