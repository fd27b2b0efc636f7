"""From an import's body to the rows it speaks of, each contact once."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from campaigns import csvfile
from campaigns.requests import CHUNK, MOST_ROWS, ImportContacts, Repetition, RowError
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
    chunks: int = 1
    ignored: tuple[str, ...] = ()

    def refuse(self, line: int, faults: list[Fault] | tuple[Fault, ...]) -> None:
        self.failed += 1
        self.errors += [RowError(line=line, field=fault.field, message=fault.message) for fault in faults]


def read(vault: Vault, user: UUID, request: ImportContacts) -> Batch:
    """Check every row and keep the asked chunk; of all rows of one contact the file's first counts."""
    file = _file(request)
    _check_size(len(file.records), request)
    chunk = request.chunk or 0
    here = (
        range(chunk * CHUNK, (chunk + 1) * CHUNK) if request.chunk is not None else range(len(file.records))
    )
    batch = Batch(ignored=file.ignored, chunks=max(1, -(-len(file.records) // CHUNK)))
    first: dict[UUID, int] = {}
    for number, record in enumerate(file.records):
        checked = list(record.faults) or row(record.cells)
        batch.total += number in here
        if isinstance(checked, list):
            if number in here:
                batch.refuse(record.line, checked)
            continue
        contact_id = vault.person_of(user, checked.identity)
        original = first.setdefault(contact_id, record.line)
        if number in here and original != record.line:
            batch.repeated.append(Repetition(line=record.line, first=original))
        elif number in here:
            batch.candidates.append(Candidate(record.line, contact_id, checked))
    return batch


def _file(request: ImportContacts) -> csvfile.File:
    if request.rows is not None:
        return csvfile.File(tuple(_record(n, cells) for n, cells in enumerate(request.rows, 1)), ())
    if request.csv is not None:
        return csvfile.read(request.csv)
    try:
        return csvfile.read(base64.b64decode(request.csv_base64 or "", validate=True))
    except binascii.Error:
        raise Refusal("invalid", "csv_base64", "csv_base64: is not base64") from None


def _record(number: int, cells: dict[str, Any]) -> csvfile.Record:
    return csvfile.Record(number, cells)


def _check_size(rows: int, request: ImportContacts) -> None:
    if request.chunk is None and rows > MOST_ROWS:
        most = -(-rows // CHUNK) - 1
        raise Refusal("too_many_rows", "chunk", f"{rows} rows at once: send the file with chunk 0 to {most}")
