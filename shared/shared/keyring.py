"""What the master key yields: wrapped data keys, ids of people, fingerprints. It is never printed."""

import base64
import binascii
import hmac
import os
import re
import unicodedata
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.refusal import Refusal
from shared.settings import Settings

KEY_BYTES = 32
NONCE_BYTES = 12
UUID_BYTES = 16
LONGEST_WORD = 1000
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_ASCII_LABEL = re.compile(r"(?<=[@.])xn--([a-z0-9-]+)")


class BadMasterKey(Refusal):
    """The master key is missing, malformed, or not the one that this vault was made with."""

    def __init__(self, message: str) -> None:
        super().__init__("master_key", None, message)


class Keyring:
    """Three keys for three uses, derived from the master key."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != KEY_BYTES:
            raise BadMasterKey(f"the master key must have {KEY_BYTES} bytes")
        self._wrapping = AESGCM(_derive(master_key, b"totalaud/vault/wrap"))
        self._people = _derive(master_key, b"totalaud/vault/people")
        self._fingerprints = _derive(master_key, b"totalaud/vault/fingerprints")

    def wrap(self, user: UUID, person: UUID, key: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, key, user.bytes + person.bytes)

    def unwrap(self, user: UUID, person: UUID, wrapped: bytes) -> bytes:
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return self._wrapping.decrypt(nonce, sealed, user.bytes + person.bytes)
        except InvalidTag:
            raise BadMasterKey("this vault was made with another master key: restore that one") from None

    def person_of(self, user: UUID, text: str) -> UUID:
        return UUID(bytes=_hmac(self._people, user.bytes + normal(text))[:UUID_BYTES], version=5)

    def fingerprint(self, data: bytes) -> str:
        return _hmac(self._fingerprints, data).hex()


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
        return _parse(settings.master_key.encode(), "TOTALAUD_MASTER_KEY")
    if settings.master_key_file is None:
        raise BadMasterKey("no master key: set TOTALAUD_MASTER_KEY or TOTALAUD_MASTER_KEY_FILE")
    source = f"the master key's file {settings.master_key_file}"
    try:
        data = settings.master_key_file.read_bytes()
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
