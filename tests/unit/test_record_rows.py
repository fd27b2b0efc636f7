"""The rules for rows of outreach, streams, opportunities, coverage and artists."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from campaigns import outreach_rows, stream_importing
from campaigns.campaign import outreach_id
from campaigns.cells import Fault
from campaigns.columns import ALL, ARTISTS, CONTACTS, OPPORTUNITIES, OUTREACH, alike, names
from campaigns.csvfile import read
from campaigns.market_rows import artist, coverage, opportunity
from campaigns.outreach_events import event_of
from campaigns.outreach_rows import KINDS
from controls import NOW
from shared.parts import parts
from shared.refusal import Refusal

CANARY = "Zzyzx"
ADA = str(UUID(int=5, version=4))
SENT = {"contact_id": ADA, "campaign": "Spring", "event": "sent", "at": "2026-05-01T10:00:00+01:00"}
outreach = partial(outreach_rows.outreach, now=NOW)
covered = partial(coverage, now=NOW)
day = partial(stream_importing.streams, now=NOW)

Check = Callable[[dict[str, Any]], Any]


def good(check: Check, **cells: Any) -> Any:
    checked = check(cells)
    assert not isinstance(checked, list), checked
    return checked


def faults(check: Check, **cells: Any) -> dict[str | None, str]:
    checked = check(cells)
    assert isinstance(checked, list)
    assert not any(CANARY.casefold() in str(fault).casefold() for fault in checked)
    return dict(checked)


def test_a_row_of_outreach_is_read_in_utc():
    row = good(outreach, **SENT, channel=" email ", template="first")
    assert (row.kind, row.at, row.channel) == ("sent", datetime(2026, 5, 1, 9, tzinfo=UTC), "email")


@pytest.mark.parametrize("at", ["2026-05-01T09:00:00Z", "2026-05-01 14:30:00+05:30", "20260501T090000+0000"])
def test_the_same_moment_in_any_zone_is_the_same_event(at: str):
    rows = [good(outreach, **SENT), good(outreach, **SENT | {"at": at})]
    ids = {outreach_id(UUID(int=1), UUID(int=2), row.kind, row.at) for row in rows}
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("at", "rule"),
    [
        ("2026-05-01T10:00:00", "has no offset"),
        ("2026-05-01", "has no offset"),
        (CANARY, "is not a time"),
        ("0001-01-01T00:00:00+14:00", "between the years"),
        ((NOW + timedelta(minutes=6)).isoformat(), "lies in the future"),
        ("", "is needed"),
        (5, "must be text"),
    ],
)
def test_a_time_that_cannot_be_is_a_fault(at: Any, rule: str):
    assert rule in faults(outreach, **SENT | {"at": at})["at"]


def test_a_clock_may_be_a_little_fast():
    good(outreach, **SENT | {"at": (NOW + timedelta(minutes=4)).isoformat()})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_taken_from_an_import(kind: str):
    assert good(outreach, **SENT | {"event": kind.upper()}).kind == kind


def test_an_opened_mail_is_marked_unreliable():
    row = good(outreach, **SENT | {"event": "opened"})
    assert event_of(UUID(int=1), UUID(int=2), row).attributes == {"unreliable": "yes"}


@pytest.mark.parametrize("event", ["no_response", "no response", "pending"])
def test_silence_is_never_an_input(event: str):
    assert "derived" in faults(outreach, **SENT | {"event": event})["event"]


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"event": CANARY}, "event"),
        ({"event": ""}, "event"),
        ({"campaign": ""}, "campaign"),
        ({"campaign": CANARY * 100}, "campaign"),
        ({"contact_id": CANARY}, "contact_id"),
        ({"contact_id": "", "contact_email": CANARY}, "contact_email"),
        ({"contact_id": ""}, "contact_email"),
        ({"category": "declined"}, "category"),
        ({"event": "replied", "category": CANARY}, "category"),
        ({"propensity": "1.5"}, "propensity"),
        ({"propensity": "nan"}, "propensity"),
        ({"propensity": 10**400}, "propensity"),
        ({"attributes": CANARY}, "attributes"),
        ({"attributes": f"hook=a; {CANARY}"}, "attributes"),
        ({"attributes": f"hook=a;  = {CANARY}"}, "attributes"),
        ({"attributes": {"a": 1}}, "attributes"),
        ({"attributes": {f"k{n}": "v" for n in range(51)}}, "attributes"),
        ({"detail": CANARY * 5000}, "detail"),
        ({CANARY: "x"}, None),
    ],
)
def test_a_fault_of_outreach_names_its_field_and_never_the_value(cells: dict[str, Any], field: str | None):
    assert faults(outreach, **SENT | cells).keys() == {field}


def test_attributes_are_pairs_or_an_object():
    pairs = good(outreach, **SENT, attributes="hook=a=b; length=short").attributes
    assert pairs == good(outreach, **SENT, attributes={"hook": "a=b", "length": "short"}).attributes


def test_a_category_is_read_from_the_words_unless_it_is_given():
    replied = SENT | {"event": "replied", "detail": "Not for us, sorry"}
    read_ = [good(outreach, **replied), good(outreach, **replied, category="other")]
    assert [event_of(UUID(int=1), UUID(int=2), row).category for row in read_] == ["declined", "other"]


@pytest.mark.parametrize(("most", "expected"), [(10, [10, 10, 5]), (25, [25]), (0, [1] * 25)])
def test_an_import_is_cut_into_parts_in_order(most: int, expected: list[int]):
    found = list(parts(range(25), lambda _: 1, most=most))
    assert [len(part) for part in found] == expected
    assert [item for part in found for item in part] == list(range(25))


def test_a_day_of_streams_has_the_values_that_are_given():
    found = good(day, date="2026-05-01", streams="120", listeners="", followers=7)
    assert [(one.metric, one.value) for one in found.metrics] == [("streams", 120), ("followers", 7)]


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"streams": "1,200"}, "streams"),
        ({"streams": "-1"}, "streams"),
        ({"streams": CANARY}, "streams"),
        ({"streams": ""}, None),
        ({"date": (NOW + timedelta(days=2)).date().isoformat()}, "date"),
        ({"date": "01/05/2026"}, "date"),
        ({"date": ""}, "date"),
    ],
)
def test_a_fault_of_streams_names_its_field(cells: dict[str, Any], field: str | None):
    assert field in faults(day, **{"date": "2026-05-01", "streams": "1"} | cells)


@pytest.mark.parametrize("written", ["1.234", "12.000", "1.5", "-1"])
def test_a_count_is_whole_and_no_thousand_is_taken_for_a_fraction(written: str):
    assert faults(day, date="2026-05-01", streams=written).keys() == {"streams"}
    assert faults(opportunity, title="A", kind="show", min_lead_days=written).keys() == {"min_lead_days"}


def test_what_a_program_writes_of_a_whole_number_is_one():
    assert good(day, date="2026-05-01", streams="1234.0").metrics[0].value == 1234


def test_a_cost_of_a_thousand_is_not_taken_for_one_and_a_half():
    assert "may be a thousand" in faults(opportunity, title="A", kind="show", cost="1.500")["cost"]


def test_an_opportunity_has_all_of_its_rules():
    found = good(
        opportunity, title="Open call", kind="Grant", deadline="2026-12-01", opens="2026-11-01", cost="12.50",
        currency="EUR", genres="synthpop; indie", territory="UK;Ireland", unreleased="yes", genres_only="no",
        min_lead_days="28", release_types="Single|EP", quota_tracks="2", quota_days="30",
    ).told.event  # fmt: skip
    assert (found.kind, found.deadline, found.cost) == ("funding", date(2026, 12, 1), 12.5)
    assert found.rules == {
        "territory": ["UK", "Ireland"], "release_types": ["single", "ep"], "unreleased": True,
        "genres_only": False, "min_lead_days": 28, "quota_tracks": 2, "quota_days": 30,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"title": ""}, "title"),
        ({"kind": CANARY}, "kind"),
        ({"deadline": CANARY}, "deadline"),
        ({"cost": "-1"}, "cost"),
        ({"cost": "12 EUR"}, "cost"),
        ({"min_lead_days": "2.5"}, "min_lead_days"),
        ({"quota_days": "-2"}, "quota_days"),
        ({"release_types": CANARY}, "release_types"),
        ({"unreleased": CANARY}, "unreleased"),
    ],
)
def test_a_fault_of_an_opportunity_names_its_field(cells: dict[str, Any], field: str):
    assert field in faults(opportunity, **{"title": "Open call", "kind": "festival"} | cells)


def test_the_same_opportunity_is_told_by_title_and_address_or_by_its_calendar_id():
    one = good(opportunity, title="Open call", kind="festival", url="https://example.org", cost="5")
    other = good(opportunity, title="Open call", kind="funding", url="https://example.org")
    assert one.identity == other.identity
    assert good(opportunity, title="Renamed", kind="show", uid="a@b").identity == "a@b"


def test_each_rule_of_an_opportunity_is_kept_by_itself_where_a_later_file_does_not_tell_it():
    call = {"title": "A", "kind": "show"}
    first = good(opportunity, **call, unreleased="yes", min_lead_days="5", territory="UK").told.over(None)
    then = good(opportunity, **call, min_lead_days="7", territory="").told.over(first)
    assert then.rules == {"unreleased": True, "min_lead_days": 7}


def test_a_number_of_days_may_be_none_but_not_without_end():
    call = {"title": "A", "kind": "show"}
    for days in (0, "10000"):
        assert good(opportunity, **call, min_lead_days=days).told.event.rules == {"min_lead_days": int(days)}
    assert faults(opportunity, **call, min_lead_days="10001").keys() == {"min_lead_days"}


def test_coverage_lies_in_the_past():
    tomorrow = (NOW + timedelta(days=2)).date().isoformat()
    assert good(covered, artist="A", outlet="B", date="2026-05-01").told.event.date == date(2026, 5, 1)
    assert "future" in faults(covered, artist="A", outlet="B", date=tomorrow)["date"]
    assert faults(covered, artist=" ").keys() == {"artist", "outlet"}


def test_an_artist_of_a_file_is_ones_own_unless_it_says_otherwise():
    assert (
        good(artist, name="Nobody").told.event.mine,
        good(artist, name="A", mine="no").told.event.mine,
    ) == (
        True,
        False,
    )
    assert faults(artist, name=ADA).keys() == {"name"}


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.noun)
def test_a_header_of_its_own_fields_is_told_from_all_other_kinds(kind: Any):
    assert alike(names(kind.known)) == kind


@pytest.mark.parametrize(
    ("header", "kind", "looks"),
    [
        ("name,email", ARTISTS, "contacts"),
        ("name,outlet,genres", ARTISTS, "contacts"),
        ("artist,outlet,date", ARTISTS, "coverage"),
        ("artist,date,streams", ARTISTS, "streams"),
        ("contact_email,campaign,event,at", CONTACTS, "outreach"),
        ("name,email,outlet,type,genres,regions", OPPORTUNITIES, "contacts"),
        ("Name;E-Mail;Category", OPPORTUNITIES, "contacts"),
        ("Name;E-Mail;Category;Favourite colour", OPPORTUNITIES, "contacts"),
    ],
)
def test_a_file_that_fits_another_kind_better_is_refused(header: str, kind: Any, looks: str):
    with pytest.raises(Refusal, match=f"it looks like a file of {looks}"):
        read(f"{header}\n", kind)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("name,genres", ARTISTS),
        ("artist,genres,website,notes", ARTISTS),
        ("name,type,genres,region,website", OPPORTUNITIES),
        ("name,type,deadline,email,contact name", OPPORTUNITIES),
        ("name,email,outlet,role,genres,campaign,event,at", OUTREACH),
        ("name,email,outlet,role,genres,campaign,event,at", CONTACTS),
    ],
)
def test_columns_of_other_kinds_beside_its_own_do_no_harm(header: str, kind: Any):
    assert read(f"{header}\n", kind).records == ()


@pytest.mark.parametrize("header", ["When,E-Mail,Campaign name,Outcome", "at;contact_email;campaign;event"])
def test_a_file_of_outreach_has_many_headers(header: str):
    found = read(
        f"{header}\n2026-05-01T10:00:00Z,ada@example.org,Spring,sent\n".replace(",", header[4:5]), OUTREACH
    )
    assert found.records[0].faults == ()


def test_a_number_from_json_is_taken_as_it_is():
    assert good(opportunity, title="A", kind="show", cost=12).told.event.cost == 12.0
    assert str(good(opportunity, title="A", kind="show", cost=-0.0).told.event.cost) == "0.0"
    assert str(good(opportunity, title="A", kind="show", cost="-0").told.event.cost) == "0.0"
    assert opportunity({"title": "A", "kind": "show", "cost": True}) == [Fault("cost", "must be text")]
