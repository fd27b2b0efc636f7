"""A pitch tells what was given and asks for one thing; the template does so whatever was given."""

from datetime import date

import pytest
from hypothesis import Phase, settings
from hypothesis import given as drawn
from hypothesis import strategies as some

from library import pitch_template
from skill_runner.context import SkillError
from skillmodules import skill_module

pitch = skill_module("coach/generate_pitch.py")
NOW = "2026-11-24T10:00:00+00:00"
FACTS = [
    {"id": "f1", "text": "Neon Harbour record at home with two synthesizers", "source": "their site"},
    {"id": "f2", "text": "They played Long Meadow Festival in 2024"},
    {"id": "old", "text": "They are on tour until spring", "valid_to": "2026-05-31"},
]
ARTIST = {"name": "Neon Harbour", "genres": ["synthpop"], "location": "Leeds", "facts": FACTS}
RELEASE = {
    "title": "Glass Coast", "type": "single", "date": "2026-12-20", "links": ["https://example.org/glass-coast"]
}  # fmt: skip
CONTACT = {
    "id": "c1", "name": "[[name]]", "email": "[[email]]", "notes": "[[notes]]", "outlet": "Tees Valley FM",
    "role": "presenter", "genres": ["synthpop"],
}  # fmt: skip
BODY = """Hi [[name]],

Neon Harbour are a synthpop act from Leeds, and their new single “Glass Coast” is out on 20 December 2026.
They record at home with two synthesizers, and you can hear that in every bar of it: it is warm, simple, and
quite short.

Would it suit Tees Valley FM?

Best wishes
Neon Harbour"""
GOOD = {
    "subject": "Glass Coast for Tees Valley FM",
    "subject_options": ["New synthpop", "From Leeds"],
    "body": BODY,
    "facts_used": ["f1"],
}


def brief(**changes):
    given = {"contact": CONTACT, "artistInfo": ARTIST, "release": RELEASE, "max_words": 150} | changes
    return pitch.brief({name: value for name, value in given.items() if value is not None}, NOW)


def failed(given=None, **changes):
    checks = pitch.check(given or brief(), GOOD | changes)
    return {one["name"] for one in checks if not one["passed"]}


def test_an_honest_pitch_passes():
    assert failed() == set()


def test_the_model_sees_no_address_no_notes_and_no_fact_past_its_time():
    told = brief()
    assert told["contact"] == {
        "name": "[[name]]",
        "outlet": "Tees Valley FM",
        "role": "presenter",
        "genres": ["synthpop"],
    }
    assert [fact["id"] for fact in told["artist"]["facts"]] == ["f1", "f2"]


def test_both_forms_of_the_input_become_one():
    single = pitch.brief(
        {"artist_name": "Neon Harbour", "genre": "synthpop", "contact_name": "[[name]]", "max_words": 150},
        NOW,
    )
    assert single["artist"] == {"name": "Neon Harbour", "genres": ["synthpop"]}
    assert single["contact"] == {"name": "[[name]]"}


