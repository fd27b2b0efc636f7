"""What the master key yields: wrapped data keys, ids of people, fingerprints. It is never printed."""

import base64
import binascii
import hmac
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.address import address
from shared.refusal import Refusal
from shared.settings import Settings

KEY_BYTES = 32
NONCE_BYTES = 12
UUID_BYTES = 16
LONGEST_WORD = 1000
MASTER_KEY = "TOTALAUD_MASTER_KEY"
IDS = b"totalaud/vault/ids"
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_ASCII_LABEL = re.compile(r"(?<=[@.])xn--([a-z0-9-]+)")


class BadMasterKey(Refusal):
    """The master key is missing, malformed, or not the one that this vault was made with."""

    def __init__(self, message: str) -> None:
        super().__init__("master_key", None, message)


@dataclass(frozen=True, slots=True)
class Ids:
    """Who is meant, and what is the same; nobody can guess it without these two keys.

    They come from the first master key of a vault, and stay when that is changed.
    """

    people: bytes
    fingerprints: bytes

    def person_of(self, user: UUID, text: str) -> UUID:
        """Return who is meant by an address or a name."""
        return UUID(bytes=_hmac(self.people, user.bytes + normal(text))[:UUID_BYTES], version=5)

    def person_written(self, user: UUID, text: str) -> UUID:
        """Return who is meant by what somebody wrote: an address counts however it is dressed up."""
        return self.person_addressed(user, text) or self.person_of(user, text)

    def person_addressed(self, user: UUID, text: str) -> UUID | None:
        """Return whose address it is, None for what is none."""
        try:
            return self.person_of(user, address(text))
        except ValueError:
            return None

    def fingerprint(self, data: bytes) -> str:
        """Return 64 hex digits, the same for the same data."""
        return _hmac(self.fingerprints, data).hex()


class Keyring:
    """Three keys for three uses, derived from the master key; `ids` are those of a vault that keeps none."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != KEY_BYTES:
            raise BadMasterKey(f"the master key must have {KEY_BYTES} bytes")
        self._wrapping = AESGCM(_derive(master_key, b"totalaud/vault/wrap"))
        self.ids = Ids(
            _derive(master_key, b"totalaud/vault/people"), _derive(master_key, b"totalaud/vault/fingerprints")
        )

    def wrap(self, user: UUID, person: UUID, key: bytes) -> bytes:
        return self._wrap(key, user.bytes + person.bytes)

    def unwrap(self, user: UUID, person: UUID, wrapped: bytes) -> bytes:
        return self._unwrap(wrapped, user.bytes + person.bytes)

    def wrap_ids(self, ids: Ids) -> bytes:
        return self._wrap(ids.people + ids.fingerprints, IDS)

    def unwrap_ids(self, wrapped: bytes) -> Ids:
        both = self._unwrap(wrapped, IDS)
        return Ids(both[:KEY_BYTES], both[KEY_BYTES:])

    def _wrap(self, plain: bytes, of: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, plain, of)

    def _unwrap(self, wrapped: bytes, of: bytes) -> bytes:
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return self._wrapping.decrypt(nonce, sealed, of)
        except InvalidTag:
            raise BadMasterKey(
                "this vault has another master key: restore that one, or the new one of a 'totalaud rekey'"
            ) from None


def normal(text: str) -> bytes:
    """Write one form for all spellings of a name or address: letter case, spaces, Unicode forms.

    What cannot be seen, such as marks of direction, is left out, and a domain is read as its people write it.
    A word of more than LONGEST_WORD characters stays as it is: the time to put accents and other combining
    marks in order grows with the square of their number.
    """
    seen = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    return " ".join(" ".join(map(_folded, seen.split())).split()).encode()


def _folded(word: str) -> str:
    if len(word) > LONGEST_WORD:
        return word
    folded = _fold(word)
    return _fold(_ASCII_LABEL.sub(_label, folded)) if "xn--" in folded else folded


def _fold(word: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold())


def _label(written: re.Match[str]) -> str:
    """Return a domain's label in its own letters; what stands for none, as it is."""
    try:
        label = written[1].encode().decode("punycode")
        label.encode()
    except UnicodeError:
        return written[0]
    return label


def master_key(settings: Settings) -> bytes:
    """Return the 32 bytes that TOTALAUD_MASTER_KEY holds (base64 or hex), or the file beside it, also raw."""
    if settings.master_key:
        return key_of(settings.master_key, MASTER_KEY)
    if settings.master_key_file is None:
        raise BadMasterKey("no master key: set TOTALAUD_MASTER_KEY or TOTALAUD_MASTER_KEY_FILE")
    return key_in(settings.master_key_file)


def key_of(text: str, name: str) -> bytes:
    """Read a master key as the variable of this name holds it."""
    return _parse(text.encode(), name)


def key_in(file: Path) -> bytes:
    """Read a master key's file."""
    source = f"the master key's file {file}"
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadMasterKey(f"{source} cannot be read: {error.strerror}") from None
    return data if len(data) == KEY_BYTES else _parse(data, source)


def _parse(data: bytes, source: str) -> bytes:
    try:
        text = data.decode("ascii").strip()
        key = bytes.fromhex(text) if _HEX.fullmatch(text) else base64.b64decode(text, validate=True)
    except (UnicodeDecodeError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise BadMasterKey(f"{source} must hold {KEY_BYTES} bytes as base64 or hex")
    return key


def _derive(master_key: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=use).derive(master_key)


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")
