"""Tests of generate-report on the read model: its figures, its shapes, and that nobody invents one."""

import csv
import io
from datetime import timedelta
from uuid import uuid4

import pytest

from campaigndata import campaign, contact, pitch, story
from quality.generator import Truth, world
from quality.numerals import NUMBER_WORDS, is_true, unclaimed
from skill_runner.context import SkillError

SHAPES = [(audience, detail) for audience in ("artist", "pr", "label") for detail in ("brief", "detailed")]
EVIL = "=HYPERLINK(1) | 2\n# [x](y)"


async def report(skillbench, rows, number=0, **given):
    act = rows["campaigns"][number]
    await skillbench.load(rows)
    given = {"campaign_id": str(act["id"]), **given}
    return await skillbench.run("generate-report", given, user=act["user_id"])


def told(user, now, answers, *, days=30.0, **of_campaign):
    """A campaign whose pitches are as old as `days`, one for each answer."""
    act, people = campaign(user, **of_campaign), [contact(user, n) for n in range(len(answers))]
    pitches = [
        pitch(act, one, now - timedelta(days=days), answer=answer)
        for one, answer in zip(people, answers, strict=True)
    ]
    return {"contacts": people, "campaigns": [act], "pitches": pitches}


def lines_of(text):
    return list(csv.DictReader(io.StringIO(text)))


async def test_the_week_of_the_story_is_told_with_its_numbers_in_few_words(skillbench):
    found = await report(skillbench, story(skillbench.user(), skillbench.now))
    text = found["markdown"]
    assert text.startswith("You sent 48 pitches for Glass Coast in the last 7 days. 3 were answered: 6.3 %")
    assert "no clear change from 12.5 % (5.5–26.1) in the 7 days before" in text  # noqa: RUF001
    assert len(text.split()) <= 80
    assert found["log_offset"] == 4711


async def test_no_change_is_told_from_a_share_of_one_pitch(skillbench):
    now = skillbench.now
    rows = told(skillbench.user(), now, ["replied", *[None] * 40], days=2)
    rows["pitches"][0]["sent_at"] = now - timedelta(days=9)
    assert "in the 7 days before" not in (await report(skillbench, rows))["markdown"]


@pytest.mark.parametrize(("audience", "detail"), SHAPES)
async def test_every_numeral_is_a_claim_that_is_true_and_names_its_rows_and_the_log(
    skillbench, audience, detail
):
    made = world(5, contacts=120, sends=400, campaigns=4, truth=Truth(base=0.1, genre_match=3.0))
    made.rows["campaigns"][1]["name"] = "Vol. 2: 10 Songs"
    made.rows["snapshots"] = [{"user_id": made.user, "seq": 90210}]
    user = skillbench.user()
    rows = {name: [{**row, "user_id": user} for row in each] for name, each in made.rows.items()}
    found = await report(skillbench, _anew(rows), 1, audience=audience, detail=detail, period="month")
    assert unclaimed(found["markdown"], found["claims"]) == []
    assert all(is_true(one) and one["ref"].endswith("; log 90210") for one in found["claims"])
    assert not NUMBER_WORDS.search(found["markdown"])


@pytest.mark.parametrize(("audience", "detail"), SHAPES)
async def test_the_same_records_give_the_same_report_to_the_letter(skillbench, audience, detail):
    rows = story(skillbench.user(), skillbench.now)
    given = {"audience": audience, "detail": detail}
    first = await report(skillbench, rows, **given)
    same = {"campaign_id": str(rows["campaigns"][0]["id"]), **given}
    again = await skillbench.run("generate-report", same, user=rows["campaigns"][0]["user_id"])
    assert again == first


@pytest.mark.parametrize(
    ("audience", "begins"),
    [("artist", "You sent 48"), ("pr", "## The funnel"), ("label", "## Your campaigns, by pitches")],
)
async def test_each_reader_is_told_first_what_matters_to_them(skillbench, audience, begins):
    rows = story(skillbench.user(), skillbench.now)
    found = await report(skillbench, rows, audience=audience, detail="detailed")
    assert found["markdown"].startswith(begins)
    assert "| sent" in found["markdown"]


async def test_a_label_sees_its_campaigns_beside_each_other(skillbench):
    user, now = skillbench.user(), skillbench.now
    one, two = told(user, now, ["placed"] * 9 + [None] * 21), told(user, now, [None] * 30, name="Low Tide")
    rows = {
        "contacts": one["contacts"],
        "campaigns": [*one["campaigns"], *two["campaigns"]],
        "pitches": [*one["pitches"], *two["pitches"]],
    }
    brief = (await report(skillbench, rows, audience="label"))["markdown"]
    assert brief.startswith("Of 2 campaigns Glass Coast is answered most, 30.0 %")
    again = {"campaign_id": str(rows["campaigns"][0]["id"]), "audience": "label", "detail": "detailed"}
    table = (await skillbench.run("generate-report", again, user=user))["markdown"]
    assert table.index("| Glass Coast") < table.index("| Low Tide")


