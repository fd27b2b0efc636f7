"""Results beside those of a cohort in tables, and when the cohort is not shown."""

from datetime import timedelta
from uuid import uuid4

import pytest

from insight_data import answered, artist, campaign, contact, empty_cohort, pitch
from skill_runner.context import SkillError

SKILL = "benchmark-performance"


def act_of(user, *, sends, replies, name="Act", **values):
    """An artist with one campaign of that many mature pitches."""
    who = artist(user, name=name, **values)
    act, to = campaign(user, artist_id=who["id"]), contact(user)
    rows = [pitch(user, act, to) for _ in range(sends)]
    rows[:replies] = [answered(row, placed_at=row["sent_at"]) for row in rows[:replies]]
    return {"artists": [who], "campaigns": [act], "contacts": [to], "pitches": rows}


async def load(skillbench, *all_):
    for rows in all_:
        await skillbench.load(rows)


def cohort(size, *, replies=6, **values):
    return [
        act_of(uuid4(), sends=100, replies=replies, name=f"Act {n}", in_cohort=True, **values)
        for n in range(size)
    ]


async def test_the_best_of_thirteen_stands_high_with_an_interval(skillbench):
    await empty_cohort(skillbench)
    user = skillbench.user()
    mine = act_of(user, sends=100, replies=30)
    await load(skillbench, mine, *cohort(13))
    found = await skillbench.run(SKILL, {"artist_id": str(mine["artists"][0]["id"])}, user=user)
    assert (found["you"]["k"], found["you"]["n"], found["cohort"]["n"]) == (30, 100, 13)
    assert found["percentile"]["lo"] > 0.8
    assert found["percentile"]["lo"] <= found["percentile"]["mean"] <= found["percentile"]["hi"]
    assert found["cohort"]["p10"] <= found["cohort"]["p50"] <= found["cohort"]["p90"] < 0.15


async def test_one_answer_to_one_pitch_is_not_the_top(skillbench):
    await empty_cohort(skillbench)
    user = skillbench.user()
    await load(skillbench, act_of(user, sends=1, replies=1), *cohort(12))
    found = await skillbench.run(SKILL, {}, user=user)
    assert found["percentile"]["lo"] < 0.3


@pytest.mark.parametrize("own", [True, False])
async def test_nine_others_are_withheld(skillbench, own):
    await empty_cohort(skillbench)
    user = skillbench.user()
    mine = act_of(user, sends=60, replies=4, in_cohort=own)
    await load(skillbench, mine, *cohort(9))
    given = {"artist_id": str(mine["artists"][0]["id"])}
    found = await skillbench.run(SKILL, given, user=user)
    assert "cohort" not in found
    assert "percentile" not in found
    assert found["meta"]["basis"] == "insufficient"
    assert found["meta"]["needed"] > 0
    assert "withheld" in found["verdict"]
    assert {reference["year"] for reference in found["references"]} == {"2022-2023"}


async def test_all_of_ones_own_pitches_are_not_set_beside_ones_own_artists(skillbench):
    await empty_cohort(skillbench)
    user = skillbench.user()
    own = [act_of(user, sends=60, replies=4, name=f"Own {n}", in_cohort=True) for n in range(2)]
    await load(skillbench, *own, *cohort(10))
    assert (await skillbench.run(SKILL, {}, user=user))["percentile"]["n"] == 10
    one = await skillbench.run(SKILL, {"artist_id": str(own[0]["artists"][0]["id"])}, user=user)
    assert one["percentile"]["n"] == 11


async def test_an_opted_in_artist_that_has_sent_nothing_yet_does_not_make_ten(skillbench):
    await empty_cohort(skillbench)
    user = skillbench.user()
    await load(skillbench, act_of(user, sends=60, replies=4), *cohort(9))
    await load(skillbench, act_of(uuid4(), sends=0, replies=0, in_cohort=True))
    assert "cohort" not in await skillbench.run(SKILL, {}, user=user)


async def test_only_artists_of_the_genres_asked_for_are_beside(skillbench):
    await empty_cohort(skillbench)
    user = skillbench.user()
    await load(skillbench, act_of(user, sends=100, replies=8), *cohort(11), *cohort(12, genres=["metal"]))
    found = await skillbench.run(SKILL, {"cohort": {"genres": ["Metal"]}}, user=user)
    assert found["cohort"]["n"] == 12


@pytest.mark.parametrize(("metric", "mean"), [("placement_rate", 0.3), ("days_to_reply", 2.0)])
async def test_other_metrics_have_no_published_figures(skillbench, metric, mean):
    await empty_cohort(skillbench)
    user = skillbench.user()
    await load(skillbench, act_of(user, sends=100, replies=30), *cohort(12))
    found = await skillbench.run(SKILL, {"metric": metric}, user=user)
    assert found["you"]["mean"] == pytest.approx(mean)
    assert found["references"] == []
    assert 0 <= found["percentile"]["lo"] <= found["percentile"]["hi"] <= 1


async def test_that_older_pitches_do_not_count_is_said(skillbench):
    await empty_cohort(skillbench)
    user = skillbench.user()
    mine = act_of(user, sends=30, replies=10)
    old = [{**row, "sent_at": row["sent_at"] - timedelta(days=340)} for row in mine["pitches"][:29]]
    await load(skillbench, {**mine, "pitches": [*old, mine["pitches"][29]]})
    found = await skillbench.run(SKILL, {}, user=user)
    assert found["verdict"].startswith("Not enough data: 1 pitch with a known outcome in the last year")


@pytest.mark.parametrize("metric", ["reply_rate", "placement_rate", "days_to_reply"])
async def test_nothing_at_all_is_not_enough_data(skillbench, metric):
    await empty_cohort(skillbench)
    found = await skillbench.run(SKILL, {"metric": metric}, user=skillbench.user())
    assert (found["meta"]["basis"], found["you"]["n"]) == ("insufficient", 0)


@pytest.mark.parametrize("field", ["campaign_id", "artist_id"])
async def test_what_belongs_to_somebody_else_is_not_known(skillbench, field):
    stranger = act_of(uuid4(), sends=1, replies=0)
    await skillbench.load(stranger)
    theirs = stranger["campaigns" if field == "campaign_id" else "artists"][0]["id"]
    with pytest.raises(SkillError, match=f"{field}: you have no"):
        await skillbench.run(SKILL, {field: str(theirs)}, user=skillbench.user())


async def test_the_same_question_has_the_same_answer(skillbench):
    await empty_cohort(skillbench)
    user = skillbench.user()
    await load(skillbench, act_of(user, sends=100, replies=8), *cohort(11))
    answers = [await skillbench.run(SKILL, {}, user=user) for _ in range(2)]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("metric", ["reply_rate", "days_to_reply"])
@pytest.mark.parametrize("sends", [0, 300])
async def test_who_has_nothing_to_set_beside_others_is_told_so(skillbench, sends, metric):
    await empty_cohort(skillbench)
    user = skillbench.user()
    await load(skillbench, act_of(user, sends=sends, replies=0), *cohort(12))
    found = await skillbench.run(SKILL, {"metric": metric}, user=user)
    if (sends, metric) == (300, "reply_rate"):
        assert found["percentile"]["n"] == 12
        return
    assert found["verdict"].endswith("nothing of yours can be set beside others yet")
    assert all(found["meta"]["warnings"])
