"""JSON as all of our stores can keep it: what jsonb cannot hold is refused at the door."""

import json
import math
from collections.abc import Collection
from typing import Any

import msgspec

from shared.places import called
from shared.refusal import Refusal

MAX_DEPTH = 100
AROUND = MAX_DEPTH + 20
MAX_DIGITS = 300
MOST = 10**MAX_DIGITS
NUL = b"\\u0000"
TOO_MANY_DIGITS = b"0" * MAX_DIGITS
_DIGITS = bytes(48 if 48 <= byte < 58 else 32 for byte in range(256))  # noqa: PLR2004 - 0 to 9
_CANONICAL = msgspec.json.Encoder(order="sorted")


def loads(data: bytes | str, around: int = 0) -> Any:
    """Parse JSON; malformed text, NUL, lone surrogates, NaN, 1e400 and deep nesting are refused.

    The outermost `around` levels do not count. Our own messages wrap what was sent (an output in an input in
    an event) in no more than AROUND: so whatever was accepted once can be read everywhere.
    """
    try:
        value = msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        value = _loads(data)
    else:
        if _is_harmless(data if isinstance(data, bytes) else data.encode()):
            return value
    check(value, around)
    return value


def dumps(value: Any) -> bytes:
    """Write compact UTF-8."""
    return msgspec.json.encode(value)


def checked(value: Any) -> bytes:
    """Write what a caller made, refused as `loads` would: unlooked at, NaN would become null."""
    plain = msgspec.to_builtins(value, str_keys=True)
    check(plain)
    return dumps(plain)


def canonical(value: Any) -> bytes:
    """Write one text for all spellings of a value: sorted keys, no spaces."""
    return _CANONICAL.encode(value)


def check(value: Any, around: int = 0) -> None:
    """Refuse what PostgreSQL's jsonb cannot hold, naming the path to it; `around` as for `loads`."""
    if not _are_storable((value,), -around):
        _check(value, None, -around)


def _is_harmless(data: bytes) -> bool:
    """Say by the text alone that msgspec let nothing through which `check` would refuse."""
    deepest = data.count(b"[") + data.count(b"{")
    return deepest <= MAX_DEPTH and NUL not in data and TOO_MANY_DIGITS not in data.translate(_DIGITS)


def _are_storable(values: Collection[Any], depth: int) -> bool:
    """Say without their paths whether all is well; what is no plain JSON is left to `_check`.

    Each is looked at here: a call for every text and number would take most of the time.
    """
    if depth > MAX_DEPTH and values:
        return False
    for value in values:
        kind = type(value)
        if kind is str:
            good = "\0" not in value and (value.isascii() or _encodes(value))
        elif kind is list:
            good = _are_storable(value, depth + 1)
        elif kind is dict:
            good = _are_storable(value, depth) and _are_storable(value.values(), depth + 1)
        elif kind is int:
            good = -MOST < value < MOST
        else:
            good = value is None or kind is bool or (kind is float and math.isfinite(value))
        if not good:
            return False
    return True


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _loads(data: bytes | str) -> Any:
    """Parse with what says best what is wrong."""
    try:
        return json.loads(data, parse_constant=_no_constant, parse_int=_int)
    except (ValueError, RecursionError) as error:
        raise Refusal("malformed_json", None, f"the body is not JSON: {_place(error)}") from None


def _check(value: Any, field: str | None, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Refusal("unstorable", field, f"nested deeper than {MAX_DEPTH} levels")
    match value:
        case str():
            _check_text(value, field)
        case float() if not math.isfinite(value):
            raise Refusal("unstorable", field, "the number is out of range")
        case int() if not -MOST < value < MOST:
            raise Refusal("unstorable", field, "the number is out of range")
        case dict():
            for key, inner in value.items():
                _check_text(key, field)
                _check(inner, f"{field or ''}.{called(key)}".removeprefix("."), depth + 1)
        case list() | tuple():
            for index, inner in enumerate(value):
                _check(inner, f"{field or ''}[{index}]", depth + 1)
        case _:
            pass


def _check_text(text: str, field: str | None) -> None:
    if "\0" in text:
        raise Refusal("unstorable", field, "the text holds a NUL character")
    if not _encodes(text):
        raise Refusal("unstorable", field, "the text holds half of a surrogate pair")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number is out of range")
    return int(digits)


def _place(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return f"{error.msg}, line {error.lineno} column {error.colno}"
        case UnicodeDecodeError():
            return "it is not UTF-8"
        case RecursionError():
            return "nested too deep"
        case _:
            return str(error)
