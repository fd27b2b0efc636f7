"""Exceptions that come out of another process as they went in, as those of a pool of workers do."""

from copyreg import __newobj__  # type: ignore[attr-defined]
from typing import Any


class Portable(Exception):  # noqa: N818 - a base
    """Is made anew from what it holds; Python calls the class with the message alone, whatever it takes."""

    def __reduce__(self) -> tuple[Any, ...]:
        return __newobj__, (type(self), *self.args), vars(self)
