"""What a skill returned or yielded, as JSON has it: told whole, or refused by its place."""

from collections.abc import Iterable
from datetime import date
from math import isfinite
from typing import Any, cast
from uuid import UUID

from shared.places import text_of
from skill_runner.context import SkillError
from skill_runner.frames import OUTPUT_LIMIT, pack

LEAVES = {type(None), bool, int, str}


class NotJson(ValueError):  # noqa: N818 - reads as what it says
    """Says what it is, without its value."""


def framed(kind: str, value: Any) -> bytes:
    """Encode what a skill returned or yielded; raises SkillError when it cannot be told."""
    try:
        data = pack({kind: plain(value)})
    except (TypeError, ValueError, RecursionError) as error:
        why = f": {_where(value)}{error}" if isinstance(error, NotJson) else ""
        raise SkillError(f"the skill's {kind} is not JSON{why}", code="invalid_output") from None
    if len(data) > OUTPUT_LIMIT:
        raise SkillError(
            f"the skill's {kind} has {len(data)} bytes, {OUTPUT_LIMIT} are allowed", code="output_too_large"
        )
    return data


def _where(value: Any) -> str:
    """Name the place of the first part that is not JSON."""
    place: list[str | int] = []
    while (part := _first_bad(value)) is not None:
        place.append(part)
        value = value[part]
    return f"at {text_of(place)} " if place else ""


def _first_bad(value: Any) -> str | int | None:
    """Return which of its parts is not JSON; None where it is the value itself."""
    parts: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        parts = value.items()
    elif isinstance(value, list | tuple):
        parts = enumerate(value)
    for part, inner in parts:
        try:
            _plained(inner)
        except NotJson:
            return cast("str | int", part)
    return None


def plain(value: Any) -> Any:
    """Return the value as JSON has it: ids and times as text, tuples as lists. Raises NotJson."""
    return value if _is_plain(value) else _plained(value)


def _is_plain(value: Any) -> bool:
    """Say whether it is so already, and mostly without a call for each part of it."""
    kind = type(value)
    if kind is dict:
        if not all(type(key) is str for key in value):
            return False
        value = value.values()
    elif kind is not list:
        return kind in LEAVES or (kind is float and isfinite(value))
    return all(type(inner) in LEAVES or _is_plain(inner) for inner in value)


def _plained(value: Any) -> Any:
    match value:
        case None | bool():
            return value
        case int():
            return int(value)
        case float() if isfinite(value):
            return float(value)
        case float():
            raise NotJson("it holds a number that is none")
        case str():
            return str.__str__(value)
        case dict():
            return {_key(key): _plained(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plained(inner) for inner in value]
        case UUID():
            return str(value)
        case date():
            return value.isoformat()
        case _:
            raise NotJson(f"it holds a {type(value).__name__}")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise NotJson("a name in it is no text")
    return str.__str__(key)
