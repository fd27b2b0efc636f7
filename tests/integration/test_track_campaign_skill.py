"""Tests of track-campaign on the read model, the story's numbers among them."""

from datetime import timedelta

import pytest

from campaigndata import campaign, contact, pitch, story
from library.figures import span
from skill_runner.context import SkillError


def spans(rates):
    return {one["metric"]: span(one["rate"]) for one in rates}


async def track(skillbench, rows, **given):
    user = rows["campaigns"][0]["user_id"]
    await skillbench.load(rows)
    return await skillbench.run(
        "track-campaign", {"campaign_id": str(rows["campaigns"][0]["id"]), **given}, user=user
    )


async def test_the_week_of_the_story_has_its_numbers(skillbench):
    found = await track(skillbench, story(skillbench.user(), skillbench.now))
    assert found["funnel"]["sent"] == 48
    assert found["funnel"]["pending"] == 45
    assert spans(found["rates"])["replied"] == "6.3 % (2.1–16.8)"  # noqa: RUF001
    assert spans(found["previous"])["replied"] == "12.5 % (5.5–26.1)"  # noqa: RUF001
    replied = found["change"][0]
    assert round(replied["p_worse"], 2) == 0.84
    assert replied["p_worse_in_the_end"] < replied["p_worse"]
    assert {one["verdict"] for one in found["change"]} == {"no_clear_change"}


@pytest.mark.parametrize(("window", "after"), [("7d", 12), ("28d", 30)])
async def test_placements_that_take_longer_than_replies_make_no_period_worse(skillbench, window, after):
    user, now = skillbench.user(), skillbench.now
    act, old, days = campaign(user), campaign(user, "Old"), int(window[:-1])
    people = [contact(user, number) for number in range(400)]

    def sent(to, age, campaign_):
        placed = to % 8 == 0 and age > after
        at = now - timedelta(days=age)
        answer = {"replied_at": at + timedelta(days=1)} if to % 8 == 0 else {}
        when = {"placed_at": at + timedelta(days=after)} if placed else {}
        return pitch(campaign_, people[to], at, **answer, **when)

    before = [sent(to, 100, old) for to in range(400)]
    even = [sent(to, 0.01 + 2 * days * to / 400, act) for to in range(400)]
    rows = {"contacts": people, "campaigns": [act, old], "pitches": [*before, *even]}
    found = await track(skillbench, rows, window=window)
    assert {one["metric"]: one["verdict"] for one in found["change"]}["placed"] == "no_clear_change"


async def test_replies_still_to_come_are_told_and_opens_are_not(skillbench):
    found = await track(skillbench, story(skillbench.user(), skillbench.now))
    (said,) = found["meta"]["warnings"]
    assert "still coming in: 6.3 % so far" in said
    assert found["expected_eventual"]["mean"] > 3 / 48
    assert "open" not in str(found)


async def test_follow_ups_are_due_after_three_days_for_the_silent_alone(skillbench):
    user, now = skillbench.user(), skillbench.now
    act = campaign(user)
    people = [contact(user, 0), contact(user, 1, suppressed=True), *(contact(user, n) for n in range(2, 8))]
    at = now - timedelta(days=4)
    pitches = [
        pitch(act, people[0], at),
        pitch(act, people[1], at),
        pitch(act, people[2], at, answer="declined"),
        pitch(act, people[3], now - timedelta(days=2)),
        pitch(act, people[4], at, bounced_at=at),
        pitch(act, people[5], at - timedelta(days=5), last_sent_at=at, sends=2),
        pitch(act, people[6], now - timedelta(days=40)),
        pitch(act, people[7], now - timedelta(days=9)),
    ]
    found = await track(skillbench, {"contacts": people, "campaigns": [act], "pitches": pitches})
    due = [(one["contact_id"], one["days"]) for one in found["followups_due"]]
    assert due == [(str(people[7]["id"]), 9), (str(people[0]["id"]), 4)]
    assert found["followups_total"] == 2


async def test_no_follow_up_is_due_the_day_after_a_pitch_for_another_campaign(skillbench):
    user, now = skillbench.user(), skillbench.now
    act, other, people = campaign(user), campaign(user, "Low Tide"), [contact(user, n) for n in range(2)]
    pitches = [pitch(act, one, now - timedelta(days=5)) for one in people]
    yesterday = pitch(other, people[0], now - timedelta(days=1))
    rows = {"contacts": people, "campaigns": [act, other], "pitches": [*pitches, yesterday]}
    due = (await track(skillbench, rows))["followups_due"]
    assert [one["contact_id"] for one in due] == [str(people[1]["id"])]


@pytest.mark.parametrize(("answer", "due"), [(None, {1}), ("declined", {0, 1})])
async def test_whom_the_next_steps_leave_alone_is_not_due(skillbench, answer, due):
    user, now = skillbench.user(), skillbench.now
    act, *others = campaign(user), campaign(user, "Low Tide"), campaign(user, "Salt")
    people = [contact(user, 0), contact(user, 1)]
    often = [pitch(one, people[0], now - timedelta(days=30), answer=answer) for one in others]
    pitches = [*often, *(pitch(act, one, now - timedelta(days=6)) for one in people)]
    rows = {"contacts": people, "campaigns": [act, *others], "pitches": pitches}
    found = await track(skillbench, rows)
    assert {one["contact_id"] for one in found["followups_due"]} == {str(people[n]["id"]) for n in due}
    steps = await skillbench.run("recommend-next-steps", {"limit": 50}, user=user)
    left_alone = [one["evidence"][0]["ref"] for one in steps["actions"] if one["kind"] == "rest_contacts"]
    assert left_alone == [str(people[n]["id"]) for n in {0, 1} - due]


