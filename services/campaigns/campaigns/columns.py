"""Which column of somebody's spreadsheet is which field: one table for each kind of file."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from unicodedata import combining, normalize

from campaigns.cells import NO, YES
from campaigns.headers import ELSEWHERE
from campaigns.objecting import objected, says_objected
from shared.address import address

Telling = Mapping[str, Callable[[str], bool]]
_SEPARATORS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Columns:
    """`aliases` are the headers that mean a field; a file of this kind has one field of each of `needed`.

    `elsewhere` are those of other languages, which count where English says nothing.
    `telling` recognises the cells of a field by themselves: they must not be passed over, whatever their
    header is. Of several columns for one field the first counts, one with a `loose` header where there is no
    other; unless the field's function in `heavier` recognises a cell of another one: then that cell does.
    Headers are asked about by their `names`.
    """

    noun: str
    aliases: dict[str, tuple[str, ...]]
    needed: tuple[tuple[str, ...], ...]
    telling: Telling = field(default_factory=dict)
    heavier: Telling = field(default_factory=dict)
    loose: frozenset[str] = frozenset({"tags"})
    elsewhere: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _field_of: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        every = (*self.elsewhere.items(), *self.aliases.items())
        meant = {alias: name for name, aliases in every for alias in aliases}
        object.__setattr__(self, "_field_of", meant)

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(self.aliases)

    def meant(self, names: Sequence[str]) -> list[str | None]:
        """Return the field that each header means by itself."""
        return [self._field_of.get(name) for name in names]

    def fields_of(self, names: Sequence[str]) -> list[str | None]:
        """Return the field of each column, None for one that means nothing or the same as another one."""
        fields = self.meant(names)
        counts: dict[str | None, int] = {}
        for loose in (False, True):
            for at, name in enumerate(names):
                if (name in self.loose) == loose:
                    counts.setdefault(fields[at], at)
        return [field if counts[field] == at else None for at, field in enumerate(fields)]

    def heavy(self, names: Sequence[str]) -> list[str | None]:
        """Return the field of each column that may count though it is not the first."""
        return [field if field in self.heavier else None for field in self.meant(names)]

    def count(self, names: Sequence[str]) -> int:
        """Return how many columns have a meaning."""
        return len(set(self.meant(names)) - {None})

    def covers(self, other: "Columns", names: Sequence[str]) -> bool:
        """Tell whether every column that means something to the other kind does so here too."""
        both = zip(self.meant(names), other.meant(names), strict=True)
        return all(here for here, there in both if there)

    def missing(self, names: Sequence[str]) -> list[tuple[str, ...]]:
        """Return those of `needed` of which no column is there."""
        meant = set(self.meant(names))
        return [needed for needed in self.needed if not meant & set(needed)]

    def expected(self) -> str:
        return ", ".join(" or ".join(names) for names in self.needed)


def names(cells: Sequence[str]) -> list[str]:
    """Return headers as they are compared: letter case, punctuation, and marks on letters do not matter."""
    return [_SEPARATORS.sub(" ", _unmarked(cell.casefold())).strip() for cell in cells]


def _unmarked(text: str) -> str:
    return "".join(letter for letter in normalize("NFKD", text) if not combining(letter))


def _is_objection(text: str) -> bool:
    return text.strip().casefold() in YES or bool(objected(text))


def _is_refusal(text: str) -> bool:
    return text.strip().casefold() in NO or says_objected(text)


def _is_address(text: str) -> bool:
    try:
        return bool(address(text))
    except ValueError:
        return False


LEAVING = ("unsub", "unsubscribe", "unsubscribed", "opt out", "opted out")
URL = ("url", "link", "website", "web", "homepage", "web site")
GENRES = ("genres", "genre", "style", "styles", "music", "tags", "music genres")
REGIONS = ("regions", "region", "country", "countries", "location", "territory", "area", "market")
CONTACTS = Columns(
    "contacts",
    {
        "name": ("name", "contact", "contact name", "full name", "fullname", "person", "display name"),
        "first_name": ("first name", "firstname", "given name", "forename"),
        "last_name": ("last name", "lastname", "surname", "family name"),
        "email": (
            "email", "e mail", "mail", "email address", "e mail address", "mail address", "contact email",
            "e mail 1 value", "email 1", "e mail 1", "primary email", "work email",
        ),
        "phone": (
            "phone", "telephone", "tel", "mobile", "phone number", "cell", "mobile number", "mobile phone",
            "phone 1 value",
        ),
        "outlet": (
            "outlet", "publication", "station", "company", "organisation", "organization", "show", "media",
            "media outlet", "blog", "playlist", "podcast", "organization name", "organization 1 name",
        ),
        "role": (
            "role", "job title", "title", "position", "job", "organization title", "organization 1 title",
        ),
        "type": ("type", "contact type", "kind", "category", "media type"),
        "genres": GENRES,
        "regions": REGIONS,
        "source": ("source", "found at", "found in", "origin"),
        "source_url": ("source url", *URL, "web page", "website 1 value"),
        "notes": ("notes", "note", "comment", "comments", "remarks"),
        "suppressed": (
            "suppressed", "do not contact", "unsubscribed", "opted out", "opt out", "dnc", "do not email",
            "unsubscribed from all email", "email opt out", "email opted out", "has opted out of email",
            "blacklisted", "email blacklisted", "blocklisted",
            *(f"{what} {when}" for what in LEAVING for when in ("time", "date", "at", "on")),
        ),
        "subscribed": (
            "subscribed", "opt in", "opted in", "email opt in", "marketing opt in", "accepts marketing",
            "accepts email marketing", "marketing consent", "email consent", "email marketing consent",
        ),
        "subscriber_type": ("subscriber type", "subscriber"),
        "timezone": ("timezone", "time zone", "tz"),
    },
    needed=(("name", "first_name", "last_name", "email"),),
    telling={"email": _is_address, "suppressed": says_objected},
    heavier={"suppressed": _is_objection, "subscribed": _is_refusal},
    loose=frozenset({"title", "tags"}),
    elsewhere=ELSEWHERE,
)  # fmt: skip
ARTISTS = Columns(
    "artists",
    {
        "name": ("name", "artist", "artist name", "act", "band"),
        "genres": GENRES,
        "location": ("location", "city", "place", "based in", "country", "region"),
        "bio": ("bio", "biography", "about", "description"),
        "mbid": ("mbid", "musicbrainz id", "musicbrainz"),
        "mine": ("mine", "own", "ours"),
        "in_cohort": ("in cohort", "cohort", "opted in"),
    },
    needed=(("name",),),
)
OUTREACH = Columns(
    "outreach",
    {
        "contact_email": (
            "contact email", "email", "e mail", "mail", "email address", "e mail address", "to",
        ),
        "contact_id": ("contact id", "contact uuid"),
        "campaign": ("campaign", "campaign name", "campaign id"),
        "event": ("event", "kind", "type", "status", "outcome", "what"),
        "at": ("at", "date", "time", "when", "timestamp", "date time", "sent at"),
        "channel": ("channel", "medium", "via"),
        "template": ("template", "text", "template id", "version"),
        "detail": ("detail", "details", "reply", "message", "words", "note", "notes", "comment"),
        "category": ("category", "reply category"),
        "attributes": ("attributes", "attribute"),
        "propensity": ("propensity",),
    },
    needed=(("contact_email", "contact_id"), ("campaign",), ("event",), ("at",)),
)  # fmt: skip
METRICS = {
    "streams": ("streams", "plays", "stream count", "daily streams"),
    "listeners": ("listeners", "unique listeners", "daily listeners"),
    "monthly_listeners": ("monthly listeners",),
    "monthly_active_listeners": ("monthly active listeners",),
    "super_listeners": ("super listeners",),
    "followers": ("followers", "follower count", "total followers"),
    "saves": ("saves", "save count"),
    "playlist_adds": ("playlist adds", "playlist additions", "added to playlists"),
    "views": ("views", "video views"),
    "likes": ("likes",),
    "shares": ("shares",),
    "downloads": ("downloads",),
    "sales": ("sales", "purchases"),
}
STREAMS = Columns(
    "streams", {"date": ("date", "day"), **METRICS}, needed=(("date",), tuple(METRICS)),
)  # fmt: skip
OPPORTUNITIES = Columns(
    "opportunities",
    {
        "title": ("title", "name", "opportunity", "call"),
        "kind": ("kind", "type", "category"),
        "url": URL,
        "opens": ("opens", "opening", "open from", "start", "starts"),
        "deadline": ("deadline", "closes", "closing date", "due", "due date", "end", "ends"),
        "cost": ("cost", "fee", "price", "entry fee"),
        "currency": ("currency",),
        "genres": GENRES,
        "regions": ("regions", "region", "country", "countries", "location", "place", "area"),
        "source": ("source", "found at", "found in", "origin"),
        "territory": ("territory", "territories", "open to"),
        "unreleased": ("unreleased", "unreleased only"),
        "released": ("released", "released only"),
        "min_lead_days": ("min lead days", "lead days", "lead time"),
        "release_types": ("release types", "release type", "formats", "format"),
        "genres_only": ("genres only", "only genres"),
        "quota_tracks": ("quota tracks", "tracks"),
        "quota_days": ("quota days",),
        "uid": ("uid",),
    },
    needed=(("title",), ("kind",)),
)
COVERAGE = Columns(
    "coverage",
    {
        "artist": ("artist", "artist name", "act", "band"),
        "outlet": CONTACTS.aliases["outlet"],
        "kind": ("kind", "type", "category"),
        "date": ("date", "day", "published", "played"),
        "url": URL,
        "title": ("title", "headline", "song", "track"),
        "genres": GENRES,
    },
    needed=(("artist",), ("outlet",)),
)
ALL = (CONTACTS, ARTISTS, OUTREACH, STREAMS, OPPORTUNITIES, COVERAGE)


def alike(names: Sequence[str]) -> Columns | None:
    """Return the kind of file that a header looks like most; None where nothing fits."""
    fitting = [kind for kind in ALL if not kind.missing(names)]
    return max(fitting, key=lambda kind: kind.count(names), default=None)


def meant_for(names: Sequence[str], columns: Columns) -> Columns | None:
    """Return another kind that a header fits better: more columns have a meaning.

    It needs no less, or leaves out no column that has one here. A file of contacts has names too, which are
    no artists, nor titles of opportunities, and must not be stored as such.
    """
    others = (
        kind
        for kind in ALL
        if not kind.missing(names)
        and kind.count(names) > columns.count(names)
        and (len(kind.needed) >= len(columns.needed) or kind.covers(columns, names))
    )
    return next(others, None)
