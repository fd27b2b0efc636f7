"""Plans take the user's own records, say which one of several, and what they may cost."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from library.lead_times import LeadTime
from rig import ROOT
from totalaud.planner.draft import Plan, Step
from totalaud.planner.facts import Artist, Campaign, Facts, Release
from totalaud.planner.plan import planned
from totalaud.planner.prices import FREE, Cost, expected
from totalaud.planner.question import Question, Unread
from totalaud.planner.telling import over, plan_lines
from totalaud.planner.timing import UPLOAD, notes, window
from totalaud.planner.vocabulary import lead_times

TODAY = date(2026, 11, 24)
ARTIST = Artist("a1", "Neon Harbour", ("synthpop",), "Leeds", None, ({"id": "f1", "text": "A fact"},))
COAST = Release("r1", "a1", "Glass Coast", "single", date(2026, 12, 20))
LATER = Release("r2", "a1", "Later Waves", "single", date(2027, 3, 1))
ALBUM = Release("r3", "a1", "Long One", "album", date(2026, 12, 1))
OUT = Release("r4", "a1", "Just Out", "single", date(2026, 11, 1))
OLD = Release("r5", "a1", "Long Ago", "single", date(2024, 1, 1))
TODAY_S = Release("r6", "a1", "Today", "single", TODAY)
LATELY = Release("r7", "a1", "Lately", "single", date(2026, 9, 25))
BEFORE = Release("r8", "a1", "Before", "single", date(2026, 9, 24))
NAMES = (
    "research-contacts score-contacts track-campaign identify-patterns benchmark-performance "
    "recommend-next-steps optimize-timing create-campaign-plan generate-report suggest-hashtags "
    "discover-opportunities analyze-competition track-trends analyze-responses predict-success"
)
MARA = {"id": "k1", "name": {"$sealed": "p", "n": "", "c": ""}, "outlet": "Tees Valley FM", "type": "radio"}
PAID = {"provider": "anthropic", "model": "claude-sonnet-4-20250514", "config": {"max_tokens": 800}}
SKILLS = {
    **{name: {"provider": "custom", "input_schema": {}} for name in NAMES.split()},
    "generate-pitch": PAID,
    "write-press-release": PAID,
    "write-summary": PAID,
}


NEON = {
    "name": "Neon Harbour",
    "genre": "synthpop",
    "genres": ["synthpop"],
    "location": "Leeds",
    "facts": [{"id": "f1", "text": "A fact"}],
}
GLASS = {"id": "r1", "title": "Glass Coast", "type": "single", "date": "2026-12-20", "links": []}
FOUND = {"contacts": "{{step1.contacts}}"}


def facts(**changes) -> Facts:
    given = {"artists": [ARTIST], "releases": [COAST], "campaigns": [Campaign("c1", "Autumn")]} | changes
    return Facts(today=TODAY, skills=SKILLS, **given)


def of(intent, known=None, **slots):
    return planned(Question(intent, **slots), known or facts())


def test_finding_is_two_free_steps():
    plan = of("find", genres=("synthpop",), regions=("uk",), type="radio")
    assert [step.skill for step in plan.steps] == ["research-contacts", "score-contacts"]
    assert plan.free
    assert plan.steps[1].input["contacts"] == "{{step1.contacts}}"


@pytest.mark.parametrize(
    ("asked", "limit"),
    [({}, 20), ({"limit": 30}, 30), ({"intent": "pitch", "type": "radio"}, 5)],
)
def test_the_best_are_chosen_from_all_who_fit(asked, limit):
    search, ranking, *_ = of(**{"intent": "find", "genres": ("synthpop",)} | asked).steps
    assert (search.input["max_results"], ranking.input["criteria"]["limit"]) == (200, limit)


@pytest.mark.parametrize("intent", ["find", "predict", "pitch"])
@pytest.mark.parametrize(("many", "told"), [(1000, False), (1001, True)])
def test_that_more_are_at_an_outlet_than_are_looked_at_is_told(intent, many, told):
    there = [{"id": f"k{number}", "outlet": "The Wire"} for number in range(many)]
    plan = of(intent, facts(contacts=there), outlet="The Wire")
    note = "more than 1000 of your contacts are there: the first of them are looked at"
    assert (note in plan.notes) == told
    assert len(plan.steps[0].input["contacts"]) <= 1000


def test_patterns_of_all_pitches_are_not_told_as_those_of_an_artist():
    note = f"patterns are looked for in all of your pitches, not in those for {ARTIST.name} alone"
    assert note in of("patterns", artist=ARTIST.name).notes
    assert note not in of("patterns", artist=ARTIST.name, cohort=True).notes
    assert note not in of("patterns").notes


@pytest.mark.parametrize(
    ("intent", "slots", "given"),
    [
        ("find", {"regions": ("wales",)}, {**FOUND, "criteria": {"regions": ["wales"], "limit": 20}}),
        ("find", {"type": "radio"}, {**FOUND, "criteria": {"types": ["radio"], "limit": 20}}),
        ("find", {"contact": "mara@example.org"}, {"contacts": [MARA]}),
        ("next", {}, {}),
        ("next", {"campaign": "Autumn"}, {"campaign_id": "c1"}),
        ("next", {"limit": 3}, {"limit": 3}),
        ("timing", {"type": "radio"}, {"type": "radio"}),
        ("plan", {}, {"release": GLASS}),
        ("plan", {"channels": ("radio",)}, {"release": GLASS, "channels": ["radio"]}),
        ("hashtags", {"platform": "tiktok"}, {"artist": NEON, "release": GLASS, "platform": "tiktok"}),
        ("opportunities", {}, {"artist_id": "a1", "genres": ["synthpop"], "release": GLASS}),
        ("similar", {"genres": ("folk",)}, {"artist_id": "a1", "genres": ["folk"]}),
        ("answers", {"release": "Glass Coast"}, {"campaign_id": "c1"}),
        ("predict", {"type": "radio"}, {**FOUND, "campaign_id": "c1"}),
        ("predict", {"regions": ("wales",)}, {**FOUND, "campaign_id": "c1"}),
    ],
)
def test_the_last_step_is_given_what_was_asked_for_and_no_more(intent, slots, given):
    known = facts(contacts=[MARA], campaigns=[Campaign("c1", "Autumn", release_id="r1")])
    assert of(intent, known, **slots).steps[-1].input == given


def test_results_are_set_beside_those_of_the_genres_that_were_named():
    _, beside, following = of("patterns", genres=("folk",)).steps
    assert beside.input["cohort"] == {"genres": ["folk"]}
    assert "cohort" not in of("patterns").steps[1].input
    assert following.input == {"limit": 3}


@pytest.mark.parametrize("intent", ["find", "whom", "pitch"])
def test_whoever_has_no_contacts_yet_is_told_how_to_bring_them(intent):
    found = of(intent, facts(anybody=False), type="radio", genres=("synthpop",))
    assert found.reason == "there is no contact yet: 'totalaud contacts import FILE' brings whom you know"


def test_a_prediction_is_made_for_all_who_fit():
    search, chances = of("predict", genres=("synthpop",), outcome="replied").steps
    assert search.input["max_results"] == 200
    assert chances.input["contacts"] == "{{step1.contacts}}"


def test_the_query_of_a_search_has_only_what_was_understood():
    plan = of("find", genres=("synthpop",), unused=("sarah",))
    assert plan.steps[0].input == {"query": "synthpop contacts", "genres": ["synthpop"], "max_results": 200}
    assert "sarah" not in str([step.input for step in plan.steps])
    search = of("find", regions=("wales",), type="radio").steps[0].input
    assert search == {"query": "wales radio", "regions": ["wales"], "type": "radio", "max_results": 200}
    assert "not understood and not used: sarah" in plan.notes


def test_a_pitch_takes_artist_and_release_from_the_tables():
    (step,) = of("pitch", outlet="BBC Radio 6 Music", release_type="single").steps
    assert step.input["artistInfo"]["facts"] == [{"id": "f1", "text": "A fact"}]
    assert step.input["release"]["date"] == "2026-12-20"
    assert step.input["contacts"] == [{"outlet": "BBC Radio 6 Music"}]


def test_a_pitch_goes_to_the_contacts_of_the_outlet_where_there_are_some():
    sealed = {"id": "k1", "name": {"$sealed": "p", "n": "", "c": ""}, "outlet": "Tees Valley FM"}
    plan = of("pitch", facts(contacts=[sealed]), outlet="Tees Valley FM")
    (written,) = plan.steps
    assert (written.input["contacts"], written.why) == ([sealed], "Write to Tees Valley FM")
    assert "$sealed" not in "\n".join(plan_lines(plan))


def test_a_pitch_to_an_outlet_says_where_more_contacts_are_there_than_it_writes_to():
    there = [{"id": f"k{number}", "outlet": "Tees Valley FM"} for number in range(6)]
    plan = of("pitch", facts(contacts=there), outlet="Tees Valley FM")
    assert len(plan.steps[0].input["contacts"]) == 5
    assert "writes to the first 5 of your contacts there, who are more" in plan.notes
    assert of("pitch", facts(contacts=there[:5]), outlet="Tees Valley FM").notes == ()


def test_nobody_at_an_outlet_is_pitched_twice_for_a_release():
    told = {"outlet": "Tees Valley FM"}
    known, new = {"id": "k1", "pitched_for": ["r1"], **told}, {"id": "k2", "pitched_for": ["r9"], **told}
    plan = of("pitch", facts(contacts=[known, new]), outlet="Tees Valley FM")
    assert plan.steps[0].input["contacts"] == [{"id": "k2", **told}]
    assert "leaves out 1 there who were pitched for Glass Coast already" in plan.notes
    nobody = of("pitch", facts(contacts=[known]), outlet="Tees Valley FM")
    assert "was pitched for Glass Coast already" in nobody.reason


def test_who_is_named_by_an_address_is_pitched_once_more_and_that_is_said():
    known = {"id": "k1", "pitched_for": ["r1"]}
    plan = of("pitch", facts(contacts=[known]), contact="mara@example.org")
    assert plan.steps[0].input["contacts"] == [{"id": "k1"}]
    assert "this contact was pitched for Glass Coast already" in plan.notes


@pytest.mark.parametrize("intent", ["whom", "pitch"])
def test_whom_to_pitch_leaves_out_who_was_pitched_for_the_release(intent):
    plan = of(intent, type="radio")
    assert plan.steps[0].input["unpitched_for"] == "r1"
    assert plan.steps[1].input["criteria"]["unpitched_for"] == "r1"
    assert "leaves out whom you have pitched for Glass Coast already" in plan.notes


def test_whom_to_pitch_is_looked_for_by_the_artist_s_genres_unless_some_are_named():
    assert of("whom").steps[0].input["genres"] == ["synthpop"]
    assert of("whom", genres=("folk",)).steps[0].input["genres"] == ["folk"]
    plain = facts(artists=[Artist("a1", "Neon Harbour")])
    assert "has no genre yet" in of("whom", plain).reason


def test_campaigns_that_are_named_are_compared_by_their_ids():
    campaigns = [Campaign("c1", "Autumn"), Campaign("c2", "Coast radio", release_id="r1")]
    both = (("campaign", "Autumn"), ("release", "Glass Coast"))
    known = facts(campaigns=campaigns)
    (step,) = of("answers", known, compared=both, group_by="campaign").steps
    assert step.input == {"campaign_ids": ["c1", "c2"], "group_by": "campaign"}
    same = (("campaign", "Coast radio"), ("release", "Glass Coast"))
    assert "one campaign" in of("answers", known, compared=same, group_by="campaign").reason


def test_releases_are_compared_by_the_campaigns_for_them():
    campaigns = [
        Campaign("c1", "Autumn"),
        Campaign("c2", "Coast radio", release_id="r1"),
        Campaign("c3", "Coast press", release_id="r1"),
    ]
    plan = of("answers", facts(campaigns=campaigns), group_by="release")
    (step,) = plan.steps
    assert (set(step.input["campaign_ids"]), step.input["group_by"]) == ({"c2", "c3"}, "campaign")
    assert any("by the campaigns for it" in note for note in plan.notes)
    none = of("answers", facts(campaigns=campaigns), group_by="release", release_type="ep")
    assert none.reason == "no campaign is for an ep of yours"


def test_the_contacts_of_an_outlet_are_found_without_a_search():
    there = {"id": "k1", "outlet": "Tees Valley FM"}
    plan = of("find", facts(contacts=[there]), outlet="Tees Valley FM", genres=("folk",))
    (step,) = plan.steps
    assert (step.skill, step.input["contacts"], step.input["criteria"]) == (
        "score-contacts",
        [there],
        {"genres": ["folk"]},
    )
    nobody = of("find", facts(), outlet="Tees Valley FM")
    assert "none of your contacts is at Tees Valley FM" in nobody.reason


def test_nobody_who_is_suppressed_is_written_to_nor_the_outlet_in_their_place():
    shut = {"id": "k1", "outlet": "Tees Valley FM", "suppressed": True}
    kept = {"id": "k2", "outlet": "Tees Valley FM", "suppressed": False}
    plan = of("pitch", facts(contacts=[shut, kept]), outlet="Tees Valley FM")
    assert plan.steps[0].input["contacts"] == [{"id": "k2", "outlet": "Tees Valley FM"}]
    found = of("pitch", facts(contacts=[shut]), outlet="Tees Valley FM")
    assert isinstance(found, Unread)
    assert "whom you know at Tees Valley FM must not be written to" in found.reason


def test_pitches_to_many_are_researched_first_and_written_to_a_few():
    plan = of("pitch", genres=("synthpop",), type="radio")
    assert [step.skill for step in plan.steps] == ["research-contacts", "score-contacts", "generate-pitch"]
    assert plan.steps[1].input["criteria"]["limit"] == 5
    assert plan.steps[2].cost.calls == 10


@pytest.mark.parametrize(
    ("releases", "type_", "taken"),
    [
        ([LATER, COAST, ALBUM], "single", "r1"),
        ([LATER, COAST, ALBUM], None, "r3"),
        ([OLD, OUT], "single", "r4"),
        ([LATER, TODAY_S], None, "r6"),
        ([OUT, LATELY], None, "r4"),
        ([LATELY], None, "r7"),
    ],
)
def test_the_new_one_is_the_next_planned_or_one_just_out(releases, type_, taken):
    plan = of("plan", facts(releases=releases), release_type=type_)
    assert plan.steps[0].input["release"]["id"] == taken
    assert plan.notes


@pytest.mark.parametrize("releases", [[], [OLD], [ALBUM], [BEFORE]])
def test_without_a_planned_single_there_is_no_plan_for_one(releases):
    found = of("plan", facts(releases=releases), release_type="single")
    assert isinstance(found, Unread)
    assert found.reason == "there is no single planned: add it with 'totalaud releases plan'"


def test_what_could_have_been_meant_too_is_told_the_first_three_by_name():
    others = [Campaign(f"c{number}", f"No. {number}") for number in range(1, 6)]
    told = [of("performance", facts(campaigns=others[:most]), window="7d").notes for most in (4, 5)]
    assert told == [
        ("took the campaign No. 4; it could also have been No. 3, No. 2, No. 1",),
        ("took the campaign No. 5; it could also have been No. 4, No. 3, No. 2 and 1 more",),
    ]


def test_of_several_artists_the_first_by_name_is_taken_and_told():
    plan = of("similar", facts(artists=[Artist("a0", "Willow & Ash"), ARTIST]))
    assert plan.steps[0].input == {"artist_id": "a1"}
    assert plan.notes == ("took the artist Neon Harbour; it could also have been Willow & Ash",)


def test_of_two_artists_of_one_name_the_release_says_which():
    twin = Artist("a2", "Neon Harbour", (), "Cardiff")
    tide = Release("r9", "a2", "Low Tide", "single", date(2027, 1, 15))
    plan = of(
        "press", facts(artists=[ARTIST, twin], releases=[COAST, tide]), release="Low Tide", artist=twin.name
    )
    assert plan.steps[0].input["artist"]["location"] == "Cardiff"


@pytest.mark.parametrize(
    ("known", "slots", "why"),
    [
        ({"artists": [], "releases": []}, {}, "there is no artist yet: add one with 'totalaud artists set'"),
        ({"releases": [Release("r9", "a9", "Low Tide", "ep", TODAY)]}, {}, "its artist is none of yours"),
        (
            {},
            {"release": "Glass Coast", "artist": "Willow & Ash"},
            "Glass Coast is no release of that artist",
        ),
    ],
)
def test_an_artist_who_is_not_there_is_told(known, slots, why):
    found = of("opportunities", facts(**known), **slots)
    assert isinstance(found, Unread)
    assert found.reason == why


def test_a_named_release_may_be_old():
    assert (
        of("plan", facts(releases=[OLD, COAST]), release="long ago").steps[0].input["release"]["id"] == "r5"
    )


def test_of_several_open_campaigns_the_latest_is_taken_and_told():
    older = Campaign("c3", "Summer", datetime(2026, 6, 1, tzinfo=UTC))
    newer = Campaign("c2", "Winter", datetime(2026, 11, 1, tzinfo=UTC))
    closed = Campaign("c4", "Spring", datetime(2026, 11, 20, tzinfo=UTC), closed=True)
    plan = of("performance", facts(campaigns=[older, newer, closed]), window="7d")
    assert plan.steps[0].input == {"campaign_id": "c2", "window": "7d"}
    assert plan.notes == ("took the campaign Winter; it could also have been Summer",)


@pytest.mark.parametrize(
    ("intent", "taken"), [("performance", "Winter"), ("report", "Winter"), ("predict", "Coming")]
)
@pytest.mark.parametrize("slots", [{}, {"release": "Glass Coast"}])
def test_how_a_campaign_does_is_asked_of_one_that_was_pitched(intent, taken, slots):
    sent = datetime(2026, 11, 1, tzinfo=UTC)
    winter = Campaign("c2", "Winter", sent, pitched=True, release_id="r1")
    coming = Campaign("c3", "Coming", sent + timedelta(days=20), release_id="r1")
    plan = of(intent, facts(campaigns=[winter, coming]), **slots)
    assert f"took the campaign {taken};" in plan.notes[0]


def test_a_campaign_is_chosen_by_the_kind_of_its_release():
    single, album = Campaign("c2", "Radio", release_id="r1"), Campaign("c3", "Press", release_id="r3")
    known = facts(releases=[COAST, ALBUM], campaigns=[single, album])
    assert of("performance", known, release_type="album").steps[0].input["campaign_id"] == "c3"
    assert of("answers", known, release_type="single").steps[0].input["campaign_id"] == "c2"
    found = of("predict", known, release_type="ep", outcome="replied")
    assert "no campaign for an ep yet" in found.reason


@pytest.mark.parametrize("intent", ["performance", "report"])
def test_the_span_that_nobody_named_is_told(intent):
    known = facts(campaigns=[Campaign("c1", "Spring")])
    assert "last 7 days" in of(intent, known).notes[0]
    assert of(intent, known, window="all").notes == ()


@pytest.mark.parametrize(("day", "note"), [(18, "last 7 days, as no time"), (17, "all of it")])
@pytest.mark.parametrize("intent", ["performance", "report"])
def test_of_a_campaign_that_is_over_all_is_looked_at(intent, day, note):
    known = facts(campaigns=[Campaign("c1", "Spring", datetime(2026, 11, day, 12, tzinfo=UTC), pitched=True)])
    assert note in of(intent, known).notes[0]
    assert of(intent, known, window="7d").steps[0].input in (
        {"campaign_id": "c1", "window": "7d"},
        {"campaign_id": "c1", "period": "week"},
    )


@pytest.mark.parametrize(
    ("span", "window", "told"),
    [
        ("last month", "28d", ("looks at the last 28 days for “last month”",)),
        ("this week", "7d", ("looks at the last 7 days for “this week”",)),
        ("last 28 days", "28d", ()),
    ],
)
def test_a_month_of_the_calendar_is_told_to_be_none(span, window, told):
    known = facts(campaigns=[Campaign("c1", "Spring")])
    for intent in ("performance", "report"):
        assert of(intent, known, window=window, span=span).notes == told


def test_a_prediction_is_for_whom_the_campaign_has_not_pitched():
    plan = of("predict", outcome="placed")
    assert (plan.agent, plan.free) == ("tracker-agent", True)
    (step,) = plan.steps
    assert (step.skill, step.input) == ("predict-success", {"campaign_id": "c1", "outcome": "placed"})


@pytest.mark.parametrize("campaigns", [[], [Campaign("c1", "Autumn")]])
@pytest.mark.parametrize("slots", [{"contact": "mara@example.org"}, {"outlet": "Tees Valley FM"}])
def test_a_prediction_for_whom_was_named_takes_their_ids_and_a_campaign_if_there_is_one(slots, campaigns):
    rows = [MARA, {"id": "k2", "outlet": "Tees Valley FM", "suppressed": True}]
    (step,) = of("predict", facts(contacts=rows, campaigns=campaigns), outcome="replied", **slots).steps
    campaign = {"campaign_id": "c1"} if campaigns else {}
    assert step.input == {"contacts": [{"id": "k1"}], "outcome": "replied", **campaign}


def test_a_prediction_for_a_kind_of_contact_looks_for_them_first():
    search, step = of("predict", outcome="replied", genres=("folk",), type="radio").steps
    assert search.input["genres"] == ["folk"]
    assert step.input["contacts"] == "{{step1.contacts}}"


@pytest.mark.parametrize(
    ("slots", "why"),
    [
        ({}, "there is no campaign yet"),
        ({"outlet": "Tees Valley FM"}, "none of your contacts is at Tees Valley FM"),
        ({"release": "Glass Coast", "type": "radio"}, "there is no campaign for Glass Coast yet"),
        ({"release_type": "single", "type": "radio"}, "no campaign for a single yet"),
        ({"artist": "Neon Harbour", "type": "radio"}, "there is no campaign of Neon Harbour yet"),
    ],
)
def test_a_prediction_for_nobody_says_what_is_missing(slots, why):
    found = of("predict", facts(campaigns=[]), outcome="replied", **slots)
    assert isinstance(found, Unread)
    assert why in found.reason


def test_a_contact_is_ranked_written_to_and_given_a_time_by_its_address():
    known = facts(contacts=[MARA], lead_times={"radio": LeadTime(28, 56, "fictional")})
    mara = {"contact": "mara@example.org"}
    (ranked,) = of("find", known, genres=("folk",), **mara).steps
    assert ranked.input == {"contacts": [MARA], "criteria": {"genres": ["folk"]}}
    assert (ranked.why, of("find").steps[1].why) == ("Say how they fit", "Rank them, and say why")
    pitch = of("pitch", known, **mara)
    (written,) = pitch.steps
    assert (written.input["contacts"], written.why) == ([MARA], "Write to this contact")
    assert "fall short" in pitch.notes[0]
    assert of("timing", known, **mara).steps[0].input == {"contacts": [{"id": "k1"}]}


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "none of your contacts has this e-mail address"),
        ([{"id": "k", "suppressed": True}], "whom you know by this address must not be written to"),
    ],
)
@pytest.mark.parametrize("intent", ["find", "pitch", "predict", "timing"])
def test_an_address_of_nobody_who_may_be_written_to_is_refused_and_not_repeated(intent, rows, why):
    found = of(intent, facts(contacts=rows), contact="mara@example.org")
    assert isinstance(found, Unread)
    assert why in found.reason
    assert "mara" not in found.reason


@pytest.mark.parametrize(
    ("campaigns", "why"),
    [
        ([], "there is no campaign yet: "),
        ([Campaign("c4", "Spring", closed=True)], "there is no open campaign: "),
    ],
)
def test_without_an_open_campaign_nothing_is_tracked(campaigns, why):
    found = of("performance", facts(campaigns=campaigns))
    assert isinstance(found, Unread)
    assert found.reason.startswith(why)


def test_a_closed_campaign_may_be_named():
    closed = Campaign("c4", "Spring push", closed=True)
    assert (
        of("performance", facts(campaigns=[Campaign("c1", "Autumn"), closed]), campaign="Spring push")
        .steps[0]
        .input["campaign_id"]
        == "c4"
    )


def test_a_report_is_one_free_step_with_no_more_than_was_asked():
    plan = of("report", window="28d", audience="label", detail="detailed")
    assert plan.agent == "tracker-agent"
    (step,) = plan.steps
    assert step.input == {
        "campaign_id": "c1",
        "period": "month",
        "audience": "label",
        "detail": "detailed",
    }
    assert of("report").steps[0].input == {"campaign_id": "c1", "period": "week"}


def test_a_report_of_a_release_is_that_of_its_latest_campaign():
    first = Campaign("c2", "Radio", datetime(2026, 6, 1, tzinfo=UTC), closed=True, release_id="r1")
    second = Campaign("c3", "Blogs", datetime(2026, 11, 1, tzinfo=UTC), release_id="r1")
    album = Campaign("c5", "Press", datetime(2026, 11, 20, tzinfo=UTC), release_id="r3")
    known = facts(releases=[COAST, ALBUM], campaigns=[Campaign("c1", "Other"), first, second, album])
    plan = of("report", known, release="Glass Coast", window="7d")
    assert plan.steps[0].input["campaign_id"] == "c3"
    assert plan.notes == ("took the campaign Blogs; it could also have been Radio",)


def test_what_is_asked_of_an_artist_is_taken_from_that_artist_s_records():
    second = Artist("a2", "Willow & Ash", ("folk",), "Newcastle")
    tide = Release("r9", "a2", "Low Tide", "single", date(2027, 1, 15))
    theirs = Campaign("c9", "Tide radio", datetime(2026, 1, 1, tzinfo=UTC), artist_id="a2")
    newer = Campaign("c8", "Other", datetime(2026, 11, 1, tzinfo=UTC), artist_id="a1")
    known = facts(artists=[ARTIST, second], releases=[COAST, tide], campaigns=[newer, theirs])
    assert of("performance", known, artist="Willow & Ash").steps[0].input["campaign_id"] == "c9"
    assert of("next", known, artist="Willow & Ash").steps[0].input == {"artist_id": "a2"}
    assert of("patterns", known, artist="Willow & Ash").steps[1].input["artist_id"] == "a2"
    pitch = of("pitch", known, artist="Willow & Ash", outlet="BBC Radio 6 Music").steps[0].input
    assert (pitch["artistInfo"]["name"], pitch["release"]["title"]) == ("Willow & Ash", "Low Tide")


@pytest.mark.parametrize(
    ("artists", "campaigns", "narrowed"),
    [
        ([ARTIST], [Campaign("c1", "Autumn", artist_id="a1")], True),
        ([ARTIST], [Campaign("c1", "Imported"), Campaign("c2", "Autumn", artist_id="a1")], False),
        ([ARTIST, Artist("a2", "Willow & Ash")], [Campaign("c1", "Autumn", artist_id="a1")], False),
        ([], [Campaign("c1", "Autumn")], False),
    ],
)
def test_what_works_is_not_narrowed_to_an_artist_whose_campaigns_are_not_all(artists, campaigns, narrowed):
    plan = of("patterns", facts(artists=artists, campaigns=campaigns))
    assert ["artist_id" in step.input for step in plan.steps] == [False, narrowed, narrowed]
    assert plan.notes == ()


def test_who_answers_is_asked_of_all_pitches_or_of_one_campaign():
    assert of("answers", group_by="genre").steps[0].input == {"group_by": "genre"}
    assert of("answers", campaign="Autumn").steps[0].input == {"campaign_id": "c1"}


def test_similar_artists_and_trends_are_one_free_step():
    assert of("similar").steps[0].input == {"artist_id": "a1"}
    assert of("trends", genres=("folk",)).steps[0].input == {"genres": ["folk"]}
    assert of("trends", regions=("wales",)).steps[0].input == {"regions": ["wales"]}
    assert of("similar").free


@pytest.mark.parametrize(
    "slots", [{"release": "Glass Coast"}, {"release_type": "single"}, {"artist": "Neon Harbour"}]
)
def test_when_to_pitch_a_release_says_when_such_contacts_want_to_hear_of_it(slots):
    lead = {"radio": LeadTime(28, 56, "usual")}
    plan = of("timing", facts(lead_times=lead), type="radio", **slots)
    (note,) = plan.notes
    assert "28 to 56 days ahead: of this one from 2026-10-25 to 2026-11-22, which is past" in note
    assert of("timing", facts(lead_times=lead), type="radio").notes == ()


@pytest.mark.parametrize(
    ("outlet", "type_", "days", "short", "upload"),
    [
        ("Tees Valley FM", None, 27, True, False),
        ("KEXP", "playlist", 0, True, False),
        (None, "radio", 27, True, False),
        (None, "radio", 28, False, False),
        (None, "radio", -1, False, False),
        ("BBC Introducing", None, 28, False, True),
        ("BBC Introducing", None, 1, True, True),
        ("Junglist Weekly", "journalist", 1, False, False),
    ],
)
def test_what_radio_wants_to_be_told_is_told_before_a_pitch_is_written(outlet, type_, days, short, upload):
    release = TODAY + timedelta(days=days)
    told = notes(outlet, type_, release=release, today=TODAY, lead={"radio": LeadTime(28, 56, "usual")})
    away = "1 day to the release falls" if days == 1 else f"{days} days to the release fall"
    fall_short = f"{away} short of the 28 to 56 days that radio wants"
    assert told == [fall_short] * short + [UPLOAD] * upload
    assert notes(outlet, type_, release=release, today=TODAY, lead={}) == [UPLOAD] * upload


@pytest.mark.parametrize(
    ("type_", "want"),
    [
        ("journalist", "14 to 28 days that online press wants"),
        ("blogger", "14 to 28 days that online press wants"),
        ("curator", "7 to 21 days that playlist curators want"),
        ("venue", "56 to 84 days that venues want"),
        ("label", None),
    ],
)
def test_what_others_want_to_be_told_is_told_as_well(type_, want):
    there = {"id": "k1", "outlet": "Sample Pages", "type": type_}
    lead = lead_times(ROOT / "skills")
    soon = replace(COAST, date=TODAY + timedelta(days=6))
    known = facts(contacts=[there], releases=[soon], lead_times=lead)
    told = of("pitch", known, outlet="Sample Pages").notes
    assert told == ((f"6 days to the release fall short of the {want}",) if want else ())


@pytest.mark.parametrize(
    ("type_", "days", "told"),
    [
        (None, 28, []),
        ("venue", 28, []),
        ("radio", -1, []),
        ("radio", 0, ["2026-09-29 to 2026-10-27, which is past"]),
        ("radio", 28, ["2026-10-27 to 2026-11-24"]),
        ("radio", 27, ["2026-10-26 to 2026-11-23, which is past"]),
    ],
)
def test_a_time_for_pitches_is_told_where_the_kind_has_one_and_the_release_is_to_come(type_, days, told):
    release, lead = TODAY + timedelta(days=days), {"radio": LeadTime(28, 56, "usual")}
    usual = "radio usually wants to hear of a release 28 to 56 days ahead: of this one from "
    assert window(type_, release, today=TODAY, lead=lead) == [usual + one for one in told]


def test_records_are_handed_over_in_the_fields_that_a_skill_s_types_have():
    types = {"ArtistInfo": ("name", "genre", "facts"), "Fact": ("text",), "Release": ("title",)}
    schema = {"$defs": {name: {"properties": {field: {} for field in has}} for name, has in types.items()}}
    skills = {"write-press-release": {**PAID, "input_schema": schema}}
    known = Facts(today=TODAY, skills=skills, artists=[ARTIST], releases=[COAST])
    assert of("press", known).steps[0].input == {
        "artist": {"name": "Neon Harbour", "genre": "synthpop", "facts": [{"text": "A fact"}]},
        "release": {"title": "Glass Coast"},
    }
    bare = of("press", facts(artists=[Artist("a1", "Neon Harbour")])).steps[0].input["artist"]
    assert bare == {"name": "Neon Harbour", "genres": [], "facts": []}


def test_an_artist_without_a_release_gets_nobody_else_s():
    second = Artist("a2", "Willow & Ash")
    found = of("plan", facts(artists=[ARTIST, second]), artist="Willow & Ash")
    assert isinstance(found, Unread)
    assert found.reason.startswith("there is no release of Willow & Ash planned")


def test_of_two_releases_of_one_name_the_other_is_told():
    second = Artist("a2", "Willow & Ash")
    twin = Release("r9", "a2", "Glass Coast", "ep", date(2027, 1, 15))
    plan = of("plan", facts(artists=[ARTIST, second], releases=[COAST, twin]), release="Glass Coast")
    assert plan.steps[0].input["release"]["id"] == "r9"
    assert plan.notes == (
        "took the release Glass Coast by Willow & Ash; it could also have been Glass Coast by Neon Harbour",
    )


def test_releases_of_several_artists_are_told_with_whose_they_are():
    second = Artist("a2", "Willow & Ash")
    twin = Release("r9", "a2", "Glass Coast", "single", date(2027, 1, 15))
    plan = of("press", facts(artists=[ARTIST, second], releases=[COAST, twin]), release_type="single")
    assert plan.notes == (
        "took the release Glass Coast by Neon Harbour; it could also have been Glass Coast by Willow & Ash",
    )


def test_a_campaign_of_one_artist_s_release_is_not_that_of_another_s_of_the_same_name():
    second = Artist("a2", "Willow & Ash")
    twin = Release("r9", "a2", "Glass Coast", "single", date(2027, 1, 15))
    mine, theirs = Campaign("c1", "Mine", release_id="r1"), Campaign("c2", "Theirs", release_id="r9")
    known = facts(artists=[ARTIST, second], releases=[COAST, twin], campaigns=[mine, theirs])
    plan = of("performance", known, release="Glass Coast", artist="Neon Harbour", window="7d")
    assert (plan.steps[0].input["campaign_id"], plan.notes) == ("c1", ())


def test_opportunities_are_looked_for_with_the_kinds_the_money_and_the_artist_s_place():
    asked = {"genres": ("folk",), "kinds": ("festival",), "budget": 0.0, "currency": "€"}
    (step,) = of("opportunities", **asked).steps
    assert step.input["artist_id"] == "a1"
    assert (step.input["genres"], step.input["kinds"]) == (["folk"], ["festival"])
    assert (step.input["budget"], step.input["currency"]) == (0, "€")
    assert step.input["release"]["title"] == "Glass Coast"


def test_opportunities_for_a_release_are_its_artist_s():
    second = Artist("a2", "Willow & Ash", ("folk",))
    tide = Release("r9", "a2", "Low Tide", "single", date(2026, 12, 1))
    known = facts(artists=[ARTIST, second], releases=[COAST, tide])
    (step,) = of("opportunities", known, regions=("wales",)).steps
    assert (step.input["artist_id"], step.input["genres"]) == ("a2", ["folk"])
    assert step.input["regions"] == ["wales"]


def test_opportunities_need_no_release_unless_one_is_asked_for():
    assert "release" not in of("opportunities", facts(releases=[])).steps[0].input
    assert isinstance(of("opportunities", facts(releases=[]), release_type="single"), Unread)


def test_as_many_contacts_are_ranked_and_written_to_as_were_asked_for():
    plan = of("pitch", genres=("synthpop",), type="radio", limit=2, tone="playful")
    assert plan.steps[1].input["criteria"]["limit"] == 2
    assert (plan.steps[2].input["tone"], plan.steps[2].cost.calls) == ("playful", 4)


def test_a_release_without_a_campaign_has_no_report():
    found = of("report", release="Glass Coast")
    assert isinstance(found, Unread)
    assert "totalaud campaigns create" in found.reason


def test_patterns_are_looked_for_in_the_cohort_only_when_asked():
    assert of("patterns", cohort=True).steps[0].input == {"scope": "cohort"}
    assert of("patterns").steps[0].input == {"scope": "mine"}


def test_a_skill_that_is_not_there_is_named():
    found = planned(Question("timing"), Facts(today=TODAY))
    assert isinstance(found, Unread)
    assert "optimize-timing" in found.reason


@pytest.mark.parametrize(
    ("skill", "free", "usd"),
    [
        (SKILLS["track-campaign"], True, 0.0),
        (None, True, 0.0),
        ({"provider": "openai", "model": "no-such-model"}, False, None),
    ],
)
def test_custom_skills_are_free_and_an_unknown_price_is_unknown(skill, free, usd):
    cost = expected(skill)
    assert (cost.free, cost.usd) == (free, usd)


def test_a_text_may_be_written_twice_and_is_priced_so():
    one, five = expected(PAID), expected(PAID, 5)
    assert one.usd == pytest.approx((2000 + 2800) * 2e-6 + 2 * 800 * 10e-6)
    assert five == Cost(pytest.approx(5 * one.usd), 10)


def test_the_repair_of_a_tier_is_priced_at_the_next_one():
    small = expected({**PAID, "model": "small"})
    assert small.usd == pytest.approx(2000 * 1e-6 + 800 * 5e-6 + 2800 * 2e-6 + 800 * 10e-6)


def test_a_model_that_is_asked_to_be_fast_is_told_of_at_what_that_costs(tmp_path, monkeypatch):
    skill = {"provider": "openai", "model": "large", "config": {"max_tokens": 500}}
    plain = expected(skill)
    of_its_own = tmp_path / "models.yaml"
    tiers = "default: large\n  tiers: {large: gpt-5.5}\n  retired: {}"
    of_its_own.write_text(f"openai:\n  {tiers}\n  settings:\n    gpt-5.5: {{service_tier: priority}}\n")
    monkeypatch.setenv("TOTALAUD_MODELS", str(of_its_own))
    assert expected(skill).usd == pytest.approx(2.5 * plain.usd)


def test_an_artist_of_many_facts_costs_more_to_write_about():
    told = tuple(
        {"id": f"f{n}", "text": "A fact that is told in sixty letters or thereabouts, no more"}
        for n in range(200)
    )
    long = facts(artists=[Artist("a1", "Neon Harbour", ("synthpop",), "Leeds", None, told)])
    (short,), (dear,) = (of("press", known).steps for known in (facts(), long))
    assert short.cost.usd == expected(PAID).usd
    assert dear.cost.usd > short.cost.usd + 2 * (200 * 60 / 4 - 2000) * 2e-6
    assert dear.cost.usd < short.cost.usd + 2 * (200 * 90 / 3) * 2e-6


def test_what_looks_like_a_template_in_a_record_is_handed_over_as_data():
    named = Artist("a1", "{{step1.contacts}}", ("synthpop",), None, "We are {{ two }} people")
    plan = of("pitch", facts(artists=[named]), genres=("synthpop",), type="radio")
    steps, given = plan.session()
    assert steps[2]["input"]["contacts"] == "{{step2.contacts}}"
    assert steps[2]["input"]["artistInfo"]["name"] == "{{input.text1}}"
    assert given == {"text1": "{{step1.contacts}}", "text2": "We are {{ two }} people"}
    plain = of("pitch", genres=("synthpop",), type="radio", limit=2)
    steps, given = plain.session()
    assert given == {}
    assert [step["input"] for step in steps] == [step.input for step in plain.steps]


def test_prose_is_one_more_step_on_what_was_found_and_has_its_price():
    plan = planned(Question("performance"), facts(), prose=True)
    assert [step.skill for step in plan.steps] == ["track-campaign", "write-summary"]
    assert plan.steps[1].input == {"findings": "{{step1}}"}
    assert (plan.free, plan.steps[1].cost.calls) == (False, 2)
    assert of("performance").free


@pytest.mark.parametrize(
    ("providers", "may"), [(None, True), ([], False), (["openai"], False), (["anthropic"], True)]
)
def test_only_a_provider_that_is_reached_can_cost_money(providers, may):
    assert of("pitch", outlet="BBC Radio 6 Music").may_cost(providers) is may
    assert not of("performance").may_cost(providers)


def test_what_a_model_writes_anyway_gets_no_prose():
    plan = planned(Question("pitch", outlet="BBC Radio 6 Music"), facts(), prose=True)
    assert [step.skill for step in plan.steps] == ["generate-pitch"]


def test_a_press_release_takes_artist_and_release_from_the_tables():
    (step,) = of("press").steps
    assert (step.skill, step.input["artist"]["name"]) == ("write-press-release", "Neon Harbour")


def test_a_budget_holds_plans_that_may_cost_more_or_who_knows_what():
    plan = of("pitch", outlet="BBC Radio 6 Music")
    assert over(plan, 0.001) is not None
    assert over(plan, plan.steps[0].cost.usd) is None
    unknown = {**SKILLS, "generate-pitch": {"provider": "openai", "model": "no-such-model"}}
    known = Facts(today=TODAY, skills=unknown, artists=[ARTIST], releases=[COAST])
    assert "nobody knows" in over(of("pitch", known, outlet="BBC Radio 6 Music"), 100)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("Glass Coast", "Glass Coast"),
        (0.5, "0.5"),
        (["folk", "jazz"], "folk, jazz"),
        ([MARA, {"id": "k2", "outlet": "Amazing Radio"}, {"id": "k3"}], "3 at Amazing Radio, Tees Valley FM"),
        ([{"id": "k2"}, {"id": "k3"}], "2"),
        (NEON, "Neon Harbour, 1 fact"),
        (GLASS, "Glass Coast, 2026-12-20"),
        ({"genres": ["folk"], "limit": 20}, "genres folk; limit 20"),
    ],
)
def test_a_step_is_told_with_why_its_price_and_what_it_is_given(given, told):
    plan = Plan("scout-agent", (Step("track-trends", {"given": given}, "Look", FREE),))
    assert plan_lines(plan) == [
        "Plan: scout-agent, 1 step, $0",
        "  1. track-trends: Look ($0)",
        f"       given: {told}",
    ]


def test_what_a_step_of_unknown_price_makes_of_a_plan_is_unknown():
    steps = (Step("track-trends", {}, "Look", FREE), Step("write-summary", {}, "Say", Cost(None, 2)))
    first, *_, last = plan_lines(Plan("scout-agent", steps))
    assert first == "Plan: scout-agent, 2 steps, price unknown"
    assert last == "  2. write-summary: Say (price unknown)"


def test_plans_fit_into_eighty_columns():
    plan = of("pitch", facts(releases=[COAST, LATER]), outlet="BBC Radio 6 Music")
    lines = plan_lines(plan)
    assert all(len(line) <= 80 for line in lines)
    assert lines[0].startswith("Plan: coach-agent, 1 step, at most about $0.03")
    assert any("none of your contacts is at BBC Radio 6 Music" in line for line in lines)
    assert "  note: took the release Glass Coast; it could also have been Later Waves" in lines


PEOPLE = [
    {"id": "k1", "outlet": "Tees Valley FM", "type": "radio"},
    {"id": "k2", "outlet": "Tees Valley FM", "type": "journalist"},
    {"id": "k3", "outlet": "Tees Valley FM"},
]


def test_of_an_outlet_s_people_only_those_are_written_to_who_may_be_of_the_kind_that_was_said():
    plan = of("pitch", facts(contacts=PEOPLE), outlet="Tees Valley FM", type="journalist")
    assert [one["id"] for one in plan.steps[0].input["contacts"]] == ["k2", "k3"]
    assert "leaves out 1 there of another kind than journalist" in plan.notes


def test_nobody_of_another_kind_is_written_to_in_place_of_those_who_were_meant():
    found = of("pitch", facts(contacts=PEOPLE[:2]), outlet="Tees Valley FM", type="blogger")
    assert isinstance(found, Unread)
    assert found.reason == "nobody you know at Tees Valley FM is of the kind blogger"


def test_the_kind_of_an_outlet_leaves_nobody_out_and_says_so():
    plan = of("pitch", facts(contacts=PEOPLE), outlet="Tees Valley FM", outlet_type="radio")
    assert len(plan.steps[0].input["contacts"]) == len(PEOPLE)
    assert "not used to choose whom to write to: radio" in plan.notes
    alone = of("pitch", facts(contacts=PEOPLE[:1]), outlet="Tees Valley FM", outlet_type="radio")
    assert not [note for note in alone.notes if note.startswith("not used")]


@pytest.mark.parametrize("named", [{"outlet": "Tees Valley FM"}, {"contact": "mara@example.org"}])
def test_genre_and_place_do_not_choose_among_those_who_are_named_and_that_is_said(named):
    plan = of("pitch", facts(contacts=[MARA]), genres=("folk",), regions=("germany",), **named)
    assert "not used to choose whom to write to: folk, germany" in plan.notes


def test_how_to_name_what_was_read_as_plain_words_is_a_note():
    assert "to name Last Week, put it in quotation marks" in of("next", hidden="Last Week").notes


OTHERS = Artist("a2", "Willow & Ash")
TIDE = Release("r9", "a2", "Low Tide", "ep", date(2027, 2, 1))
OF_TWO = {
    "artists": [ARTIST, OTHERS],
    "releases": [COAST, TIDE],
    "campaigns": [
        Campaign("c1", "Radio", datetime(2026, 11, 1, tzinfo=UTC), release_id="r1", artist_id="a1"),
        Campaign("c2", "Radio", datetime(2026, 11, 2, tzinfo=UTC), release_id="r9", artist_id="a2"),
        Campaign("c3", "Autumn", artist_id="a1", release_id="r1"),
        Campaign("c4", "Loose"),
    ],
}


@pytest.mark.parametrize(
    ("slots", "campaign"),
    [
        ({"campaign": "Radio"}, "c2"),
        ({"campaign": "Radio", "artist": "Neon Harbour"}, "c1"),
        ({"campaign": "Radio", "release": "Glass Coast"}, "c1"),
        ({"campaign": "Loose", "artist": "Willow & Ash"}, "c4"),
    ],
)
def test_of_campaigns_of_one_name_it_is_that_of_the_artist_and_release_that_were_named(slots, campaign):
    plan = of("report", facts(**OF_TWO), **slots)
    assert plan.steps[0].input["campaign_id"] == campaign
    assert ("took the latest of your 2 campaigns called Radio" in plan.notes) == (len(slots) == 1)


@pytest.mark.parametrize(
    ("slots", "why"),
    [
        ({"artist": "Willow & Ash"}, "Autumn is no campaign of that artist"),
        ({"release": "Low Tide"}, "Autumn is no campaign for Low Tide"),
    ],
)
def test_a_campaign_is_not_taken_for_another_artist_s_or_release_s(slots, why):
    assert of("performance", facts(**OF_TWO), campaign="Autumn", **slots).reason == why


@pytest.mark.parametrize(("known", "limit"), [(50, None), (51, 50)])
def test_of_an_outlet_with_many_contacts_the_best_are_shown(known, limit):
    there = [{"id": f"k{number}", "outlet": "Freelance"} for number in range(known)]
    (step,) = of("find", facts(contacts=there), outlet="Freelance").steps
    assert (step.input.get("criteria") or {}).get("limit") == limit
