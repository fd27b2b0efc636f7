"""Tests of predict-success on the read model: when it has a model, when it has none, and what it says."""

from datetime import timedelta

import pytest

from campaigndata import campaign, contact, pitch
from quality.generator import Truth, world
from skill_runner.context import SkillError


def few(user, now, sends, answer=None):
    act, people = campaign(user), [contact(user, n) for n in range(sends + 1)]
    pitches = [pitch(act, one, now - timedelta(days=40), answer=answer) for one in people[:sends]]
    return {"campaigns": [act], "contacts": people, "pitches": pitches}


async def predict(skillbench, rows, user, **given):
    await skillbench.load(rows)
    return await skillbench.run("predict-success", given, user=user)


async def test_without_any_pitches_there_is_a_prior_alone(skillbench):
    user = skillbench.user()
    found = await predict(skillbench, {"contacts": [contact(user, 0)]}, user, contacts=[{"type": "radio"}])
    assert (found["meta"]["basis"], found["meta"]["needed"]) == ("prior_only", 100)
    assert found["model"]["kind"] == "base_rate"
    assert 0.01 < found["predictions"][0]["p"] < 0.2


@pytest.mark.parametrize("answer", [None, "placed"])
async def test_below_a_hundred_it_gives_rates_and_says_what_is_missing(skillbench, answer):
    user = skillbench.user()
    rows = few(user, skillbench.now, 40, answer)
    found = await predict(skillbench, rows, user, campaign_id=str(rows["campaigns"][0]["id"]))
    assert found["model"]["kind"] == "eb_rate"
    assert (found["meta"]["basis"], found["meta"]["needed"]) == ("insufficient", 60)
    assert "60 more are needed" in found["meta"]["warnings"][0]
    assert 0 < found["predictions"][0]["p"] < 1


@pytest.mark.parametrize("answer", [None, "replied"])
async def test_all_equal_outcomes_make_no_model(skillbench, answer):
    user = skillbench.user()
    rows = few(user, skillbench.now, 150, answer)
    found = await predict(skillbench, rows, user, contacts=[{"id": str(rows["contacts"][0]["id"])}])
    assert found["model"]["kind"] == "eb_rate"
    assert found["meta"]["basis"] == "own_data"


async def test_how_many_of_the_asked_are_not_told_is_said(skillbench):
    user = skillbench.user()
    rows = few(user, skillbench.now, 200)
    contacts = [{"id": str(one["id"])} for one in rows["contacts"]]
    found = await predict(skillbench, rows, user, contacts=contacts)
    assert (len(found["predictions"]), found["expected"]["n"]) == (200, 201)
    assert "the 200 likeliest of 201 are told" in found["meta"]["warnings"]


async def test_whom_the_campaign_pitched_already_is_told(skillbench):
    user = skillbench.user()
    rows = few(user, skillbench.now, 3, "replied")
    asked = [{"id": str(one["id"])} for one in rows["contacts"]]
    act = str(rows["campaigns"][0]["id"])
    found = await predict(skillbench, rows, user, contacts=asked, campaign_id=act)
    assert "3 pitched in this campaign already, 3 answered" in found["meta"]["warnings"]
    alone = await skillbench.run("predict-success", {"contacts": asked}, user=user)
    assert "already" not in str(alone["meta"]["warnings"])


async def test_a_campaign_is_predicted_for_those_it_has_not_pitched(skillbench):
    user = skillbench.user()
    rows = few(user, skillbench.now, 5)
    rows["contacts"].append(contact(user, 99, suppressed=True))
    rows["contacts"][5]["name"] = "Asha Example"
    found = await predict(skillbench, rows, user, campaign_id=str(rows["campaigns"][0]["id"]))
    left = rows["contacts"][5]
    (told,) = found["predictions"]
    assert (told["contact_id"], told["outlet"]) == (str(left["id"]), left["outlet"])
    assert told["name"] == left["name"]


async def test_of_more_than_are_looked_at_those_who_answered_are(skillbench):
    user, now = skillbench.user(), skillbench.now
    people = sorted((contact(user, n) for n in range(2001)), key=lambda one: one["id"])
    old, new = campaign(user, "Old"), campaign(user, "New")
    heard = pitch(old, people[-1], now - timedelta(days=40), answer="replied")
    rows = {"campaigns": [old, new], "contacts": people, "pitches": [heard]}
    found = await predict(skillbench, rows, user, campaign_id=str(new["id"]))
    assert found["predictions"][0]["contact_id"] == str(people[-1]["id"])
    assert "no more than 2000 contacts were looked at" in found["meta"]["warnings"]


