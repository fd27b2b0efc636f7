"""What shuts an opportunity, and which entries are the same."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from library.duplicates import merged, page, same
from library.eligibility import Applicant, obstacles, places_of
from skillmodules import skill_module

skill = skill_module("scout/discover_opportunities.py")
TODAY = date(2026, 11, 2)
LEEDS = Applicant(TODAY, ("synthpop",), places_of("Leeds, UK"), TODAY + timedelta(days=20), "single", 20.0)


def entry(title="Harbour Festival", **changes):
    return {"title": title, "kind": "festival", "url": None, "deadline": TODAY + timedelta(days=9), **changes}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"deadline": TODAY - timedelta(days=1)}, "the deadline is over"),
        ({"opens": TODAY + timedelta(days=1)}, "it is not open yet"),
        ({"cost": 20.01}, "it costs more than the budget"),
        ({"rules": {"territory": ["Scotland"]}}, "it is open to other places"),
        ({"rules": {"released": True}}, "it takes released music alone"),
        ({"rules": {"min_lead_days": 21}}, "it needs 21 days before the release"),
        ({"rules": {"release_types": ["album"]}}, "it takes other types of release"),
        ({"rules": {"genres_only": True}, "genres": ["metal"]}, "none of its genres is near"),
    ],
)
def test_what_is_shut_says_why(changes, why):
    assert obstacles(entry(**changes), LEEDS) == [why]


@pytest.mark.parametrize(
    "changes",
    [
        {"deadline": TODAY},
        {"opens": TODAY},
        {"cost": 20},
        {"rules": {"territory": ["GB"], "unreleased": True, "min_lead_days": 20}},
        {"rules": {"genres_only": True}, "genres": ["electropop"]},
        {"rules": {"territory": ["Worldwide"]}},
        {"rules": {"territory": "whole world"}},
    ],
)
def test_what_is_just_open_is_open(changes):
    assert obstacles(entry(**changes), LEEDS) == []


@pytest.mark.parametrize(
    ("cost", "counted", "why"),
    [
        (15, "GBP", []),
        (15, "pounds", []),
        (15, None, []),
        (21, "£", ["it costs more than the budget"]),
        (15, "EUR", ["its cost is in another currency than the budget"]),
        (0, "EUR", []),
    ],
)
def test_a_cost_is_held_against_a_budget_in_its_own_currency_alone(cost, counted, why):
    by = replace(LEEDS, currency="GBP")
    assert obstacles(entry(cost=cost, currency=counted), by) == why
    free = replace(by, budget=0.0)
    assert obstacles(entry(cost=cost, currency=counted), free) == (
        ["it costs more than the budget"] if cost else []
    )


@pytest.mark.parametrize(
    ("written", "code"),
    [("¥", "JPY"), ("yen", "JPY"), ("₩", "KRW"), ("zł", "PLN"), ("R$", "BRL"), ("€", "EUR")],
)
def test_a_currency_is_known_by_its_sign(written, code):
    by = replace(LEEDS, budget=5000.0, currency=code)
    assert obstacles(entry(cost=3000, currency=written), by) == []


def test_a_release_of_an_unknown_type_is_not_said_to_be_of_another():
    rules = {"rules": {"release_types": ["album"]}}
    assert obstacles(entry(**rules), replace(LEEDS, release_type=None)) == ["the release's type is not known"]


def test_what_is_not_known_counts_as_shut():
    unknown = Applicant(TODAY)
    assert obstacles(entry(rules={"unreleased": True}), unknown) == ["the release's date is not known"]
    assert obstacles(entry(rules={"territory": ["UK"]}), unknown) == ["the artist's place is not known"]


@pytest.mark.parametrize(
    ("regions", "fit"),
    [([], 0.5), (["UK"], 1), (["Spain"], 0), (["Worldwide"], 0.5), (["Spain", "global"], 0.5)],
)
def test_what_is_open_to_the_whole_world_is_open_where_it_is_asked_for(regions, fit):
    assert skill.place_fit({"regions": regions}, ["Leeds"]) == fit


def test_one_page_written_in_two_ways_is_one():
    assert page("https://www.example.org/open/?utm_source=x") == page("http://EXAMPLE.org/open")
    assert page("https://example.org/open?id=1") != page("https://example.org/open?id=2")
    assert page("https://example.org/open?ref=1") == page("https://example.org/open?ref=2")


def test_a_reference_in_an_address_tells_two_pages_apart():
    calls = [entry(title, url=f"https://example.org/apply?reference={title}") for title in ("A", "B")]
    assert len(merged(calls)) == 2


def test_what_is_no_address_stands_for_itself():
    calls = [entry("A", url="http://[example.org"), entry("B", url="http://[example.net"), entry("C")]
    assert merged(calls) == [[one] for one in calls]


def test_titles_nearly_the_same_are_one_and_other_numbers_or_days_are_not():
    assert same(entry("Harbour Festival - open call"), entry("HARBOUR FESTIVAL open-call!"))
    assert not same(entry("Grant round 1"), entry("Grant round 2"))
    assert not same(entry(), entry(deadline=TODAY))
    assert same(entry(), entry(deadline=None))


@pytest.mark.parametrize("url", ["https://example.org", "http://www.example.org/?utm_source=x"])
def test_calls_of_one_platform_are_told_apart_by_their_titles(url: str):
    front = "https://example.org/"
    assert not same(entry("Harbour Festival", url=url), entry("Synth playlist", url=front))
    assert same(entry("Harbour Festival", url=url), entry("HARBOUR festival", url=front))


def test_two_pages_of_a_site_are_two():
    assert not same(entry(url="https://example.org/a"), entry(url="https://example.org/b"))


def test_every_row_is_in_one_group():
    rows = [entry(), entry("Metal Days"), entry(deadline=None)]
    assert merged(rows) == [[rows[0], rows[2]], [rows[1]]]
    assert merged([]) == []
