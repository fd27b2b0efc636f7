"""An output schema as every provider's structured output takes it, and an answer brought back to our own."""

from collections.abc import Collection, Iterator
from typing import Any

from shared.schema import at
from shared.schema_nodes import forms_of, plain, resolved

Schema = dict[str, Any]
KEPT = ("description", "enum", "const", "title")
NULL: Schema = {"type": "null"}
WRITTEN = {
    "date": "2026-05-01",
    "date-time": "2026-05-01T10:00:00+01:00",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "uri": "https://example.org/",
    "email": "someone@example.org",
}


def lowest_common(schema: Schema) -> Schema:
    """Return the form that all providers accept.

    All fields required, an optional one nullable, closed objects, no limits, no defaults, no marks of ours:
    limits are checked here after the answer. A format, which not all of them take, is told in words. Types
    that nothing in it is of are left out: every call pays for what it sends.
    """
    common = _form(schema)
    types = {name: _form(inner) for name, inner in schema.get("$defs", {}).items()}
    used = _used(common, types)
    return {**common, "$defs": {name: types[name] for name in types if name in used}} if used else common


def without_nulls(schema: Schema, value: Any, root: Schema | None = None) -> Any:
    """Drop the nulls that stand for "not given": of fields that are not required and may not be null."""
    root = root or schema
    schema = plain(root, schema)
    match value:
        case dict():
            fields, required = schema.get("properties", {}), schema.get("required", ())
            return {
                name: without_nulls(fields.get(name, {}), inner, root)
                for name, inner in value.items()
                if inner is not None or name in required or _nullable(root, fields.get(name, {}))
            }
        case list():
            return [without_nulls(schema.get("items", {}), inner, root) for inner in value]
        case _:
            return value


def item_schema(schema: Schema, into: str) -> Schema:
    """Return the schema of one item of the list `into`; {} where the schema does not say."""
    return at(schema, [into, 0])


def with_fields(schema: Schema, names: Collection[str]) -> Schema:
    """Return an object's schema with some of its fields only."""
    return {
        **schema,
        "properties": {name: inner for name, inner in schema.get("properties", {}).items() if name in names},
        "required": [name for name in schema.get("required", ()) if name in names],
    }


def _used(form: Schema, types: dict[str, Schema]) -> set[str]:
    """Return the names of the types that a form leads to."""
    used, open_ = set[str](), [form]
    while open_:
        found = set(_referred(open_.pop())) - used
        used |= found
        open_ += [types[name] for name in found]
    return used


def _referred(node: Any) -> Iterator[str]:
    match node:
        case {"$ref": str(where)}:
            yield where.removeprefix("#/$defs/")
        case dict():
            for inner in node.values():
                yield from _referred(inner)
        case list():
            for inner in node:
                yield from _referred(inner)
        case _:
            pass


def _form(schema: Schema) -> Schema:
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    form: Schema = {key: schema[key] for key in KEPT if key in schema}
    if written := WRITTEN.get(schema.get("format", "")):
        form["description"] = f"{form.get('description', '')} (written as {written})".lstrip()
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return {**form, "anyOf": [_form(inner) for inner in schema[key]]}
    kind = schema.get("type")
    if kind is not None:
        form["type"] = kind
    if kind == "object" or "properties" in schema:
        fields = schema.get("properties", {})
        required = set(schema.get("required", ()))
        form |= {
            "type": kind or "object",
            "properties": {
                name: _form(inner) if name in required else _or_null(_form(inner))
                for name, inner in fields.items()
            },
            "required": list(fields),
            "additionalProperties": False,
        }
    if "items" in schema or kind == "array":
        form["items"] = _form(schema.get("items") or {"type": "string"})
    return form


def _or_null(form: Schema) -> Schema:
    kinds = form.get("type")
    if kinds == "null" or (isinstance(kinds, list) and "null" in kinds):
        return form
    if "anyOf" in form:
        return form if NULL in form["anyOf"] else {**form, "anyOf": [*form["anyOf"], NULL]}
    return {"anyOf": [form, NULL]}


def _nullable(root: Schema, schema: Schema) -> bool:
    def allows_null(form: Schema) -> bool:
        kinds = form.get("type", "null")
        return kinds == "null" or "null" in kinds

    return any(allows_null(form) for form in forms_of(root, resolved(root, schema)))
