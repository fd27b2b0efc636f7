"""Times for pitches, from tables: silent while there is little, within limits always."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from insight_data import answered, campaign, contact, pitch
from quality.harness import NOW
from skill_runner.context import SkillError

SKILL = "optimize-timing"
TUESDAY = NOW - timedelta(days=27, hours=2)


def at(row, moment):
    return {**row, "sent_at": moment, "last_sent_at": moment}


def asked(*contacts):
    return {"contacts": [{"id": str(one["id"])} for one in contacts]}


async def history(skillbench, user, *, sends, tuesday=0.05, else_=0.05):
    """Pitches on every weekday at ten, answered with these shares."""
    act, to = campaign(user), contact(user)
    rows = []
    for number in range(sends):
        moment = TUESDAY - timedelta(days=number % 7, weeks=number % 40)
        share = tuesday if moment.weekday() == 1 else else_
        row = at(pitch(user, act, to), moment)
        rows.append(answered(row) if (number // 7 * 0.618) % 1 < share else row)
    await skillbench.load({"campaigns": [act], "contacts": [to], "pitches": rows})
    return to


async def test_at_two_hundred_pitches_it_is_silent_and_tries_everything_alike(skillbench):
    user = skillbench.user()
    to = await history(skillbench, user, sends=200, tuesday=0.5)
    found = await skillbench.run(SKILL, asked(to), user=user)
    assert (found["slots"], found["exploration"], found["meta"]["basis"]) == ([], 1.0, "insufficient")
    assert found["schedule"][0]["propensity"] == pytest.approx(1 / 15, abs=1e-6)
    assert found["meta"]["warnings"][0].startswith("no evidence yet")


async def test_a_far_better_weekday_is_seen_in_many_pitches(skillbench):
    user = skillbench.user()
    await history(skillbench, user, sends=3500, tuesday=0.25)
    found = await skillbench.run(
        SKILL, {"slots": [f"{day} 10" for day in ("mon", "tue", "wed", "thu")]}, user=user
    )
    assert (found["slots"][0]["weekday"], found["meta"]["warnings"]) == ("tuesday", [])
    assert found["slots"][0]["p_best"] > 0.95
    assert sum(slot["p_best"] for slot in found["slots"]) == pytest.approx(1, abs=0.001)


async def test_equal_weekdays_do_not_stand_out(skillbench):
    user = skillbench.user()
    await history(skillbench, user, sends=2000)
    found = await skillbench.run(SKILL, {}, user=user)
    assert found["meta"]["warnings"][0].startswith("no time stands out yet")


async def test_where_enough_pitches_show_no_better_time_no_more_are_asked_for(skillbench):
    user = skillbench.user()
    await history(skillbench, user, sends=3500, tuesday=0.25, else_=0.25)
    found = await skillbench.run(SKILL, {"slots": [f"{day} 10" for day in ("mon", "tue", "wed")]}, user=user)
    (told,) = found["meta"]["warnings"]
    assert told == (
        "no time stands out: 3500 pitches with a known outcome would show one that does half as well again"
    )
    assert (found["meta"]["basis"], found["meta"].get("needed")) == ("own_data", None)


async def test_a_slot_counts_the_pitches_that_went_out_in_it_whoever_they_went_to(skillbench):
    user = skillbench.user()
    act, radio, blog = campaign(user), contact(user), contact(user, type="blogger")
    often = [at(pitch(user, act, radio), TUESDAY) for _ in range(200)]
    seldom = [at(pitch(user, act, blog), TUESDAY + timedelta(days=1)) for _ in range(150)]
    rows = [*map(answered, often[:40]), *often[40:], *map(answered, seldom[:3]), *seldom[3:]]
    await skillbench.load({"campaigns": [act], "contacts": [radio, blog], "pitches": rows})
    found = await skillbench.run(SKILL, {"slots": ["tue 10", "wed 10"]}, user=user)
    counted = {slot["weekday"]: (slot["expected"]["k"], slot["expected"]["n"]) for slot in found["slots"]}
    assert counted == {"tuesday": (40, 200), "wednesday": (3, 150)}


async def test_each_contact_is_scheduled_by_its_own_clock_within_the_limits(skillbench):
    user = skillbench.user()
    people = [
        contact(user, timezone=name) for name in ("Europe/London", "America/New_York", "Mars/Olympus", None)
    ]
    await skillbench.load({"contacts": people})
    limits = {"not_before": "2026-11-10T00:00:00Z", "deadline": "2026-11-20T00:00:00Z"}
    found = await skillbench.run(SKILL, {**asked(*people), **limits, "slots": ["wed 10"]}, user=user)
    moments = {send["contact_id"]: datetime.fromisoformat(send["send_at"]) for send in found["schedule"]}
    assert [moments[str(one["id"])].hour for one in people] == [10, 15, 10, 10]
    assert all(datetime(2026, 11, 10, tzinfo=UTC) <= moment for moment in moments.values())


async def test_of_whose_public_holidays_little_is_known_is_told(skillbench):
    user = skillbench.user()
    people = [contact(user, timezone=name) for name in ("Asia/Tokyo", "Pacific/Auckland", "Europe/Berlin")]
    await skillbench.load({"contacts": people})
    told = {}
    for many in (1, 2, 3):
        found = await skillbench.run(SKILL, asked(*people[-many:]), user=user)
        told[many] = [one for one in found["meta"]["warnings"] if "holiday" in one]
    little = "where no public holiday is known but New Year's Day and Christmas"
    assert told == {1: [], 2: [f"1 contact lives {little}"], 3: [f"2 contacts live {little}"]}


async def test_who_must_not_be_written_to_gets_no_time(skillbench):
    user = skillbench.user()
    people = [contact(user), contact(uuid4())]
    await skillbench.load({"contacts": people})
    shut = [{"id": str(people[0]["id"]), "suppressed": True}, {"suppressed": True}]
    given = {"contacts": [*shut, *asked(people[1])["contacts"], {"suppressed": False}]}
    found = await skillbench.run(SKILL, given, user=user)
    assert found["schedule"] == []
    assert [one["reason"] for one in found["unscheduled"]] == [
        "it must not be written to",
        "it must not be written to",
        "it is none of your contacts",
        "it has no id",
    ]


async def test_a_deadline_that_has_passed_leaves_nobody_a_time(skillbench):
    user = skillbench.user()
    person = contact(user)
    await skillbench.load({"contacts": [person]})
    found = await skillbench.run(SKILL, {**asked(person), "deadline": "2026-11-01T00:00:00Z"}, user=user)
    assert (found["schedule"], len(found["unscheduled"])) == ([], 1)


@pytest.mark.parametrize(
    "given",
    [{"timezone": "Mars/Olympus"}, {"slots": ["someday"]}, {"slots": []}],
    ids=["zone", "slot", "none"],
)
async def test_what_cannot_be_understood_is_refused_by_name(skillbench, given):
    (field,) = given
    with pytest.raises(SkillError, match=field):
        await skillbench.run(SKILL, given, user=skillbench.user())


async def test_the_same_question_has_the_same_answer(skillbench):
    user = skillbench.user()
    to = await history(skillbench, user, sends=400)
    answers = [await skillbench.run(SKILL, asked(to), user=user) for _ in range(2)]
    assert answers[0] == answers[1]


async def test_whoever_is_named_twice_is_written_to_once(skillbench):
    user = skillbench.user()
    to = contact(user, name="Asha Example", outlet="Tees Valley FM")
    await skillbench.load({"contacts": [to]})
    found = await skillbench.run(SKILL, asked(to, to), user=user)
    who = {"contact_id": str(to["id"]), "name": to["name"], "outlet": "Tees Valley FM"}
    (send,) = found["schedule"]
    assert who.items() <= send.items()
    assert found["unscheduled"] == [{**who, "reason": "it has a time already"}]
