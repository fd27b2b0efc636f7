"""What a later file leaves as it was known, and whose objection is known though their row fails."""

import asyncio
from datetime import date
from typing import Any

import asyncpg
import pytest

from campaigns.naming import id_of
from controls import USER
from recordservice import Service
from recordstage import ADA, BEN, CONTACTS, Place, counts, place, service
from shared.record_events import (
    ArtistSet,
    ContactErased,
    ContactImported,
    ContactSuppressed,
    CoverageImported,
    OpportunityImported,
)
from shared.sealing import reveal

__all__ = ["place", "service"]

WIDE = f"""name,email,phone,outlet,type,genres,source,notes,subscriber_type,timezone,suppressed
Fictional Ada,{ADA},020 7946 0000,Radio Nowhere,radio,synthpop;indie,fair,met her,individual,Europe/London,yes
"""
NARROW = f"name,email,phone\nFictional Ada,{ADA},020 7946 0111\n"
TEXTS = ("name", "email", "phone", "notes")


async def contact(service: Service) -> dict[str, Any]:
    """Return what was imported of Ada last, opened, what is empty left out."""
    event = await service.last_import(ADA)
    values = {name: getattr(event, name) for name in event.__struct_fields__ if name != "fingerprint"}
    opened = await reveal(service.vault, service.user, values)
    return {name: value for name, value in opened.items() if value not in (None, (), False)}


async def events(service: Service, email: str = ADA) -> list[type]:
    return [type(event) for event in await service.events("contact", service.person(email))]


async def test_what_a_later_file_has_no_column_for_stays_as_it_was(service: Service):
    await service.ask("contacts.import", csv=WIDE)
    before, sealed = await contact(service), await service.last_import(ADA)
    assert counts(await service.ask("contacts.import", csv=NARROW)) == (1, 0, 0, 0)
    assert await contact(service) == before | {"phone": "020 7946 0111"}
    assert (await service.last_import(ADA)).notes == sealed.notes


async def test_a_column_that_is_there_and_empty_empties_its_field_but_for_the_objection(service: Service):
    await service.ask("contacts.import", csv=WIDE)
    header, _ = WIDE.splitlines()
    short = f"{header}\nFictional Ada,{ADA},,Radio Nowhere\n"
    await service.ask("contacts.import", csv=short)
    assert await contact(service) == {
        "name": "Fictional Ada", "email": ADA, "outlet": "Radio Nowhere", "suppressed": True,
    }  # fmt: skip


async def test_a_row_tells_the_fields_that_it_names(service: Service):
    await service.ask("contacts.import", csv=WIDE)
    before = await contact(service)
    row = {"email": ADA, "name": "New", "notes": None, "genres": []}
    await service.ask("contacts.import", rows=[row])
    kept = {name: value for name, value in before.items() if name not in ("notes", "genres")}
    assert await contact(service) == kept | {"name": "New"}


@pytest.mark.parametrize("half", ["first_name", "last_name"])
async def test_half_of_a_name_fills_an_empty_one_and_leaves_a_whole_one(service: Service, half: str):
    await service.ask("contacts.import", csv=f"email\n{ADA}\n")
    csv = f"email,{half}\n{ADA},Ada\n"
    assert counts(await service.ask("contacts.import", csv=csv)) == (1, 0, 0, 0)
    assert (await contact(service))["name"] == "Ada"
    await service.ask("contacts.import", csv=WIDE)
    assert counts(await service.ask("contacts.import", csv=csv)) == (0, 1, 0, 0)
    whole = f"email,first_name,last_name\n{ADA},Ada,Newname\n"
    await service.ask("contacts.import", csv=whole)
    assert (await contact(service))["name"] == "Ada Newname"


async def test_files_with_fewer_or_more_columns_change_nothing_where_they_say_the_same(service: Service):
    """Nor does one that tells nothing of an objection that another one told."""
    first = await service.ask("contacts.import", csv=WIDE)
    narrow = f"email,genres\n{ADA},synthpop;indie\n"
    again = [await service.ask("contacts.import", csv=csv) for csv in (narrow, WIDE, narrow, WIDE)]
    assert [counts(one) for one in again] == [(0, 1, 0, 0)] * 4
    assert {one["seq"] for one in again} == {first["seq"]}


async def test_a_narrower_file_twice_is_news_once(service: Service):
    await service.ask("contacts.import", csv=WIDE)
    done = [counts(await service.ask("contacts.import", csv=NARROW)) for _ in range(2)]
    assert done == [(1, 0, 0, 0), (0, 1, 0, 0)]


async def test_a_dry_run_says_of_a_narrower_file_what_the_run_says(service: Service):
    await service.ask("contacts.import", csv=WIDE)
    said = f"name,email\nFictional Ada,{ADA}\n"
    for csv, done in ((NARROW, (1, 0, 0, 0)), (said, (0, 1, 0, 0))):
        before = await service.log.last_seq()
        dry = await service.ask("contacts.import", csv=csv, dry_run=True)
        assert await service.log.last_seq() == before
        assert counts(dry) == counts(await service.ask("contacts.import", csv=csv)) == done


