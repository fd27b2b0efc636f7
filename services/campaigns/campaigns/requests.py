"""The bodies of `ask.<user>.contacts.<verb>`, and the answers."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared.message import Message

MOST_ROWS = 10_000
LISTED = 1000


class ImportContacts(Message):
    """`contacts.import`: a CSV file's text, its bytes in base64, or rows by field name.

    A long file comes in pieces, each with the header; a few thousand rows take seconds. `dry_run` changes
    nothing.
    """

    csv: str | None = None
    csv_base64: str | None = None
    rows: Annotated[list[dict[str, Any]], Field(max_length=MOST_ROWS)] | None = None
    dry_run: bool = False

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if sum(given is not None for given in (self.csv, self.csv_base64, self.rows)) != 1:
            raise ValueError("give one of csv, csv_base64 and rows")
        return self


class EraseContact(Message):
    """`contacts.erase`: by the contact's id or by e-mail, imported or not."""

    contact_id: UUID | None = None
    email: Annotated[str, Field(min_length=3, max_length=254)] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.contact_id is None) == (self.email is None):
            raise ValueError("give one of contact_id and email")
        return self


class RowError(Message):
    """Why a row was not imported, without its values; rows given as JSON are counted from 1."""

    line: int
    field: str | None
    message: str


class Repetition(Message):
    """This line speaks of the same contact as an earlier one, which counts."""

    line: int
    first: int


class Imported(Message):
    """What an import did: `imported` + `unchanged` + `duplicates` + `failed` = `total`.

    `seq` is the log's sequence after which all of these contacts are there; `errors` and `repeated` list 1000
    at most; `ignored` are the headers that mean nothing to us.
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
    dry_run: bool = False


class Erased(Message):
    """`erased` False: it had been done before."""

    erased: bool
    contact_id: UUID
    seq: int