async def test_many_pitches_make_a_model_with_a_card_that_comes_out_the_same_again(skillbench):
    made = world(11, contacts=200, sends=1500, campaigns=12, truth=Truth(base=0.1, genre_match=3.0))
    given = {"campaign_id": str(made.campaigns[0])}
    found = await predict(skillbench, made.rows, made.user, **given)
    card = found["model"]
    assert card["kind"] == "logistic"
    assert card["brier_skill"] > 0
    assert len(card["data_hash"]) == 64
    assert card["trained_from"] < card["trained_to"]
    assert {"weight of genre match", "Platt slope"} <= {one["name"] for one in card["parameters"]}
    assert await skillbench.run("predict-success", given, user=made.user) == found


async def test_young_pitches_and_bounced_ones_teach_nothing(skillbench):
    user = skillbench.user()
    rows = few(user, skillbench.now, 30)
    for place, row in enumerate(rows["pitches"]):
        if place < 10:
            row["bounced_at"] = row["sent_at"]
        elif place < 20:
            row["sent_at"] = skillbench.now - timedelta(days=3)
    found = await predict(skillbench, rows, user, contacts=[])
    assert found["meta"]["n"] == 10
    assert found["predictions"] == []


@pytest.mark.parametrize("given", [{}, {"contacts": [], "horizon_days": 0}])
async def test_what_cannot_be_asked_is_refused_by_its_field(skillbench, given):
    with pytest.raises(SkillError, match=r"contacts|horizon_days"):
        await skillbench.run("predict-success", given, user=skillbench.user())


async def test_a_campaign_of_another_user_is_refused_as_one_that_is_not_there(skillbench):
    rows = few(skillbench.user(), skillbench.now, 3)
    await skillbench.load(rows)
    given = {"campaign_id": str(rows["campaigns"][0]["id"])}
    with pytest.raises(SkillError, match="campaign_id: you have no campaign of this id"):
        await skillbench.run("predict-success", given, user=skillbench.user())


async def test_nothing_is_known_of_another_user_s_contact(skillbench):
    theirs, user = few(skillbench.user(), skillbench.now, 3, "placed"), skillbench.user()
    await skillbench.load(theirs)
    given = {"contacts": [{"id": str(theirs["contacts"][0]["id"])}, {"type": "radio"}]}
    found = await skillbench.run("predict-success", given, user=user)
    known, unknown = found["predictions"]
    assert known["p"] == unknown["p"]
    assert found["meta"]["n"] == 0


async def test_one_contact_and_one_pitch_are_a_rate_with_wide_bounds(skillbench):
    user = skillbench.user()
    rows = few(user, skillbench.now, 1, "placed")
    given = [{"id": str(rows["contacts"][0]["id"])}]
    found = await predict(skillbench, rows, user, contacts=given, outcome="placed")
    (told,) = found["predictions"]
    assert told["lo"] < told["p"] < told["hi"] < 0.9
    assert found["meta"]["needed"] == 99


async def test_what_is_dated_in_the_future_teaches_nothing(skillbench):
    user = skillbench.user()
    rows = few(user, skillbench.now, 12)
    for row in rows["pitches"]:
        row["sent_at"] = skillbench.now + timedelta(days=1)
    assert (await predict(skillbench, rows, user, contacts=[{"type": "radio"}]))["meta"]["n"] == 0


async def test_nobody_who_objected_is_predicted_for(skillbench):
    user = skillbench.user()
    people = [contact(user, number) for number in range(3)]
    asked = [{"id": str(one["id"]), "suppressed": one != people[0]} for one in people]
    found = await predict(skillbench, {"contacts": people}, user, contacts=asked)
    assert [one["contact_id"] for one in found["predictions"]] == [str(people[0]["id"])]
    assert "2 left out: suppressed or erased" in found["meta"]["warnings"]
    alone = await skillbench.run("predict-success", {"contacts": asked[1:]}, user=user)
    assert alone["predictions"] == []


async def test_whoever_is_named_twice_is_one_of_those_that_are_expected(skillbench):
    user = skillbench.user()
    rows = few(user, skillbench.now, 40)
    one, other = ({"id": str(row["id"])} for row in rows["contacts"][:2])
    found = await predict(skillbench, rows, user, contacts=[one, other, one, {"type": "radio"}, {}])
    assert (found["expected"]["n"], len(found["predictions"])) == (4, 4)
    assert "1 left out: named before" in found["meta"]["warnings"]


async def test_contacts_beyond_those_looked_at_are_told_of_though_some_have_objected(skillbench):
    user = skillbench.user()
    shut = contact(user, 0)
    asked = [{"id": str(shut["id"]), "suppressed": True}, *({"type": "radio"} for _ in range(2_000))]
    found = await predict(skillbench, {"contacts": [shut]}, user, contacts=asked)
    assert "no more than 2000 contacts were looked at" in found["meta"]["warnings"]
