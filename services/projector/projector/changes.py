"""What a commit changes in the tables, as data: single rows, and what depends on other rows.

They are made by the million, a few for each commit of a rebuild: structs cost half of what dataclasses do.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct

from shared.subjects import Aggregate

Values = Mapping[str, Any]


class Row(Struct, frozen=True, cache_hash=True):
    """Names one row: a table and its key. With `user`, a row of another user is not this row."""

    table: str
    key: UUID | str
    user: UUID | None = None


class Add(Struct, frozen=True):
    """A row that cannot be there yet."""

    row: Row
    values: Values


class Ensure(Struct, frozen=True):
    """A row that may be there already, and then stays as it is."""

    row: Row
    values: Values


class Alter(Struct, frozen=True):
    """Values to set and amounts to add in a row that must be there."""

    row: Row
    values: Values = {}
    amounts: Mapping[str, int | Decimal] = {}


class Remove(Struct, frozen=True):
    """The row, if it is there, is no more."""

    row: Row


class Skip(Struct, frozen=True):
    """The pending steps of a session that failed are skipped."""

    session: Row


class Cancel(Struct, frozen=True):
    """What is pending or running of a cancelled session is cancelled: steps and open attempts.

    An attempt that no runner had claimed has called nobody: it cost nothing.
    """

    session: Row
    at: datetime


class CloseAlone(Struct, frozen=True):
    """The open attempts of a cancelled stand-alone skill are cancelled."""

    execution_id: UUID
    user: UUID
    at: datetime


class Doubt(Struct, frozen=True):
    """What is in doubt of a session and its steps is told anew: it is that of their attempts that ended."""

    session: Row


class File(Struct, frozen=True):
    """An attempt of a stand-alone skill is filed beside a session of the same user that is known already."""

    attempt: Row
    session: Aggregate


class FileAgain(Struct, frozen=True):
    """A further attempt of a stand-alone skill is filed where its first one is."""

    attempt: Row
    execution_id: UUID


class Refold(Struct, frozen=True):
    """A pitch is told anew from all outreach rows of its campaign and contact."""

    pitch: Row
    campaign_id: UUID
    contact_id: UUID


Keyed = Add | Ensure | Alter | Remove
Spread = Skip | Cancel | CloseAlone | File | FileAgain
Change = Keyed | Spread | Doubt | Refold
SPREADS = frozenset({Skip, Cancel, CloseAlone, File, FileAgain})
