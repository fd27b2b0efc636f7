"""Hashtags are well written, of several kinds, and never twice, whatever names they come from."""

import pytest

from library.hashtags import PLATFORMS, Candidate, diverse, likeness, tag
from skill_runner.context import SkillError
from skillmodules import Asked, skill_module

skill = skill_module("coach/suggest_hashtags.py")
ARTIST = {"name": "Neon Harbour", "genres": ["synthpop"], "location": "Leeds, UK"}
RELEASE = {"title": "Glass Coast", "type": "single"}


def suggested(**changes):
    given = {"artist": ARTIST, "release": RELEASE, "platform": "instagram", "max": 8} | changes
    return skill.run(given, Asked())


def tags(found) -> list[str]:
    return [one["tag"] for one in found["hashtags"]]


def test_the_artist_comes_first_and_all_six_kinds_are_there():
    found = suggested()
    assert tags(found)[:2] == ["#NeonHarbour", "#GlassCoast"]
    assert {one["kind"] for one in found["hashtags"]} == {
        "artist",
        "release",
        "genre",
        "scene",
        "place",
        "format",
    }


def test_only_as_many_as_the_platform_takes():
    found = suggested(platform="tiktok", max=20)
    assert len(found["hashtags"]) == PLATFORMS["tiktok"].most
    assert "tiktok takes 5 at most" in found["meta"]["warnings"]


def test_an_artist_of_whom_only_the_name_is_known_gets_a_few_and_is_told():
    found = suggested(artist={"name": "Neon Harbour"}, release=None)
    assert "#NeonHarbour" in tags(found)
    assert any(warning.startswith("Few kinds") for warning in found["meta"]["warnings"])


def test_a_release_named_as_its_artist_is_one_tag():
    found = suggested(release={"title": "neon harbour"})
    assert [one.casefold() for one in tags(found)].count("#neonharbour") == 1


@pytest.mark.parametrize(
    ("written", "scene"),
    [
        ("Synth-Pop", "#SynthFam"),
        ("RnB", "#SoulMusic"),
        ("drum & bass", "#ElectronicMusic"),
        ("DnB", "#ElectronicMusic"),
        ("Hip-Hop", "#HipHopCulture"),
        ("Post Punk", "#DiyPunk"),
    ],
)
def test_a_genre_is_known_however_it_is_written(written, scene):
    found = suggested(artist={"name": "A Name", "genres": [written]})
    assert scene in tags(found)


@pytest.mark.parametrize(
    ("location", "town"),
    [
        ("Leeds, UK", "#Leeds"),
        ("بيروت، لبنان", "#بيروت"),
        ("東京、日本", "#東京"),
        (" , UK", "#UK"),
        (",", None),
    ],
)
def test_a_place_is_the_town_in_whichever_script_its_comma_is(location, town):
    found = suggested(artist=ARTIST | {"location": location}, max=30)["hashtags"]
    places = [one["tag"] for one in found if one["kind"] == "place"]
    assert sorted(places) == ([town, f"{town}Music"] if town else [])


@pytest.mark.parametrize(
    ("more", "unsigned"),
    [
        ({}, True),
        ({"bio": "A duo who record at home"}, True),
        ({"bio": "A duo, signed to a label in Hull"}, False),
        ({"facts": [{"id": "f1", "text": "Their first EP came out on Sample Records"}]}, False),
    ],
)
def test_nobody_is_called_unsigned_of_whom_a_label_is_known(more, unsigned):
    assert ("#UnsignedArtist" in tags(suggested(artist=ARTIST | more, max=30))) is unsigned


def test_no_figure_of_reach_is_told():
    assert not any(letter.isdigit() for one in suggested()["hashtags"] for letter in one["why"])


@pytest.mark.parametrize("most", [0, -1])
def test_less_than_one_is_refused(most):
    with pytest.raises(SkillError, match="max"):
        suggested(max=most)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Neon Harbour", "#NeonHarbour"),
        ("R&B", "#RNB"),
        ("r & b", "#RNB"),
        ("Willow & Ash", "#WillowAndAsh"),
        ("Drum&Bass", "#DrumAndBass"),
        ("हिन्दी", "#हिन्दी"),
        ("drum and bass", "#DrumAndBass"),
        ("Sigur Rós", "#SigurRós"),
        ("AC/DC", "#ACDC"),
        ("50 Cent", "#50Cent"),
        ("don't", "#Dont"),
        ("ﬁne", "#Fine"),
        ("Love \u2764\ufe0f Band", "#LoveBand"),
        ("Chapter 1\ufe0f\u20e3", "#Chapter1"),
        ("!!!", None),
        ("1975", None),
        ("", None),
        ("x" * 65, None),
    ],
)
def test_a_tag_has_letters_and_digits_only(name, written):
    assert tag(name) == written


def test_the_second_choice_is_unlike_the_first():
    first = Candidate("#Synthpop", "genre", 1.0, "")
    near = Candidate("#Synthpops", "genre", 0.9, "")
    other = Candidate("#Leeds", "place", 0.5, "")
    assert diverse([first, near, other], 2) == [first, other]
    assert likeness(first, near) > likeness(first, other)
