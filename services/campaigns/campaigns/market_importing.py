"""What is imported whole: how each kind of file is read, and which record a row is."""

from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from campaigns import ics
from campaigns.artists import Artist
from campaigns.columns import ARTISTS, COVERAGE, OPPORTUNITIES
from campaigns.finding import locate
from campaigns.history import Histories, Known
from campaigns.imports import Import, ImportOpportunities
from campaigns.market_rows import artist, coverage, of_calendar, opportunity
from campaigns.naming import id_of
from campaigns.reading import Batch, checked, read
from campaigns.whole_importing import Keyed, Locate, WholeImporting
from campaigns.wholes import Last


def artists_from(histories: Histories[Artist, Any]) -> WholeImporting[Artist]:
    """Import artists: one of a known name is set anew."""

    async def by_name(user: UUID, name: str) -> tuple[UUID, Known[Artist]]:
        return await locate(histories, user, user, name)

    return WholeImporting(histories, lambda request: read(request, ARTISTS, artist), by_name)


def opportunities_from(histories: Histories[Last, Any]) -> WholeImporting[Last]:
    """Import opportunities: one of the same title and address, or calendar id, is imported over the old."""

    def from_file(request: ImportOpportunities) -> Batch[Keyed]:
        if request.ics is not None:
            return checked(ics.read(request.ics), of_calendar)
        return read(request, OPPORTUNITIES, opportunity)

    return WholeImporting(histories, from_file, _by_identity(histories))


def coverage_from(histories: Histories[Last, Any]) -> WholeImporting[Last]:
    """Import coverage: the same artist, outlet, day, title and address is the same piece."""

    def from_file(request: Import) -> Batch[Keyed]:
        return read(request, COVERAGE, partial(coverage, now=datetime.now(UTC)))

    return WholeImporting(histories, from_file, _by_identity(histories))


def _by_identity(histories: Histories[Last, Any]) -> Locate[Last]:
    async def by_identity(user: UUID, identity: str) -> tuple[UUID, Known[Last]]:
        id_ = id_of(user, histories.life.noun, identity)
        return id_, await histories.load(user, id_)

    return by_identity
