"""Scout's and Insight's skills on too little, on nonsense, on what is another's: an answer or a refusal."""

from datetime import timedelta
from uuid import uuid4

import pytest

from insight_data import answered, artist, campaign, contact, pitch
from quality.harness import NOW
from skill_runner.context import SkillError

ACT = {"name": "Neon Harbour", "genres": ["synthpop"]}
DATED = {"title": "Glass Coast", "date": "2026-12-12"}
MINIMAL = {
    "research-contacts": {"query": "UK synthpop radio"},
    "score-contacts": {"contacts": []},
    "discover-opportunities": {"genres": ["synthpop"]},
    "analyze-competition": {"artist": "Neon Harbour"},
    "track-trends": {},
    "identify-patterns": {},
    "recommend-next-steps": {},
    "benchmark-performance": {},
    "optimize-timing": {},
}


@pytest.mark.parametrize("skill", MINIMAL)
async def test_without_any_record_it_says_what_is_missing(skillbench, skill):
    about = (await skillbench.run(skill, MINIMAL[skill], user=skillbench.user()))["meta"]
    assert (about["basis"], about["n"], about["needed"] > 0) == ("insufficient", 0, True)


@pytest.mark.parametrize(
    ("skill", "given", "field"),
    [
        ("research-contacts", {"max_results": 0}, "max_results"),
        ("research-contacts", {"max_results": -1}, "max_results"),
        ("score-contacts", {"contacts": [{}] * 1001}, "contacts"),
        ("score-contacts", {"criteria": {"limit": 0}}, "criteria.limit"),
        ("discover-opportunities", {"max_results": 0}, "max_results"),
        ("discover-opportunities", {"budget": -1}, "budget"),
        ("discover-opportunities", {"artist_id": str(uuid4())}, "artist_id"),
        ("analyze-competition", {"artist": ""}, "artist"),
        ("analyze-competition", {"limit": -10}, "limit"),
        ("analyze-competition", {"artist_id": str(uuid4())}, "artist_id"),
        ("track-trends", {"window_days": 0}, "window_days"),
        ("track-trends", {"fdr": 0}, "fdr"),
        ("track-trends", {"fdr": 1}, "fdr"),
        ("identify-patterns", {"fdr": -0.1}, "fdr"),
        ("identify-patterns", {"min_support": 0}, "min_support"),
        ("recommend-next-steps", {"limit": 0}, "limit"),
        ("recommend-next-steps", {"campaign_id": str(uuid4())}, "campaign_id"),
        ("recommend-next-steps", {"artist_id": str(uuid4())}, "artist_id"),
        ("benchmark-performance", {"campaign_id": str(uuid4())}, "campaign_id"),
        ("benchmark-performance", {"artist_id": str(uuid4())}, "artist_id"),
        ("optimize-timing", {"timezone": ""}, "timezone"),
        ("optimize-timing", {"slots": ["monday 99"]}, "slots"),
        ("optimize-timing", {"not_before": "9999-12-31T00:00:00Z"}, "not_before"),
        ("suggest-hashtags", {"artist": ACT, "platform": "x", "max": 0}, "max"),
        ("create-campaign-plan", {"release": {"title": "Glass Coast"}}, "release.date"),
        ("create-campaign-plan", {"release": {**DATED, "date": "0001-01-01"}}, "release.date"),
        ("create-campaign-plan", {"release": {**DATED, "date": "9999-12-31"}}, "release.date"),
        ("create-campaign-plan", {"release": DATED, "hours_per_week": -1}, "hours_per_week"),
        ("create-campaign-plan", {"release": DATED, "budget": -1}, "budget"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(skillbench, skill, given, field):
    with pytest.raises(SkillError, match=f"^{field}:"):
        await skillbench.run(skill, {**MINIMAL.get(skill, {}), **given}, user=skillbench.user())


@pytest.mark.parametrize(
    ("skill", "given"),
    [
        ("research-contacts", {"max_results": 10**12}),
        ("research-contacts", {"query": ""}),
        ("research-contacts", {"query": "' OR 1=1; & | ! :* \\ <-> simon&garfunkel"}),
        ("research-contacts", {"query": "日本 " * 1000}),
        ("research-contacts", {"genres": [""], "regions": [""]}),
        ("score-contacts", {"contacts": [{}], "criteria": {"limit": None, "min_score": None}}),
        ("score-contacts", {"contacts": [{}, {}]}),
        (
            "score-contacts",
            {"contacts": [{"genres": [""]}], "criteria": {"genres": [""], "min_score": 1e300}},
        ),
        ("discover-opportunities", {"genres": [""], "regions": [""], "kinds": [], "max_results": 10**12}),
        ("discover-opportunities", {"release": {"title": "", "date": "9999-12-31"}}),
        ("analyze-competition", {"artist": "東京", "limit": 10**12}),
        ("track-trends", {"window_days": 10**9, "genres": [""]}),
        ("identify-patterns", {"min_support": 10**12}),
        ("recommend-next-steps", {"limit": 10**12}),
        ("benchmark-performance", {"cohort": {"genres": [""]}}),
        ("optimize-timing", {"deadline": "0001-01-01T00:00:00Z"}),
        ("suggest-hashtags", {"artist": {"name": "x" * 9999, "genres": [""]}, "platform": "x", "max": 10**9}),
        ("create-campaign-plan", {"release": {**DATED, "title": ""}, "channels": [], "hours_per_week": 0}),
    ],
)
async def test_what_is_odd_is_answered(skillbench, skill, given):
    found = await skillbench.run(skill, {**MINIMAL.get(skill, {}), **given}, user=skillbench.user())
    assert found["meta"]["basis"] in ("insufficient", "prior_only", "own_data")


@pytest.mark.parametrize("replied", [False, True])
async def test_outcomes_that_are_all_alike_show_nothing(skillbench, replied):
    user = skillbench.user()
    who = artist(user)
    act, people = campaign(user, artist_id=who["id"]), [contact(user) for _ in range(40)]
    sent = [pitch(user, act, people[n % 40], days=30 + n % 300, template="short") for n in range(600)]
    rows = [answered(row) for row in sent] if replied else sent
    await skillbench.load({"artists": [who], "campaigns": [act], "contacts": people, "pitches": rows})
    told = {skill: await skillbench.run(skill, {**MINIMAL[skill]}, user=user) for skill in MINIMAL}
    assert not [one for one in told["identify-patterns"]["patterns"] if one["verdict"] != "not_enough_data"]
    assert told["benchmark-performance"]["you"]["mean"] == float(replied)
    assert {one["direction"] for one in told["track-trends"]["trends"]} <= {"flat", "insufficient"}
    assert told["optimize-timing"]["meta"]["needed"] > 0


async def test_one_contact_is_found_scored_and_given_a_time(skillbench):
    user = skillbench.user()
    alone = contact(user, genre_keys=["synthpop"], region_keys=["uk"])
    await skillbench.load({"contacts": [alone]})
    found = (await skillbench.run("research-contacts", MINIMAL["research-contacts"], user=user))["contacts"]
    scored = (await skillbench.run("score-contacts", {"contacts": found}, user=user))["contacts"]
    timed = await skillbench.run("optimize-timing", {"contacts": scored}, user=user)
    assert [one["contact_id"] for one in timed["schedule"]] == [str(alone["id"])]


async def test_what_lies_in_the_future_counts_for_nothing_yet(skillbench):
    user = skillbench.user()
    who, to = artist(user), contact(user)
    act = campaign(user, artist_id=who["id"])
    rows = [answered(pitch(user, act, to, days=-day)) for day in range(1, 400)]
    days = [
        {
            "id": uuid4(),
            "user_id": user,
            "artist_id": who["id"],
            "metric": "streams",
            "day": NOW.date() + timedelta(days=day),
            "value": float(day),
        }
        for day in range(1, 200)
    ]
    await skillbench.load(
        {"artists": [who], "campaigns": [act], "contacts": [to], "pitches": rows, "metric_days": days}
    )
    for skill in ("identify-patterns", "benchmark-performance", "optimize-timing", "recommend-next-steps"):
        assert (await skillbench.run(skill, {}, user=user))["meta"]["n"] == 0
    assert (await skillbench.run("track-trends", {}, user=user))["trends"] == []
    (scored,) = (await skillbench.run("score-contacts", {"contacts": [{"id": to["id"]}]}, user=user))[
        "contacts"
    ]
    assert "history" not in scored


async def test_pitches_to_what_is_anothers_tell_nothing_of_it(skillbench):
    """Rows may name any id: whoever knows one must not learn what lies behind it."""
    user, other = skillbench.user(), skillbench.user()
    theirs = artist(other, name="Secret Act", genres=["secret genre"])
    act = campaign(other, artist_id=theirs["id"], name="Secret Campaign", genres=["secret genre"])
    people = [
        contact(other, type="venue", outlet=f"Secret {n}", genres=["secret genre"], regions=["secret place"])
        for n in range(200)
    ]
    mine = campaign(user, artist_id=theirs["id"], name="Mine", genres=None)
    sent = [pitch(user, (mine, act)[n % 2], people[n % 200], days=3 + n % 90) for n in range(800)]
    rows = [answered(row) if n % 7 == 0 else row for n, row in enumerate(sent)]
    await skillbench.load(
        {"artists": [theirs], "contacts": people, "campaigns": [act, mine], "pitches": rows}
    )
    ids = {"contacts": [{"id": str(one["id"])} for one in people[:20]]}
    given = {**MINIMAL, "score-contacts": ids, "optimize-timing": ids}
    for skill, asked in given.items():
        told = str(await skillbench.run(skill, asked, user=user)).lower()
        assert "secret" not in told, skill
        assert "venue" not in told, skill
