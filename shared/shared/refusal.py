"""How a request is refused: a code for programs, a field and a sentence for people."""

from typing import Any

from pydantic import ValidationError

from shared.message import Unreadable
from shared.places import text_of

WORDS = {
    "uuid_parsing": "must be a UUID",
    "tuple_type": "must be a list",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "too_short": "at least one is needed",
}
OWN_RULE = "Value error, "
LONGEST_FIELD, LONGEST_MESSAGE = 200, 600
CODES = {"extra_forbidden": "unknown_field", "missing": "missing_field"}


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """The request was understood and is not done; nothing has changed. What is said stays short."""

    def __init__(self, code: str, field: str | None, message: str) -> None:
        self.code = code
        self.field = _short(field, LONGEST_FIELD) if field else field
        self.message = _short(message, LONGEST_MESSAGE)
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """Return the answer on `ask.`: `{error: {code, field, message}}`."""
        return {"error": {"code": self.code, "field": self.field, "message": self.message}}


def refuse_invalid(error: ValidationError) -> Refusal:
    """Name the first invalid field and its rule, never the value that was sent.

    A rule over several fields names the one to change by raising Unreadable.
    """
    first = error.errors(include_input=False, include_url=False)[0]
    place, said = first["loc"], first["msg"].removeprefix(OWN_RULE)
    match first.get("ctx"):
        case {"error": Unreadable(field=str(own), reason=reason)}:
            place, said = (*place, own), reason
        case _:
            said = WORDS.get(first["type"], said)
    field = text_of(place) or None
    return Refusal(CODES.get(first["type"], "invalid"), field, f"{field or 'the message'}: {said}")


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
