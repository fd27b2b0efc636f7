"""The rules for one contact's values. A fault names field and rule, never the value."""

import re
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from campaigns.headers import KNOWN
from campaigns.kinds import kind_of, kinds
from shared import json
from shared.refusal import Refusal

LONGEST = {
    "name": 200, "email": 254, "phone": 50, "outlet": 200, "role": 200, "source": 200,
    "source_url": 2000, "notes": 5000, "first_name": 100, "last_name": 100, "type": 50, "suppressed": 10,
}  # fmt: skip
LONGEST_LIST = 50
LONGEST_ITEM = 100
YES = frozenset({"yes", "y", "true", "1", "x"})
NO = frozenset({"", "no", "n", "false", "0"})
_LIST = re.compile(r"[;|,\n]")
_EMAIL = re.compile(r"[^@\s,;:<>()\[\]\"\\]{1,64}@[^@\s,;:<>()\[\]\"\\.]+(\.[^@\s,;:<>()\[\]\"\\.]+)+")
_ADDRESSED = re.compile(r"[^<>]*<([^<>]+)>")


class Fault(NamedTuple):
    """`field` None: the row as a whole."""

    field: str | None
    message: str


UNKNOWN_FIELD = Fault(None, f"has an unknown field; known are: {', '.join(KNOWN)}")


@dataclass(frozen=True, slots=True)
class Row:
    """One contact's values, tidy: trimmed, empty ones None, lists without repetitions."""

    name: str | None
    email: str | None
    phone: str | None
    notes: str | None
    outlet: str | None
    role: str | None
    type: str | None
    genres: tuple[str, ...]
    regions: tuple[str, ...]
    source: str | None
    source_url: str | None
    suppressed: bool

    def values(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @property
    def identity(self) -> str:
        """Whose row it is: the e-mail, else name and outlet."""
        return self.email or f"{self.name}|{self.outlet or ''}"


def row(cells: dict[str, Any]) -> Row | list[Fault]:
    """Check the cells of one contact, strings or (genres, regions) lists of strings."""
    faults: list[Fault] = []
    texts = {field: _text(cells.get(field), field, faults) for field in LONGEST}
    lists = {field: _list(cells.get(field), field, faults) for field in ("genres", "regions")}
    if not cells.keys() <= set(KNOWN):
        faults.append(UNKNOWN_FIELD)
    email = _email(texts["email"], faults)
    name = texts["name"] or " ".join(filter(None, (texts["first_name"], texts["last_name"]))) or None
    if not name and not texts["email"] and not faults:
        faults.append(Fault("name", "a name or an e-mail is needed"))
    kind = _kind(texts["type"], faults)
    suppressed = _flag(texts["suppressed"], faults)
    if faults:
        return faults
    return Row(
        name=name,
        email=email,
        phone=texts["phone"],
        notes=texts["notes"],
        outlet=texts["outlet"],
        role=texts["role"],
        type=kind,
        genres=lists["genres"],
        regions=lists["regions"],
        source=texts["source"],
        source_url=texts["source_url"],
        suppressed=suppressed,
    )


def _text(value: Any, field: str, faults: list[Fault]) -> str | None:
    match value:
        case None:
            return None
        case bool() if field == "suppressed":
            return "yes" if value else "no"
        case str():
            text = value.strip()
            long = f"longer than {LONGEST[field]} characters" if len(text) > LONGEST[field] else ""
            if not (fault := _unstorable(text) or long):
                return text or None
            faults.append(Fault(field, fault))
        case _:
            faults.append(Fault(field, "must be text"))
    return None


def _list(value: Any, field: str, faults: list[Fault]) -> tuple[str, ...]:
    items = _LIST.split(value) if isinstance(value, str) else [] if value is None else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        faults.append(Fault(field, "must be text or a list of texts"))
        return ()
    tidy = {item.casefold(): item for item in (item.strip() for item in reversed(items)) if item}
    if len(tidy) > LONGEST_LIST or any(len(item) > LONGEST_ITEM for item in tidy):
        faults.append(
            Fault(field, f"more than {LONGEST_LIST} entries, or one over {LONGEST_ITEM} characters")
        )
        return ()
    if broken := next(filter(None, map(_unstorable, tidy.values())), ""):
        faults.append(Fault(field, broken))
        return ()
    return tuple(reversed(tidy.values()))


def _email(text: str | None, faults: list[Fault]) -> str | None:
    if text is None:
        return None
    addressed = _ADDRESSED.fullmatch(text)
    address = (addressed[1] if addressed else text).removeprefix("mailto:").strip()
    if not _EMAIL.fullmatch(address):
        faults.append(Fault("email", "is not an e-mail address"))
        return None
    return address


def _kind(text: str | None, faults: list[Fault]) -> str | None:
    if text is None:
        return None
    kind = kind_of(text)
    if kind is None:
        faults.append(Fault("type", f"is none of {', '.join(kinds())}"))
    return kind


def _flag(text: str | None, faults: list[Fault]) -> bool:
    word = (text or "").casefold()
    if word not in YES | NO:
        faults.append(Fault("suppressed", "is neither yes nor no"))
    return word in YES


def _unstorable(text: str) -> str:
    try:
        json.check(text)
    except Refusal as refusal:
        return refusal.message
    return ""