async def test_one_who_was_erased_gets_nothing_back(service: Service):
    await service.ask("contacts.import", csv=WIDE)
    await service.ask("contacts.erase", email=ADA)
    before = await service.log.last_seq()
    assert counts(await service.ask("contacts.import", csv=NARROW)) == (0, 0, 0, 1)
    assert await service.log.last_seq() == before


async def test_one_whose_erasure_broke_off_gets_nothing_back(service: Service):
    await service.ask("contacts.import", csv=WIDE)
    await service.vault.erase(service.user, service.person(ADA))
    assert counts(await service.ask("contacts.import", csv=NARROW)) == (0, 0, 0, 1)
    assert await events(service) == [ContactImported]


async def test_what_processes_import_of_the_same_people_at_once_is_all_there(place: Place, service: Service):
    people = [f"person{n}@example.org" for n in range(60)]
    await service.ask("contacts.import", rows=[{"email": email, "role": "host"} for email in people])
    phones = [{"email": email, "phone": "1"} for email in people]
    notes = [{"email": email, "notes": "met"} for email in people]
    other = place.service(service.user)
    done = await asyncio.gather(
        service.ask("contacts.import", rows=phones), other.ask("contacts.import", rows=notes)
    )
    assert [counts(one) for one in done] == [(60, 0, 0, 0)] * 2
    lasts = [await service.last_import(email) for email in people]
    opened = await reveal(
        service.vault, service.user, [[last.phone, last.notes, last.role] for last in lasts]
    )
    assert opened == [["1", "met", "host"]] * 60


async def test_what_cannot_be_read_any_more_is_kept_as_it_is(service: Service, place: Place):
    """As after a restore of a vault that did not have the key yet."""
    await service.ask("contacts.import", csv=WIDE)
    sealed = await service.last_import(ADA)
    connection = await asyncpg.connect(place.database_url)
    await connection.execute("delete from vault.keys where user_id = $1", service.user)
    await connection.close()
    service.vault.forget_all()
    done = [counts(await service.ask("contacts.import", csv=NARROW)) for _ in range(2)]
    assert done == [(1, 0, 0, 0), (0, 1, 0, 0)]
    assert (await service.last_import(ADA)).notes == sealed.notes


async def test_what_an_older_release_imported_is_unchanged(place: Place):
    """The fingerprints are those that it wrote."""
    service = place.service(USER)
    prints = {
        "8e0ace21a42ed09d7da5cacd66b2fe7e6a05d85455feb307108478cf71a68d52": {
            "type": "DJ", "genres": "synthpop, indie", "suppressed": "yes",
        },
        "604157f818ed3c2e9ef54c59117aef48b5934e9df032f545dd69ab7565b49a77": {"timezone": "Europe/London"},
    }  # fmt: skip
    known = {"name": "Zzyzx Example", "email": "zzyzx@example.org"}
    for fingerprint, cells in prints.items():
        await service.ask("contacts.import", csv=csv_of(known | EMPTY | cells))
        assert (await service.last_import("zzyzx@example.org")).fingerprint == fingerprint


EMPTY = {"type": "", "genres": "", "suppressed": "no", "timezone": ""}


def csv_of(cells: dict[str, str]) -> str:
    return ";".join(cells) + "\n" + ";".join(cells.values()) + "\n"


ARTISTS = "name,genres,location,bio,mine,in_cohort\nNobody,synthpop,Leeds,Plays,no,yes\n"


async def test_an_artist_keeps_what_a_later_file_does_not_tell(service: Service):
    await service.ask("artists.import", csv=ARTISTS)
    assert counts(await service.ask("artists.import", csv="artist\nNobody\n")) == (0, 1, 0, 0)
    csv = "artist,location,bio\nNobody,Hull,\n"
    dry = await service.ask("artists.import", csv=csv, dry_run=True)
    assert counts(dry) == counts(await service.ask("artists.import", csv=csv)) == (1, 0, 0, 0)
    id_ = (await service.ask("artist.add_fact", artist="Nobody", text="x"))["artist_id"]
    sets = [event for event in await service.events("artist", id_) if isinstance(event, ArtistSet)]
    assert sets[-1] == ArtistSet(
        name="Nobody", genres=("synthpop",), location="Hull", mine=False, in_cohort=True
    )


