"""From a file to its tree; what could hurt a reader is refused while it is read, event by event."""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from shared.json import check
from shared.refusal import Refusal
from totalaud.skillfiles.problem import Faults
from totalaud.skillfiles.tree import Listing, Mapping, Node, Scalar

MAX_BYTES = 64 * 1024
MAX_DEPTH = 64
MAX_VALUES = 4000
BLOCK_STYLE = "; between braces a type such as enum[a, b] or string? needs quotes, in block style it does not"
HINTS = (
    (re.compile(r"\{.*[\[?]"), BLOCK_STYLE),
    (re.compile(r"^\s*\t"), "; a line begins with spaces, not with a tab"),
    (re.compile(r":\s.*:\s"), "; a text that holds ': ' needs quotes"),
    (re.compile(r"^\s+[\w-]+:"), "; names that belong together begin in the same column"),
)


class Unreadable(Exception):  # noqa: N818 - an outcome
    """The file as a whole is refused."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def read(faults: Faults) -> Mapping | None:
    """Read the one mapping that a file holds; None, and one fault, when it cannot be used at all."""
    try:
        root = _tree(_text(faults.file.read_bytes()), faults)
    except OSError as error:
        faults.add(1, f"cannot be read: {error.strerror}")
        return None
    except Unreadable as refused:
        faults.found.clear()
        faults.add(refused.line, refused.message)
        return None
    if not isinstance(root, Mapping):
        faults.add(1, "the file must hold a mapping, 'name: value' on each line")
        return None
    return root


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise Unreadable(1, f"the file has {len(data)} bytes, at most {MAX_BYTES} are read")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(data.count(b"\n", 0, error.start) + 1, "the file is not UTF-8") from None


def _tree(text: str, faults: Faults) -> Node | None:
    root: Node | None = None
    values = 0
    open_: list[Listing | Mapping] = []
    keys: list[Scalar | None] = []
    for event in _events(text):
        if isinstance(event, SequenceEndEvent | MappingEndEvent):
            open_.pop()
            keys.pop()
            continue
        node = _node(event)
        values += 1
        if values > MAX_VALUES:
            raise Unreadable(node.line, f"more than {MAX_VALUES} names and values")
        if not open_:
            root = node
        elif isinstance(open_[-1], Listing):
            open_[-1].items.append(node)
        elif keys[-1] is None:
            keys[-1] = _key(node)
            continue
        else:
            _put(open_[-1], keys[-1], node, faults)
            keys[-1] = None
        if not isinstance(node, Scalar):
            open_.append(node)
            keys.append(None)
            if len(open_) > MAX_DEPTH:
                raise Unreadable(node.line, f"nested deeper than {MAX_DEPTH} levels")
    return root


def _events(text: str) -> Iterator[Event]:
    """Yield the events of nodes, by the parser in Python: the one in C crashes on deep nesting."""
    documents = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            documents += isinstance(event, DocumentStartEvent)
            if documents > 1:
                raise Unreadable(_line(event), "a file holds one document, without '---' in between")
            if isinstance(event, NodeEvent | SequenceEndEvent | MappingEndEvent):
                yield event
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        written = text.splitlines()[line - 1 : line]
        hint = next((told for looks, told in HINTS if any(map(looks.search, written))), "")
        raise Unreadable(line, f"not YAML: {error.problem or error.context}{hint}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Unreadable(line, "holds a character that YAML does not allow") from None
    except (ValueError, OverflowError):
        raise Unreadable(1, "holds an escape such as \\U that is no character") from None


def _node(event: Event) -> Node:
    line = _line(event)
    match event:
        case AliasEvent():
            raise Unreadable(line, "aliases are not read: write the value out")
        case NodeEvent(anchor=str()):
            raise Unreadable(line, "anchors are not read: write the value out")
        case ScalarEvent(tag=str()) | CollectionStartEvent(tag=str()):
            raise Unreadable(line, "tags are not read: write the value without one")
        case ScalarEvent(value=text, style=style):
            return Scalar(_storable(text, line), line, quoted=style is not None)
        case MappingStartEvent():
            return Mapping(line)
        case _:
            return Listing(line)


def _storable(text: str, line: int) -> str:
    try:
        check(text)
    except Refusal as refusal:
        raise Unreadable(line, refusal.message) from None
    return text


def _key(node: Node) -> Scalar:
    if not isinstance(node, Scalar):
        raise Unreadable(node.line, "a name must be text")
    return node


def _put(mapping: Mapping, key: Scalar, node: Node, faults: Faults) -> None:
    if key.text in mapping.fields:
        faults.add(key.line, f"'{key.text}' is here twice, first in line {mapping.lines[key.text]}")
        return
    mapping.fields[key.text] = node
    mapping.lines[key.text] = key.line


def _line(event: Event) -> int:
    mark: Any = event.start_mark
    return int(mark.line) + 1
