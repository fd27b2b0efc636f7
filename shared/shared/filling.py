"""Completing a value by its schema: defaults filled in, and what the schema does not know left out."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from shared.same import Same
from shared.schema_nodes import plain

Schema = dict[str, Any]


@dataclass(slots=True)
class Shape:
    """What a schema says of an object's fields and of a list's items; `open` to others than those named."""

    fields: "dict[str, Shape]" = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    items: "Shape | None" = None
    open: bool = False


def filled(schema: Schema, value: Any, unknown: dict[str, list[str]]) -> Any:
    """Return the value complete; `unknown` gets the path of each field left out, and what is known there."""
    return _filled(_shape(Same(schema)), value, "", unknown)


def _filled(shape: Shape, value: Any, path: str, unknown: dict[str, list[str]]) -> Any:
    if isinstance(value, list) and (items := shape.items):
        path += "[]"
        return [
            _filled(items, item, path, unknown) if isinstance(item, dict | list) else item for item in value
        ]
    if not isinstance(value, dict) or "$sealed" in value or not shape.fields:
        return value
    kept = {}
    for name, inner in value.items():
        inside = shape.fields.get(name)
        if inside is None and not shape.open:
            unknown[f"{path}.{name}" if path else name] = sorted(shape.fields)
        elif inside is not None and isinstance(inner, dict | list):
            kept[name] = _filled(inside, inner, f"{path}.{name}" if path else name, unknown)
        else:
            kept[name] = inner
    if shape.defaults:
        kept |= {name: default for name, default in shape.defaults.items() if name not in value}
    return kept


@lru_cache(maxsize=512)
def _shape(schema: Same) -> Shape:
    return _shape_of(schema.schema, schema.schema, {})


def _shape_of(root: Schema, node: Any, known: dict[int, tuple[Schema, Shape]]) -> Shape:
    """Look at each node once: types may refer to themselves."""
    node = plain(root, node)
    if id(node) in known:
        return known[id(node)][1]
    shape = Shape()
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
