"""The handlers of `artist.…`, `release.…` and `campaign.…`: names become ids, and each body its event."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from campaigns.artists import Artist
from campaigns.campaign import Campaign
from campaigns.finding import find, named_so
from campaigns.history import Histories
from campaigns.naming import as_id, id_of
from campaigns.releases import Release
from campaigns.requests import (
    AddFact,
    ArtistDone,
    CampaignDone,
    CloseCampaign,
    CreateCampaign,
    FactDone,
    PlanRelease,
    ReleaseDone,
    RemoveFact,
    SetArtist,
)
from shared.record_events import (
    ArtistSet,
    CampaignClosed,
    CampaignCreated,
    FactAdded,
    FactRemoved,
    ReleasePlanned,
)
from shared.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Artists:
    """`artist.set`, `add_fact` and `remove_fact`."""

    histories: Histories[Artist, Any]

    async def set(self, user: UUID, request: SetArtist, cause: str) -> ArtistDone:
        event = ArtistSet.of(request.model_dump(exclude={"artist_id"}))
        id_ = await named_so(
            self.histories, user, user, cause, id_=request.artist_id, name=request.name, event=event
        )
        done = await self.histories.record(user, id_, event, cause)
        return ArtistDone(artist_id=id_, seq=done.seq, unchanged=not done.happened)

    async def add_fact(self, user: UUID, request: AddFact, cause: str) -> FactDone:
        """The same text is the same fact."""
        artist_id, known = await find(self.histories, user, user, request.artist)
        fact_id = id_of(artist_id, "fact", request.text)
        event = FactAdded(
            fact_id=fact_id, text=request.text, source=request.source, valid_to=request.valid_to
        )
        done = await self.histories.record(user, artist_id, event, cause, known)
        return FactDone(artist_id=artist_id, fact_id=fact_id, seq=done.seq, unchanged=not done.happened)

    async def remove_fact(self, user: UUID, request: RemoveFact, cause: str) -> FactDone:
        artist_id, known = await find(self.histories, user, user, request.artist)
        event = FactRemoved(fact_id=request.fact_id)
        done = await self.histories.record(user, artist_id, event, cause, known)
        return FactDone(
            artist_id=artist_id, fact_id=request.fact_id, seq=done.seq, unchanged=not done.happened
        )


@dataclass(frozen=True, slots=True)
class Releases:
    """`release.plan`."""

    histories: Histories[Release, Any]
    artists: Histories[Artist, Any]

    async def plan(self, user: UUID, request: PlanRelease, cause: str) -> ReleaseDone:
        artist_id, _ = await find(self.artists, user, user, request.artist)
        event = ReleasePlanned(
            artist_id=artist_id,
            title=request.title,
            kind=request.type,
            date=request.date,
            links=request.links,
            isrc=request.isrc,
        )
        id_ = await named_so(
            self.histories, user, artist_id, cause, id_=request.release_id, name=request.title, event=event
        )
        done = await self.histories.record(user, id_, event, cause)
        return ReleaseDone(release_id=id_, seq=done.seq, unchanged=not done.happened)


@dataclass(frozen=True, slots=True)
class Campaigns:
    """`campaign.create` and `close`."""

    histories: Histories[Campaign, Any]
    releases: Histories[Release, Any]
    artists: Histories[Artist, Any]

    async def create(self, user: UUID, request: CreateCampaign, cause: str) -> CampaignDone:
        artist_id, release_id = await self._about(user, request)
        event = CampaignCreated(
            name=request.name,
            artist_id=artist_id,
            release_id=release_id,
            goal=request.goal,
            genres=request.genres,
        )
        id_ = await named_so(
            self.histories, user, user, cause, id_=request.campaign_id, name=request.name, event=event
        )
        done = await self.histories.record(user, id_, event, cause)
        return CampaignDone(campaign_id=id_, seq=done.seq, unchanged=not done.happened)

    async def close(self, user: UUID, request: CloseCampaign, cause: str) -> CampaignDone:
        id_, known = await find(self.histories, user, user, request.campaign)
        done = await self.histories.record(user, id_, CampaignClosed(), cause, known)
        return CampaignDone(campaign_id=id_, seq=done.seq, unchanged=not done.happened)

    async def _about(self, user: UUID, request: CreateCampaign) -> tuple[UUID | None, UUID | None]:
        """Return the artist and the release; a release has its artist with it."""
        artist_id = (await find(self.artists, user, user, request.artist))[0] if request.artist else None
        if request.release is None:
            return artist_id, None
        if artist_id is None and as_id(request.release) is None:
            raise Refusal("missing_field", "artist", "artist: a release by its title needs its artist")
        release_id, known = await find(self.releases, user, artist_id or user, request.release)
        of_artist = known.state.profile.artist_id if known.state.profile else None
        if artist_id not in (None, of_artist):
            raise Refusal("invalid", "release", "release: it is another artist's")
        return of_artist, release_id
