"""What to do next, from tables: the planted thing first, ready commands, nothing out of thin air."""

from datetime import timedelta
from uuid import uuid4

import pytest

from insight_data import artist, campaign, contact, pitch
from quality.planted.situations import SEALED, SITUATIONS, TODAY, desk, stranger
from quality.recommend_next_steps import is_right, well_founded
from shared.schema import problems
from skill_runner.context import SkillError
from skillmodules import shipped

SKILL = "recommend-next-steps"
TYPES = ("radio", "playlist", "journalist", "curator", "blogger", "podcast", "label", "venue")
SCHEMAS = {name: skill.input_schema for name, skill in shipped().items()}


@pytest.mark.parametrize("kind", SITUATIONS)
async def test_the_planted_thing_comes_first_and_its_command_is_ready(skillbench, kind):
    at = desk(kind, 1001)
    await skillbench.load(at.rows)
    await skillbench.load(stranger(kind, 1001).rows)
    found = await skillbench.run(SKILL, {"limit": 50}, user=at.user)
    assert is_right(found["actions"], kind, at)
    assert all(well_founded(action, at) for action in found["actions"])
    assert [trouble(action["command"]) for action in found["actions"]] == [[]] * len(found["actions"])


def trouble(command):
    """What is wrong with a command, as far as its skill is there."""
    if command["door"] != "skill.execute":
        return [] if command["input"] else ["empty"]
    return problems(SCHEMAS[command["skill"]], command["input"]) if command["skill"] in SCHEMAS else []


@pytest.mark.parametrize("risk", ["cautious", "balanced"])
async def test_where_nothing_is_recorded_nothing_is_recommended(skillbench, risk):
    user = skillbench.user()
    found = await skillbench.run(SKILL, {"risk": risk}, user=user)
    assert (found["actions"], found["meta"]["basis"]) == ([], "insufficient")
    assert found["meta"]["needed"] == 100
    assert found["meta"]["warnings"][0].startswith("nothing is recorded yet: 'totalaud contacts import'")


async def test_a_campaign_is_closed_where_nobody_waits_and_its_release_is_out(skillbench):
    user = skillbench.user()
    act = artist(user)
    soon = release(user, act, title="Low Tide")
    acts = {
        name: campaign(user, name=name, genres=["polka"], **of)
        for name, of in {"Over": {}, "Waiting": {}, "To Come": {"release_id": soon["id"]}}.items()
    }
    people = [contact(user) for _ in acts]
    sent = [pitch(user, one, to, days=100) for one, to in zip(acts.values(), people, strict=True)]
    when = {
        "replied_at": skillbench.now,
        "positive_at": skillbench.now,
        "sent_at": None,
        "last_sent_at": None,
    }
    interested = pitch(user, acts["Waiting"], people[0]) | when
    rows = {"artists": [act], "releases": [soon], "campaigns": [*acts.values()], "contacts": people}
    await skillbench.load({**rows, "pitches": [*sent, interested]})
    found = await skillbench.run(SKILL, {"limit": 50}, user=user)
    closed = [one["title"] for one in found["actions"] if one["kind"] == "close_campaign"]
    assert closed == ["Close Over"]


async def test_no_more_than_asked_for_are_told(skillbench):
    at = stranger("follow_up", 1002)
    await skillbench.load(at.rows)
    found = await skillbench.run(SKILL, {"limit": 3}, user=at.user)
    assert len(found["actions"]) == 3


async def test_a_campaign_is_spoken_of_alone(skillbench):
    at = stranger("apply", 1003)
    await skillbench.load(at.rows)
    other = campaign(at.user, artist_id=artist(at.user)["id"], genres=["polka"])
    await skillbench.load({"campaigns": [other]})
    found = await skillbench.run(SKILL, {"campaign_id": str(other["id"])}, user=at.user)
    assert {action["kind"] for action in found["actions"]} <= {"apply", "plan_release", "switch_template"}


