"""Which column of somebody's spreadsheet is which field of a contact."""

import re

ALIASES: dict[str, tuple[str, ...]] = {
    "name": ("name", "contact", "contact name", "full name", "fullname", "person", "display name"),
    "first_name": ("first name", "firstname", "given name", "forename"),
    "last_name": ("last name", "lastname", "surname", "family name"),
    "email": ("email", "e mail", "mail", "email address", "e mail address", "mail address", "contact email"),
    "phone": ("phone", "telephone", "tel", "mobile", "phone number", "cell", "mobile number"),
    "outlet": (
        "outlet", "publication", "station", "company", "organisation", "organization", "show", "media",
        "media outlet", "blog", "playlist", "podcast",
    ),
    "role": ("role", "job title", "title", "position", "job"),
    "type": ("type", "contact type", "kind", "category", "media type"),
    "genres": ("genres", "genre", "style", "styles", "music", "tags", "music genres"),
    "regions": ("regions", "region", "country", "countries", "location", "territory", "area", "market"),
    "source": ("source", "found at", "found in", "origin"),
    "source_url": ("source url", "url", "link", "website", "web", "homepage", "web site"),
    "notes": ("notes", "note", "comment", "comments", "remarks"),
    "suppressed": ("suppressed", "do not contact", "unsubscribed", "opted out", "opt out", "dnc"),
}  # fmt: skip
KNOWN = tuple(ALIASES)
IDENTIFYING = frozenset({"name", "first_name", "last_name", "email"})
_FIELD_OF = {alias: field for field, aliases in ALIASES.items() for alias in aliases}
_SEPARATORS = re.compile(r"[^a-z0-9]+")


def field_of(header: str) -> str | None:
    """Return the field that a header means; letter case and punctuation do not matter."""
    return _FIELD_OF.get(_SEPARATORS.sub(" ", header.casefold()).strip())


def fields_of(cells: list[str]) -> list[str | None]:
    """Return the field of each column; of two columns for one field the first counts."""
    fields = [field_of(cell) for cell in cells]
    return [field if field not in fields[:column] else None for column, field in enumerate(fields)]


def is_header(fields: list[str | None]) -> bool:
    """A line is a header when it says where the name or the address is."""
    return not IDENTIFYING.isdisjoint(fields)
