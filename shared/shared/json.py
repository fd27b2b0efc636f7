"""JSON as all of our stores can keep it: what jsonb cannot hold is refused at the door."""

import json
import math
from typing import Any

from shared.refusal import Refusal

MAX_DEPTH = 100
MAX_DIGITS = 300


def loads(data: bytes | str) -> Any:
    """Parse JSON; malformed text, NUL, lone surrogates, NaN, 1e400 and deep nesting are refused."""
    try:
        value = json.loads(data, parse_constant=_no_constant, parse_int=_int)
    except (ValueError, RecursionError) as error:
        raise Refusal("malformed_json", None, f"the body is not JSON: {_place(error)}") from None
    check(value)
    return value


def dumps(value: Any) -> bytes:
    """Write compact UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def canonical(value: Any) -> bytes:
    """Write one text for all spellings of a value: sorted keys, no spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def check(value: Any, field: str | None = None, depth: int = 0) -> None:
    """Refuse what PostgreSQL's jsonb cannot hold, naming the path to it."""
    if depth > MAX_DEPTH:
        raise Refusal("unstorable", field, f"nested deeper than {MAX_DEPTH} levels")
    match value:
        case str():
            _check_text(value, field)
        case float() if not math.isfinite(value):
            raise Refusal("unstorable", field, "the number is out of range")
        case dict():
            for key, inner in value.items():
                _check_text(key, field)
                check(inner, key if field is None else f"{field}.{key}", depth + 1)
        case list():
            for index, inner in enumerate(value):
                check(inner, f"{field or ''}[{index}]", depth + 1)
        case _:
            pass


def _check_text(text: str, field: str | None) -> None:
    if "\0" in text:
        raise Refusal("unstorable", field, "the text holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refusal("unstorable", field, "the text holds half of a surrogate pair") from None


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
