"""The rules for one contact's values. A fault names field and rule, never the value."""

from dataclasses import dataclass, fields, replace
from typing import Any, get_args

from msgspec.structs import asdict

from campaigns import values
from campaigns.cells import Cells, Fault
from campaigns.columns import CONTACTS
from campaigns.keeping import untold
from campaigns.kinds import KINDS, kind_of
from campaigns.objecting import objected, says_objected
from shared.address import address
from shared.record_events import ContactImported, SubscriberType

LONGEST = {
    "name": 200, "email": 254, "phone": 50, "outlet": 200, "role": 200, "source": 200,
    "source_url": 2000, "notes": 5000, "first_name": 100, "last_name": 100,
}  # fmt: skip
HALVES = frozenset({"first_name", "last_name"})
NAMES = HALVES | {"name"}
LATER = ("subscriber_type", "timezone")
SUBSCRIBERS: tuple[str, ...] = get_args(SubscriberType)


@dataclass(frozen=True, slots=True)
class Row:
    """One contact's values, tidy: trimmed, empty ones None, lists without repetitions.

    `told` are the fields that the row's file has a column for: `name` only if it has one for all of it or for
    both halves, since a half fills an empty name alone; `suppressed` only where the cell is not empty.
    """

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
    suppressed: bool | None
    subscriber_type: str | None = None
    timezone: str | None = None
    told: frozenset[str] = frozenset()

    def over(self, last: ContactImported | None) -> dict[str, Any]:
        """Return all values by name, the untold ones as they were imported last, some of them sealed.

        What came with a later release is there only where it is given, so that the fingerprint of what was
        imported before is still the same.
        """
        values = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "told"}
        values["suppressed"] = self.suppressed is True
        if last is not None:
            known = asdict(last)
            known["type"] = known.pop("kind")
            del known["fingerprint"]
            values |= {name: value for name, value in untold(known, self.told).items() if value is not None}
        return {name: value for name, value in values.items() if name not in LATER or value is not None}

    def objecting(self) -> "Row":
        return replace(self, suppressed=True, told=self.told | {"suppressed"})

    @property
    def identity(self) -> str:
        return _identity(self.email, self.name, self.outlet)


@dataclass(frozen=True, slots=True)
class Objection:
    """A row with faults that says all the same of whom it is, and that they must not be written to."""

    identity: str
    faults: list[Fault]


def row(given: dict[str, Any]) -> Row | Objection | list[Fault]:
    """Check the cells of one contact, strings or (genres, regions) lists of strings."""
    cells = Cells(given, CONTACTS.known)
    texts = {field: cells.text(field, longest) for field, longest in LONGEST.items()}
    genres, regions = cells.texts("genres"), cells.texts("regions")
    name = _name(texts["name"], texts["first_name"], texts["last_name"])
    if not name and not texts["email"] and not cells.faults:
        cells.fault("name", "a name or an e-mail is needed")
    email = cells.read("email", address, LONGEST["email"]) if texts["email"] else None
    kind = cells.one_of("type", kind_of, KINDS)
    suppressed = cells.flag("suppressed", objected)
    if cells.flag("subscribed", lambda word: not says_objected(word)) is False:
        suppressed = True
    subscriber = cells.one_of("subscriber_type", _subscriber, SUBSCRIBERS)
    zone = cells.read("timezone", values.zone)
    if cells.faults:
        faulty = {fault.field for fault in cells.faults}
        known = email or (name and not faulty & {*NAMES, "email", "outlet"})
        whose = _identity(email, name, texts["outlet"])
        return Objection(whose, cells.faults) if suppressed and known else cells.faults
    told = {*given} - {"suppressed", "subscribed"} - HALVES | ({"name"} if given.keys() >= HALVES else set())
    return Row(
        name=name,
        email=email,
        phone=texts["phone"],
        notes=texts["notes"],
        outlet=texts["outlet"],
        role=texts["role"],
        type=kind,
        genres=genres,
        regions=regions,
        source=texts["source"],
        source_url=texts["source_url"],
        suppressed=suppressed,
        subscriber_type=subscriber,
        timezone=zone.key if zone else None,
        told=frozenset(told if suppressed is None else told | {"suppressed"}),
    )


def _name(name: str | None, first: str | None, last: str | None) -> str | None:
    """Return the whole name; beside a first name it may be the last one alone, as in German lists."""
    if name and first and not last and first.casefold() not in name.casefold():
        return f"{first} {name}"
    return name or " ".join(filter(None, (first, last))) or None


def _identity(email: str | None, name: str | None, outlet: str | None) -> str:
    """Return what tells a person from another: the e-mail, else name and outlet."""
    return email or f"{name}|{outlet or ''}"


def _subscriber(text: str) -> str | None:
    word = text.casefold()
    return word if word in SUBSCRIBERS else None
