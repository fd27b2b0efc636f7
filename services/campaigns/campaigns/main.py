"""The campaigns service: subjects to handlers, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from campaigns import artists, campaign, contacts, releases, wholes
from campaigns import requests as ask
from campaigns.contact_importing import Importing
from campaigns.doors import Doors, Route
from campaigns.erasing import Erasing
from campaigns.history import Histories, Life
from campaigns.imports import Import, ImportOpportunities, ImportStreams
from campaigns.market_importing import artists_from, coverage_from, opportunities_from
from campaigns.outreach import Outreach
from campaigns.outreach_importing import OutreachImporting
from campaigns.profiles import Artists, Campaigns, Releases
from campaigns.reapplying import Reapplying
from campaigns.remembering import Remembering
from campaigns.stream_importing import StreamImporting
from campaigns.suppressing import Suppressing
from shared import streams
from shared.bus import Bus
from shared.doors import Door
from shared.forgetting import vault_of
from shared.jetstream_log import JetStreamLog
from shared.log import Log
from shared.service import run
from shared.settings import Settings
from shared.vault import Vault

KEPT_EVENTS = 500_000
CONTACT = Life("contact", contacts.Contact(), contacts.decide, contacts.evolve, contacts.says_all)
ARTIST = Life("artist", artists.Artist(), artists.decide, artists.evolve, size=artists.size)
RELEASE = Life("release", releases.Release(), releases.decide, releases.evolve)
CAMPAIGN = Life("campaign", campaign.Campaign(), campaign.decide, campaign.evolve)
OPPORTUNITY = Life("opportunity", wholes.Last(), wholes.decide, wholes.evolve)
COVERAGE = Life("coverage", wholes.Last(), wholes.decide, wholes.evolve)


def routes(log: Log, vault: Vault) -> Mapping[str, Route]:
    """Return every command with its body and its handler."""
    of_contacts, of_artists = Histories(log, CONTACT), Histories(log, ARTIST, keep=KEPT_EVENTS)
    of_releases, of_campaigns = Histories(log, RELEASE), Histories(log, CAMPAIGN, keep=KEPT_EVENTS)
    an_artist, outreach = Artists(of_artists), Outreach(vault, of_campaigns, of_contacts)
    a_campaign = Campaigns(of_campaigns, of_releases, of_artists)
    objecting = Suppressing(vault, of_contacts)
    return {
        "contacts.import": Route(Import, Importing(vault, of_contacts).handle),
        "contacts.suppress": Route(ask.SuppressContact, objecting.suppress),
        "contacts.unsuppress": Route(ask.UnsuppressContact, objecting.unsuppress),
        "contacts.erase": Route(ask.EraseContact, Erasing(vault, of_contacts).handle),
        "contacts.history": Route(ask.ReadHistory, Remembering(vault, of_contacts).handle),
        "artist.set": Route(ask.SetArtist, an_artist.set),
        "artist.add_fact": Route(ask.AddFact, an_artist.add_fact),
        "artist.remove_fact": Route(ask.RemoveFact, an_artist.remove_fact),
        "artists.import": Route(Import, artists_from(of_artists).handle),
        "release.plan": Route(ask.PlanRelease, Releases(of_releases, of_artists).plan),
        "campaign.create": Route(ask.CreateCampaign, a_campaign.create),
        "campaign.close": Route(ask.CloseCampaign, a_campaign.close),
        "outreach.record": Route(ask.RecordOutreach, outreach.record),
        "outreach.correct": Route(ask.CorrectOutreach, outreach.correct),
        "outreach.import": Route(Import, OutreachImporting(vault, of_campaigns, of_contacts).handle),
        "streams.import": Route(ImportStreams, StreamImporting(of_artists).handle),
        "opportunities.import": Route(
            ImportOpportunities, opportunities_from(Histories(log, OPPORTUNITY)).handle
        ),
        "coverage.import": Route(Import, coverage_from(Histories(log, COVERAGE)).handle),
    }


@asynccontextmanager
async def wire(bus: Bus, settings: Settings) -> AsyncIterator[Sequence[Door]]:
    await streams.check(bus)
    log = JetStreamLog(bus)
    vault = await vault_of(bus, settings)
    reapplying = Reapplying(settings.database_url, log, vault)
    try:
        async with asyncio.TaskGroup() as loops:
            once = loops.create_task(reapplying.run())
            yield [*Doors(routes(log, vault)).open()]
            once.cancel()
    finally:
        await vault.close()


def main() -> None:
    run("campaigns", wire)
