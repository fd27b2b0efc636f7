"""How a request is refused: a code for programs, a field and a sentence for people."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.message import Unreadable
from shared.places import text_of
from shared.portable import Portable

WORDS = {
    "uuid_parsing": "must be a UUID",
    "tuple_type": "must be a list",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "too_short": "at least one is needed",
    "too_long": "at most {max_length} are taken",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} letters",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "missing": "is required",
}
OWN_RULE = "Value error, "
LONGEST_FIELD, LONGEST_MESSAGE = 200, 600
COMMAND_BYTES = 2_500_000
CODES = {"extra_forbidden": "unknown_field", "missing": "missing_field"}


class Refusal(Portable):
    """The request was understood and is not done; nothing has changed. What is said stays short."""

    def __init__(self, code: str, field: str | None, message: str) -> None:
        self.code = code
        self.field = _short(field, LONGEST_FIELD) if field else field
        self.message = _short(message, LONGEST_MESSAGE)
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """Return the answer on `ask.`: `{error: {code, field, message}}`."""
        return {"error": {"code": self.code, "field": self.field, "message": self.message}}


def too_large(size: int, limit: int) -> Refusal:
    """Refuse a command that has more bytes than are taken."""
    told = f"the command has {size} bytes, the limit is {limit}: send less at once"
    return Refusal("too_large", None, told)


def refuse_invalid(error: ValidationError) -> Refusal:
    """Name the first invalid field and its rule, never the value that was sent.

    A rule over several fields names the one to change by raising Unreadable.
    """
    found = error.errors(include_input=False, include_url=False)
    first = _misspelt(found) or found[0]
    place, said = first["loc"], first["msg"].removeprefix(OWN_RULE)
    match first:
        case {"ctx": {"error": Unreadable(field=str(own), reason=reason)}}:
            place, said = (*place, own), reason
        case {"type": "extra_forbidden"}:
            said = "there is no such field" + _meant(first, found)
        case _:
            ours = WORDS.get(first["type"])
            said = ours.format_map(first.get("ctx", {})) if ours else said
    field = text_of(place) or None
    return Refusal(CODES.get(first["type"], "invalid"), field, f"{field or 'the message'}: {said}")


def _misspelt(found: Sequence[ErrorDetails]) -> ErrorDetails | None:
    """Return the unknown field beside the missing one that comes first: more is said of it."""
    if found[0]["type"] != "missing":
        return None
    around = found[0]["loc"][:-1]
    beside = (one for one in found if one["type"] == "extra_forbidden" and one["loc"][:-1] == around)
    return next(beside, None)


def _meant(unknown: ErrorDetails, found: Sequence[ErrorDetails]) -> str:
    *around, name = unknown["loc"]
    missing = [
        str(one["loc"][-1]) for one in found if one["type"] == "missing" and [*one["loc"][:-1]] == around
    ]
    close = get_close_matches(str(name), missing, n=1)
    return f", did you mean {close[0]}?" if close else ""


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
