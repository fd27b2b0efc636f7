"""One table of genres, places and kinds, in the same normal form as the tables' columns."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library import music
from projector import namekeys


@given(st.text())
def test_names_have_the_form_of_the_tables_columns(name):
    assert music.key(name) == namekeys.key(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u0915\u093e\u0932\u093e", "\u0915\u0941\u0932"),
        ("\u0e01\u0e34\u0e19", "\u0e01\u0e31\u0e19"),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939\u0928\u0926"),
    ],
)
def test_names_that_differ_in_their_vowels_alone_are_told_apart(one: str, other: str):
    assert music.key(one) != music.key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("M\u0304o", "mo"),
        ("\u0130zmir", "izmir"),
        ("\u05e9\u05b8\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("a\u2764\ufe0fb", "a\u2764b"),
    ],
)
def test_accents_that_stand_alone_points_and_selectors_do_not_matter(one: str, other: str):
    assert music.key(one) == music.key(other)


def test_nearness_is_the_same_both_ways():
    near = music.near_genres()
    assert all(near[other][one] == weight for one in near for other, weight in near[one].items())
    assert all(0 < weight <= 1 for others in near.values() for weight in others.values())


def test_no_line_of_a_table_hides_another():
    for table in (
        music.GENRES,
        music.PLACES,
        music.TERRITORIES,
        music.SAME,
        music.CODES,
        music.OF_THERE,
        music.ALIKE,
    ):
        names = [line.split(":")[0] for line in table.strip().splitlines()]
        assert len(names) == len(set(names))


def test_the_nearest_comes_first_and_other_names_are_as_near_as_can_be():
    assert next(iter(music.nearness("Synth-Pop").items())) == ("synthpop", 1.0)
    assert music.closeness(["dnb"], ["Drum & Bass"]) == 1
    assert music.closeness(["dnb"], ["jungle"]) == music.closeness(["drum and bass"], ["jungle"])
    assert music.closeness(["polka"], ["metal"]) == 0


@pytest.mark.parametrize(
    ("place", "inside"),
    [
        ("UK", "cardiff"),
        ("gb", "wales"),
        ("Europe", "greatbritain"),
        ("Deutschland", "berlin"),
        ("Austria", music.key("Österreich")),
        ("Germany", "de"),
        ("España", "es"),
        ("Nordics", "no"),
    ],
)
def test_a_place_holds_what_lies_in_it(place, inside):
    assert inside in music.inside_of(place)


@pytest.mark.parametrize(
    ("former", "now"),
    [
        ("Turkey", "Türkiye"),
        ("Czech Republic", "Czechia"),
        ("Macedonia", "North Macedonia"),
        ("Burma", "Myanmar"),
        ("Swaziland", "Eswatini"),
        ("Cape Verde", "Cabo Verde"),
        ("Ivory Coast", "Côte d'Ivoire"),
        ("East Timor", "Timor-Leste"),
        ("United States of America", "USA"),
    ],
)
def test_a_country_is_the_same_under_its_former_name(former, now):
    assert music.key(former) in music.inside_of(now)
    assert music.key(now) in music.inside_of(former)
    assert music.place_key(former) == music.place_key(now)


@pytest.mark.parametrize("place", ["Portugal", "Greece", "Magyarország", "Česko", "Rumänien", "EE"])
def test_europe_reaches_beyond_its_west(place):
    assert "europe" in music.reach(place)


def test_a_code_of_a_country_is_a_place_by_itself_and_a_word_in_a_sentence():
    assert music.place_key("IT") == "italy"
    assert music.understood("is it at no. 1").regions == ()


def test_a_town_reaches_all_that_it_lies_in():
    assert {"leeds", "england", "uk", "greatbritain", "uk&ireland", "europe"} <= music.reach("Leeds")
    assert "scotland" not in music.reach("Leeds")
    assert "wales" not in music.reach("UK")


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("UK", "UK & Ireland"),
        ("Ireland", "uk/ireland"),
        ("Great Britain", "UK and Ireland"),
        ("Europe", "UK & Ireland"),
        ("US", "USA & Canada"),
        ("Switzerland", "DACH"),
        ("GSA", "Austria"),
        ("Benelux", "Holland"),
        ("Nordics", "Stockholm"),
        ("Scandinavia", "Nordics"),
        ("ANZ", "New Zealand"),
    ],
)
def test_who_serves_a_territory_serves_each_of_its_countries(asked, written):
    assert music.key(written) in music.served_from(asked)


@pytest.mark.parametrize(("asked", "written"), [("UK", "Europe"), ("Wales", "UK & Ireland"), ("UK", "DACH")])
def test_who_is_somewhere_in_a_place_is_not_in_each_of_its_parts(asked, written):
    assert music.key(written) not in music.served_from(asked)


def test_a_territory_is_no_step_on_the_way_out_of_a_country():
    assert music.around_of("UK") == ["europe"]
    assert music.around_of("UK & Ireland") == ["europe"]


def test_a_question_names_a_territory_as_one_place():
    for said, region in [
        ("in the UK & Ireland", "uk & ireland"),
        ("in the UK and Ireland", "uk and ireland"),
    ]:
        assert music.understood(f"indie radio {said}").regions == (region,)
    assert music.understood("Nordic synthpop blogs").regions == ("nordics",)


def test_a_question_is_understood():
    found = music.understood("Find me UK indie radio DJs who like synthpop, drum & bass at Harbour FM")
    assert found == (("drum and bass", "indie", "synthpop"), ("uk",), "radio", ("harbour", "fm"))


def test_words_are_those_of_any_script_whatever_their_form():
    assert music.understood("E\u0301CLAIR \u0915\u093e\u0932\u093e").words == (
        "\u00e9clair",
        "\u0915\u093e\u0932\u093e",
    )


def test_us_is_a_country_in_capitals_only():
    assert music.understood("Tell US stations").regions == ("us",)
    assert music.understood("help us").regions == ()


@given(st.text())
def test_any_text_is_read(text):
    assert len(music.understood(text).words) <= len(normalize("NFKC", text))
