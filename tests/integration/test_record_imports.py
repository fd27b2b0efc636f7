"""Files of records, on real NATS and PostgreSQL."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from campaigns.columns import METRICS
from recordservice import Service
from recordstage import ADA, AT, CONTACTS, NOBODY, OUTREACH, Place, counts, place, refused, service, spring
from shared import subjects
from shared.record_events import (
    ArtistSet,
    CampaignCreated,
    MetricsImported,
    OpportunityImported,
    OutreachRecorded,
)
from shared.sealing import reveal

__all__ = ["place", "service", "spring"]


async def test_a_file_of_the_wrong_kind_says_what_it_looks_like(spring: Service):
    message = (await refused(spring, "outreach.import", csv=CONTACTS)).message
    assert "a file of contacts" in message
    assert "contact_email or contact_id, campaign, event, at" in message
    assert "Fictional" not in message


async def test_good_rows_of_outreach_load_and_the_others_are_named_by_line(spring: Service):
    report = await spring.ask("outreach.import", csv=OUTREACH)
    assert counts(report) == (4, 0, 1, 2)
    assert report["repeated"] == [{"line": 6, "first": 2}]
    assert [(error["line"], error["field"]) for error in report["errors"]] == [
        (7, "contact_email"),
        (8, "at"),
    ]
    assert "zzyzx" not in json.dumps(report)


async def test_the_same_file_again_changes_nothing_and_says_so(spring: Service):
    first = await spring.ask("outreach.import", csv=OUTREACH)
    again = await spring.ask("outreach.import", csv=OUTREACH)
    assert counts(again) == (0, 4, 1, 2)
    assert (again["seq"], await spring.log.last_seq()) == (first["seq"], first["seq"])


async def test_one_commit_carries_a_file_and_its_words_are_sealed_for_the_contact(spring: Service):
    await spring.ask("outreach.import", csv=OUTREACH)
    id_ = await spring.ask("campaign.create", name="Spring", artist="Nobody", release="Nothing", goal="radio")
    past = await spring.log.load(subjects.record(spring.user, "campaign", UUID(id_["campaign_id"])))
    assert [len(stored.commit.events) for stored in past.recorded] == [1, 4]
    (reply,) = [event for event in past.events if getattr(event, "kind", "") == "replied"]
    assert isinstance(reply, OutreachRecorded)
    assert reply.category == "interested"
    assert reply.detail["$sealed"] == str(spring.person(ADA)) == str(reply.contact_id)
    assert await reveal(spring.vault, spring.user, reply.detail) == "Zzyzx love it"
    assert "Zzyzx" not in str([stored.commit.to_json() for stored in past.recorded])


async def test_an_import_begins_campaigns_by_their_names_and_tells_them(spring: Service):
    csv = OUTREACH.replace("Spring,", "Summer,").replace("spring,", "SUMMER,")
    dry = await spring.ask("outreach.import", csv=csv, dry_run=True)
    before = await spring.log.last_seq()
    done = await spring.ask("outreach.import", csv=csv)
    assert dry["created"] == done["created"] == ["SUMMER"]
    assert (counts(dry), before < done["seq"]) == (counts(done), True)
    assert (await spring.ask("outreach.import", csv=csv))["created"] == []


async def test_a_dry_run_writes_nothing_not_even_a_key(service: Service):
    await service.ask("contacts.import", csv=CONTACTS)
    await service.ask("artist.set", name="Nobody")
    before = await service.log.last_seq()
    reports = [
        await service.ask("contacts.import", csv="name,email\nCy,cy@example.org\n", dry_run=True),
        await service.ask("outreach.import", csv=OUTREACH, dry_run=True),
        await service.ask(
            "streams.import", csv="date,streams\n2026-05-01,1\n", artist="Nobody", dry_run=True
        ),
        await service.ask("coverage.import", csv="artist,outlet\nA,B\n", dry_run=True),
        await service.ask("opportunities.import", csv="title,kind\nA,show\n", dry_run=True),
        await service.ask("artists.import", csv="name\nNobody\nNew\n", dry_run=True),
    ]
    assert [counts(one)[:2] for one in reports] == [(1, 0), (4, 0), (1, 0), (1, 0), (1, 0), (1, 1)]
    assert await service.log.last_seq() == before
    cy = service.person("cy@example.org")
    assert await service.vault.keys(service.user, [cy]) == {cy: None}


async def test_an_unknown_campaign_by_id_is_an_error_of_its_lines(spring: Service):
    rows = [{"contact_email": ADA, "campaign": NOBODY, "event": "sent", "at": AT}]
    report = await spring.ask("outreach.import", rows=rows)
    assert (counts(report), report["errors"][0]["field"]) == ((0, 0, 0, 1), "campaign")


async def test_what_was_sent_after_the_close_is_an_error_of_its_line(spring: Service):
    await spring.ask("campaign.close", campaign="Spring")
    now = datetime.now(UTC) + timedelta(seconds=30)
    rows = [
        {"contact_email": ADA, "campaign": "Spring", "event": event, "at": now.isoformat()}
        for event in ("sent", "replied")
    ]
    report = await spring.ask("outreach.import", rows=rows)
    assert (counts(report), report["errors"][0]["line"]) == ((1, 0, 0, 1), 1)


async def test_whom_a_file_says_not_to_write_to_stays_so_until_a_file_says_otherwise(service: Service):
    async def load(*cells: str) -> bool:
        header = "name,email,suppressed" if len(cells) == 1 else "name,email"
        await service.ask("contacts.import", csv="\n".join([header, ",".join(["Ada", ADA, *cells[:1]])]))
        return (await service.last_import(ADA)).suppressed

    marks = [("yes",), (), ("",), ("yes",), ("no",), ()]
    assert [await load(*mark) for mark in marks] == [True, True, True, True, False, False]


async def test_of_two_rows_on_one_person_the_one_that_says_not_to_write_counts(service: Service):
    await service.ask("contacts.import", csv=f"name,email,suppressed\nAda,{ADA},\nAda,{ADA},yes\n")
    assert (await service.last_import(ADA)).suppressed


async def test_a_later_value_of_a_day_counts_and_only_news_is_stored(spring: Service):
    first = "date,streams,listeners,song\n2026-05-01,12,3,x\n2026-05-02,15,,x\n2026-05-01,12,3,x\nsoon,1,,x\n"
    report = await spring.ask("streams.import", csv=first, artist="nobody")
    assert (counts(report), report["ignored"]) == ((2, 0, 1, 1), ["song"])
    assert counts(await spring.ask("streams.import", csv=first, artist="nobody")) == (0, 2, 1, 1)
    changed = first.replace("2026-05-02,15", "2026-05-02,16")
    assert counts(await spring.ask("streams.import", csv=changed, artist="nobody")) == (1, 1, 1, 1)
    artist = (await spring.ask("artist.set", name="Nobody", genres=["synthpop"]))["artist_id"]
    imported = [
        event for event in await spring.events("artist", artist) if isinstance(event, MetricsImported)
    ]
    assert [[(one.metric, one.value) for one in event.days] for event in imported] == [
        [("streams", 12), ("listeners", 3), ("streams", 15)],
        [("streams", 16)],
    ]


async def test_a_day_of_which_rows_tell_different_things_is_not_guessed(spring: Service):
    """As where a file has a row for each track, country or source of a day."""
    csv = "date,track,streams\n2026-05-01,A,20\n2026-05-01,B,30\n2026-05-02,A,7\n2026-05-02,B,7\n"
    report = await spring.ask("streams.import", csv=csv, artist="nobody")
    assert counts(report) == (1, 0, 1, 2)
    assert [(error["line"], error["field"]) for error in report["errors"]] == [(2, "date"), (3, "date")]
    dry = await spring.ask("streams.import", csv=csv, artist="nobody", dry_run=True)
    assert len({which for line, which in dry["identities"] if line in (2, 3)}) == 1


ICS = """BEGIN:VCALENDAR
BEGIN:VEVENT
UID:call@example.org
SUMMARY:Open call
DTSTART;VALUE=DATE:20261201
END:VEVENT
BEGIN:VEVENT
SUMMARY:Weekly
DTSTART;VALUE=DATE:20261201
RRULE:FREQ=WEEKLY
END:VEVENT
END:VCALENDAR
"""


async def test_a_calendar_is_imported_and_what_moved_is_imported_over(service: Service):
    report = await service.ask("opportunities.import", ics=ICS)
    assert (counts(report), report["errors"][0]["line"]) == ((1, 0, 0, 1), 7)
    assert counts(await service.ask("opportunities.import", ics=ICS)) == (0, 1, 0, 1)
    moved = ICS.replace(
        "SUMMARY:Open call\nDTSTART;VALUE=DATE:20261201", "SUMMARY:Open\nDTSTART;VALUE=DATE:20261208"
    )
    assert counts(await service.ask("opportunities.import", ics=moved)) == (1, 0, 0, 1)
    past = await service.log.load(
        subjects.Aggregate(service.user, "opportunity", await only_id(service, "opportunity"))
    )
    assert [str(event.deadline) for event in past.events if isinstance(event, OpportunityImported)] == [
        "2026-12-01",
        "2026-12-08",
    ]


async def only_id(service: Service, noun: str) -> str:
    """Return the id of the only record of a kind."""
    info = await service.log._bus.client.jetstream().stream_info("EVT", f"evt.{service.user}.{noun}.>")
    (subject,) = info.state.subjects or {}
    return str(subject.rsplit(".", 1)[-1])


@pytest.mark.parametrize(
    ("command", "csv"),
    [
        ("opportunities.import", "title;kind;url\nOpen call;festival;https://example.org\nOpen Call;show;https://example.org\n;show;\n"),
        ("coverage.import", "artist,outlet,date\nA,B,2026-05-01\na,b,2026-05-01\nA,,\n"),
        ("artists.import", "artist,genres\nA,indie\n a ,pop\n,pop\n"),
    ],
)  # fmt: skip
async def test_records_of_a_file_are_each_imported_once(service: Service, command: str, csv: str):
    assert counts(await service.ask(command, csv=csv)) == (1, 0, 1, 1)
    assert counts(await service.ask(command, csv=csv)) == (0, 1, 1, 1)


async def test_an_imported_artist_is_the_one_of_its_name_however_it_was_renamed(service: Service):
    known = await service.ask("artist.set", name="Old")
    await service.ask("artist.set", artist_id=known["artist_id"], name="New")
    await service.ask("artists.import", csv="name,location\nnew,Hull\n")
    kinds = [type(event) for event in await service.events("artist", known["artist_id"])]
    assert kinds == [ArtistSet, ArtistSet, ArtistSet]


async def test_processes_that_import_the_same_at_once_record_each_event_once(spring: Service, place: Place):
    services = [spring, *(place.service(spring.user) for _ in range(3))]
    sent = {"contact_email": ADA, "event": "sent"}
    times = [f"2026-05-01T10:{n // 60:02d}:{n % 60:02d}Z" for n in range(300)]
    rows = [{**sent, "campaign": name, "at": at} for at in times for name in ("Spring", "Summer")]
    reports = await asyncio.gather(*(one.ask("outreach.import", rows=rows) for one in services))
    assert sum(report["imported"] for report in reports) == 600
    assert all(sum(counts(report)) == 600 for report in reports)
    summer = await spring.ask("campaign.create", name="summer")
    events = await spring.events("campaign", summer["campaign_id"])
    assert len([event for event in events if isinstance(event, OutreachRecorded)]) == 300
    assert len([event for event in events if isinstance(event, CampaignCreated)]) == 2


async def test_a_large_import_is_cut_into_commits_that_each_fit(spring: Service):
    long = {
        "contact_email": ADA,
        "campaign": "Winter",
        "event": "sent",
        "template": "x" * 200,
        "channel": "y" * 200,
    }
    rows = [{**long, "at": f"2026-05-01T{n // 60:02d}:{n % 60:02d}:00Z"} for n in range(1400)]
    assert counts(await spring.ask("outreach.import", rows=rows)) == (1400, 0, 0, 0)
    winter = (await spring.ask("campaign.close", campaign="winter"))["campaign_id"]
    past = await spring.log.load(subjects.record(spring.user, "campaign", UUID(winter)))
    assert [len(stored.commit.events) > 100 for stored in past.recorded] == [True, True, False]
    assert len([event for event in past.events if isinstance(event, OutreachRecorded)]) == 1400


async def test_a_large_import_of_streams_is_cut_too(spring: Service):
    first = date(2020, 1, 1)
    days = [{"date": str(first + timedelta(days=n)), **dict.fromkeys(METRICS, n)} for n in range(1000)]
    assert counts(await spring.ask("streams.import", rows=days, artist="Nobody")) == (1000, 0, 0, 0)
    assert counts(await spring.ask("streams.import", rows=days, artist="Nobody")) == (0, 1000, 0, 0)
    artist = (await spring.ask("artist.set", name="Nobody", genres=["synthpop"]))["artist_id"]
    imported = [
        event for event in await spring.events("artist", artist) if isinstance(event, MetricsImported)
    ]
    assert [len(event.days) for event in imported] == [9997, 3003]
