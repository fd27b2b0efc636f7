"""The bodies of `ask.<user>.<noun>.import`, and the answers."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from shared.message import Message

MOST_ROWS = 10_000
LISTED = 1000
SOURCES = ("csv", "csv_base64", "rows", "ics")


class Import(Message):
    """A CSV file's text, its bytes in base64, or rows by field name.

    A long file comes in pieces, each with the header. `dry_run` changes nothing.
    """

    csv: str | None = None
    csv_base64: str | None = None
    rows: Annotated[list[dict[str, Any]], Field(max_length=MOST_ROWS)] | None = None
    dry_run: bool = False

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        sources = [name for name in SOURCES if name in type(self).model_fields]
        if sum(getattr(self, name) is not None for name in sources) != 1:
            raise ValueError(f"give one of {', '.join(sources[:-1])} and {sources[-1]}")
        return self


class ImportStreams(Import):
    """Days of one artist's metrics, the artist by name or id."""

    artist: Annotated[str, Field(min_length=1, max_length=200)]


class ImportOpportunities(Import):
    """What `contacts.import` takes, or a calendar's text (iCalendar)."""

    ics: str | None = None


class RowError(Message):
    """Why a row was not imported, without its values; rows given as JSON are counted from 1."""

    line: int
    field: str | None
    message: str


class Repetition(Message):
    """This line speaks of the same as an earlier one, which counts."""

    line: int
    first: int


class Imported(Message):
    """What an import did: `imported` + `unchanged` + `duplicates` + `failed` = `total`.

    `seq` is the log's sequence after which all of it is there; `errors` and `repeated` list 1000 at most;
    `ignored` are the headers that mean nothing to us. `identities`, with `dry_run` alone, have each good line
    and a word that is the same for all lines that speak of the same: these belong into one message.
    """

    imported: int = 0
    unchanged: int = 0
    duplicates: int = 0
    failed: int = 0
    total: int = 0
    seq: int = 0
    errors: tuple[RowError, ...] = ()
    repeated: tuple[Repetition, ...] = ()
    ignored: tuple[str, ...] = ()
    identities: tuple[tuple[int, str], ...] = ()
    dry_run: bool = False


class ImportedContacts(Imported):
    """`objections` are the lines, 1000 at most, that failed and yet say who must not be written to.

    That is recorded as `contacts.suppress` does it (with `dry_run`: would be).
    """

    objections: tuple[int, ...] = ()


class ImportedOutreach(Imported):
    """`created` are the campaigns that were not there before (with `dry_run`: are not there).

    `objections` are the lines, 1000 at most, of new answers that ask not to be written to again: whose they
    are is suppressed, as by `contacts.suppress` (with `dry_run`: would be).
    """

    created: tuple[str, ...] = ()
    objections: tuple[int, ...] = ()
