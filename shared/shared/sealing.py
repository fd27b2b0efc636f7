"""Sealed values: personal strings in JSON, encrypted for one person, openable as long as their key exists."""

import hmac
import os
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.identity import by_identity
from shared.json import canonical
from shared.keyring import Ids
from shared.personal import Near, Path, Places, as_uuid, person_near, places
from shared.refusal import Refusal
from shared.vault import Erased, Vault

NONCE_BYTES = 12
ERASED = "[erased]"
SEALED = "[sealed]"
BLIND = b"totalaud/blind\0"
NOTHING = {"$sealed": str(UUID(int=0)), "n": "", "c": ""}
UNREADABLE = "[unreadable]"
NOBODY = Near()
_FIELDS = {"$sealed", "n", "c"}
_CONTAINERS = (dict, list)


class Tampered(Refusal):
    """A sealed value was changed, or sealed by somebody else."""

    def __init__(self) -> None:
        super().__init__("tampered", None, "a sealed value is not as it was sealed")


def is_sealed(value: Any) -> bool:
    """Tell `{"$sealed": "<person uuid>", "n": base64, "c": base64}` from all else."""
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        return False
    return all(isinstance(part, str) for part in value.values()) and as_uuid(value["$sealed"]) is not None


@by_identity
def is_marked(schema: dict[str, Any]) -> bool:
    """Whether anything in it is marked as personal."""
    return b'"x-personal"' in canonical(schema)


async def seal(
    vault: Vault,
    user: UUID,
    schema: dict[str, Any],
    value: Any,
    *,
    keep: Callable[[str], bool] | None = None,
    wary: bool = False,
    owners: Mapping[str, UUID] | None = None,
    at: Path = (),
    near: Near = NOBODY,
) -> Any:
    """Return the value with every plain string at an `x-personal` place sealed; sealed ones stay.

    A string for which `keep` holds (a template) stays as well. With `wary`, what stands in a field that the
    schema does not name is sealed too. `owners` says of texts whose they are where nothing beside them does,
    `at` where in what the schema describes the value belongs, `near` whom what it was taken from speaks of.
    What belongs to an erased person becomes a sealed value that holds nothing. Raises Unavailable.
    """
    if not wary and not is_marked(schema):
        return value
    root = (_wary_places(schema) if wary else _places(schema)).at(at)
    found: list[tuple[str, Near]] = []

    def gather(text: str, near: Near) -> str:
        found.append((text, near))
        return text

    _walk(value, root, near, gather, keep)
    if not found:
        return value
    ids = await vault.ids()

    def whose(text: str, near: Near) -> UUID:
        said = near.here or _addressed(ids, user, near.email) or (owners or {}).get(text)
        return said or ids.person_written(user, text)

    people = [whose(text, near) for text, near in found]
    keys = await vault.make_keys(user, people)
    turn = iter(people)

    def close(text: str, _near: Near) -> dict[str, str]:
        person = next(turn)
        return _close(user, person, keys.get(person), text)

    return _walk(value, root, near, close, keep)


def veiled(schema: dict[str, Any], value: Any, *, wary: bool = False, at: Path = ()) -> Any:
    """Return the value with a seal that holds nothing wherever `seal` would put one."""
    root = (_wary_places(schema) if wary else _places(schema)).at(at)
    return _walk(value, root, NOBODY, lambda _text, _near: NOTHING, None)


async def reveal(vault: Vault, user: UUID, value: Any, *, unreadable: str | None = None) -> Any:
    """Return the value with every sealed one opened, `[erased]` where there is no key (any more).

    One that was changed, or sealed with a key that a restored vault had lost, raises Tampered, or becomes
    `unreadable` where that is given. Raises Unavailable while the vault is away.
    """
    people = people_in(value)
    if not people:
        return value
    keys = await vault.keys(user, people)

    def show(sealed: dict[str, str]) -> str:
        person = UUID(sealed["$sealed"])
        key = keys[person]
        try:
            return ERASED if key is None else _open(user, person, key, sealed)
        except Tampered:
            if unreadable is None:
                raise
            return unreadable

    return _replace(value, show)


