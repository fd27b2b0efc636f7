"""The specification's TypeScript blocks as they stand: literals as values, calls as our functions."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import totalaud

SEED = Path(__file__).parent / "seed"
COMMENT = re.compile(r"//[^\n]*")
TOKEN = re.compile(r"\s*(\"[^\"]*\"|'[^']*'|\.\.\.|[\w.]+|[{}()\[\],:])")
CALL = re.compile(r"await (\w+)\(")
NUMBER = re.compile(r"[0-9.]+")
CLOSING = {"{": "}", "[": "]", "(": ")"}


class Reader:
    """Reads one value after the other; a bare name is what it is bound to, `...` stands for itself."""

    def __init__(self, text: str, bound: Mapping[str, Any]) -> None:
        self._tokens = TOKEN.findall(COMMENT.sub("", text))
        self._bound = bound

    def value(self) -> Any:
        match self._tokens.pop(0):
            case "{":
                return dict(self._fields())
            case "[" | "(" as opening:
                return list(self._items(CLOSING[opening]))
            case "...":
                return ...
            case token if token[0] in "\"'":
                return token[1:-1]
            case token if NUMBER.fullmatch(token):
                return float(token) if "." in token else int(token)
            case name:
                return self._bound[name]

    def _fields(self) -> Iterator[tuple[Any, Any]]:
        while not self._ends("}"):
            name = self._tokens.pop(0)
            if self._tokens[0] == ":":
                self._tokens.pop(0)
                yield name, self.value()
            else:
                yield (..., ...) if name == "..." else (name, self._bound[name])

    def _items(self, closing: str) -> Iterator[Any]:
        while not self._ends(closing):
            yield self.value()

    def _ends(self, closing: str) -> bool:
        if self._tokens[0] == ",":
            self._tokens.pop(0)
        if self._tokens[0] != closing:
            return False
        self._tokens.pop(0)
        return True


def arguments(block: str, **bound: Any) -> list[Any]:
    """Return what the block's call is given, in its order."""
    text = (SEED / block).read_text()
    return Reader(text[CALL.search(text).end() - 1 :], bound).value()


async def call(block: str, **bound: Any) -> Any:
    """Make the block's call by the Python twin of its name."""
    name = CALL.search((SEED / block).read_text())[1]
    twin = getattr(totalaud, re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name))
    return await twin(*arguments(block, **bound))


def objects(block: str) -> list[dict[Any, Any]]:
    """Return the objects that stand in a block on lines of their own."""
    text = (SEED / block).read_text()
    return [Reader(text[found.start() :], {}).value() for found in re.finditer(r"^\{", text, re.MULTILINE)]
