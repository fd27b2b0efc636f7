"""The records of campaigns: imported, changed and listed, one user's own."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from shared.csvtext import decode
from shared.json import check
from shared.keyring import normal
from shared.refusal import Refusal
from totalaud import record_queries as queries
from totalaud.door import Door
from totalaud.export import Export, export_of
from totalaud.given import Id, as_contact, as_count, as_id, as_one_of, stated
from totalaud.importing import IMPORT_S, import_file
from totalaud.opening import Opener
from totalaud.record import Record
from totalaud.tables import Tables

Json = dict[str, Any]
CALENDAR = re.compile(r"\ufeff?\s*BEGIN:VCALENDAR", re.IGNORECASE)
IMPORTED = ("contacts", "artists", "outreach", "streams", "opportunities", "coverage")


class Records:
    """Artists, releases and campaigns may be named by name or id, contacts by e-mail address or id.

    Every command is on disk when it returns; repeating it is harmless. Refused ones raise Refusal.
    """

    def __init__(self, door: Door, tables: Tables, opener: Opener, user: UUID) -> None:
        self._door = door
        self._tables = tables
        self._opener = opener
        self._user = user

    async def load(self, noun: str, data: bytes, *, dry_run: bool = False, artist: str | None = None) -> Json:
        """Import a CSV file's content (opportunities: a calendar's too); an artist is needed for streams.

        Returns {imported, unchanged, duplicates, failed, total, seq, errors, repeated, ignored}, of outreach
        also `created`, the campaigns begun, of outreach and contacts `objections`, the lines that object
        (of contacts those that failed), recorded as `suppress` does: good rows load though others fail,
        errors carry the file's lines.
        """
        as_one_of(noun, IMPORTED, "noun")
        given = stated(artist=artist)
        if noun == "opportunities" and CALENDAR.match(text := decode(data)):
            body = {"ics": text, "dry_run": dry_run}
            return await self._door.ask(self._user, noun, "import", body, once_s=IMPORT_S)
        return await import_file(self._door, self._user, noun, data, given, dry_run=dry_run)

    async def rows(self, noun: str, *, limit: int = 20, of: str | None = None) -> list[Record]:
        """Return a list of `record_queries.LISTS`, opened; `of` narrows it: see there.

        Refuses a campaign or artist that is not there.
        """
        query = queries.LISTS[as_one_of(noun, queries.LISTS, "noun")]
        check(of)
        narrowed = None if of is None else await self._stored(noun, str(of))
        found = await self._tables.rows(query, self._user, narrowed, as_count(limit, "limit"))
        opened = await self._opener.open(self._user, found)
        return [Record.of(row) for row in opened]

    async def set_artist(
        self,
        name: str,
        *,
        artist_id: Id | None = None,
        genres: Iterable[str] | None = None,
        location: str | None = None,
        bio: str | None = None,
        mbid: Id | None = None,
        mine: bool | None = None,
        in_cohort: bool | None = None,
    ) -> Json:
        """Set an artist's profile, whole."""
        body = stated(
            artist_id=artist_id, name=name, genres=_listed(genres), location=location, bio=bio, mbid=mbid,
            mine=mine, in_cohort=in_cohort,
        )  # fmt: skip
        return await self._ask("artist", "set", body)

    async def add_fact(
        self, artist: str, text: str, *, source: str | None = None, valid_to: str | None = None
    ) -> Json:
        """Add a statement that texts about the artist may repeat; `valid_to` is a day in ISO 8601."""
        body = stated(artist=artist, text=text, source=source, valid_to=valid_to)
        return await self._ask("artist", "add_fact", body)

    async def remove_fact(self, artist: str, fact_id: Id) -> Json:
        return await self._ask("artist", "remove_fact", stated(artist=artist, fact_id=fact_id))

    async def plan_release(
        self,
        artist: str,
        title: str,
        kind: str,
        date: str,
        *,
        release_id: Id | None = None,
        links: Iterable[str] | None = None,
        isrc: str | None = None,
    ) -> Json:
        """Plan a single, ep or album for a day, or change it."""
        body = stated(
            release_id=release_id, artist=artist, title=title, type=kind, date=date, links=_listed(links),
            isrc=isrc,
        )  # fmt: skip
        return await self._ask("release", "plan", body)

    async def create_campaign(
        self,
        name: str,
        *,
        campaign_id: Id | None = None,
        artist: str | None = None,
        release: str | None = None,
        goal: str | None = None,
        genres: Iterable[str] | None = None,
    ) -> Json:
        body = stated(
            campaign_id=campaign_id, name=name, artist=artist, release=release, goal=goal,
            genres=_listed(genres),
        )  # fmt: skip
        return await self._ask("campaign", "create", body)

    async def close_campaign(self, campaign: str) -> Json:
        return await self._ask("campaign", "close", {"campaign": campaign})

    async def record_outreach(
        self,
        campaign: str,
        contact: Id,
        event: str,
        at: str,
        *,
        channel: str | None = None,
        template: str | None = None,
        detail: str | None = None,
        category: str | None = None,
        attributes: Mapping[str, str] | None = None,
        propensity: float | None = None,
    ) -> Json:
        """Record that something happened at `at` (ISO 8601 with its offset); `detail` is sealed.

        `category` says what a reply was (interested, placed, declined, objected, auto, other), if not its
        words. In the answer `objected` says that the contact asks not to be written to, and is suppressed.
        """
        body = stated(
            campaign=campaign, event=event, at=at, channel=channel, template=template, detail=detail,
            category=category, attributes=dict(attributes) if attributes else None, propensity=propensity,
        )  # fmt: skip
        return await self._ask("outreach", "record", {**body, **contact_named(contact)})

    async def correct_outreach(self, campaign: str, outreach_id: Id) -> Json:
        """Take back what was recorded under this id."""
        return await self._ask("outreach", "correct", stated(campaign=campaign, outreach_id=outreach_id))

    async def suppress(self, contact: Id) -> Json:
        """Note that a person objected: nothing is proposed or written to them again."""
        return await self._ask("contacts", "suppress", contact_named(contact))

    async def unsuppress(self, contact: Id) -> Json:
        """Take an objection back: they may be written to again, or it was noted by mistake."""
        return await self._ask("contacts", "unsuppress", contact_named(contact))

    async def erase(self, contact: Id) -> Json:
        """Delete a person's key: nothing of theirs can be read again, nor imported."""
        done = await self._ask("contacts", "erase", contact_named(contact))
        self._opener.forget()
        return done

    async def export(self, contact_id: Id) -> Export:
        """Return all that is stored on a contact, opened; raises Refusal for one who is not known."""
        of = as_id(contact_id, "contact_id")
        past = await self._history(of)
        return await export_of(self._tables, self._opener, self._user, of, past)

    async def _history(self, contact_id: UUID) -> list[Json]:
        """Return what the log holds of a contact, personal values sealed."""
        events: list[Json] = []
        more = True
        while more:
            body = {"contact_id": str(contact_id), "after_seq": events[-1]["seq"] if events else 0}
            page = await self._ask("contacts", "history", body)
            events += page["events"]
            more = page["more"]
        return events

    async def _stored(self, noun: str, of: str) -> list[str]:
        """Return the spellings under which it is stored: to the commands they are all one."""
        names = await self._tables.rows(queries.NAMES[noun], self._user) if noun in queries.NAMES else []
        meant = [row["name"] for row in names if row["name"] and normal(row["name"]) == normal(of)]
        what = queries.REFERRED_TO.get(noun)
        if what and not meant:
            why = f"none of yours has this name: 'totalaud {what}s list' shows them"
            raise Refusal(f"unknown_{what}", what, why)
        return [of.strip().lower(), *meant]

    async def _ask(self, noun: str, verb: str, body: Json) -> Json:
        return await self._door.ask(self._user, noun, verb, body)


def contact_named(contact: Id) -> Json:
    """Return the field that names a contact: `email` or `contact_id`."""
    named = as_contact(contact)
    return {"contact_id" if isinstance(named, UUID) else "email": str(named)}


def _listed(values: Iterable[str] | None) -> list[str] | str | None:
    """Leave a text whole: it is no list, and the door says so."""
    return values if values is None or isinstance(values, str) else list(values)
