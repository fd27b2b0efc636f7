"""The short way to write a type: `string`, `enum[a, b]`, `Contact[]`, `integer?`."""

import re
from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]
NULL: Schema = {"type": "null"}
MAX_DEPTH = 8
TYPE_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
ENUM = re.compile(r"enum\s*\[([^\[\]]*)\]")
SCALARS: dict[str, Schema] = {
    "string": {"type": "string"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "uuid": {"type": "string", "format": "uuid"},
    "url": {"type": "string", "format": "uri"},
    "email": {"type": "string", "format": "email"},
    "object": {"type": "object"},
    "any": {},
}
FREE_TEXT = frozenset({"string", "email"})
FORMS = "; a list is written string[], one that may be missing string?, a choice enum[a, b]"
WORD = re.compile(r"\w+")
NO_TYPES = frozenset({"array", "list", "enum"})


class UnknownType(ValueError):  # noqa: N818 - reads as what it says
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Malformed(ValueError):  # noqa: N818 - reads as what it says
    pass


@dataclass(frozen=True, slots=True)
class Compiled:
    """A type as JSON Schema; `uses` names its named types, `free_text` says that it may speak of a person."""

    schema: Schema
    optional: bool = False
    free_text: bool = False
    uses: frozenset[str] = field(default_factory=frozenset)

    def as_list(self) -> "Compiled":
        items = nullable(self.schema) if self.optional else self.schema
        return Compiled({"type": "array", "items": items}, free_text=self.free_text, uses=self.uses)


def compiled(text: str, types: frozenset[str], depth: int = 0) -> Compiled:
    """Compile an expression; raises UnknownType or Malformed."""
    text = text.strip()
    if depth > MAX_DEPTH:
        raise Malformed(f"a type has at most {MAX_DEPTH} '[]' and '?'")
    if found := ENUM.fullmatch(text):
        return Compiled(enum([value.strip().strip("'\"") for value in found[1].split(",")]))
    if text.endswith("?"):
        inner = compiled(text[:-1], types, depth + 1)
        return Compiled(inner.schema, optional=True, free_text=inner.free_text, uses=inner.uses)
    if text.endswith("[]"):
        return compiled(text[:-2], types, depth + 1).as_list()
    if text in SCALARS:
        return Compiled(dict(SCALARS[text]), free_text=text in FREE_TEXT)
    if text in types:
        return Compiled({"$ref": f"#/$defs/{text}"}, uses=frozenset({text}))
    raise UnknownType(text)


def enum(values: list[str]) -> Schema:
    if not all(values):
        raise Malformed("an enum lists its values, as in enum[a, b]")
    if len(set(values)) < len(values):
        raise Malformed("an enum lists each value once")
    return {"type": "string", "enum": values}


def nullable(schema: Schema) -> Schema:
    """Return a schema that null satisfies too."""
    if not schema or schema.get("type") == "null":
        return schema
    if not isinstance(schema.get("type"), str):
        return {"anyOf": [schema, NULL]}
    also = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **also}
