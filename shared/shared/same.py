"""A schema as the key of a cache, by identity: one in use is never changed, and comparing is dear."""

from typing import Any


class Same:
    """Holds its schema, so that no other one can have its place in memory while it is a key."""

    __slots__ = ("schema",)

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.schema is self.schema
