"""The life of an artist and of a release, and whose a name is."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from campaigns import artists, releases
from campaigns.artists import Artist
from campaigns.naming import id_of
from campaigns.releases import Release
from controls import USER, past_of
from shared.record_events import (
    ArtistSet,
    FactAdded,
    FactRemoved,
    MetricDay,
    MetricsImported,
    NameGiven,
    ReleasePlanned,
)
from shared.refusal import Refusal

NOBODY = ArtistSet(name="Nobody", genres=("synthpop",))
FACT = FactAdded(fact_id=UUID(int=1), text="played in Nowhere")
GIVEN = NameGiven(to=UUID(int=2))
PLANNED = ReleasePlanned(artist_id=UUID(int=3), title="Nothing", kind="ep", date=date(2026, 5, 1))


def artist(*events: Any) -> Artist:
    return artists.evolve(Artist(), past_of(*events))


def release(*events: Any) -> Release:
    return releases.evolve(Release(), past_of(*events))


def streams(day: int, value: float) -> MetricDay:
    return MetricDay(metric="streams", day=date(2026, 5, day), value=value)


def refusal(command: Any, state: Any) -> str:
    decide = artists.decide if isinstance(state, Artist) else releases.decide
    with pytest.raises(Refusal) as refused:
        decide(command, state)
    return refused.value.code


def test_an_artist_is_set():
    assert artists.decide(NOBODY, Artist()) == [NOBODY]


def test_the_same_profile_again_changes_nothing():
    assert artists.decide(NOBODY, artist(NOBODY)) == []


def test_a_changed_profile_is_set_whole():
    changed = ArtistSet(name="Nobody", location="Leeds")
    assert artists.decide(changed, artist(NOBODY)) == [changed]


def test_a_fact_is_added_once():
    assert artists.decide(FACT, artist(NOBODY)) == [FACT]
    assert artists.decide(FACT, artist(NOBODY, FACT)) == []


def test_a_fact_whose_source_became_known_is_added_anew():
    sourced = replace(FACT, source="https://example.org")
    assert artists.decide(sourced, artist(NOBODY, FACT)) == [sourced]


def test_a_fact_is_removed_once_and_may_come_back():
    removed = FactRemoved(fact_id=FACT.fact_id)
    assert artists.decide(removed, artist(NOBODY, FACT)) == [removed]
    assert artists.decide(removed, artist(NOBODY, FACT, removed)) == []
    assert artists.decide(FACT, artist(NOBODY, FACT, removed)) == [FACT]


def test_a_fact_that_never_was_is_not_removed():
    assert refusal(FactRemoved(fact_id=UUID(int=9)), artist(NOBODY, FACT)) == "unknown_fact"


@pytest.mark.parametrize(
    "command", [FACT, FactRemoved(fact_id=FACT.fact_id), MetricsImported(days=(streams(1, 2),))]
)
def test_of_an_artist_who_is_not_there_nothing_is_recorded(command: Any):
    assert refusal(command, Artist()) == "unknown_artist"


def test_of_metrics_only_news_is_recorded():
    before = artist(NOBODY, MetricsImported(days=(streams(1, 10), streams(2, 20))))
    command = MetricsImported(days=(streams(1, 10), streams(2, 25), streams(3, 30)))
    assert artists.decide(command, before) == [MetricsImported(days=(streams(2, 25), streams(3, 30)))]


def test_metrics_that_are_known_change_nothing():
    command = MetricsImported(days=(streams(1, 10),))
    assert artists.decide(command, artist(NOBODY, command)) == []


@pytest.mark.parametrize(("decide", "state"), [(artists.decide, Artist()), (releases.decide, Release())])
def test_a_name_that_nobody_had_is_given_once(decide: Any, state: Any):
    assert decide(GIVEN, state) == [GIVEN]
    evolve = artists.evolve if isinstance(state, Artist) else releases.evolve
    assert decide(GIVEN, evolve(state, past_of(GIVEN))) == []


@pytest.mark.parametrize("state", [artist(NOBODY), artist(NameGiven(to=UUID(int=8))), release(PLANNED)])
def test_a_name_that_another_one_has_or_had_is_not_given(state: Any):
    assert refusal(GIVEN, state) == "name_taken"


@pytest.mark.parametrize(("command", "state"), [(NOBODY, artist(GIVEN)), (PLANNED, release(GIVEN))])
def test_nothing_begins_under_a_name_that_was_given_away(command: Any, state: Any):
    assert refusal(command, state) == "name_taken"


def test_a_release_is_planned_and_changed_whole():
    assert releases.decide(PLANNED, Release()) == [PLANNED]
    assert releases.decide(PLANNED, release(PLANNED)) == []
    later = replace(PLANNED, date=date(2026, 6, 1))
    assert releases.decide(later, release(PLANNED)) == [later]


@pytest.mark.parametrize("written", ["neon harbour", "NEON  HARBOUR ", "\uff2eeon Harbour"])
def test_a_name_is_the_same_in_every_spelling(written: str):
    assert id_of(USER, "artist", written) == id_of(USER, "artist", "Neon Harbour")


def test_names_of_other_users_and_other_nouns_are_others():
    ids = {id_of(scope, noun, "Spring") for scope in (USER, UUID(int=5)) for noun in ("artist", "campaign")}
    assert len(ids) == 4
