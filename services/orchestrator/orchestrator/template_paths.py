"""Templates only move data: `{{root.name[0]}}` is a path, and nothing is ever evaluated."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from shared.json import dumps
from shared.places import text_of
from shared.sealing import people_in

Part = str | int
Path = tuple[Part, ...]
STEP_NAME = re.compile(r"step([1-9][0-9]{0,5})")
OPENS, CLOSES = "{{", "}}"
MOST_BYTES = 2**26
TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
WHOLE = re.compile(r"\{\{\s*([A-Za-z_][\w-]*)((?:\.[A-Za-z_][\w-]*|\[[0-9]{1,9}\])*)\s*\}\}")
PART = re.compile(r"\.([A-Za-z_][\w-]*)|\[([0-9]+)\]")
PERSONAL = "it is personal: it can be a field of its own, not part of a text"
HOW = "a template is {{step1.name}}, {{step1.list[0].name}} or {{input.name}}, nothing else"


class TemplateError(ValueError):
    """A template cannot be read or filled in; `field` is where it stands, e.g. `input.contacts`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class TooMuchError(TemplateError):
    """The templates of an input bring in more than any message can hold."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One template: `at` is where it stands in the input, `root` and `path` what it points to.

    `whole` says that the string is this template alone: its value keeps its type. `text` is as written.
    """

    at: Path
    root: str
    path: Path
    whole: bool
    text: str

    @property
    def field(self) -> str:
        return _field(self.at)

    def error(self, reason: str) -> TemplateError:
        return TemplateError(self.field, f"{self.text}: {reason}")


def references(value: Any) -> list[Reference]:
    """List the templates in the strings of `value`, not in its keys; TemplateError for a malformed one."""
    return [reference for at, text in _strings(value, ()) for reference in _read(text, at)]


def of_own(given: Mapping[str, Any]) -> dict[str, str]:
    """Return a template for each field with what looks like one, which takes it from the session's input."""
    return {name: f"{{{{input.{name}}}}}" for name, value in given.items() if any(_strings(value, ()))}


def is_whole(text: str) -> bool:
    """Whether the text is one template and nothing else."""
    return OPENS in text and _pointed(text) is not None


def resolve(value: Any, scope: Mapping[str, Any]) -> Any:
    """Fill in all templates in one pass: what comes from `scope` is data, whatever it looks like.

    Inside a longer text, lists and objects become compact JSON and null becomes empty. Raises TemplateError,
    before what is named again and again fills the memory.
    """
    left = MOST_BYTES
    sizes: dict[int, int] = {}

    def find(reference: Reference) -> Any:
        nonlocal left
        found = _picked(scope, reference)
        if (size := sizes.get(id(found))) is None:
            size = sizes[id(found)] = len(dumps(found))
        left -= size
        if left < 0:
            raise TooMuchError(reference.field, "its templates bring in more than any message holds")
        return found

    return _replaced(value, (), find)


def fill(value: Any, find: Callable[[Reference], Any]) -> Any:
    """Replace every string that has templates by what `find` returns for the first of them."""
    kind = type(value)
    if kind is str and OPENS in value:
        return find(_read(value, ())[0])
    if kind is dict:
        return {key: fill(inner, find) for key, inner in value.items()}
    if kind is list:
        return [fill(inner, find) for inner in value]
    return value


def pick(data: Any, path: Path) -> Any:
    """Return what stands at `path`, by dict keys and list indexes only; LookupError for nothing."""
    for part in path:
        match data, part:
            case dict(), str() if part in data:
                data = data[part]
            case list(), int() if part < len(data):
                data = data[part]
            case _:
                raise LookupError(text_of((part,)))
    return data


def copied(data: Any) -> Any:
    """Return a copy of which each part may be replaced."""
    match data:
        case dict():
            return {name: copied(inner) for name, inner in data.items()}
        case list():
            return [copied(inner) for inner in data]
        case _:
            return data


def put(data: Any, path: Path, value: Any) -> Any:
    """Return `data` with `value` at `path`, which is there; it is `data` itself that changes."""
    if not path:
        return value
    pick(data, path[:-1])[path[-1]] = value
    return data


def _read(text: str, at: Path) -> list[Reference]:
    if (whole := _pointed(text)) is not None:
        return [Reference(at, *whole, whole=True, text=text)]
    if OPENS in text.rpartition(CLOSES)[2]:
        raise TemplateError(_field(at), f"a template is not closed: {HOW}")
    found = []
    for template in TEMPLATE.finditer(text):
        pointed = _pointed(template[0])
        if pointed is None:
            raise TemplateError(_field(at), HOW)
        found.append(Reference(at, *pointed, whole=False, text=template[0]))
    return found


def _pointed(template: str) -> tuple[str, Path] | None:
    """Return root and path of a text that is one template and nothing else."""
    try:
        return _read_one(template)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _read_one(template: str) -> tuple[str, Path]:
    """Raise ValueError for all else, which may be anybody's words and is not to be remembered."""
    found = WHOLE.fullmatch(template)
    if found is None:
        raise ValueError
    return found[1], tuple(name or int(index) for name, index in PART.findall(found[2]))


def _field(at: Path) -> str:
    return text_of(("input", *at))


def _replaced(value: Any, at: Path, find: Callable[[Reference], Any]) -> Any:
    kind = type(value)
    if kind is str and OPENS in value:
        return _filled(value, _read(value, at), find)
    if kind is dict:
        return {key: _replaced(inner, (*at, key), find) for key, inner in value.items()}
    if kind is list:
        return [_replaced(inner, (*at, index), find) for index, inner in enumerate(value)]
    return value


def _filled(text: str, found: list[Reference], find: Callable[[Reference], Any]) -> Any:
    if found[0].whole:
        return find(found[0])
    turn = iter(found)
    return TEMPLATE.sub(lambda _match: _as_text(next(turn), find), text)


def _as_text(reference: Reference, find: Callable[[Reference], Any]) -> str:
    value = find(reference)
    if people_in(value):
        raise reference.error(PERSONAL)
    match value:
        case str():
            return value
        case None:
            return ""
        case _:
            return dumps(value).decode()


def _picked(scope: Mapping[str, Any], reference: Reference) -> Any:
    try:
        return pick(dict(scope), (reference.root, *reference.path))
    except LookupError as missing:
        raise reference.error(f"there is no {missing.args[0]}") from None


def _strings(value: Any, at: Path) -> Iterator[tuple[Path, str]]:
    """Yield the texts in which a template may be."""
    kind = type(value)
    if kind is str:
        if OPENS in value:
            yield at, value
    elif kind is dict:
        for key, inner in value.items():
            yield from _strings(inner, (*at, key))
    elif kind is list:
        for index, inner in enumerate(value):
            yield from _strings(inner, (*at, index))