@pytest.mark.parametrize(
    ("goal", "fitting"),
    [
        ("radio", {"radio", "podcast", None}),
        ("press", {"journalist", "blogger", "podcast", None}),
        ("playlists", {"playlist", "curator", None}),
        ("live", {"venue", None}),
        ("all", {*TYPES, None}),
        (None, {*TYPES, None}),
    ],
)
async def test_contacts_to_pitch_are_of_the_kinds_that_the_campaign_is_for(skillbench, goal, fitting):
    user = skillbench.user()
    people = [contact(user, type=kind, email=SEALED) for kind in (*TYPES, None)]
    rows = {"artists": [artist(user)], "campaigns": [campaign(user, goal=goal)]}
    await skillbench.load({"contacts": people, **rows})
    proposal = pitching((await skillbench.run(SKILL, {}, user=user))["actions"])
    assert {one.get("type") for one in proposal["command"]["input"]["contacts"]} == fitting


@pytest.mark.parametrize(("many", "told"), [(25, []), (201, ["the latest 200 campaigns were looked at"])])
async def test_whoever_is_interested_is_answered_whichever_campaign_it_was_in(skillbench, many, told):
    user = skillbench.user()
    act, people = artist(user), [contact(user, email=SEALED, genres=["polka"]) for _ in range(many)]
    acts = [campaign(user, name=f"C{number}") for number in range(many)]
    replied = {"replied_at": skillbench.now, "positive_at": skillbench.now}
    sent = [pitch(user, one, to, days=5, **replied) for one, to in zip(acts, people, strict=True)]
    await skillbench.load({"artists": [act], "campaigns": acts, "contacts": people, "pitches": sent})
    found = await skillbench.run(SKILL, {}, user=user)
    titles = [one["title"] for one in found["actions"] if one["kind"] == "answer_interested"]
    assert titles == [f"Answer {min(many, 200)} contacts who wrote that they are interested"]
    assert [one for one in found["meta"]["warnings"] if "campaigns" in one] == told


async def test_of_many_campaigns_contacts_are_looked_for_in_those_pitched_last(skillbench):
    user = skillbench.user()
    act, old = artist(user), contact(user, email=SEALED, genres=["polka"])
    acts = [campaign(user, name=f"C{number}", created_at=skillbench.now) for number in range(5)]
    sent = [pitch(user, one, old, days=30 + 10 * number) for number, one in enumerate(acts)]
    rows = {"artists": [act], "campaigns": acts, "pitches": sent}
    await skillbench.load({**rows, "contacts": [old, contact(user, email=SEALED)]})
    found = await skillbench.run(SKILL, {"limit": 50}, user=user)
    titles = {one["title"] for one in found["actions"] if one["kind"] == "pitch_fitting"}
    assert titles == {f"Pitch 1 contact of the genre in C{number}" for number in range(3)}


async def test_nobody_is_to_be_pitched_who_knows_of_the_release_or_is_to_be_left_alone(skillbench):
    user = skillbench.user()
    act = artist(user)
    tide, ebb = (release(user, act, title=title) for title in ("Low Tide", "Ebb"))
    radio, press, other = (
        campaign(user, artist_id=act["id"], release_id=out["id"], created_at=skillbench.now, name=name)
        for name, out in {"Radio": tide, "Press": tide, "Other": ebb}.items()
    )
    told, tired, rested, answering = people = [contact(user, email=SEALED) for _ in range(4)]
    sent = [
        pitch(user, radio, told, days=30),
        pitch(user, other, tired, days=20, sends=3),
        pitch(user, other, rested, days=70, sends=3),
        pitch(user, other, answering, days=20, sends=3, replied_at=skillbench.now),
    ]
    rows = {"artists": [act], "releases": [tide, ebb], "campaigns": [radio, press, other]}
    await skillbench.load({**rows, "contacts": people, "pitches": sent})
    found = await skillbench.run(SKILL, {"campaign_id": str(press["id"]), "limit": 50}, user=user)
    asked = {one["id"] for one in pitching(found["actions"])["command"]["input"]["contacts"]}
    assert asked == {str(rested["id"]), str(answering["id"])}


async def test_a_pitch_that_is_recommended_knows_artist_facts_and_release(skillbench):
    user = skillbench.user()
    act = artist(user, name="Willow & Ash", location="Newcastle")
    tide = release(user, act, title="Low Tide")
    fact = {"id": uuid4(), "user_id": user, "artist_id": act["id"], "text": "Recorded in a lighthouse"}
    stale = {**fact, "id": uuid4(), "text": "On tour", "valid_to": TODAY - timedelta(days=1)}
    rows = {"artists": [act], "releases": [tide], "artist_facts": [fact, stale]}
    people = [contact(user, email=SEALED)]
    act_s = campaign(user, artist_id=None, release_id=tide["id"])
    await skillbench.load({**rows, "contacts": people, "campaigns": [act_s]})
    given = pitching((await skillbench.run(SKILL, {}, user=user))["actions"])["command"]["input"]
    assert given["artistInfo"] == {
        "name": "Willow & Ash",
        "genres": ["synthpop"],
        "location": "Newcastle",
        "facts": [{"id": str(fact["id"]), "text": "Recorded in a lighthouse"}],
    }
    assert given["release"]["title"] == "Low Tide"


