"""The fields of an input, an output or a named type as one JSON Schema, in every dialect of the files."""

from dataclasses import dataclass, field
from typing import Any

from shared.schema_nodes import types_of
from totalaud.skillfiles.expression import (
    FORMS,
    NO_TYPES,
    SCALARS,
    WORD,
    Compiled,
    Malformed,
    Schema,
    UnknownType,
    compiled,
    enum,
    nullable,
)
from totalaud.skillfiles.problem import Faults
from totalaud.skillfiles.tree import BOOLEANS, Listing, Mapping, Node, Scalar, value_of

KEYS = ("type", "description", "default", "enum", "items", "required", "personal", "public")
MARKS = ("?", "[]")
NO_TEXT = frozenset({"number", "integer", "boolean"})
LONGEST_NAME = 60
ANYTHING = Compiled({})


@dataclass
class Fields:
    """Compiles what one file says of fields; knows the names of types, and gathers which are used."""

    types: frozenset[str]
    faults: Faults
    uses: set[str] = field(default_factory=set)

    def object(self, node: Node | None) -> Schema:
        """Compile fields by name; nothing at all means that anything is allowed."""
        if node is None:
            return {}
        if not isinstance(node, Mapping):
            self.faults.add(node.line, "fields are written as 'name: type', one on each line")
            return {}
        properties: dict[str, Schema] = {}
        required = []
        for name, inner in node.fields.items():
            if name.endswith(MARKS):
                bare = name.rstrip("?[]")
                self.faults.add(
                    node.lines[name],
                    f"'{name}': the mark is the type's, as in '{bare}: string{name[len(bare) :]}'",
                )
            properties[name], needed = self.field(name, inner, node.lines[name])
            required += [name] if needed else []
        return {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": True,
        }

    def field(self, name: str, node: Node, line: int) -> tuple[Schema, bool]:
        """Return the schema of one field, and whether it is required."""
        match node:
            case Scalar(text=text):
                found = self.expression(text, node.line)
                if found.free_text:
                    self.faults.lacks_mark(line, name)
                return (nullable(found.schema) if found.optional else found.schema), not found.optional
            case Mapping():
                return self._described(name, node, line)
            case Listing():
                self.faults.add(line, f"'{name}' needs a type, such as string or Contact[]")
                return {}, False

    def expression(self, text: str, line: int) -> Compiled:
        try:
            found = compiled(text, self.types)
        except UnknownType as unknown:
            self._unknown(line, unknown.name)
            return ANYTHING
        except Malformed as malformed:
            self.faults.add(line, str(malformed))
            return ANYTHING
        self.uses |= found.uses
        return found

    def _unknown(self, line: int, name: str) -> None:
        """Tell of an unknown type; of one that is written as elsewhere, how it is written here."""
        known = sorted(self.types | SCALARS.keys())
        if WORD.fullmatch(name) and name not in NO_TYPES:
            self.faults.unknown(line, "type", name, known)
        else:
            self.faults.add(
                line, f"unknown type '{name[:LONGEST_NAME]}'; there are: {', '.join(known)}{FORMS}"
            )

    def _described(self, name: str, node: Mapping, line: int) -> tuple[Schema, bool]:
        for key in node.fields.keys() - set(KEYS):
            self.faults.unknown(node.lines[key], f"key of the field '{name}'", key, list(KEYS))
        found = self._type(name, node, line)
        optional = found.optional or not self.flag(node, "required", default=True)
        schema = nullable(found.schema) if optional else dict(found.schema)
        match node.get("description"):
            case Scalar(text=text):
                schema["description"] = text
            case Listing() | Mapping():
                self.faults.add(node.lines["description"], f"'description' of '{name}' must be text")
            case None:
                pass
        self._mark(name, node, line, found, schema)
        if "default" in node.fields:
            schema["default"] = _default(found.schema, node.fields["default"])
        return schema, not optional and "default" not in schema

    def _type(self, name: str, node: Mapping, line: int) -> Compiled:
        type_, items, values = node.get("type"), node.get("items"), node.get("enum")
        if isinstance(values, Listing) and all(isinstance(each, Scalar) for each in values.items):
            found = self._enum(values)
            if isinstance(type_, Scalar) and type_.text.strip().rstrip("?") not in ("string", "enum"):
                self.faults.add(type_.line, f"an enum lists texts: the type of '{name}' is string")
            optional = isinstance(type_, Scalar) and type_.text.strip().endswith("?")
            return Compiled(found.schema, optional=optional)
        if values is not None:
            self.faults.add(values.line, f"'enum' of '{name}' is a list of texts")
        if isinstance(type_, Scalar) and type_.text.strip() in ("array", "list"):
            return self._items(name, items, type_.line)
        if items is not None:
            self.faults.add(items.line, f"'items' of '{name}' needs 'type: array'")
        if not isinstance(type_, Scalar):
            self.faults.add(line, f"'{name}' needs a type, such as string or Contact[]")
            return ANYTHING
        return self.expression(type_.text, type_.line)

    def _enum(self, values: Listing) -> Compiled:
        try:
            return Compiled(enum([each.text for each in values.items if isinstance(each, Scalar)]))
        except Malformed as malformed:
            self.faults.add(values.line, str(malformed))
            return ANYTHING

    def _items(self, name: str, items: Node | None, line: int) -> Compiled:
        match items:
            case Scalar(text=text):
                return self.expression(text, items.line).as_list()
            case Mapping():
                found = self._type(name, items, items.line)
                return found.as_list()
            case _:
                self.faults.add(line, f"a list needs 'items', or write the type of '{name}' as string[]")
                return ANYTHING

    def _mark(self, name: str, node: Mapping, line: int, found: Compiled, schema: Schema) -> None:
        personal, public = self.flag(node, "personal"), self.flag(node, "public")
        if personal and public:
            self.faults.add(line, f"'{name}' is either personal or public")
        if personal:
            schema["x-personal"] = True
            if _holds_no_text(found.schema):
                self.faults.add(line, f"'{name}' is personal, and only text can be sealed: make it a string")
        elif found.free_text and not public:
            self.faults.lacks_mark(line, name)

    def flag(self, node: Mapping, name: str, *, default: bool = False) -> bool:
        """Read true or false, nothing else."""
        written = node.get(name)
        if written is None:
            return default
        if isinstance(written, Scalar) and not written.quoted and written.text in BOOLEANS:
            return BOOLEANS[written.text]
        self.faults.add(node.lines[name], f"'{name}' is true or false")
        return default


def _holds_no_text(schema: Schema) -> bool:
    """Whether it is, or lists, numbers or truth values."""
    while schema.get("type") == "array":
        schema = schema.get("items", {})
    return bool(NO_TEXT.intersection(types_of(schema) or ()))


def _default(schema: Schema, node: Node) -> Any:
    """Read a default as its field's type: a text stays text."""
    if isinstance(node, Scalar) and schema.get("type") == "string" and not node.is_null:
        return node.text
    if isinstance(node, Listing) and schema.get("items", {}).get("type") == "string":
        return [item.text if isinstance(item, Scalar) else value_of(item) for item in node.items]
    return value_of(node)