async def test_that_more_campaigns_were_pitched_than_are_told_beside_is_said(skillbench):
    user, now = skillbench.user(), skillbench.now
    many = [told(user, now, ["placed", None], name=f"No. {number}") for number in range(41)]
    rows = {name: [row for one in many for row in one[name]] for name in ("campaigns", "pitches")}
    brief = (await report(skillbench, rows, audience="label"))["markdown"]
    assert brief.startswith("Of the 40 campaigns with most of your latest pitches No. ")


@pytest.mark.parametrize(
    ("answers", "begins"),
    [
        (([None] * 30, [None] * 30), "Of 2 campaigns none has an answer to a pitch older than 21 days."),
        (([None], ["placed"] + [None] * 199), "Of 2 campaigns Low Tide is answered most, 0.5 %"),
    ],
)
async def test_no_campaign_that_nobody_answered_is_said_to_be_answered_most(skillbench, answers, begins):
    user, now = skillbench.user(), skillbench.now
    one, two = told(user, now, answers[0]), told(user, now, answers[1], name="Low Tide")
    rows = {name: [*one[name], *two[name]] for name in ("campaigns", "pitches")} | {
        "contacts": two["contacts"]
    }
    assert (await report(skillbench, rows, audience="label"))["markdown"].startswith(begins)


async def test_where_there_is_no_time_before_none_is_told_of(skillbench):
    found = await report(
        skillbench,
        story(skillbench.user(), skillbench.now),
        period="all",
        audience="artist",
        detail="detailed",
    )
    rows = [line.split("|")[1:-1] for line in found["markdown"].splitlines() if line.startswith("|")]
    assert {len(row) for row in rows} == {2}
    assert "lower, %" not in found["markdown"]
    assert "not known |" not in found["markdown"]


async def test_a_detailed_report_fits_into_eighty_columns_but_for_its_sentences(skillbench):
    made = world(6, contacts=200, sends=900, campaigns=5, truth=Truth(base=0.1, genre_match=3.0))
    found = await report(skillbench, _anew(made.rows), audience="label", detail="detailed", period="all")
    tables = [line for line in found["markdown"].splitlines() if line.startswith("|")]
    assert len(tables) > 20
    assert max(map(len, tables)) <= 80


async def test_a_report_says_what_patterns_it_found_and_how_soon_answers_came(skillbench):
    made = world(7, contacts=200, sends=1200, campaigns=8, truth=Truth(base=0.1, genre_match=3.0))
    found = await report(skillbench, _anew(made.rows), detail="detailed", period="all")
    assert "- genre-matched contacts reply" in found["markdown"]
    assert "50 % of the answers came within" in found["markdown"]


@pytest.mark.parametrize(("audience", "detail"), SHAPES)
async def test_of_a_campaign_with_no_sends_it_says_so_and_how_much_is_missing(skillbench, audience, detail):
    rows = {"campaigns": [campaign(skillbench.user())]}
    found = await report(skillbench, rows, audience=audience, detail=detail)
    assert "10 more delivered pitches are needed to speak of a rate" in found["markdown"]
    assert "%" not in found["markdown"]
    assert (found["meta"]["basis"], found["meta"]["needed"]) == ("insufficient", 10)
    assert found["log_offset"] == 0


async def test_of_one_contact_no_rate_is_told(skillbench):
    rows = told(skillbench.user(), skillbench.now, ["placed"], days=3)
    found = await report(skillbench, rows)
    assert "1 was answered." in found["markdown"]
    assert "9 more delivered pitches are needed" in found["markdown"]
    assert "%" not in found["markdown"]


@pytest.mark.parametrize(("answer", "share"), [(None, "0.0 % (0.0"), ("placed", "100.0 % (")])
async def test_all_equal_outcomes_are_told_with_what_chance_leaves_open(skillbench, answer, share):
    rows = told(skillbench.user(), skillbench.now, [answer] * 20, days=25)
    found = await report(skillbench, rows, period="month", detail="detailed")
    assert share in found["markdown"]
    assert unclaimed(found["markdown"], found["claims"]) == []


async def test_right_after_sending_no_share_is_expected(skillbench):
    rows = told(skillbench.user(), skillbench.now, [None] * 12, days=0.05)
    found = await report(skillbench, rows)
    assert "too early to say how many there will be" in found["markdown"]
    assert "to be expected" not in found["markdown"]


