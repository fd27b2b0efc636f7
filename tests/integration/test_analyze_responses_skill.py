"""Tests of analyze-responses on the read model."""

from datetime import timedelta
from uuid import uuid4

import pytest

from campaigndata import campaign, contact, pitch
from skill_runner.context import SkillError


def outreach(row, kind, at, **given):
    same = {name: row[name] for name in ("user_id", "campaign_id", "contact_id")}
    return {"id": uuid4(), **same, "kind": kind, "at": at, **given}


def two_types(user, now):
    act = campaign(user)
    people = [contact(user, n, type="radio" if n < 60 else "blogger", genres=["folk"]) for n in range(120)]
    at = now - timedelta(days=50)
    pitches = [
        pitch(act, one, at, answer="replied" if n < 24 or 60 <= n < 64 else None, after=1 + n % 5)
        for n, one in enumerate(people)
    ]
    return {"campaigns": [act], "contacts": people, "pitches": pitches}


async def analyze(skillbench, rows, user, **given):
    await skillbench.load(rows)
    return await skillbench.run("analyze-responses", given, user=user)


async def test_the_better_group_comes_first_and_is_told_from_chance(skillbench):
    user = skillbench.user()
    found = await analyze(skillbench, two_types(user, skillbench.now), user)
    radio, blogger = found["groups"]
    assert (radio["key"], radio["rate"]["k"], radio["rate"]["n"]) == ("radio", 24, 60)
    assert radio["p_best"] > 0.99
    assert blogger["rate"]["mean"] < blogger["shrunk"] < radio["shrunk"] < radio["rate"]["mean"]
    assert found["alike_p"] < 0.001


def three_campaigns(user, now):
    """The first is answered by half, the second by a tenth, the third is but five days old."""
    acts = [campaign(user, name) for name in ("First", "Second", "Third")]
    people = [contact(user, n) for n in range(40)]
    pitches = [
        pitch(act, one, now - timedelta(days=days), answer="replied" if n % every == 0 else None)
        for act, days, every in zip(acts, (60, 50, 5), (2, 10, 3), strict=True)
        for n, one in enumerate(people)
    ]
    return {"campaigns": acts, "contacts": people, "pitches": pitches}


async def test_campaigns_are_compared_and_one_that_is_too_young_is_named(skillbench):
    user = skillbench.user()
    found = await analyze(skillbench, three_campaigns(user, skillbench.now), user, group_by="campaign")
    assert [(one["key"], one["rate"]["k"], one["rate"]["n"]) for one in found["groups"]] == [
        ("First", 20, 40),
        ("Second", 4, 40),
    ]
    assert "too young to be told beside the others: Third" in found["meta"]["warnings"]


async def test_some_campaigns_are_compared_alone(skillbench):
    user = skillbench.user()
    rows = three_campaigns(user, skillbench.now)
    some = [str(act["id"]) for act in rows["campaigns"][1:]]
    found = await analyze(skillbench, rows, user, group_by="campaign", campaign_ids=some)
    assert [one["key"] for one in found["groups"]] == ["Second"]
    assert found["meta"]["n"] == 40
    given = {"group_by": "campaign", "campaign_id": some[0], "campaign_ids": some}
    with pytest.raises(SkillError, match="not both"):
        await skillbench.run("analyze-responses", given, user=user)


async def test_how_soon_answers_come_is_read_off_the_curve(skillbench):
    user = skillbench.user()
    time = (await analyze(skillbench, two_types(user, skillbench.now), user))["time_to_reply"]
    assert time["p25_days"] <= time["median_days"] == 3 <= time["p75_days"]
    assert time["plateau"] == pytest.approx(28 / 120)
    shares = [point["share"] for point in time["curve"]]
    assert shares == sorted(shares)
    assert all(point["lo"] <= point["share"] <= point["hi"] for point in time["curve"])


