"""Patterns among pitches in tables: one's own and the cohort's."""

from uuid import uuid4

import pytest

from insight_data import answered, artist, campaign, contact, empty_cohort, pitch, story
from skill_runner.context import SkillError

SKILL = "identify-patterns"


@pytest.mark.parametrize("own", [True, False])
async def test_the_genre_match_of_fourteen_artists_is_supported_and_times_are_not_known(skillbench, own):
    await empty_cohort(skillbench)
    user = skillbench.user()
    await skillbench.load(story([user if own else uuid4() for _ in range(14)]))
    found = await skillbench.run(SKILL, {"scope": "cohort"}, user=user)
    best = found["patterns"][0]
    assert best["text"].startswith(
        "genre-matched contacts reply 11.9 % (9.3–15.1) vs 6.0 % (4.5–7.9), lift 2.0, q 0.0"  # noqa: RUF001
    )
    assert best["verdict"] == "supported"
    assert best["q_value"] < 0.1
    unknown = {
        pattern["attributes"][0] for pattern in found["patterns"] if pattern["verdict"] == "not_enough_data"
    }
    assert {"weekday", "slot"} <= unknown


@pytest.mark.parametrize("zone", [None, "America/New_York"])
async def test_a_pattern_of_times_says_whose_clocks_it_is_told_by_where_they_are_not_known(skillbench, zone):
    user = skillbench.user()
    act, people = campaign(user), [contact(user, timezone=zone) for _ in range(300)]
    rows = [pitch(user, act, to, days=30 + number % 70) for number, to in enumerate(people * 4)]
    often = [
        number
        for number, row in enumerate(rows)
        if (row["sent_at"].weekday() == 1 and number % 2) or number % 40 == 0
    ]
    rows = [answered(row) if number in often else row for number, row in enumerate(rows)]
    await skillbench.load({"campaigns": [act], "contacts": people, "pitches": rows})
    found = await skillbench.run(SKILL, {}, user=user)
    assert found["patterns"][0]["attributes"][0] in ("weekday", "slot")
    assert any("London" in one for one in found["meta"]["warnings"]) is (zone is None)


async def test_nine_artists_are_withheld(skillbench):
    await empty_cohort(skillbench)
    user = skillbench.user()
    await skillbench.load(story([uuid4() for _ in range(9)]))
    found = await skillbench.run(SKILL, {"scope": "cohort"}, user=user)
    assert found["patterns"] == []
    assert found["meta"]["n"] == 0
    assert any("withheld" in warning for warning in found["meta"]["warnings"])


async def test_a_tenth_artist_that_has_sent_nothing_yet_does_not_show_the_nine(skillbench):
    await empty_cohort(skillbench)
    user, idle = skillbench.user(), artist(uuid4(), in_cohort=True)
    await skillbench.load(story([uuid4() for _ in range(9)]))
    await skillbench.load({"artists": [idle], "campaigns": [campaign(idle["user_id"], artist_id=idle["id"])]})
    found = await skillbench.run(SKILL, {"scope": "cohort"}, user=user)
    assert (found["patterns"], found["meta"]["n"]) == ([], 0)
    assert "withheld" in found["meta"]["warnings"][1]


async def test_strangers_are_not_uncovered_by_adding_artists_of_ones_own(skillbench):
    await empty_cohort(skillbench)
    user = skillbench.user()
    await skillbench.load(story([user] * 9 + [uuid4()]))
    found = await skillbench.run(SKILL, {"scope": "cohort"}, user=user)
    assert (found["patterns"], found["meta"]["n"]) == ([], 0)


async def test_what_few_of_the_cohort_use_is_not_shown(skillbench):
    await empty_cohort(skillbench)
    user = skillbench.user()
    rows = story([uuid4() for _ in range(14)])
    few = {act["id"] for act in rows["campaigns"][:5]}
    for row in rows["pitches"]:
        row["attributes"] = {"secret": "for Alexandra"} if row["campaign_id"] in few else {"secret": "no"}
    await skillbench.load(rows)
    assert "Alexandra" not in str(await skillbench.run(SKILL, {"scope": "cohort"}, user=user))


@pytest.mark.parametrize(("strangers", "shown"), [(0, True), (1, False), (10, True)])
async def test_what_few_of_the_cohort_share_with_artists_of_ones_own_is_not_shown(
    skillbench, strangers, shown
):
    await empty_cohort(skillbench)
    user = skillbench.user()
    rows = story([user] * 10 + [uuid4() for _ in range(14)])
    sharing = {act["id"] for act in rows["campaigns"][: 10 + strangers]}
    for number, row in enumerate(rows["pitches"]):
        shares = row["campaign_id"] in sharing and ("replied_at" in row or number % 5 == 0)
        row["attributes"] = {"plan": "shared" if shares else "usual"}
    await skillbench.load(rows)
    found = await skillbench.run(SKILL, {"scope": "cohort"}, user=user)
    assert ("plan = shared" in {one["rule"] for one in found["patterns"]}) == shown


