"""Where a JSON Schema says `x-personal`, and which person is spoken of there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

ALTERNATIVES = ("anyOf", "oneOf", "allOf")


class Near(NamedTuple):
    """Whom an object speaks of: `here` itself, `below` what is inside it."""

    here: UUID | None = None
    below: UUID | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """All sub-schemas that may hold for one value; what one of them marks is personal, and all inside it.

    With `wary`, a field that none of them names is personal too, in an object without named fields as well:
    nobody has said that it is not. Where a schema says nothing at all, nothing is unknown.
    """

    root: dict[str, Any]
    schemas: tuple[dict[str, Any], ...]
    personal: bool
    wary: bool = False
    _inside: "dict[str | int, Places]" = field(default_factory=dict, compare=False, repr=False)

    def field(self, name: str) -> "Places":
        if not self.schemas:
            return self
        if name not in self._inside:
            inner = (
                schema.get("properties", {}).get(name, schema.get("additionalProperties"))
                for schema in self.schemas
            )
            self._inside[name] = self._places(inner, inherited=self.personal or self._unknown(name))
        return self._inside[name]

    def item(self, index: int) -> "Places":
        if not self.schemas:
            return self
        index = min(index, max(len(schema.get("prefixItems", ())) for schema in self.schemas))
        if index not in self._inside:
            inner = (_item(schema, index) for schema in self.schemas)
            self._inside[index] = self._places(inner, inherited=self.personal)
        return self._inside[index]

    def _unknown(self, name: str) -> bool:
        objects = [
            schema for schema in self.schemas if schema.get("properties") or "object" in _types(schema)
        ]
        others = any(schema.get("additionalProperties") not in (None, True, False) for schema in self.schemas)
        named = any(name in schema.get("properties", ()) for schema in objects)
        return self.wary and bool(objects) and not others and not named

    def _places(self, schemas: Iterator[Any], *, inherited: bool) -> "Places":
        return _places(self.root, schemas, inherited=inherited, wary=self.wary)


def places(schema: dict[str, Any], *, wary: bool = False) -> Places:
    return _places(schema, iter([schema]), inherited=False, wary=wary)


def person_near(value: dict[str, Any], outer: Near) -> Near:
    """The nearest `contact_id` speaks for all that is inside; an `id` for its own object alone."""
    contact = _uuid(value.get("contact_id"))
    below = contact or outer.below
    return Near(contact or _uuid(value.get("id")) or below, below)


def _places(root: dict[str, Any], schemas: Iterator[Any], *, inherited: bool, wary: bool) -> Places:
    found: dict[int, dict[str, Any]] = {}
    for schema in schemas:
        _expand(root, schema, found)
    personal = inherited or any(schema.get("x-personal") is True for schema in found.values())
    return Places(root, tuple(found.values()), personal, wary)


def _expand(root: dict[str, Any], schema: Any, found: dict[int, dict[str, Any]]) -> None:
    if not isinstance(schema, dict) or id(schema) in found:
        return
    found[id(schema)] = schema
    if "$ref" in schema:
        _expand(root, _resolve(root, schema["$ref"]), found)
    for word in ALTERNATIVES:
        for alternative in schema.get(word, ()):
            _expand(root, alternative, found)


def _resolve(root: dict[str, Any], reference: str) -> Any:
    target: Any = root
    for part in reference.removeprefix("#").split("/")[1:]:
        target = target[part.replace("~1", "/").replace("~0", "~")]
    return target


def _types(schema: dict[str, Any]) -> tuple[str, ...]:
    types = schema.get("type", ())
    return (types,) if isinstance(types, str) else tuple(types)


def _item(schema: dict[str, Any], index: int) -> Any:
    fixed = schema.get("prefixItems", ())
    return fixed[index] if index < len(fixed) else schema.get("items")


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