@pytest.mark.parametrize("most", [0, 59, 301])
def test_a_length_that_no_pitch_can_have_is_refused(most):
    with pytest.raises(SkillError, match="max_words"):
        brief(max_words=most)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"body": BODY + " NME loves it."}, {"facts"}),
        ({"body": BODY.replace("20 December", "12 December")}, {"facts"}),
        ({"body": BODY.replace("Glass Coast", "Glass Shore")}, {"facts"}),
        ({"subject": "An NME favourite"}, {"facts"}),
        ({"subject_options": ["New synthpop", "Award-winning synthpop"]}, {"facts"}),
        ({"body": BODY.replace("a synthpop act", "an act on tour until spring")}, {"facts"}),
        ({"body": "Hi [[name]], would it suit you?"}, {"body words", "facts used"}),
        ({"body": BODY + " word" * 150}, {"body words"}),
        ({"subject": "word " * 10}, {"subject words"}),
        ({"subject": ""}, {"subject words"}),
        ({"subject_options": ["New synthpop"]}, {"subject options"}),
        ({"subject_options": ["New synthpop", "new synthpop"]}, {"subject options"}),
        ({"facts_used": ["f2"]}, {"facts used"}),
        ({"facts_used": ["f1", "f9"]}, {"facts used"}),
        ({"facts_used": []}, set()),
        ({"body": BODY + "\nMay I send the files?"}, {"one ask"}),
        ({"body": BODY + "\nPlease write back."}, {"one ask"}),
        ({"body": BODY.replace("suit Tees Valley FM?", "suit you.")}, {"one ask"}),
        ({"body": BODY.replace("[[name]]", "there")}, {"placeholders"}),
        ({"body": BODY + " [[email]]"}, {"placeholders"}),
    ],
)
def test_each_check_finds_what_it_is_for(changes, names):
    assert failed(**changes) == names


def test_what_the_angle_says_may_be_repeated():
    told = brief(angle="Mention that Ana Sample mixed it")
    assert failed(told, body=BODY + " Ana Sample mixed it.") == set()


def test_no_reason_repeats_a_placeholder_s_person():
    told = pitch.check(brief(), GOOD | {"body": "x", "subject": "", "facts_used": ["f9"]})
    assert all(set(one) == {"name", "passed", "why"} for one in told)


def test_the_template_passes_and_tells_the_facts_by_id():
    made = pitch.template(brief())
    assert made["facts_used"] == ["f1", "f2"]
    assert "https://example.org/glass-coast" in made["body"]
    assert "20 December 2026" in made["body"]
    assert failed(**made) == set()


def test_a_fact_in_ordinary_words_alone_is_told_where_all_of_them_are():
    fact = [{"id": "f1", "text": "Two albums and three singles"}]
    given = brief(artistInfo=ARTIST | {"facts": fact})
    told = BODY.replace("They record at home", "There are two albums and three singles. They record at home")
    assert "facts used" in failed(given)
    assert "facts used" not in failed(given, body=told)
    assert pitch.template(given)["facts_used"] == ["f1"]


@pytest.mark.parametrize(
    "text", ["Their first EP is called Please Let Me Know", "Is anybody there? was their first song"]
)
def test_what_a_fact_asks_is_not_asked_of_the_reader(text):
    facts = [{"id": "f1", "text": text}, FACTS[1]]
    made = pitch.template(brief(artistInfo=ARTIST | {"facts": facts}))
    assert made["facts_used"] == ["f1", "f2"]


@pytest.mark.parametrize("outlet", ["Radio Cafe\u0301", "Radio  Café"])
def test_an_outlet_is_named_however_it_is_spaced_and_composed(outlet):
    made = pitch.template(brief(contact=CONTACT | {"outlet": outlet}))
    assert "Radio Café" in made["body"]
    assert made["facts_used"] == ["f1", "f2"]


@pytest.mark.parametrize("day", ["2026-11-24", "2026-11-01", "2026-12-20"])
def test_the_template_says_when_a_release_is_out_as_it_is(day):
    told = brief(release=RELEASE | {"date": day})
    said = {"2026-11-24": "is out on", "2026-11-01": "came out on", "2026-12-20": "comes out on"}[day]
    assert said in pitch.template(told)["body"]


@pytest.mark.parametrize(("own", "theirs"), [("synthpop", "Synth-Pop"), ("drum & bass", "DnB")])
def test_the_template_says_what_both_like_however_each_writes_it(own, theirs):
    given = brief(artistInfo=ARTIST | {"genres": [own]}, contact=CONTACT | {"genres": [theirs]})
    assert f"You look for {own}" in pitch.template(given)["body"]


