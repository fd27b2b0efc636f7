"""What was asked, whichever of the three dialects it came in."""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]
Dialect = Literal["chat", "responses", "messages"]
PLACEHOLDER = re.compile(r"\[\[[A-Za-z_][A-Za-z0-9_ .-]*\]\]")


class BadRequest(Exception):  # noqa: N818 - becomes an HTTP 400
    """The body is not one that the dialect knows; the text names the field."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One call: `text` is all that the model would read, `material` the JSON that its user has given it.

    `prompt` is the text up to the first message: later turns go on with the same.
    """

    dialect: Dialect
    model: str
    text: str
    prompt: str
    material: Json
    schema: Json | None
    max_tokens: int | None
    stream: bool
    stream_usage: bool

    @property
    def placeholders(self) -> list[str]:
        """Return the `[[marks]]` in the order of their appearance; they go into texts as they are."""
        return list(dict.fromkeys(PLACEHOLDER.findall(self.text)))


def read(dialect: Dialect, body: Json) -> Ask:
    """Read a request body of one of the two OpenAI dialects or of Anthropic's."""
    head = [_text(body[key]) for key in ("instructions", "system") if body.get(key)]
    said = _messages(dialect, body)
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequest("model: a string is required")
    return Ask(
        dialect=dialect,
        model=model,
        text="\n".join([*head, *map(_text, said)]),
        prompt="\n".join([*head, *map(_text, _opening(said))]),
        material=max(
            map(material, map(_text, _of_user(said))), key=lambda found: len(str(found)), default={}
        ),
        schema=_schema(dialect, body),
        max_tokens=body.get("max_completion_tokens")
        or body.get("max_output_tokens")
        or body.get("max_tokens"),
        stream=bool(body.get("stream")),
        stream_usage=bool((body.get("stream_options") or {}).get("include_usage")),
    )


def material(text: str) -> Json:
    """Return the longest JSON object in a text, or an empty one."""
    decoder, best, longest, at = json.JSONDecoder(), {}, 0, text.find("{")
    while at != -1:
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError:
            end = at + 1
        else:
            if end - at > longest:
                best, longest = value, end - at
        at = text.find("{", end)
    return best


def _of_user(said: list[Any]) -> list[Any]:
    return [one for one in said if not isinstance(one, dict) or one.get("role", "user") == "user"]


def _opening(said: list[Any]) -> list[Any]:
    """Return the messages up to the first of the user's."""
    mine = _of_user(said)
    return said[: said.index(mine[0]) + 1] if mine else said


def _messages(dialect: Dialect, body: Json) -> list[Any]:
    field = "input" if dialect == "responses" else "messages"
    given = body.get(field)
    messages = [given] if isinstance(given, str) else given
    if not isinstance(messages, list) or not messages:
        raise BadRequest(f"{field}: at least one message is required")
    return messages


def _text(content: Any) -> str:
    match content:
        case str():
            return content
        case {"content": inner}:
            return _text(inner)
        case {"text": str(inner)}:
            return inner
        case list():
            return "\n".join(_text(block) for block in content)
        case _:
            return ""


def _schema(dialect: Dialect, body: Json) -> Json | None:
    match dialect:
        case "chat":
            form = body.get("response_format") or {}
            named = form.get("json_schema") or {}
            found = named.get("schema")
        case "responses":
            form = (body.get("text") or {}).get("format") or {}
            found = form.get("schema")
        case "messages":
            form = (body.get("output_config") or {}).get("format") or {}
            found = form.get("schema")
    if form.get("type") == "json_schema" and not isinstance(found, dict):
        raise BadRequest("a json_schema format needs a schema")
    return {"type": "object"} if form.get("type") == "json_object" else found
