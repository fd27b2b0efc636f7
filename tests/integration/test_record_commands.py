"""The commands on records, on real NATS and PostgreSQL."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from campaigns.columns import METRICS
from campaigns.naming import id_of
from recordservice import Service
from servers import Rig, fresh_database, running_nats
from shared import subjects
from shared.bus import Bus
from shared.record_events import (
    ArtistSet,
    CampaignCreated,
    ContactImported,
    ContactSuppressed,
    MetricsImported,
    OpportunityImported,
    OutreachCorrected,
    OutreachRecorded,
)
from shared.refusal import Refusal
from shared.sealing import reveal
from shared.streams import provision
from shared.vault import Vault, migrate

MASTER_KEY = bytes(range(32))
ADA, BEN = "ada@example.org", "ben@example.org"
CONTACTS = f"name,email\nFictional Ada,{ADA}\nFictional Ben,{BEN}\n"
AT = "2026-05-01T10:00:00+01:00"
OUTREACH = f"""contact_email,campaign,event,at,channel,template,detail
{ADA},Spring,sent,2026-05-01T10:00:00+01:00,email,first,
{BEN},Spring,sent,2026-05-01T10:05:00+01:00,email,first,
{ADA},spring,replied,2026-05-02T09:00:00+01:00,email,,Zzyzx love it
{ADA},Spring,opened,2026-05-01T11:00:00+01:00,email,,
{ADA},Spring,sent,2026-05-01T09:00:00Z,email,other,
zzyzx@example.org,Spring,sent,2026-05-01T10:00:00Z,,,
{BEN},Spring,sent,2026-05-01T10:00:00,,,
"""
WORDS = {"campaign": "Spring", "event": "replied", "at": AT, "email": ADA, "detail": "Zzyzx love it"}


class Place:
    """Servers for all tests of this file, each of them a user of its own."""

    def __init__(self, bus: Bus, vault: Vault, database_url: str) -> None:
        self._at = (bus, vault, database_url)

    def service(self, user: UUID) -> Service:
        """Another process of the service."""
        return Service(*self._at, user)


@pytest.fixture(scope="module")
async def place(_postgres: Rig) -> AsyncIterator[Place]:
    async with running_nats() as nats, fresh_database(_postgres.url) as url:
        bus = await Bus.connect(nats.url, name="test")
        await provision(bus, ack_wait_s=2)
        await migrate(url)
        vault = await Vault.connect(url, MASTER_KEY)
        try:
            yield Place(bus, vault, url)
        finally:
            await vault.close()
            await bus.close()


@pytest.fixture
def service(place: Place) -> Service:
    return place.service(uuid4())


@pytest.fixture
async def spring(service: Service) -> Service:
    """Two contacts, an artist with a release, and a campaign for it."""
    await service.ask("contacts.import", csv=CONTACTS)
    await service.ask("artist.set", name="Nobody", genres=["synthpop"])
    await service.ask("release.plan", artist="Nobody", title="Nothing", type="ep", date="2026-12-01")
    await service.ask("campaign.create", name="Spring", artist="Nobody", release="Nothing", goal="radio")
    return service


async def refused(service: Service, command: str, **body: Any) -> Refusal:
    before = await service.log.last_seq()
    with pytest.raises(Refusal) as refusal:
        await service.ask(command, **body)
    assert await service.log.last_seq() == before
    return refusal.value


def counts(report: dict[str, Any]) -> tuple[int, ...]:
    return tuple(report[name] for name in ("imported", "unchanged", "duplicates", "failed"))


COMMANDS: list[tuple[str, dict[str, Any]]] = [
    ("artist.set", {"name": "Nobody", "genres": ["synthpop"], "location": "Leeds", "mine": False}),
    ("artist.add_fact", {"artist": "nobody", "text": "played in Nowhere", "valid_to": "2027-01-01"}),
    ("release.plan", {"artist": "Nobody", "title": "Nothing", "type": "single", "date": "2026-12-02"}),
    ("campaign.create", {"name": "Autumn", "artist": "Nobody", "release": "nothing", "genres": ["indie"]}),
    ("campaign.close", {"campaign": "Spring"}),
    ("outreach.record", WORDS),
    ("contacts.suppress", {"email": BEN}),
]


@pytest.mark.parametrize(("command", "body"), COMMANDS, ids=[command for command, _ in COMMANDS])
async def test_a_command_is_done_once_and_says_so(spring: Service, command: str, body: dict[str, Any]):
    first = await spring.ask(command, **body)
    again = await spring.ask(command, **body)
    assert (first["unchanged"], again["unchanged"]) == (False, True)
    assert again == first | {"unchanged": True}
    assert await spring.log.last_seq() == first["seq"]


async def test_a_fact_and_an_event_are_taken_back_once(spring: Service):
    fact = await spring.ask("artist.add_fact", artist="Nobody", text="played in Nowhere")
    event = await spring.ask("outreach.record", **WORDS)
    for command, body in (
        ("artist.remove_fact", {"artist": "Nobody", "fact_id": fact["fact_id"]}),
        ("outreach.correct", {"campaign": "Spring", "outreach_id": event["outreach_id"]}),
    ):
        assert not (await spring.ask(command, **body))["unchanged"]
        assert (await spring.ask(command, **body))["unchanged"]
    assert OutreachCorrected in [type(one) for one in await spring.events("campaign", event["campaign_id"])]
    assert (await refused(spring, "outreach.record", **WORDS)).code == "corrected"


async def test_names_mean_the_same_in_every_spelling_and_their_ids_do_too(spring: Service):
    artist = await spring.ask("artist.set", name=" NOBODY")
    fact = await spring.ask("artist.add_fact", artist=artist["artist_id"], text="a")
    again = await spring.ask("artist.add_fact", artist="nobody ", text="A")
    assert (fact["artist_id"], fact["fact_id"]) == (again["artist_id"], again["fact_id"])


async def test_a_renamed_artist_answers_to_both_names_and_nobody_else_gets_them(spring: Service):
    known = await spring.ask("artist.set", name="Nobody", genres=["synthpop"])
    renamed = await spring.ask("artist.set", artist_id=known["artist_id"], name="Somebody")
    assert renamed["artist_id"] == known["artist_id"]
    for name in ("Nobody", "somebody"):
        assert (await spring.ask("artist.add_fact", artist=name, text="a"))["artist_id"] == known["artist_id"]
    again = await spring.ask("artist.set", artist_id=known["artist_id"], name="Somebody")
    assert again["unchanged"]
    other = await spring.ask("artist.set", name="Other")
    taken = await refused(spring, "artist.set", artist_id=other["artist_id"], name="Somebody")
    assert (taken.code, taken.field) == ("name_taken", "name")
    assert (await spring.ask("artist.set", name="Somebody", location="Hull"))["artist_id"] == known[
        "artist_id"
    ]


async def test_an_artist_set_by_the_id_of_a_former_name_gets_the_new_one(spring: Service):
    first = await spring.ask("artist.set", name="First")
    await spring.ask("artist.set", artist_id=first["artist_id"], name="Second")
    former = id_of(spring.user, "artist", "Second")
    again = await spring.ask("artist.set", artist_id=str(former), name="Third")
    assert again["artist_id"] == first["artist_id"]
    for name in ("First", "Second", "Third"):
        assert (await spring.ask("artist.add_fact", artist=name, text="a"))["artist_id"] == first["artist_id"]


async def test_a_closed_campaign_takes_no_name_with_it(spring: Service):
    closed = await spring.ask("campaign.close", campaign="Spring")
    renamed = await refused(spring, "campaign.create", campaign_id=closed["campaign_id"], name="Summer")
    summer = await spring.ask("campaign.create", name="Summer")
    assert (renamed.code, summer["unchanged"]) == ("closed", False)
    assert summer["campaign_id"] != closed["campaign_id"]


async def test_a_name_given_away_is_known_to_another_process_at_once(spring: Service, place: Place):
    other = place.service(spring.user)
    await other.ask("artist.add_fact", artist="Nobody", text="a")
    known = await spring.ask("artist.set", name="Nobody")
    await spring.ask("artist.set", artist_id=known["artist_id"], name="Somebody")
    assert (await other.ask("artist.add_fact", artist="Somebody", text="b"))["artist_id"] == known[
        "artist_id"
    ]


async def test_two_who_give_the_same_name_at_once_do_not_both_get_it(spring: Service):
    ids = [(await spring.ask("artist.set", name=name))["artist_id"] for name in ("One", "Two")]
    done = await asyncio.gather(
        *(spring.ask("artist.set", artist_id=id_, name="Same") for id_ in ids), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in done) == ["Refusal", "dict"]
    names = [
        [event.name for event in await spring.events("artist", id_) if isinstance(event, ArtistSet)]
        for id_ in ids
    ]
    assert sorted(names) in ([["One"], ["Two", "Same"]], [["One", "Same"], ["Two"]])


async def test_a_release_of_the_same_title_by_another_artist_is_another(spring: Service):
    await spring.ask("artist.set", name="Other")
    plan = {"title": "Nothing", "type": "ep", "date": "2026-12-01"}
    ids = {
        (await spring.ask("release.plan", artist=name, **plan))["release_id"] for name in ("Nobody", "Other")
    }
    assert len(ids) == 2


async def test_a_campaign_of_a_release_has_its_artist_too(spring: Service):
    release = await spring.ask("release.plan", artist="Nobody", title="Nothing", type="ep", date="2026-12-01")
    campaign = await spring.ask("campaign.create", name="Autumn", release=release["release_id"])
    (created,) = await spring.events("campaign", campaign["campaign_id"])
    assert isinstance(created, CampaignCreated)
    artist = await spring.ask("artist.set", name="Nobody", genres=["synthpop"])
    assert (str(created.artist_id), str(created.release_id)) == (artist["artist_id"], release["release_id"])


NOBODY = str(uuid4())
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
REFUSED: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("artist.set", {}, "missing_field", "name"),
    ("artist.set", {"name": " "}, "invalid", "name"),
    ("artist.set", {"name": NOBODY}, "invalid", "name"),
    ("artist.set", {"name": "x" * 201}, "invalid", "name"),
    ("artist.set", {"name": "A", "artist_id": NOBODY}, "unknown_artist", "artist_id"),
    ("artist.set", {"name": "A", "colour": "red"}, "unknown_field", "colour"),
    ("artist.set", {"name": "A", "genres": "indie"}, "invalid", "genres"),
    ("artist.add_fact", {"artist": "Zzyzx", "text": "a"}, "unknown_artist", "artist"),
    ("artist.add_fact", {"artist": "Nobody", "text": "a", "valid_to": "soon"}, "invalid", "valid_to"),
    ("artist.add_fact", {"artist": "Nobody", "text": "a", "valid_to": 5}, "invalid", "valid_to"),
    ("artist.remove_fact", {"artist": "Nobody", "fact_id": NOBODY}, "unknown_fact", "fact_id"),
    (
        "release.plan",
        {"artist": "Nobody", "title": "A", "type": "lp", "date": "2026-12-01"},
        "invalid",
        "type",
    ),
    (
        "release.plan",
        {"artist": "Zzyzx", "title": "A", "type": "ep", "date": "2026-12-01"},
        "unknown_artist",
        "artist",
    ),
    ("campaign.create", {"name": "A", "release": "Nothing"}, "missing_field", "artist"),
    ("campaign.create", {"name": "A", "artist": "Nobody", "release": "Zzyzx"}, "unknown_release", "release"),
    ("campaign.create", {"name": "A", "goal": "fame"}, "invalid", "goal"),
    ("campaign.create", {"name": "A", "campaign_id": NOBODY}, "unknown_campaign", "campaign_id"),
    ("campaign.close", {"campaign": "Zzyzx"}, "unknown_campaign", "campaign"),
    ("outreach.record", WORDS | {"campaign": "Zzyzx"}, "unknown_campaign", "campaign"),
    ("outreach.record", WORDS | {"email": "zzyzx@example.org"}, "unknown_contact", "email"),
    ("outreach.record", WORDS | {"contact_id": NOBODY}, "invalid", None),
    ("outreach.record", WORDS | {"event": "opened"}, "invalid", "event"),
    ("outreach.record", WORDS | {"event": "no_response"}, "invalid", "event"),
    ("outreach.record", WORDS | {"at": "2026-05-01T10:00:00"}, "invalid", "at"),
    ("outreach.record", WORDS | {"at": TOMORROW}, "invalid", "at"),
    ("outreach.record", WORDS | {"event": "sent", "category": "other"}, "invalid", None),
    ("outreach.record", WORDS | {"propensity": 2}, "invalid", "propensity"),
    ("outreach.correct", {"campaign": "Spring", "outreach_id": NOBODY}, "unknown_outreach", "outreach_id"),
    ("contacts.suppress", {"contact_id": NOBODY}, "unknown_contact", "contact_id"),
    ("streams.import", {"csv": "date,streams\n", "artist": "Zzyzx"}, "unknown_artist", "artist"),
    ("streams.import", {"csv": "date,streams\n"}, "missing_field", "artist"),
    ("streams.import", {"csv": CONTACTS, "artist": "Nobody"}, "unknown_header", "csv"),
    ("outreach.import", {"csv": CONTACTS}, "unknown_header", "csv"),
    ("coverage.import", {"csv": CONTACTS}, "unknown_header", "csv"),
    ("opportunities.import", {"ics": "BEGIN:VCALENDAR"}, "empty_ics", "ics"),
    ("opportunities.import", {}, "invalid", None),
    ("artist.delete", {}, "unknown_command", "subject"),
]


async def test_what_cannot_be_done_is_refused_with_field_and_reason(spring: Service):
    for command, body, code, field in REFUSED:
        refusal = await refused(spring, command, **body)
        assert (command, refusal.code, refusal.field) == (command, code, field)
        assert "zzyzx" not in refusal.message.casefold()
        assert len(refusal.message) > len(field or "") + 8


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


async def test_the_words_of_an_erased_person_open_no_more(spring: Service):
    event = await spring.ask("outreach.record", **WORDS)
    (_, recorded) = await spring.events("campaign", event["campaign_id"])
    await spring.ask("contacts.erase", email=ADA)
    assert await reveal(spring.vault, spring.user, recorded.detail) == "[erased]"
    assert (await refused(spring, "outreach.record", **WORDS)).code == "erased"
    report = await spring.ask("outreach.import", csv=OUTREACH)
    assert [error["line"] for error in report["errors"]] == [2, 4, 5, 6, 7, 8]


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


async def test_a_suppressed_contact_stays_so_whatever_is_imported_later(spring: Service):
    await spring.ask("contacts.suppress", email=ADA)
    changed = CONTACTS.replace("Fictional Ada", "Ada Fictional")
    assert (await spring.ask("contacts.import", csv=changed))["imported"] == 1
    assert (await spring.ask("contacts.suppress", email=ADA))["unchanged"]
    kinds = [type(event) for event in await spring.events("contact", spring.person(ADA))]
    assert kinds == [ContactImported, ContactSuppressed, ContactImported]


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


@pytest.mark.parametrize(
    "written", [f"Fictional Ada <{ADA}>", f"mailto:{ADA}", f" {ADA.upper()}\n", f"ada\u200b@{ADA[4:]}\ufeff"]
)
async def test_a_contact_is_found_however_the_address_is_written(spring: Service, written: str):
    found = [
        await spring.ask("outreach.record", **WORDS | {"email": written}),
        await spring.ask("contacts.suppress", email=written),
        await spring.ask("contacts.erase", email=written),
    ]
    assert {one["contact_id"] for one in found} == {str(spring.person(ADA))}


@pytest.mark.parametrize("written", ["Fictional Ada", f"{ADA}, {BEN}", "ada@", "<>"])
@pytest.mark.parametrize("command", ["contacts.suppress", "contacts.erase"])
async def test_nobody_is_suppressed_or_erased_under_what_is_no_address(
    spring: Service, command: str, written: str
):
    refusal = await refused(spring, command, email=written)
    assert (refusal.code, refusal.field) == ("invalid", "email")
    assert "Ada" not in refusal.message


async def test_of_one_who_only_objected_nothing_is_recorded_before_an_import(spring: Service):
    await spring.ask("contacts.suppress", email="cy@example.org")
    body = WORDS | {"email": "cy@example.org"}
    assert (await refused(spring, "outreach.record", **body)).code == "unknown_contact"
    await spring.ask("contacts.import", csv="email\ncy@example.org\n")
    assert not (await spring.ask("outreach.record", **body))["unchanged"]


async def test_a_later_value_of_a_day_counts_and_only_news_is_stored(spring: Service):
    first = "date,streams,listeners,song\n2026-05-01,12,3,x\n2026-05-02,15,,x\n2026-05-01,99,,x\nsoon,1,,x\n"
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


async def test_processes_that_record_and_correct_at_once_lose_nothing(spring: Service, place: Place):
    services = [spring, place.service(spring.user)]
    times = [f"2026-05-01T10:00:{n:02d}Z" for n in range(40)]
    both = [one.ask("outreach.record", **WORDS | {"at": at}) for at in times for one in services]
    done = await asyncio.gather(*both)
    assert sum(not one["unchanged"] for one in done) == 40
    ids = {one["outreach_id"] for one in done}
    corrections = [
        one.ask("outreach.correct", campaign="Spring", outreach_id=id_) for id_ in ids for one in services
    ]
    assert sum(not one["unchanged"] for one in await asyncio.gather(*corrections)) == 40


async def test_what_one_process_remembers_is_never_stale(spring: Service, place: Place):
    other = place.service(spring.user)
    first = await spring.ask("outreach.record", **WORDS)
    assert (await other.ask("outreach.record", **WORDS))["unchanged"]
    await other.ask("outreach.correct", campaign="Spring", outreach_id=first["outreach_id"])
    assert (await refused(spring, "outreach.record", **WORDS)).code == "corrected"
    await other.ask("campaign.close", campaign="Spring")
    assert (await spring.ask("campaign.close", campaign="Spring"))["unchanged"]


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


async def test_another_users_records_are_not_there(spring: Service):
    stranger = uuid4()
    with pytest.raises(Refusal, match="none of yours"):
        await spring.doors.ask(f"ask.{stranger}.campaign.close", b'{"campaign": "Spring"}', {})
    mine = await spring.ask("campaign.close", campaign="Spring")
    body = json.dumps({"campaign": mine["campaign_id"]}).encode()
    with pytest.raises(Refusal, match="none of yours"):
        await spring.doors.ask(f"ask.{stranger}.campaign.close", body, {})


async def test_a_commit_says_which_message_caused_it(spring: Service):
    body = json.dumps({"name": "Caused"}).encode()
    answer = json.loads(
        await spring.doors.ask(f"ask.{spring.user}.artist.set", body, {"Nats-Msg-Id": "mine"})
    )
    past = await spring.log.load(subjects.record(spring.user, "artist", UUID(answer["artist_id"])))
    assert past.recorded[0].commit.causation_id == "mine"


def test_every_door_says_what_it_takes(service: Service):
    doors = {door.subject: door for door in service.doors.open()}
    assert len(doors) == 9
    told = "\n".join(door.description or "" for door in doors.values())
    for command, route in service.doors.routes.items():
        assert f"`{command}` takes" in told
        assert (route.body.__doc__ or "").split(".")[0].split("\n")[0] in told