@pytest.mark.parametrize(("names", "whose"), [(["Act"], "Act"), (["Act", "Other"], None)])
async def test_a_campaign_is_never_taken_for_an_artist(skillbench, names, whose):
    user = skillbench.user()
    rows = {"artists": [artist(user, name=name) for name in names], "campaigns": [campaign(user)]}
    await skillbench.load({**rows, "contacts": [contact(user, email=SEALED)]})
    proposal = pitching((await skillbench.run(SKILL, {}, user=user))["actions"])
    command = proposal.get("command")
    assert (command and command["input"]["artistInfo"]["name"]) == whose


SHUT = (
    {"territory": ["US"]},
    {"unreleased": True, "min_lead_days": 91},
    {"released": True},
    {"release_types": ["album"]},
    {"genres_only": True, "territory": ["France"]},
)
OPEN = (
    ({}, "Act", {}),
    ({"territory": ["UK"]}, "Act", {}),
    ({"unreleased": True, "min_lead_days": 90}, "Act with Low Tide", {"title": "Low Tide", "type": "single"}),
    ({"release_types": ["single"]}, "Act with Low Tide", {"title": "Low Tide", "type": "single"}),
)


async def test_no_opportunity_is_recommended_whose_rules_shut_out_the_artist(skillbench):
    user = skillbench.user()
    act = artist(user, location="Leeds, UK")
    calls = [opportunity(user, rules) for rules in SHUT]
    await skillbench.load(
        {"artists": [act], "releases": [release(user, act, title="Low Tide")], "opportunities": calls}
    )
    assert applications(await skillbench.run(SKILL, {"limit": 50}, user=user)) == []


@pytest.mark.parametrize(("rules", "who", "with_"), OPEN)
async def test_an_opportunity_is_recommended_with_the_artist_and_the_release_that_it_takes(
    skillbench, rules, who, with_
):
    user = skillbench.user()
    act, far = artist(user, location="Leeds, UK"), artist(user, name="Far", location="Chicago, US")
    call = opportunity(user, rules)
    rows = {"artists": [act, far], "releases": [release(user, act, title="Low Tide")]}
    await skillbench.load({**rows, "opportunities": [call]})
    (proposal,) = applications(await skillbench.run(SKILL, {"artist_id": str(act["id"])}, user=user))
    assert proposal["evidence"][0]["why"].endswith(f"and it fits {who}")
    given = proposal["command"]["input"]
    assert {name: given.get("release", {}).get(name) for name in with_} == with_
    found = await skillbench.run("discover-opportunities", given, user=user)
    assert [one["id"] for one in found["opportunities"]] == [str(call["id"])]


def applications(found):
    return [one for one in found["actions"] if one["kind"] == "apply"]


def opportunity(user, rules):
    day = TODAY + timedelta(days=5)
    call = {"id": uuid4(), "user_id": user, "title": f"Call {uuid4().hex}", "kind": "submission"}
    return {**call, "deadline": day, "rules": rules}


def pitching(actions):
    (proposal,) = [one for one in actions if one["kind"] == "pitch_fitting"]
    return proposal


def release(user, act, **values):
    day = TODAY + timedelta(days=90)
    return {"id": uuid4(), "user_id": user, "artist_id": act["id"], "type": "single", "date": day, **values}


@pytest.mark.parametrize("field", ["campaign_id", "artist_id"])
async def test_an_unknown_id_is_refused_by_name(skillbench, field):
    with pytest.raises(SkillError, match=f"{field}: you have no"):
        await skillbench.run(SKILL, {field: str(uuid4())}, user=skillbench.user())


async def test_a_limit_below_one_is_refused(skillbench):
    with pytest.raises(SkillError, match="limit"):
        await skillbench.run(SKILL, {"limit": 0}, user=skillbench.user())
