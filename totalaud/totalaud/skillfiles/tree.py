"""A YAML file as it was written: scalars stay text, so that NO is no boolean and 1.10 no number."""

import re
from dataclasses import dataclass, field
from typing import Any

INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
NUMBER = re.compile(r"[-+]?(\.[0-9]{1,17}|[0-9]{1,18}(\.[0-9]{0,17})?)([eE][-+]?[0-9]{1,2})?")
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEANS = {"true": True, "True": True, "false": False, "False": False}


@dataclass(frozen=True, slots=True)
class Scalar:
    """One text; `quoted` when it can be nothing else."""

    text: str
    line: int
    quoted: bool

    @property
    def is_null(self) -> bool:
        return not self.quoted and self.text in NULLS


@dataclass(frozen=True, slots=True)
class Listing:
    line: int
    items: list["Node"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Fields by name, with the line of each name."""

    line: int
    fields: dict[str, "Node"] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def get(self, name: str) -> "Node | None":
        """Return a field that has a value."""
        node = self.fields.get(name)
        return None if isinstance(node, Scalar) and node.is_null else node


Node = Scalar | Listing | Mapping


def value_of(node: Node) -> Any:
    """Return what is meant where no type says it: only true, false, null and decimal numbers are not text."""
    match node:
        case Listing(items=items):
            return [value_of(item) for item in items]
        case Mapping(fields=fields):
            return {name: value_of(inner) for name, inner in fields.items()}
        case Scalar(text=text, quoted=True):
            return text
        case Scalar(text=text) if text in NULLS:
            return None
        case Scalar(text=text) if INTEGER.fullmatch(text):
            return int(text)
        case Scalar(text=text) if NUMBER.fullmatch(text):
            return float(text)
        case Scalar(text=text):
            return BOOLEANS.get(text, text)
