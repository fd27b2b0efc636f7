"""The bases of everything that is sent or stored."""

import re
from collections.abc import Mapping
from typing import Any, Self

import msgspec
from pydantic import BaseModel, ConfigDict

WITHOUT_VALUES = ("Expected", "Invalid UUID", "Invalid RFC3339")
MISSING = re.compile(r"Object missing required field `(\w+)`")


class Message(BaseModel):
    """Immutable and closed: an unknown field is an error. What the outside sends us."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class File(BaseModel):
    """Immutable and open: a field that a newer release added is passed over. What files of ours hold."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Unreadable(ValueError):  # noqa: N818 - a verdict on the message
    """This is no such message; `field` and `reason` hold no value of it, `code` is a refusal's."""

    def __init__(self, field: str | None, reason: str, code: str = "invalid") -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason
        self.code = code


class Stored(msgspec.Struct, frozen=True, omit_defaults=True):
    """Immutable and open, checked when it is read and not when it is made. What log and queues keep.

    A field at its default is not written.
    """

    def to_json(self) -> bytes:
        """Write the stored form."""
        return _ENCODER.encode(self)

    def told(self) -> dict[str, Any]:
        """Return the stored form as JSON's own types."""
        told: dict[str, Any] = msgspec.to_builtins(self, enc_hook=_tell)
        return told

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Read the stored form; raises Unreadable."""
        try:
            return msgspec.json.decode(body, type=cls, dec_hook=_read)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise _unreadable(error) from None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Make it of values as JSON has them, or as they are here; raises Unreadable."""
        try:
            return msgspec.convert(values, cls, dec_hook=_read)
        except msgspec.ValidationError as error:
            raise _unreadable(error) from None


class Happened(Stored, frozen=True, tag_field="type", tag=True):
    """An event; the name of its class is its `type` in the stored form."""

    @property
    def type(self) -> str:
        return self.__class__.__name__


def _unreadable(error: Exception) -> Unreadable:
    """Take field and rule from the error's text: `Expected ... - at `$.events[0].step``."""
    if not isinstance(error, msgspec.ValidationError):
        return Unreadable(None, "it is not JSON", "malformed_json")
    rule, _, place = str(error).partition(" - at `$")
    where = place.removesuffix("`").removeprefix(".")
    if (missing := MISSING.fullmatch(rule)) is not None:
        return Unreadable(f"{where}.{missing[1]}".lstrip("."), "is missing", "missing_field")
    known = rule.startswith(WITHOUT_VALUES)
    return Unreadable(where or None, rule if known else "is not one of the values allowed")


def _tell(value: Any) -> Any:
    """Write what a file held, the one thing here that is no struct."""
    if not isinstance(value, File):
        raise NotImplementedError(type(value))
    return value.model_dump(mode="json", exclude_none=True)


def _read(kind: type, value: Any) -> Any:
    if not issubclass(kind, File):
        raise NotImplementedError(kind)
    return kind.model_validate(value)


_ENCODER = msgspec.json.Encoder(enc_hook=_tell)
