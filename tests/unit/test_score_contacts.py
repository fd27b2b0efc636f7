"""Scores say why, add up, and depend on nothing but the contact and what is asked for."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.schema import problems
from skillmodules import shipped, skill_module

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
score_contacts = skill_module("scout/score_contacts.py")
SKILL = shipped()["score-contacts"]


class Context:
    def now(self) -> datetime:
        return NOW

    def rows(self, _sql: str, **_named: Any) -> list[dict[str, Any]]:
        return []


def contact(name: str = "A. Sample", **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "email": "a@example.org",
        "genres": ["synthpop"],
        "regions": ["UK"],
        "type": "radio",
        "imported_at": NOW.isoformat(),
        **changes,
    }


@pytest.mark.parametrize(
    ("hours", "told"), [(-1, "today"), (23, "today"), (25, "1 day ago"), (50, "2 days ago")]
)
def test_the_age_of_an_entry_is_told_in_words(hours: int, told: str):
    (found,) = scored(contact(imported_at=(NOW - timedelta(hours=hours)).isoformat()))
    assert f"imported {told}" in {part["why"] for part in found["score_parts"]}


def scored(*contacts: dict[str, Any], **criteria: Any) -> list[dict[str, Any]]:
    output = score_contacts.run({"contacts": list(contacts), "criteria": criteria}, Context())
    assert problems(SKILL.output_schema, output) == []
    return output["contacts"]


def score(of: dict[str, Any], **criteria: Any) -> float:
    return scored(of, **criteria)[0]["relevance_score"]


def test_a_contact_that_fits_in_every_way_scores_1():
    assert score(contact(), genres=["synthpop"], regions=["UK"], types=["radio"]) == 1


def test_nearer_genres_score_higher():
    scores = [
        score(contact(genres=[genre]), genres=["synthpop"])
        for genre in ("synth-pop", "electropop", "new wave", "metal")
    ]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 4


def test_who_is_everywhere_is_in_the_region_and_who_asks_for_the_world_asks_for_none():
    assert score(contact(regions=["Worldwide"]), regions=["UK"]) == score(contact(), regions=["UK"])
    assert score(contact(regions=["US"]), regions=["anywhere"]) == score(contact(regions=["US"]))


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("UK", "is somewhere in UK"),
        ("UK & Ireland", "is somewhere in UK & Ireland"),
        ("France", "is elsewhere"),
    ],
)
def test_of_a_place_around_the_region_it_is_said_that_nobody_knows_where_in_it(place: str, told: str):
    (one,) = scored(contact(regions=[place]), regions=["Wales"])
    assert [part["why"] for part in one["score_parts"] if part["name"] == "region"] == [told]


def test_a_place_inside_the_region_counts_and_another_name_too():
    inside = {
        score(contact(regions=[place]), regions=["UK"])
        for place in ("UK", "GB", "Wales", "Manchester", "United Kingdom")
    }
    assert inside == {1.0}
    assert score(contact(regions=["US"]), regions=["UK"]) < 1
    assert score(contact(regions=["UK"]), regions=["Wales"]) < 1


def test_old_entries_and_missing_addresses_score_lower():
    old = contact(imported_at=(NOW - timedelta(days=800)).isoformat())
    assert score(old) < score(contact(imported_at=None)) < score(contact())
    assert score(contact(email=None)) < score(contact())


def test_the_best_come_first_and_suppressed_ones_not_at_all():
    names = [
        each["name"]
        for each in scored(
            contact("metal", genres=["metal"]),
            contact("gone", suppressed=True),
            contact("near", genres=["electropop"]),
            contact("hit"),
            genres=["synthpop"],
        )
    ]
    assert names == ["hit", "near", "metal"]


def test_how_many_a_limit_leaves_out_is_said():
    given = {"contacts": [contact("A"), contact("B"), contact("C")]}
    whole = score_contacts.run(given, Context())["meta"]["warnings"]
    cut = score_contacts.run(given | {"criteria": {"limit": 2}}, Context())["meta"]["warnings"]
    assert (whole, cut) == ([], ["the best 2 of 3 are shown: criteria.limit says how many"])


def test_a_limit_and_a_least_score_are_kept():
    contacts = [contact(), contact("B", genres=["metal"])]
    assert len(scored(*contacts, genres=["synthpop"], limit=1)) == 1
    assert [each["name"] for each in scored(*contacts, genres=["synthpop"], min_score=0.8)] == ["A. Sample"]


def test_without_criteria_only_what_is_known_of_the_contact_counts():
    output = score_contacts.run({"contacts": [contact()]}, Context())
    assert [part["name"] for part in output["contacts"][0]["score_parts"]] == ["email", "freshness"]


def test_no_reason_repeats_a_name_or_an_address():
    (one,) = scored(contact("canary"), genres=["synthpop"], regions=["UK"], types=["radio"])
    assert "canary" not in str(one["score_parts"])
    assert "example.org" not in str(one["score_parts"])


GENRES = st.lists(
    st.sampled_from(["synthpop", "Synth-Pop", "indie", "metal", "new wave", "polka"]), max_size=3
)
PLACES = st.lists(st.sampled_from(["UK", "Wales", "US", "Berlin"]), max_size=2)
CONTACTS = st.lists(
    st.builds(
        contact,
        st.sampled_from(["A", "B"]),
        genres=GENRES,
        regions=PLACES,
        email=st.sampled_from([None, "b@example.org"]),
    ),
    max_size=6,
)


@given(CONTACTS, GENRES, PLACES, st.randoms())
def test_parts_add_up_and_the_order_given_does_not_matter(
    contacts: Any, genres: Any, regions: Any, chance: Any
):
    first = scored(*contacts, genres=genres, regions=regions)
    for each in first:
        assert 0 <= each["relevance_score"] <= 1
        assert each["relevance_score"] == pytest.approx(
            sum(part["points"] for part in each["score_parts"]), abs=1e-9
        )
        assert all(0 <= part["points"] <= part["of"] + 1e-4 for part in each["score_parts"])
    chance.shuffle(contacts)
    assert scored(*contacts, genres=genres, regions=regions) == first


def test_the_skill_is_where_its_definition_says():
    assert (Path(score_contacts.__file__ or "").stem) == SKILL.name.replace("-", "_")


def remembered(**pasts: Any) -> Any:
    return score_contacts.Memory(pasts, {"": (1.5, 28.5), "radio": (1.0, 9.0)})


def parts(past: Any) -> dict[str, float]:
    one = score_contacts.scored_contact(contact(id="a"), {}, NOW, remembered(a=past))
    return {part["name"]: part["points"] for part in one["score_parts"]}


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 9))
def test_one_more_answer_never_lowers_a_score(answers: int, silent: int, unanswered: int):
    past = score_contacts.Past(answers, answers + silent, 0, unanswered)
    late = score_contacts.Past(answers + 1, answers + silent + 1, 0, max(unanswered - 1, 0))
    turned = score_contacts.Past(answers + 1, answers + silent + (not silent), 0, unanswered)
    assert sum(parts(past).values()) <= min(sum(parts(late).values()), sum(parts(turned).values())) + 1e-9


def test_answers_raise_and_silence_lowers():
    silent, quiet, loud = (parts(score_contacts.Past(k, 6))["reply"] for k in (0, 1, 4))
    assert silent < quiet < loud


def test_messages_in_vain_tire():
    rested, tired, spent = (parts(score_contacts.Past(0, 3, 0, sent))["fatigue"] for sent in (0, 1, 5))
    assert rested > tired > spent == 0


def test_a_contact_never_pitched_is_taken_as_its_type_is():
    memory = remembered()
    assert memory.expected(contact(type="radio"))["mean"] == pytest.approx(0.1)
    assert memory.expected(contact(type="label"))["mean"] == pytest.approx(0.05)


def test_more_than_a_thousand_are_refused():
    with pytest.raises(score_contacts.SkillError, match="at most 1000"):
        scored(*[contact()] * 1001)