async def test_an_opportunity_keeps_what_a_calendar_does_not_tell(service: Service):
    csv = "title,kind,opens,cost,uid,unreleased\nCall,show,2026-11-01,5,call@example.org,yes\n"
    await service.ask("opportunities.import", csv=csv)
    calendar = (
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:call@example.org\nSUMMARY:Call\nCATEGORIES:show\n"
        "DTSTART;VALUE=DATE:20261201\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    assert counts(await service.ask("opportunities.import", ics=calendar)) == (1, 0, 0, 0)
    assert counts(await service.ask("opportunities.import", ics=calendar)) == (0, 1, 0, 0)
    id_ = id_of(service.user, "opportunity", "call@example.org")
    *_, last = await service.events("opportunity", id_)
    assert last == OpportunityImported(
        title="Call", kind="show", deadline=date(2026, 12, 1), cost=5, rules={"unreleased": True}
    )


async def test_a_calendars_entry_without_kind_and_address_leaves_them_as_they_were(service: Service):
    csv = "title,kind,url,uid\nCall,festival,https://example.org/call,call@example.org\n"
    await service.ask("opportunities.import", csv=csv)
    calendar = (
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:call@example.org\nSUMMARY:Call\n"
        "DTSTART;VALUE=DATE:20261201\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    assert counts(await service.ask("opportunities.import", ics=calendar)) == (1, 0, 0, 0)
    *_, last = await service.events("opportunity", id_of(service.user, "opportunity", "call@example.org"))
    assert last == OpportunityImported(
        title="Call", kind="festival", url="https://example.org/call", deadline=date(2026, 12, 1)
    )


async def test_a_deadline_before_a_day_that_was_known_to_open_it_is_an_error_of_its_row(service: Service):
    await service.ask("opportunities.import", csv="title,kind,opens\nCall,show,2026-11-01\n")
    rows = [{"title": "Call", "kind": "show", "deadline": "2026-10-01"}]
    for dry_run in (True, False):
        report = await service.ask("opportunities.import", rows=rows, dry_run=dry_run)
        assert report["errors"] == [{"line": 1, "field": "opens", "message": "lies after the deadline"}]


async def test_coverage_keeps_what_a_later_file_does_not_tell(service: Service):
    await service.ask("coverage.import", csv="artist,outlet,kind,genres\nA,B,review,indie\n")
    assert counts(await service.ask("coverage.import", csv="artist,outlet\nA,B\n")) == (0, 1, 0, 0)
    assert counts(await service.ask("coverage.import", csv="artist,outlet,genres\nA,B,\n")) == (1, 0, 0, 0)
    *_, last = await service.events("coverage", id_of(service.user, "coverage", "A|B|||"))
    assert last == CoverageImported(artist="A", outlet="B", kind="review")


BAD = f"name,email,type,suppressed\nFictional Ada,{ADA},wizard,unsubscribed\nFictional Ben,{BEN},wizard,\n"


async def test_who_objects_is_known_though_their_row_fails(service: Service):
    await service.ask("contacts.import", csv=CONTACTS)
    dry = await service.ask("contacts.import", csv=BAD, dry_run=True)
    assert await events(service) == [ContactImported]
    report = await service.ask("contacts.import", csv=BAD)
    assert (counts(report), [error["field"] for error in report["errors"]]) == ((0, 0, 0, 2), ["type"] * 2)
    assert report["objections"] == dry["objections"] == [2]
    assert report["seq"] == await service.log.last_seq()
    assert await events(service) == [ContactImported, ContactSuppressed]
    assert await events(service, BEN) == [ContactImported]


async def test_an_objection_of_a_row_that_fails_is_recorded_once_and_for_ever(service: Service):
    """As by `contacts.suppress`: of an address that is no contact's too, whatever is imported later."""
    for csv in (BAD, BAD, BAD.replace("wizard", "radio").replace("unsubscribed", "no")):
        await service.ask("contacts.import", csv=csv)
    assert await events(service) == [ContactSuppressed, ContactImported]
    assert (await service.ask("contacts.suppress", email=ADA))["unchanged"]


async def test_a_good_row_of_one_whose_other_row_objects_and_fails_is_imported_beside_it(service: Service):
    csv = f"name,email,type,suppressed\nAda,{ADA},radio,\nAda,{ADA},wizard,yes\n"
    report = await service.ask("contacts.import", csv=csv)
    assert (counts(report), report["objections"]) == ((1, 0, 0, 1), [3])
    assert await events(service) == [ContactSuppressed, ContactImported]


async def test_one_without_an_address_objects_by_name_and_outlet(service: Service):
    known = {"name": "Fictional Cy", "outlet": "Radio Nowhere"}
    await service.ask("contacts.import", rows=[known])
    report = await service.ask("contacts.import", rows=[known | {"type": "wizard", "suppressed": True}])
    assert report["objections"] == [1]
    assert await events(service, "Fictional Cy|Radio Nowhere") == [ContactImported, ContactSuppressed]


@pytest.mark.parametrize(
    "cells",
    [
        {"email": "no address", "name": "Fictional Cy"},
        {"outlet": "Radio Nowhere"},
        {"name": "Fictional Cy", "outlet": "x" * 201},
        {"name": 5},
    ],
)
async def test_whose_objection_a_row_does_not_say_readably_is_an_error_alone(
    service: Service, cells: dict[str, Any]
):
    before = await service.log.last_seq()
    report = await service.ask("contacts.import", rows=[cells | {"suppressed": "yes"}])
    assert (counts(report), report["objections"]) == ((0, 0, 0, 1), [])
    assert await service.log.last_seq() == before


async def test_one_who_was_erased_needs_not_object(service: Service):
    await service.ask("contacts.erase", email=ADA)
    await service.ask("contacts.import", csv=BAD)
    assert await events(service) == [ContactErased]
