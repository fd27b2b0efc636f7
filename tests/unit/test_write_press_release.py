"""A press release tells what was given, quotes word for word, and names what nobody gave."""

from datetime import date

import pytest
from hypothesis import Phase, settings
from hypothesis import given as drawn
from hypothesis import strategies as some

from skill_runner.context import SkillError
from skillmodules import skill_module

press = skill_module("coach/write_press_release.py")
NOW = "2026-11-24T10:00:00+00:00"
FACTS = [
    {"id": "f1", "text": "Neon Harbour record at home with two synthesizers", "source": "their site"},
    {"id": "f2", "text": "They played Long Meadow Festival in 2024"},
    {"id": "f3", "text": "The song was written on a night train to Whitby"},
]
ARTIST = {
    "name": "Neon Harbour",
    "genres": ["synthpop"],
    "location": "Leeds",
    "bio": "Neon Harbour make quiet synthpop in Leeds.",
    "facts": FACTS,
}
LINKS = ["https://example.org/glass-coast"]
RELEASE = {"title": "Glass Coast", "type": "single", "date": "2026-12-20", "links": LINKS}
QUOTES = [{"text": "It is a song about the last train home.", "speaker": "Ana Sample, singer"}]
GIVEN = {"artist": ARTIST, "release": RELEASE, "quotes": QUOTES, "locale": "en-GB"}
BODY = """Neon Harbour release “Glass Coast” on 20 December 2026. The single was written on a night train to
Whitby.

“It is a song about the last train home,” says Ana Sample. Neon Harbour record at home with two synthesizers,
and make quiet synthpop in Leeds. In 2024 they played Long Meadow Festival, and they sing of what they see."""
SAID = "“It is a song about the last train home,” says Ana Sample."
GOOD = {
    "headline": "Neon Harbour Release Glass Coast",
    "standfirst": "The new single by Neon Harbour is out on 20 December.",
    "body": BODY,
    "facts_used": ["f1", "f2", "f3"],
}


def brief(**changes):
    return press.brief({name: value for name, value in (GIVEN | changes).items() if value is not None}, NOW)


def failed(given=None, **changes):
    return {one["name"] for one in press.check(given or brief(), GOOD | changes) if not one["passed"]}


def test_an_honest_press_release_passes():
    assert failed() == set()


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"body": BODY.replace("20 December", "21 December")}, {"facts"}),
        ({"body": BODY + " NME loves it."}, {"facts"}),
        ({"headline": "Neon Harbour Win NME Award With Glass Coast"}, {"facts"}),
        ({"standfirst": "The award-winning act is back."}, {"facts"}),
        ({"body": BODY.replace("last train home", "first train home")}, {"facts", "quotes"}),
        (
            {"body": BODY.replace("“It is a song about the last train home,” says Ana Sample.", "A song.")},
            {"quotes"},
        ),
        ({"body": BODY + "\n“It is a song about the last train home.”"}, {"quotes"}),
        ({"body": BODY.replace("Ana Sample", "the singer")}, {"quotes"}),
        ({"body": BODY + " “We love it,” says Ana Sample."}, {"facts"}),
        ({"headline": "word " * 16}, {"headline words"}),
        ({"standfirst": "word " * 51}, {"standfirst words"}),
        ({"body": BODY + " word" * 450}, {"body words"}),
        (
            {
                "headline": "A single",
                "standfirst": "A single.",
                "body": BODY.replace("Glass Coast", "the song"),
            },
            {"parts"},
        ),
        ({"standfirst": "It is out.", "body": BODY.replace(" on 20 December 2026", "")}, {"parts"}),
        ({"facts_used": ["f9"]}, {"facts used"}),
        ({"body": BODY + " Write to [[line]]."}, {"placeholders"}),
    ],
)
def test_each_check_finds_what_it_is_for(changes, names):
    assert failed(**changes) == names


def test_rich_material_makes_at_least_three_hundred_words():
    rich = brief(artist=ARTIST | {"bio": "Neon Harbour make quiet synthpop in Leeds, and so on. " * 40})
    assert failed(rich) == {"body words"}
    assert press.rests_on(rich)["warnings"] == []


def test_the_model_is_told_as_many_words_as_it_is_held_to():
    for told in (brief(), brief(artist=ARTIST | {"bio": "Neon Harbour make quiet synthpop. " * 40})):
        (length,) = [
            one for one in press.check(told, GOOD | {"body": "Short."}) if one["name"] == "body words"
        ]
        assert length["why"].endswith(f"{told['min_words']} to {told['max_words']} are wanted")


def test_little_material_makes_a_short_one_that_says_so():
    (warning,) = press.rests_on(brief())["warnings"]
    assert warning.startswith("There is too little material for 300 words")
    assert press.rests_on(brief())["n"] == 3


def test_notes_for_editors_have_embargo_date_links_and_whom_to_ask():
    told = brief(embargo_until="2026-12-01T09:00:00+00:00", contact_line="[[line]]")
    assert press.complete(told, GOOD)["notes_to_editors"].splitlines() == [
        "EMBARGO: not for publication before 1 December 2026, 09:00 UTC",
        "Title: Glass Coast",
        "Format: single",
        "Release date: 20 December 2026",
        "Link: https://example.org/glass-coast",
        "Source of facts: their site",
        "Contact: [[line]]",
    ]
    assert press.complete(brief(), GOOD)["notes_to_editors"].startswith("For immediate release")