async def test_what_a_pattern_is_set_beside_tells_of_ten_of_the_cohort_too(skillbench):
    """Below short templates two artists alone write e-mails; above them all do."""
    await empty_cohort(skillbench)
    user = skillbench.user()
    await skillbench.load(_two_who_write_short_emails())
    found = await skillbench.run(SKILL, {"scope": "cohort"}, user=user)
    rules = {one["rule"] for one in found["patterns"] if one["verdict"] == "supported"}
    assert "template = short" in rules
    assert rules.isdisjoint({"template = short and channel = phone", "channel = phone and template = short"})


def _two_who_write_short_emails():
    artists = [artist(uuid4(), in_cohort=True, name=f"Act {n}") for n in range(14)]
    acts = [campaign(one["user_id"], artist_id=one["id"]) for one in artists for _ in range(3)]
    people = {one["user_id"]: contact(one["user_id"]) for one in artists}
    pitches = []
    for number, act in enumerate(acts):
        kinds = [("short", "phone", 30, 9), ("long", "phone", 30, 2), ("long", "email", 30, 2)]
        kinds += [("short", "email", 80, 2)] if number < 6 else []
        for template, channel, many, replied in kinds:
            for n in range(many):
                sent = pitch(act["user_id"], act, people[act["user_id"]], template=template, channel=channel)
                pitches.append(answered(sent) if n < replied else sent)
    return {"artists": artists, "campaigns": acts, "contacts": [*people.values()], "pitches": pitches}


async def test_an_attribute_of_the_name_of_one_that_is_worked_out_does_not_stand_for_it(skillbench):
    user = skillbench.user()
    rows = story([user] * 4)
    for row in rows["pitches"]:
        row["attributes"] = {"slot": "lunch" if "replied_at" in row else "teatime"}
    await skillbench.load(rows)
    assert "lunch" not in str(await skillbench.run(SKILL, {}, user=user))


async def test_sixty_pitches_are_not_enough_and_only_cited_figures_are_given(skillbench):
    user = skillbench.user()
    act, to = campaign(user), contact(user)
    pitches = [pitch(user, act, to) for _ in range(60)]
    pitches[:4] = map(answered, pitches[:4])
    await skillbench.load({"campaigns": [act], "contacts": [to], "pitches": pitches})
    found = await skillbench.run(SKILL, {}, user=user)
    assert (found["patterns"], found["meta"]["basis"], found["meta"]["n"]) == ([], "insufficient", 60)
    assert found["meta"]["needed"] > 500
    assert all(reference["source"] for reference in found["references"])


async def test_young_and_bounced_pitches_and_those_of_others_are_left_out(skillbench):
    user, stranger = skillbench.user(), skillbench.user()
    act, to = campaign(user), contact(user)
    bounced = pitch(user, act, to)
    bounced["bounced_at"] = bounced["sent_at"]
    rows = [pitch(user, act, to, days=20), pitch(user, act, to, days=-3), bounced, pitch(stranger, act, to)]
    await skillbench.load({"campaigns": [act], "contacts": [to], "pitches": [*rows, pitch(user, act, to)]})
    assert (await skillbench.run(SKILL, {}, user=user))["meta"]["n"] == 1


async def test_nothing_at_all_is_not_enough_data(skillbench):
    found = await skillbench.run(SKILL, {"outcome": "placed"}, user=skillbench.user())
    assert (found["meta"]["basis"], found["tested"], found["references"]) == ("insufficient", 0, [])


async def test_equal_outcomes_of_many_are_no_pattern(skillbench):
    user = skillbench.user()
    act, to = campaign(user), contact(user)
    pitches = [answered(pitch(user, act, to, days=30 + n)) for n in range(150)]
    await skillbench.load({"campaigns": [act], "contacts": [to], "pitches": pitches})
    found = await skillbench.run(SKILL, {}, user=user)
    assert {pattern["verdict"] for pattern in found["patterns"]} == {"not_enough_data"}


async def test_a_place_or_a_genre_under_another_name_is_the_same(skillbench):
    user = skillbench.user()
    act = campaign(user, genres=["Drum and Bass"])
    home = [contact(user, genres=["DnB"], regions=[place]) for place in ("UK", "uk", "United Kingdom", "UK")]
    away = [contact(user, genres=["metal"], regions=["US"]) for _ in range(4)]
    pitches = [pitch(user, act, (home + away)[n % 8], days=30 + n / 10) for n in range(400)]
    replied = [answered(one) if n % 8 < 4 and n % 3 == 0 else one for n, one in enumerate(pitches)]
    await skillbench.load({"campaigns": [act], "contacts": [*home, *away], "pitches": replied})
    found = await skillbench.run(SKILL, {}, user=user)
    supported = {one["rule"]: one["n"] for one in found["patterns"] if one["verdict"] == "supported"}
    assert supported == {"region = UK": 200, "genre match = yes": 200}


@pytest.mark.parametrize("given", [{"fdr": 0}, {"fdr": 1.5}, {"min_support": 0}])
async def test_an_impossible_wish_is_refused_by_name(skillbench, given):
    (field,) = given
    with pytest.raises(SkillError, match=field):
        await skillbench.run(SKILL, given, user=skillbench.user())
