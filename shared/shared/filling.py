"""Completing a value by its schema: defaults filled in, what the schema does not know left out.

Ids are written as the tables have them: in capitals they would be those of nobody.
"""

from dataclasses import dataclass, field
from typing import Any

from shared.identity import by_identity
from shared.places import called
from shared.schema_nodes import plain

Schema = dict[str, Any]


@dataclass(slots=True)
class Shape:
    """What a schema says of an object's fields and of a list's items; `open` to others than those named.

    `id`: it is one itself. `deep` are those of the fields in which something can be filled in, left out or
    written otherwise.
    """

    fields: "dict[str, Shape]" = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    items: "Shape | None" = None
    open: bool = False
    id: bool = False
    deep: "list[tuple[str, Shape]]" = field(default_factory=list)


def filled(schema: Schema, value: Any, unknown: dict[str, list[str]]) -> Any:
    """Return the value complete; `unknown` gets the path of each field left out, and what is known there."""
    shape = _shape(schema)
    return value if _is_complete(shape, value) else _filled(shape, value, "", unknown)


def _is_complete(shape: Shape, value: Any) -> bool:
    """Say whether nothing is to be filled in, left out or written otherwise: so it is with most values."""
    if isinstance(value, str):
        return not shape.id or value == value.lower()
    if isinstance(value, list):
        items = shape.items
        return items is None or all(_is_complete(items, item) for item in value)
    if not shape.fields or not isinstance(value, dict) or "$sealed" in value:
        return True
    if not (shape.open or value.keys() <= shape.fields.keys()) or not shape.defaults.keys() <= value.keys():
        return False
    return not shape.deep or all(
        _is_complete(inside, value[name]) for name, inside in shape.deep if name in value
    )


def _filled(shape: Shape, value: Any, path: str, unknown: dict[str, list[str]]) -> Any:
    if isinstance(value, str):
        return value.lower() if shape.id else value
    if isinstance(value, list) and (items := shape.items):
        path += "[]"
        return [_filled(items, item, path, unknown) for item in value]
    if not isinstance(value, dict) or "$sealed" in value or not shape.fields:
        return value
    kept = {}
    for name, inner in value.items():
        inside = shape.fields.get(name)
        if inside is None and not shape.open:
            unknown[f"{path}.{called(name)}".removeprefix(".")] = sorted(shape.fields)
        elif inside is not None and (inside.id or isinstance(inner, dict | list)):
            kept[name] = _filled(inside, inner, f"{path}.{name}" if path else name, unknown)
        else:
            kept[name] = inner
    if shape.defaults:
        kept |= {name: default for name, default in shape.defaults.items() if name not in value}
    return kept


@by_identity
def _shape(schema: Schema) -> Shape:
    known: dict[int, tuple[Schema, Shape]] = {}
    shape = _shape_of(schema, schema, known)
    for _, one in known.values():
        one.items = one.items if _matters(one.items) else None
        one.deep = [(name, inside) for name, inside in one.fields.items() if _matters(inside)]
    return shape


def _matters(shape: Shape | None) -> bool:
    """Whether it is an id or names fields of an object, or those in a list do, or in lists of lists."""
    seen: set[int] = set()
    while shape is not None and not (shape.fields or shape.id) and id(shape) not in seen:
        seen.add(id(shape))
        shape = shape.items
    return shape is not None and bool(shape.fields or shape.id)


def _shape_of(root: Schema, node: Any, known: dict[int, tuple[Schema, Shape]]) -> Shape:
    """Look at each node once: types may refer to themselves."""
    node = plain(root, node)
    if id(node) in known:
        return known[id(node)][1]
    shape = Shape(id=node.get("format") == "uuid")
    known[id(node)] = node, shape
    if isinstance(node.get("items"), dict):
        shape.items = _shape_of(root, node["items"], known)
    for name, inside in node.get("properties", {}).items():
        shape.fields[name] = _shape_of(root, inside, known)
        if isinstance(inside, dict) and "default" in inside:
            shape.defaults[name] = inside["default"]
    others = node.get("additionalProperties")
    shape.open = isinstance(others, dict) and bool(others)
    return shape
