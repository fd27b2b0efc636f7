"""Where a JSON Schema says `x-personal`, and which person is spoken of there."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

ALTERNATIVES = ("anyOf", "oneOf", "allOf")
OTHERS = -1
Schemas = tuple[dict[str, Any], ...]
Alike = tuple[tuple[int, ...], bool]
Path = tuple[str | int, ...]


class Near(NamedTuple):
    """Whom the values of an object belong to: `here` its own, `below` those of the objects inside it.

    Where there is no `here`, the address in its field `email` says it.
    """

    here: UUID | None = None
    below: UUID | None = None
    email: Any = None


@dataclass(frozen=True, slots=True)
class Places:
    """All sub-schemas that may hold for one value; what one of them marks is personal, and all inside it.

    With `wary`, a field that none of them names is personal too, in an object without named fields as well:
    nobody has said that it is not. Where a schema says nothing at all, nothing is unknown.

    What was found inside is kept, and may be kept for long: it grows with the schema, never with the values.
    """

    root: dict[str, Any]
    schemas: Schemas
    personal: bool
    wary: bool = False
    _inside: "dict[str | int, Places]" = field(default_factory=dict, compare=False, repr=False)
    _alike: "dict[Alike, Places]" = field(default_factory=dict, compare=False, repr=False)

    def field(self, name: str) -> "Places":
        if not self.schemas:
            return self
        if (known := self._inside.get(name)) is not None:
            return known
        named = any(name in schema.get("properties", ()) for schema in self.schemas)
        key = name if named else OTHERS
        if key not in self._inside:
            inner = (
                schema.get("properties", {}).get(name, schema.get("additionalProperties"))
                for schema in self.schemas
            )
            self._inside[key] = self._places(inner, inherited=self.personal or self._unknown(name))
        return self._inside[key]

    def item(self, index: int) -> "Places":
        if not self.schemas:
            return self
        index = min(index, max(len(schema.get("prefixItems", ())) for schema in self.schemas))
        if index not in self._inside:
            inner = (_item(schema, index) for schema in self.schemas)
            self._inside[index] = self._places(inner, inherited=self.personal)
        return self._inside[index]

    def at(self, path: Path) -> "Places":
        """Return those for what stands at a path from here."""
        here = self
        for part in path:
            here = here.field(part) if isinstance(part, str) else here.item(part)
        return here

    def _unknown(self, name: str) -> bool:
        objects = [
            schema for schema in self.schemas if schema.get("properties") or "object" in _types(schema)
        ]
        others = any(schema.get("additionalProperties") not in (None, True, False) for schema in self.schemas)
        named = any(name in schema.get("properties", ()) for schema in objects)
        return self.wary and bool(objects) and not others and not named

    def _places(self, schemas: Iterable[Any], *, inherited: bool) -> "Places":
        found = _expanded(self.root, schemas)
        personal = inherited or _marked(found)
        alike = (tuple(map(id, found)), personal)
        if alike not in self._alike:
            self._alike[alike] = Places(self.root, found, personal, self.wary, _alike=self._alike)
        return self._alike[alike]


def places(schema: dict[str, Any], *, wary: bool = False) -> Places:
    found = _expanded(schema, [schema])
    return Places(schema, found, _marked(found), wary)


def person_near(value: dict[str, Any], outer: Near) -> Near:
    """The nearest `contact_id` speaks for all that is inside; an `id` for its own object alone."""
    contact = as_uuid(value.get("contact_id"))
    below = contact or outer.below
    return Near(contact or as_uuid(value.get("id")) or below, below, value.get("email"))


def near_at(value: Any, path: Path) -> Near:
    """Return whom what stands at a path speaks of, by what stands beside and around it."""
    near = Near()
    for part in path:
        near = person_near(value, near) if isinstance(value, dict) else near
        value = value[part]
    return near


def _marked(schemas: Schemas) -> bool:
    return any(schema.get("x-personal") is True for schema in schemas)


def _expanded(root: dict[str, Any], schemas: Iterable[Any]) -> Schemas:
    found: dict[int, dict[str, Any]] = {}
    for schema in schemas:
        _expand(root, schema, found)
    return tuple(found.values())


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
    """Follow a reference; raises LookupError where it leads nowhere: nobody knows what is personal there."""
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


def as_uuid(value: Any) -> UUID | None:
    """Read an id that stands in a value as text; None for all else."""
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