@pytest.mark.parametrize(
    ("genre", "said"),
    [
        ("R&B", "an R&B act"),
        ("UK garage", "a UK garage act"),
        ("indie", "an indie act"),
        ("house", "a house act"),
        ("Europop", "a Europop act"),
        ("ukulele folk", "a ukulele folk act"),
        ("80s synthpop", "an 80s synthpop act"),
        ("18th-century song", "an 18th-century song act"),
        ("180 bpm", "a 180 bpm act"),
        ("électro", "an électro act"),
    ],
)
def test_the_template_says_a_and_an_as_one_does(genre, said):
    made = pitch.template(brief(artistInfo=ARTIST | {"genres": [genre]}, release=RELEASE | {"type": "ep"}))
    assert said in made["body"]
    assert "The EP “Glass Coast” comes out" in made["body"]


def test_what_is_known_of_the_text_is_counted():
    done = pitch.complete(brief(tone="playful"), GOOD)
    assert (done["tone"], done["word_count"]) == ("playful", len(BODY.split()))


def test_where_facts_are_missing_it_says_so():
    empty = brief(artistInfo={"name": "Neon Harbour"}, release=None)
    assert pitch.rests_on(empty) == {
        "n": 0,
        "sources": [],
        "warnings": [
            "There is no fact about the artist: 'totalaud artists add-fact' adds one",
            "No release was named",
        ],
    }
    assert pitch.rests_on(brief())["sources"] == ["their site"]


ODD = "The 1975|May|!!!|?|Us|award|Please|“Quoted” Name|O'Dear|Who?|A.B.|Ünïcode Ω|50 Engines|NME"
NAMES = some.one_of(
    some.sampled_from([*ODD.split("|"), "Long " * 40, "x" * 200]),
    some.text(min_size=1, max_size=60).filter(lambda text: text.split()),
)
TEXTS = some.one_of(
    some.sampled_from(
        [
            "They won an award in 2019.",
            "Do you know them?",
            "Please listen.",
            "“Great,” said NME.",
            "word " * 200,
        ]
    ),
    some.text(min_size=1, max_size=120).filter(lambda text: text.split()),
)
DAYS = some.dates(date(1900, 1, 1), date(2100, 1, 1)).map(date.isoformat)
GIVEN = some.fixed_dictionaries(
    {
        "contact": some.fixed_dictionaries(
            {},
            optional={
                "outlet": NAMES,
                "name": some.just("[[name]]"),
                "genres": some.lists(NAMES, max_size=2),
            },
        ),
        "artistInfo": some.fixed_dictionaries(
            {"name": NAMES},
            optional={
                "genres": some.lists(NAMES, max_size=2),
                "location": NAMES,
                "bio": TEXTS,
                "facts": some.lists(some.fixed_dictionaries({"text": TEXTS}), max_size=4),
            },
        ),
        "max_words": some.integers(60, 300),
    },
    optional={
        "release": some.fixed_dictionaries({"title": NAMES}, optional={"date": DAYS, "type": some.just("ep")})
    },
)


@settings(max_examples=60, phases=[Phase.explicit, Phase.generate])
@drawn(GIVEN)
def test_the_template_passes_whatever_was_given(given):
    told = pitch.brief(given, NOW)
    made = pitch.template(told)
    assert [one for one in pitch.check(told, made) if not one["passed"]] == []


def test_nobody_who_is_suppressed_is_written_to():
    with pytest.raises(SkillError, match="suppressed"):
        brief(contact={"outlet": "Tees Valley FM", "suppressed": True})


@pytest.mark.parametrize(
    ("genre", "told"), [("new wave", "New wave from"), ("synthpop", "New synthpop from")]
)
def test_a_genre_that_begins_with_new_is_not_called_new_once_more(genre: str, told: str):
    given = {"artist": {"name": "Neon Harbour", "genres": [genre]}, "contact": {}, "today": "2026-11-28"}
    assert f"{told} Neon Harbour" in next(pitch_template.drafts(given))["subject_options"]
