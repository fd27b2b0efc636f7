"""From an import's body to the rows it speaks of, each contact once."""

import base64
from dataclasses import dataclass, field
from uuid import UUID

from campaigns import csvfile
from campaigns.requests import MOST_ROWS, ImportContacts, Repetition, RowError
from campaigns.rows import Fault, Row, row
from shared.refusal import Refusal
from shared.vault import Vault


@dataclass(frozen=True, slots=True)
class Candidate:
    """A good row, and the contact it is about."""

    line: int
    contact_id: UUID
    row: Row


@dataclass
class Batch:
    """What one message asks to import; lines that are not are named."""

    candidates: list[Candidate] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    repeated: list[Repetition] = field(default_factory=list)
    failed: int = 0
    total: int = 0
    ignored: tuple[str, ...] = ()

    def refuse(self, line: int, faults: list[Fault] | tuple[Fault, ...]) -> None:
        self.failed += 1
        self.errors += [RowError(line=line, field=fault.field, message=fault.message) for fault in faults]


def read(vault: Vault, user: UUID, request: ImportContacts) -> Batch:
    """Check every row; of all rows of one contact the first counts."""
    file = _file(request)
    if (rows := len(file.records)) > MOST_ROWS:
        raise Refusal("too_many_rows", "csv", f"{rows} rows at once: send {MOST_ROWS} at most in one message")
    batch = Batch(total=rows, ignored=file.ignored)
    first: dict[UUID, int] = {}
    for record in file.records:
        checked = list(record.faults) or row(record.cells)
        if isinstance(checked, list):
            batch.refuse(record.line, checked)
            continue
        contact_id = vault.person_of(user, checked.identity)
        original = first.setdefault(contact_id, record.line)
        if original != record.line:
            batch.repeated.append(Repetition(line=record.line, first=original))
        else:
            batch.candidates.append(Candidate(record.line, contact_id, checked))
    return batch


def _file(request: ImportContacts) -> csvfile.File:
    if request.rows is not None:
        return csvfile.File(tuple(csvfile.Record(n, cells) for n, cells in enumerate(request.rows, 1)), ())
    if request.csv is not None:
        return csvfile.read(request.csv)
    try:
        return csvfile.read(base64.b64decode(request.csv_base64 or "", validate=True))
    except ValueError:
        raise Refusal("invalid", "csv_base64", "csv_base64: is not base64") from None