@pytest.mark.parametrize("group_by", ["type", "genre", "region", "outlet", "template", "weekday", "campaign"])
async def test_every_attribute_can_be_asked_for(skillbench, group_by):
    user = skillbench.user()
    found = await analyze(skillbench, two_types(user, skillbench.now), user, group_by=group_by)
    assert 1 <= len(found["groups"]) <= 40
    assert sum(one["p_best"] for one in found["groups"]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("zones", "group_by", "said"),
    [
        (("America/New_York", None), "weekday", True),
        (("America/New_York", "Europe/London"), "weekday", False),
        ((None, None), "type", False),
    ],
)
async def test_whose_clock_a_day_is_of_is_said_where_it_is_not_the_contact_s(
    skillbench, zones, group_by, said
):
    user, now = skillbench.user(), skillbench.now
    act, people = campaign(user), [contact(user, n, timezone=name) for n, name in enumerate(zones)]
    pitches = [pitch(act, one, now - timedelta(days=30)) for one in people]
    rows = {"campaigns": [act], "contacts": people, "pitches": pitches}
    found = await analyze(skillbench, rows, user, group_by=group_by)
    assert any("London" in one for one in found["meta"]["warnings"]) is said


async def test_a_contact_of_two_genres_counts_under_both_and_that_is_said(skillbench):
    user, now = skillbench.user(), skillbench.now
    act, person = campaign(user), contact(user, 0, genres=["folk", "indie"])
    rows = {
        "campaigns": [act],
        "contacts": [person],
        "pitches": [pitch(act, person, now - timedelta(days=30))],
    }
    found = await analyze(skillbench, rows, user, group_by="genre")
    assert [one["key"] for one in found["groups"]] == ["folk", "indie"]
    assert "alike_p" not in found
    assert any("overlap" in said for said in found["meta"]["warnings"])


async def test_replies_are_counted_once_a_pitch_and_corrected_ones_not(skillbench):
    user, now = skillbench.user(), skillbench.now
    act, people = campaign(user), [contact(user, n) for n in range(4)]
    at = now - timedelta(days=30)
    pitches = [pitch(act, one, at) for one in people]
    rows = {
        "campaigns": [act],
        "contacts": people,
        "pitches": pitches,
        "outreach": [
            outreach(pitches[0], "replied", at, category="interested"),
            outreach(pitches[0], "positive", at),
            outreach(pitches[1], "replied", at, category="auto"),
            outreach(pitches[2], "declined", at, corrected=True),
            outreach(pitches[3], "replied", at),
            outreach(pitches[3], "replied", at, category="objected"),
            outreach(pitches[3], "opened", at),
        ],
    }
    found = await analyze(skillbench, rows, user)
    assert found["categories"] == {
        "interested": 1, "placed": 0, "declined": 0, "objected": 1, "auto": 1, "other": 1,
    }  # fmt: skip


async def test_of_nothing_nothing_is_said(skillbench):
    found = await skillbench.run("analyze-responses", {}, user=skillbench.user())
    assert found["groups"] == []
    assert found["time_to_reply"]["curve"] == []
    assert (found["meta"]["basis"], found["meta"]["needed"]) == ("insufficient", 20)


async def test_young_pitches_count_for_how_soon_but_not_for_the_groups(skillbench):
    user, now = skillbench.user(), skillbench.now
    act, people = campaign(user), [contact(user, n) for n in range(30)]
    pitches = [pitch(act, one, now - timedelta(days=5), answer="replied") for one in people]
    found = await analyze(skillbench, {"campaigns": [act], "contacts": people, "pitches": pitches}, user)
    assert found["groups"] == []
    assert found["time_to_reply"]["median_days"] == 1


async def test_since_leaves_out_what_is_older(skillbench):
    user = skillbench.user()
    rows = two_types(user, skillbench.now)
    found = await analyze(skillbench, rows, user, since=skillbench.now.date().isoformat())
    assert found["meta"]["n"] == 0


async def test_a_strangers_campaign_is_refused(skillbench):
    with pytest.raises(SkillError, match="campaign_id"):
        await skillbench.run("analyze-responses", {"campaign_id": str(uuid4())}, user=skillbench.user())