async def blind(vault: Vault, user: UUID, value: Any) -> Any:
    """Return the value with a digest under the person's key in place of every sealed one.

    The same text of the same person gives the same digest however often it was sealed; once the key is gone,
    nobody can tell what it was made of. Raises Erased for somebody without a key, Tampered, Unavailable.
    """
    people = people_in(value)
    if not people:
        return value
    keys = {person: key for person, key in (await vault.keys(user, people)).items() if key is not None}
    if people - keys.keys():
        raise Erased

    def digest(sealed: dict[str, str]) -> dict[str, str]:
        person = UUID(sealed["$sealed"])
        text = _open(user, person, keys[person], sealed)
        return {"$blind": str(person), "h": hmac.digest(keys[person], BLIND + text.encode(), "sha256").hex()}

    return _replace(value, digest)


def owners_of(sealed: Any, opened: Any) -> dict[str, UUID]:
    """Return for whom each text of an opened value was sealed; what was sealed for several is nobody's."""
    found: dict[str, set[UUID]] = defaultdict(set)
    if sealed is not opened:
        _pair(sealed, opened, found)
    return {text: next(iter(people)) for text, people in found.items() if len(people) == 1}


def redact(value: Any) -> Any:
    """Return the value with `[sealed]` in place of every sealed one."""
    return _replace(value, lambda _sealed: SEALED)


def people_in(value: Any) -> set[UUID]:
    """Return whose sealed values these are."""
    found: set[UUID] = set()
    _gather(value, found)
    return found


@by_identity
def _places(schema: dict[str, Any]) -> Places:
    return places(schema)


@by_identity
def _wary_places(schema: dict[str, Any]) -> Places:
    return places(schema, wary=True)


def _addressed(ids: Ids, user: UUID, email: Any) -> UUID | None:
    if is_sealed(email):
        return UUID(email["$sealed"])
    return ids.person_addressed(user, email) if isinstance(email, str) else None


def _walk(
    value: Any,
    place: Places,
    near: Near,
    act: Callable[[str, Near], Any],
    keep: Callable[[str], bool] | None,
) -> Any:
    match value:
        case str() if place.personal and not (keep and keep(value)):
            return act(value, near)
        case dict() if not is_sealed(value):
            near = person_near(value, near)
            return {key: _walk(inner, place.field(key), near, act, keep) for key, inner in value.items()}
        case list():
            return [_walk(inner, place.item(n), near, act, keep) for n, inner in enumerate(value)]
        case _:
            return value


def _replace(value: Any, show: Callable[[dict[str, str]], Any]) -> Any:
    match value:
        case dict() if is_sealed(value):
            return show(value)
        case dict():
            return {key: _replace(inner, show) for key, inner in value.items()}
        case list():
            return [_replace(inner, show) for inner in value]
        case _:
            return value


def _gather(value: Any, found: set[UUID]) -> None:
    if isinstance(value, dict):
        if "$sealed" in value and is_sealed(value):
            found.add(UUID(value["$sealed"]))
            return
        value = value.values()
    elif not isinstance(value, list):
        return
    for inner in value:
        if isinstance(inner, _CONTAINERS):
            _gather(inner, found)


def _pair(sealed: Any, opened: Any, found: dict[str, set[UUID]]) -> None:
    match sealed:
        case dict() if is_sealed(sealed):
            found[opened].add(UUID(sealed["$sealed"]))
        case dict():
            for name, inner in sealed.items():
                _pair(inner, opened[name], found)
        case list():
            for inner, plain in zip(sealed, opened, strict=True):
                _pair(inner, plain, found)
        case _:
            pass


def _close(user: UUID, person: UUID, key: bytes | None, text: str) -> dict[str, str]:
    if key is None:
        return {"$sealed": str(person), "n": "", "c": ""}
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), user.bytes + person.bytes)
    return {"$sealed": str(person), "n": b64encode(nonce).decode(), "c": b64encode(sealed).decode()}


def _open(user: UUID, person: UUID, key: bytes, sealed: dict[str, str]) -> str:
    try:
        nonce, text = b64decode(sealed["n"], validate=True), b64decode(sealed["c"], validate=True)
        return AESGCM(key).decrypt(nonce, text, user.bytes + person.bytes).decode()
    except (InvalidTag, ValueError):
        raise Tampered from None
