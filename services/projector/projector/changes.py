"""What a commit changes in the tables, as data: single rows, and what depends on other rows.

Those made by the million, a few for each commit of a rebuild, are not frozen: that is half of their price.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

Values = Mapping[str, Any]


class Row(NamedTuple):
    """Names one row: a table and its key. With `user`, a row of another user is not this row."""

    table: str
    key: UUID | str
    user: UUID | None = None


@dataclass(slots=True)
class Add:
    """A row that cannot be there yet."""

    row: Row
    values: Values


@dataclass(slots=True)
class Ensure:
    """A row that may be there already, and then stays as it is."""

    row: Row
    values: Values


@dataclass(slots=True)
class Alter:
    """Values to set and amounts to add in a row that must be there."""

    row: Row
    values: Values = field(default_factory=dict)
    amounts: Mapping[str, int | Decimal] = field(default_factory=dict)


@dataclass(slots=True)
class Remove:
    """The row, if it is there, is no more."""

    row: Row


@dataclass(frozen=True, slots=True)
class Skip:
    """The pending steps of a session that failed are skipped."""

    session: Row


@dataclass(frozen=True, slots=True)
class Cancel:
    """What is pending or running of a cancelled session is cancelled: steps and open attempts."""

    session: Row
    at: datetime


@dataclass(frozen=True, slots=True)
class CloseAlone:
    """The open attempts of a cancelled stand-alone skill are cancelled."""

    execution_id: UUID
    user: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class File:
    """An attempt of a stand-alone skill is filed beside a session of the same user, if that is known."""

    attempt: Row
    session_id: UUID


@dataclass(frozen=True, slots=True)
class FileAgain:
    """A further attempt of a stand-alone skill is filed where its first one is."""

    attempt: Row
    execution_id: UUID


@dataclass(frozen=True, slots=True)
class Refold:
    """A pitch is told anew from all outreach rows of its campaign and contact."""

    pitch: Row
    campaign_id: UUID
    contact_id: UUID


Keyed = Add | Ensure | Alter | Remove
Spread = Skip | Cancel | CloseAlone | File | FileAgain
Change = Keyed | Spread | Refold
SPREADS = frozenset({Skip, Cancel, CloseAlone, File, FileAgain})