async def test_of_a_young_campaign_the_curve_ends_where_nobody_waited_longer_and_that_is_said(skillbench):
    user, now = skillbench.user(), skillbench.now
    act, people = campaign(user), [contact(user, n) for n in range(30)]
    pitches = [
        pitch(act, one, now - timedelta(days=5), answer="replied" if n < 3 else None)
        for n, one in enumerate(people)
    ]
    found = await analyze(skillbench, {"campaigns": [act], "contacts": people, "pitches": pitches}, user)
    assert [point["day"] for point in found["time_to_reply"]["curve"]] == [0.25, 0.5, 1, 2, 3, 5]
    assert "too few pitches are older than 5.0 days" in found["meta"]["warnings"][-1]


async def test_of_pitches_of_today_it_is_said_in_words_that_none_is_old_enough(skillbench):
    user, now = skillbench.user(), skillbench.now
    act, person = campaign(user), contact(user, 1)
    sent = pitch(act, person, now - timedelta(seconds=1))
    found = await analyze(skillbench, {"campaigns": [act], "contacts": [person], "pitches": [sent]}, user)
    assert "too few pitches are older than a day: what takes longer" in found["meta"]["warnings"][-1]


async def test_a_campaign_of_another_user_is_refused_as_one_that_is_not_there(skillbench):
    rows = two_types(skillbench.user(), skillbench.now)
    await skillbench.load(rows)
    given = {"campaign_id": str(rows["campaigns"][0]["id"])}
    with pytest.raises(SkillError, match="campaign_id: you have no campaign of this id"):
        await skillbench.run("analyze-responses", given, user=skillbench.user())


async def test_of_another_user_s_pitches_nothing_is_counted(skillbench):
    await skillbench.load(two_types(skillbench.user(), skillbench.now))
    found = await skillbench.run("analyze-responses", {}, user=skillbench.user())
    assert (found["meta"]["n"], sum(found["categories"].values())) == (0, 0)


async def test_a_day_to_come_is_refused(skillbench):
    tomorrow = (skillbench.now + timedelta(days=1)).date().isoformat()
    with pytest.raises(SkillError, match="since"):
        await skillbench.run("analyze-responses", {"since": tomorrow}, user=skillbench.user())


async def test_one_contact_is_too_little_and_says_so(skillbench):
    user, now = skillbench.user(), skillbench.now
    act, person = campaign(user), contact(user, 0)
    rows = {
        "campaigns": [act],
        "contacts": [person],
        "pitches": [pitch(act, person, now - timedelta(days=30), answer="placed")],
    }
    found = await analyze(skillbench, rows, user, campaign_id=str(act["id"]))
    assert (found["meta"]["basis"], found["meta"]["needed"]) == ("insufficient", 19)
    assert found["groups"][0]["shrunk"] < 0.9


@pytest.mark.parametrize(("answers", "told"), [(0, False), (1, False), (3, False), (4, True)])
async def test_how_soon_answers_come_is_told_of_four_and_more(skillbench, answers, told):
    user, now = skillbench.user(), skillbench.now
    act, people = campaign(user), [contact(user, n) for n in range(40)]
    pitches = [
        pitch(act, one, now - timedelta(days=30), answer="replied" if n < answers else None)
        for n, one in enumerate(people)
    ]
    rows = {"campaigns": [act], "contacts": people, "pitches": pitches}
    found = await analyze(skillbench, rows, user)
    assert ("median_days" in found["time_to_reply"]) is told
    few = "too few answers to say how soon they come" in found["meta"]["warnings"]
    assert few is (0 < answers < 4)
    given = {"campaign_id": str(act["id"]), "period": "all", "detail": "detailed"}
    report = (await skillbench.run("generate-report", given, user=user))["markdown"]
    assert ("of the answers came within" in report) is told
    assert ("Too few answers have come to say how soon." in report) is few