async def test_everything_bounced_is_said(skillbench):
    user, now = skillbench.user(), skillbench.now
    rows = told(user, now, [None] * 3, days=2)
    for row in rows["pitches"]:
        row["bounced_at"] = row["sent_at"]
    assert "All of them bounced." in (await report(skillbench, rows))["markdown"]
    one = told(skillbench.user(), now, [None], days=2)
    one["pitches"][0]["bounced_at"] = now
    assert "It bounced." in (await report(skillbench, one))["markdown"]


async def test_what_is_to_come_is_not_counted(skillbench):
    rows = told(skillbench.user(), skillbench.now, [None] * 12, days=-2)
    found = await report(skillbench, rows, period="all")
    assert found["markdown"].startswith("You sent nothing for Glass Coast so far.")


async def test_no_open_rate_is_told_and_no_name(skillbench):
    rows = story(skillbench.user(), skillbench.now)
    for one in rows["contacts"]:
        one["name"] = {"$sealed": str(one["id"]), "n": "", "c": ""}
    found = await report(skillbench, rows, detail="detailed", audience="pr")
    assert "open" not in str(found).casefold()
    assert "$sealed" not in str(found)


async def test_names_can_break_neither_a_table_nor_a_spreadsheet(skillbench):
    user, now = skillbench.user(), skillbench.now
    rows = told(user, now, [None] * 30, days=9, name=EVIL)
    for one in rows["contacts"]:
        one["outlet"] = EVIL
    found = await report(skillbench, rows, audience="pr", detail="detailed", period="all")
    tables = [line for line in found["markdown"].splitlines() if line.startswith("|")]
    assert {line.count("|") - line.count(r"\|") for line in tables} == {3}
    assert r"=HYPERLINK(1) \| 2 # \[x\](y)" in found["markdown"]
    assert unclaimed(found["markdown"], found["claims"]) == []


async def test_names_do_not_run_in_a_spreadsheet(skillbench):
    user, now = skillbench.user(), skillbench.now
    one, two = told(user, now, ["placed"] * 30, name=EVIL), told(user, now, [None] * 30, name="@SUM(1)")
    two["campaigns"][0]["id"] = uuid4()
    pitches = [{**row, "id": uuid4(), "campaign_id": two["campaigns"][0]["id"]} for row in two["pitches"]]
    rows = {"campaigns": one["campaigns"] + two["campaigns"], "pitches": one["pitches"] + pitches}
    found = await report(skillbench, rows, audience="label")
    names = {line["item"] for line in lines_of(found["csv"]) if line["part"].startswith("campaign")}
    assert names == {"'@SUM(1)", f"'{EVIL}"}


async def test_the_csv_holds_the_figures_of_the_report(skillbench):
    found = await report(skillbench, story(skillbench.user(), skillbench.now))
    figures = {(one["part"], one["item"]): one for one in lines_of(found["csv"])}
    assert figures["this period", "sent"]["value"] == "48"
    rate = figures["this period, of delivered", "replied"]
    assert (rate["value"], rate["k"], rate["n"]) == ("0.0625", "3", "48")
    assert rate["rows"].endswith("; log 4711")


async def test_a_brief_report_stays_brief_whatever_things_are_called(skillbench):
    user, now = skillbench.user(), skillbench.now
    rows = story(user, now)
    rows["campaigns"][0]["name"] = "a very long name of many words " * 20
    for audience in ("artist", "pr", "label"):
        rows = rows if audience == "artist" else {"campaigns": [], "contacts": [], "pitches": []}
        await skillbench.load(rows)
        given = {"campaign_id": str(campaign(user)["id"]), "audience": audience}
        found = await skillbench.run("generate-report", given, user=user)
        assert len(found["markdown"].split()) <= 80
        assert "7" in found["markdown"]


async def test_an_unknown_campaign_and_one_of_another_user_are_refused_alike(skillbench):
    rows = story(skillbench.user(), skillbench.now)
    await skillbench.load(rows)
    for unknown in (str(uuid4()), str(rows["campaigns"][0]["id"])):
        with pytest.raises(SkillError, match="campaign_id: you have no campaign of this id"):
            await skillbench.run("generate-report", {"campaign_id": unknown}, user=skillbench.user())


def _anew(rows):
    """Give rows ids and a user of their own, so that a world may be loaded more than once."""
    fresh = {}

    def renewed(value):
        return fresh.setdefault(value, uuid4()) if value is not None else None

    keys = ("id", "user_id", "campaign_id", "contact_id")
    return {
        name: [{**row, **{key: renewed(row[key]) for key in keys if key in row}} for row in each]
        for name, each in rows.items()
    }
