"""The named types of `types.yaml`, each compiled once; a skill takes along those that it uses."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from totalaud.skillfiles.expression import SCALARS, TYPE_NAME, Schema
from totalaud.skillfiles.fields import Fields
from totalaud.skillfiles.problem import Faults
from totalaud.skillfiles.reading import read
from totalaud.skillfiles.tree import Mapping


@dataclass
class Types:
    """Schemas by name, and which types each of them uses; `faulty` ones are known but cannot be used."""

    schemas: dict[str, Schema] = field(default_factory=dict)
    uses: dict[str, set[str]] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.schemas)

    def closure(self, names: Iterable[str]) -> list[str]:
        """Return the types and all that they use in turn."""
        found: set[str] = set()
        open_ = list(names)
        while open_:
            name = open_.pop()
            if name not in found:
                found.add(name)
                open_ += self.uses[name]
        return sorted(found)

    def complete(self, schema: Schema, used: Iterable[str]) -> Schema:
        """Return the schema with the types it uses inside."""
        defs = {name: self.schemas[name] for name in self.closure(used)}
        return {**schema, "$defs": defs} if defs else schema


def load_types(file: Path) -> tuple[Types, Faults]:
    """Read the types; none when there is no such file."""
    faults, types = Faults(file), Types()
    if not file.exists():
        return types, faults
    root = read(faults)
    if root is None:
        return types, faults
    names = frozenset(root.fields)
    for name in root.fields:
        _compile(name, root, names, types, faults)
    return types, faults


def _compile(name: str, root: Mapping, names: frozenset[str], types: Types, faults: Faults) -> None:
    before = len(faults.found)
    fields = Fields(names, faults)
    if not TYPE_NAME.fullmatch(name) or name in SCALARS:
        faults.add(root.lines[name], f"'{name}' is no name of a type, which begins with a capital")
    node = root.fields[name]
    if isinstance(node, Mapping):
        schema = fields.object(node)
    else:
        schema, _ = fields.field(name, node, root.lines[name])
        if set(schema) & {"$ref", "anyOf"}:
            faults.add(node.line, f"'{name}' is only another name: use the type itself")
    types.schemas[name], types.uses[name] = schema, fields.uses
    if len(faults.found) > before:
        types.faulty.add(name)