@pytest.mark.parametrize(("answer", "plateau"), [(None, 0), ("replied", 1)])
async def test_all_equal_outcomes_are_told_as_such(skillbench, answer, plateau):
    user, now = skillbench.user(), skillbench.now
    act = campaign(user)
    people = [contact(user, n, type="radio" if n % 2 else "blogger") for n in range(40)]
    pitches = [pitch(act, one, now - timedelta(days=30), answer=answer) for one in people]
    found = await analyze(skillbench, {"campaigns": [act], "contacts": people, "pitches": pitches}, user)
    assert found["time_to_reply"]["plateau"] == plateau
    assert ("median_days" in found["time_to_reply"]) is (answer is not None)
    assert found["alike_p"] == pytest.approx(1)


async def test_what_is_to_come_has_not_happened(skillbench):
    user, now = skillbench.user(), skillbench.now
    act, people = campaign(user), [contact(user, n) for n in range(2)]
    pitches = [
        pitch(act, people[0], now + timedelta(days=2)),
        pitch(act, people[1], now - timedelta(days=30), answer="placed", after=35),
    ]
    found = await analyze(skillbench, {"campaigns": [act], "contacts": people, "pitches": pitches}, user)
    assert [(one["rate"]["k"], one["rate"]["n"]) for one in found["groups"]] == [(0, 1)]


@pytest.mark.parametrize(
    ("group_by", "written"),
    [
        ("genre", {"genres": ["DnB", "drum & bass"]}),
        ("region", {"regions": ["united kingdom"]}),
        ("outlet", {"outlet": "TEES VALLEY FM"}),
    ],
)
async def test_a_name_written_in_another_way_is_no_group_of_its_own(skillbench, group_by, written):
    user = skillbench.user()
    usual = {"genres": ["drum and bass"], "regions": ["UK"], "outlet": "Tees Valley FM"}
    people = [contact(user, 0, **usual | written), *(contact(user, n, **usual) for n in (1, 2))]
    act = campaign(user)
    pitches = [pitch(act, one, skillbench.now - timedelta(days=50)) for one in people]
    rows = {"campaigns": [act], "contacts": people, "pitches": pitches}
    found = await analyze(skillbench, rows, user, group_by=group_by)
    assert [(one["key"], one["rate"]["n"]) for one in found["groups"]] == [
        ({"genre": "drum and bass", "region": "UK", "outlet": "Tees Valley FM"}[group_by], 3)
    ]


async def test_groups_that_are_not_told_are_counted(skillbench):
    user = skillbench.user()
    rows = two_types(user, skillbench.now)
    for number, one in enumerate(rows["contacts"]):
        one["outlet"] = f"Outlet {number % 41}"
    found = await analyze(skillbench, rows, user, group_by="outlet")
    assert len(found["groups"]) == 40
    assert "of 41 groups the 40 with most pitches are told" in found["meta"]["warnings"]


async def test_one_is_told_in_the_singular(skillbench):
    user, now = skillbench.user(), skillbench.now
    act, people = campaign(user), [contact(user, n) for n in range(20)]
    ages = [50] * 19 + [2]
    rows = [pitch(act, one, now - timedelta(days=age)) for one, age in zip(people, ages, strict=True)]
    found = await analyze(skillbench, {"campaigns": [act], "contacts": people, "pitches": rows}, user)
    assert found["meta"]["warnings"][:2] == [
        "not enough data: 19 pitches with a known outcome, 1 more is needed",
        "1 pitch younger than 21 days counts for how soon, not for the groups",
    ]


@pytest.mark.parametrize(
    "skill",
    ["recommend-next-steps", "identify-patterns", "benchmark-performance", "optimize-timing"],
)
async def test_one_pitch_is_told_in_the_singular(skillbench, skill):
    user = skillbench.user()
    act, one = campaign(user), contact(user, 1)
    sent = pitch(act, one, skillbench.now - timedelta(days=50))
    await skillbench.load({"campaigns": [act], "contacts": [one], "pitches": [sent]})
    warnings = (await skillbench.run(skill, {}, user=user))["meta"]["warnings"]
    assert any("1 pitch with a known outcome" in one for one in warnings)