@pytest.mark.parametrize(
    ("until", "warned"),
    [
        ("2020-01-01T09:00:00+00:00", ["The embargo is over already"]),
        ("2026-11-23T23:00:00-10:00", []),
        ("2026-11-24T08:00:00+13:00", ["The embargo is over already"]),
        ("2026-12-21T09:00:00+00:00", ["The embargo ends after the release"]),
        ("2026-12-20T09:00:00+00:00", []),
    ],
)
def test_an_embargo_that_cannot_be_meant_so_is_told(until, warned):
    told = press.rests_on(brief(embargo_until=until))["warnings"]
    assert [one for one in told if "embargo" in one] == warned


def test_dates_are_written_as_the_locale_writes_them():
    american = brief(locale="en-US")
    assert "December 20, 2026" in press.template(american)["body"]
    assert "Release date: December 20, 2026" in press.complete(american, GOOD)["notes_to_editors"]


def test_the_paragraph_about_the_artist_is_the_biography():
    assert press.complete(brief(), GOOD)["boilerplate"] == (
        "About Neon Harbour: Neon Harbour make quiet synthpop in Leeds."
    )
    without = brief(artist={"name": "Neon Harbour", "genres": ["synthpop"]})
    assert press.complete(without, GOOD)["boilerplate"] == "About Neon Harbour: Neon Harbour (synthpop)."


def test_what_nobody_gave_is_named():
    bare = brief(artist={"name": "Neon Harbour"}, release={"title": "Glass Coast"}, quotes=None)
    assert press.complete(bare, GOOD)["missing"] == [
        *("release date", "links", "quotes", "biography", "three facts or more"),
        *("genre", "location", "contact line"),
    ]
    assert press.complete(brief(contact_line="[[line]]"), GOOD)["missing"] == []


def test_the_template_has_every_fact_and_every_quote_and_passes():
    made = press.template(brief())
    assert made["facts_used"] == ["f1", "f2", "f3"]
    assert "“It is a song about the last train home.”" in made["body"]
    assert failed(**made) == set()


@pytest.mark.parametrize(
    ("texts", "bio"),
    [
        (("Brilliant.", "Simply brilliant, from start to end"), None),
        (("Brilliant.", "Brilliant"), None),
        (("A quiet record", "It grows"), "They made a quiet record in Leeds."),
    ],
)
def test_words_that_are_quoted_may_stand_elsewhere_too(texts, bio):
    speakers = ("Ana Sample", "Ben Fiction")
    quotes = [{"text": text, "speaker": who} for text, who in zip(texts, speakers, strict=True)]
    told = brief(quotes=quotes, artist=ARTIST | ({"bio": bio} if bio else {}))
    made = press.template(told)
    assert all(f"“{text}”" in made["body"] for text in texts)
    assert failed(told, **made) == set()
    assert "quotes" in failed(told, **(made | {"body": f"{made['body']}\n“{texts[0]}”"}))


@pytest.mark.parametrize(
    ("kind", "said"), [("album", "an album by"), ("ep", "an EP by"), ("single", "a single by")]
)
def test_the_template_says_a_and_an_as_one_does(kind, said):
    told = brief(release={"title": "Glass Coast", "type": kind}, quotes=None)
    made = press.template(told)
    assert said in made["standfirst"]
    assert failed(told, **made) == set()


@pytest.mark.parametrize(
    "changes", [{"quotes": None}, {"artist": {"name": "X"}}, {"release": {"title": "Y"}}]
)
def test_the_template_passes_where_much_is_missing(changes):
    told = brief(**changes)
    assert [one for one in press.check(told, press.template(told)) if not one["passed"]] == []


def test_an_artist_without_a_name_is_refused():
    with pytest.raises(SkillError, match=r"artist\.name"):
        brief(artist={"name": " "})


WORDS = some.one_of(
    some.sampled_from(
        ["The 1975", "May", "!!!", "?", "award", "“Quoted” Name", "O'Dear", "NME", "50 Engines"]
    ),
    some.text(some.characters(categories=["L", "Zs"]), min_size=1, max_size=40).filter(
        lambda text: text.split()
    ),
)
DAYS = some.dates(date(1950, 1, 1), date(2100, 1, 1)).map(date.isoformat)


@settings(max_examples=60, phases=[Phase.explicit, Phase.generate])
@drawn(
    artist=some.fixed_dictionaries(
        {"name": WORDS}, optional={"location": WORDS, "bio": WORDS, "genres": some.lists(WORDS, max_size=2)}
    ),
    facts=some.lists(some.fixed_dictionaries({"text": WORDS}), max_size=4),
    release=some.fixed_dictionaries({"title": WORDS}, optional={"date": DAYS, "type": some.just("album")}),
)
def test_the_template_tells_nothing_that_was_not_given(artist, facts, release):
    told = brief(artist={**artist, "facts": facts}, release=release, quotes=None)
    made = press.template(told)
    found = {one["name"]: one for one in press.check(told, made)}
    assert found["facts"]["passed"], found["facts"]["why"]
    assert found["facts used"]["passed"]
