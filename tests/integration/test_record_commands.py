"""The commands on records, on real NATS and PostgreSQL."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from campaigns.campaign import outreach_id
from campaigns.naming import id_of
from recordservice import Service
from recordstage import ADA, BEN, CONTACTS, NOBODY, OUTREACH, WORDS, Place, place, refused, service, spring
from shared import subjects
from shared.record_events import (
    ArtistSet,
    CampaignCreated,
    ContactErased,
    ContactImported,
    ContactSuppressed,
    OutreachCorrected,
)
from shared.refusal import Refusal
from shared.sealing import reveal

__all__ = ["place", "service", "spring"]


COMMANDS: list[tuple[str, dict[str, Any]]] = [
    ("artist.set", {"name": "Nobody", "genres": ["synthpop"], "location": "Leeds", "mine": False}),
    ("artist.add_fact", {"artist": "nobody", "text": "played in Nowhere", "valid_to": "2027-01-01"}),
    ("release.plan", {"artist": "Nobody", "title": "Nothing", "type": "single", "date": "2026-12-02"}),
    ("campaign.create", {"name": "Autumn", "artist": "Nobody", "release": "nothing", "genres": ["indie"]}),
    ("campaign.close", {"campaign": "Spring"}),
    ("outreach.record", WORDS),
    ("contacts.suppress", {"email": BEN}),
    ("outreach.record", WORDS | {"detail": "Take me off your list."}),
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
    ("outreach.record", WORDS | {"event": "sent", "category": "other"}, "invalid", "category"),
    ("outreach.record", WORDS | {"propensity": 2}, "invalid", "propensity"),
    ("outreach.correct", {"campaign": "Spring", "outreach_id": NOBODY}, "unknown_outreach", "outreach_id"),
    ("contacts.suppress", {"contact_id": NOBODY}, "unknown_contact", "contact_id"),
    ("contacts.unsuppress", {"contact_id": NOBODY}, "unknown_contact", "contact_id"),
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


async def test_the_words_of_an_erased_person_open_no_more(spring: Service):
    event = await spring.ask("outreach.record", **WORDS)
    (_, recorded) = await spring.events("campaign", event["campaign_id"])
    await spring.ask("contacts.erase", email=ADA)
    assert await reveal(spring.vault, spring.user, recorded.detail) == "[erased]"
    assert (await refused(spring, "outreach.record", **WORDS)).code == "erased"
    report = await spring.ask("outreach.import", csv=OUTREACH)
    assert [error["line"] for error in report["errors"]] == [2, 4, 5, 6, 7, 8]


async def test_a_suppressed_contact_stays_so_whatever_is_imported_later(spring: Service):
    await spring.ask("contacts.suppress", email=ADA)
    changed = CONTACTS.replace("Fictional Ada", "Ada Fictional")
    assert (await spring.ask("contacts.import", csv=changed))["imported"] == 1
    assert (await spring.ask("contacts.suppress", email=ADA))["unchanged"]
    kinds = [type(event) for event in await spring.events("contact", spring.person(ADA))]
    assert kinds == [ContactImported, ContactSuppressed, ContactImported]


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


async def test_a_contact_is_found_by_its_id_as_by_its_address(spring: Service):
    ada = {"contact_id": str(spring.person(ADA))}
    words = {name: value for name, value in WORDS.items() if name != "email"}
    found = [
        await spring.ask("outreach.record", **words, **ada),
        await spring.ask("contacts.suppress", **ada),
        await spring.ask("contacts.erase", **ada),
    ]
    assert {one["contact_id"] for one in found} == {ada["contact_id"]}
    kinds = [type(event) for event in await spring.events("contact", spring.person(ADA))]
    assert kinds == [ContactImported, ContactSuppressed, ContactErased]


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


async def test_what_is_corrected_while_it_is_recorded_is_answered(spring: Service):
    campaign = id_of(spring.user, "campaign", "Spring")
    for second in range(20):
        at = datetime(2026, 5, 1, 10, 0, second, tzinfo=UTC)
        id_ = outreach_id(campaign, spring.person(WORDS["email"]), WORDS["event"], at)
        correct = {"campaign": "Spring", "outreach_id": str(id_)}
        record = spring.ask("outreach.record", **WORDS | {"at": at.isoformat()})
        corrections = [spring.ask("outreach.correct", **correct) for _ in range(8)]
        done = await asyncio.gather(record, *corrections, return_exceptions=True)
        assert [one for one in done if not isinstance(one, dict | Refusal)] == []


async def test_what_one_process_remembers_is_never_stale(spring: Service, place: Place):
    other = place.service(spring.user)
    first = await spring.ask("outreach.record", **WORDS)
    assert (await other.ask("outreach.record", **WORDS))["unchanged"]
    await other.ask("outreach.correct", campaign="Spring", outreach_id=first["outreach_id"])
    assert (await refused(spring, "outreach.record", **WORDS)).code == "corrected"
    await other.ask("campaign.close", campaign="Spring")
    assert (await spring.ask("campaign.close", campaign="Spring"))["unchanged"]


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