async def test_a_bounce_leaves_the_denominator(skillbench):
    user, now = skillbench.user(), skillbench.now
    act, people = campaign(user), [contact(user, n) for n in range(12)]
    at = now - timedelta(days=2)
    pitches = [pitch(act, one, at) for one in people[1:]] + [pitch(act, people[0], at, bounced_at=at)]
    found = await track(skillbench, {"contacts": people, "campaigns": [act], "pitches": pitches})
    assert (found["funnel"]["sent"], found["funnel"]["bounced"]) == (12, 1)
    assert found["rates"][0]["rate"]["n"] == 11


async def test_of_a_campaign_with_no_sends_nothing_is_known(skillbench):
    user = skillbench.user()
    found = await track(skillbench, {"campaigns": [campaign(user)]}, window="all")
    assert found["meta"]["basis"] == "insufficient"
    assert found["meta"]["needed"] == 10
    assert found["meta"]["warnings"] == ["nothing was sent so far"]
    assert (found["expected_eventual"]["lo"], found["expected_eventual"]["hi"]) == (0, 1)
    assert found["change"] == []


async def test_one_pitch_is_too_little_and_says_so(skillbench):
    user, now = skillbench.user(), skillbench.now
    act, person = campaign(user), contact(user, 0)
    rows = {
        "contacts": [person],
        "campaigns": [act],
        "pitches": [pitch(act, person, now - timedelta(hours=1))],
    }
    found = await track(skillbench, rows)
    assert (found["meta"]["basis"], found["meta"]["needed"]) == ("insufficient", 9)
    assert found["expected_eventual"]["hi"] > 0.9


async def test_right_after_sending_no_share_is_expected(skillbench):
    user, now = skillbench.user(), skillbench.now
    act, people = campaign(user), [contact(user, n) for n in range(12)]
    pitches = [pitch(act, one, now - timedelta(hours=1)) for one in people]
    found = await track(skillbench, {"contacts": people, "campaigns": [act], "pitches": pitches})
    (said,) = found["meta"]["warnings"]
    assert said.endswith("0.0 % so far, and it is too early to say how many there will be")


async def test_all_answered_is_no_division_by_zero(skillbench):
    user, now = skillbench.user(), skillbench.now
    act, people = campaign(user), [contact(user, n) for n in range(12)]
    pitches = [pitch(act, one, now - timedelta(days=5), answer="placed") for one in people]
    found = await track(skillbench, {"contacts": people, "campaigns": [act], "pitches": pitches})
    assert found["expected_eventual"]["hi"] == 1
    assert found["expected_eventual"]["mean"] > 0.95


async def test_what_was_known_then_leaves_out_what_came_later(skillbench):
    now = skillbench.now
    rows = story(skillbench.user(), now)
    then = (now - timedelta(days=7)).isoformat()
    found = await track(skillbench, rows, as_of=then)
    assert found["funnel"]["sent"] == 40
    assert found["funnel"]["replied"] <= 5
    assert found["previous"][0]["rate"]["n"] == 0
    assert found["meta"]["as_of"] == then


async def test_before_anything_was_sent_nothing_is_known(skillbench):
    found = await track(skillbench, story(skillbench.user(), skillbench.now), as_of="1999-12-31T00:00:00Z")
    assert set(found["funnel"].values()) == {0}
    assert found["followups_due"] == []
    assert found["meta"]["warnings"] == ["nothing was sent in the last 7 days"]


@pytest.mark.parametrize("as_of", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z"])
async def test_a_time_before_all_clocks_is_refused(skillbench, as_of):
    with pytest.raises(SkillError, match="as_of: this lies before 1970"):
        await track(skillbench, story(skillbench.user(), skillbench.now), as_of=as_of)


async def test_what_is_dated_in_the_future_has_not_been_sent(skillbench):
    user, now = skillbench.user(), skillbench.now
    act, person = campaign(user), contact(user, 0)
    rows = {
        "contacts": [person],
        "campaigns": [act],
        "pitches": [pitch(act, person, now + timedelta(days=1))],
    }
    assert (await track(skillbench, rows, window="all"))["funnel"]["sent"] == 0


async def test_a_campaign_of_another_user_is_refused_as_one_that_is_not_there(skillbench):
    rows = story(skillbench.user(), skillbench.now)
    await skillbench.load(rows)
    given = {"campaign_id": str(rows["campaigns"][0]["id"])}
    with pytest.raises(SkillError, match="campaign_id: you have no campaign of this id"):
        await skillbench.run("track-campaign", given, user=skillbench.user())


async def test_a_time_to_come_is_refused(skillbench):
    later = (skillbench.now + timedelta(days=1)).isoformat()
    with pytest.raises(SkillError, match="as_of"):
        await track(skillbench, story(skillbench.user(), skillbench.now), as_of=later)


async def test_the_same_rows_give_the_same_answer(skillbench):
    rows = story(skillbench.user(), skillbench.now)
    first = await track(skillbench, rows)
    given = {"campaign_id": str(rows["campaigns"][0]["id"])}
    assert await skillbench.run("track-campaign", given, user=rows["campaigns"][0]["user_id"]) == first
