"""What the prompt's own input says: looked up by name, wherever it stands in it."""

from collections.abc import Iterator
from typing import Any

from totalaud.model_server.request import Json


def plain(name: str) -> str:
    """Make `artistName`, `artist_name` and `Artist Name` one."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def walk(value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every value with the plain names that lead to it, outer ones first."""
    queue: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while queue:
        at, found = queue.pop(0)
        yield at, found
        match found:
            case dict():
                queue += [((*at, plain(name)), inner) for name, inner in found.items()]
            case list():
                queue += [(at, inner) for inner in found]
            case _:
                pass


class Material:
    """The input of a prompt, and perhaps the item of it that an answer is about."""

    def __init__(self, given: Json, item: Json | None = None) -> None:
        self._given = given
        self._places = [*walk(item or {}), *walk(given)]

    def about(self, item: Json) -> "Material":
        return Material(self._given, item)

    def text(self, *names: str) -> str | None:
        """Return the first text under one of the names; `artist.name` means a `name` inside an `artist…`."""
        for name in names:
            wanted = [plain(part) for part in name.split(".")]
            for path, value in self._places:
                if isinstance(value, str) and value.strip() and _leads(path, wanted):
                    return value.strip()
        return None

    def texts(self, name: str) -> list[str]:
        """Return all texts under a name, in their order; `facts.text` means a `text` inside a `facts…`."""
        wanted = [plain(part) for part in name.split(".")]
        found = (
            value.strip() for path, value in self._places if isinstance(value, str) and _leads(path, wanted)
        )
        return [text for text in dict.fromkeys(found) if text]

    def has(self, name: str) -> bool:
        """Tell whether anything stands under a name."""
        return any(path and path[-1] == plain(name) for path, _ in self._places)

    def same(self, name: str, kind: type | tuple[type, ...]) -> Any:
        """Return the first value of that kind under exactly this name."""
        for path, value in self._places:
            if path and path[-1] == plain(name) and isinstance(value, kind) and not isinstance(value, bool):
                return value
        return None

    def items(self) -> list[Json]:
        """Return the first list of objects, or nothing."""
        for _, value in self._places:
            if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
                return value
        return []


def _leads(path: tuple[str, ...], wanted: list[str]) -> bool:
    if len(path) < len(wanted) or path[-1] != wanted[-1]:
        return False
    return all(part.startswith(want) for part, want in zip(path[-len(wanted) : -1], wanted[:-1], strict=True))
