"""Story 3: “How is my campaign performing this week?”, with events doubled, late and taken back."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from asking import ask, totalaud
from quality.numerals import unclaimed
from rig import client_of
from storybook import Storybook, outreach, taken_back

QUESTION = "How is my campaign performing this week?"
NOW = datetime.now(UTC).replace(microsecond=0)
CSV = "name,email,outlet,type\n" + "".join(
    f"Person {n},person{n}@example.org,Outlet {n},radio\n" for n in range(88)
)
THIS_WEEK, LAST_WEEK = NOW - timedelta(days=5), NOW - timedelta(days=11)


def of_week(campaign_people, begun: datetime, replied: int, placed: int):
    """Pitches of one week: `replied` answers in all, `placed` of them placements."""
    for number, person in enumerate(campaign_people):
        sent = begun + timedelta(minutes=number)
        yield outreach(person, "sent", sent)
        if number < replied - placed:
            yield outreach(person, "replied", sent + timedelta(days=1), category="interested")
        elif number < replied:
            yield outreach(person, "placed", sent + timedelta(days=2))


def history(people: list[UUID]):
    """48 were sent, 3 replied, 1 placed; before that 40, 5 and 2; 6 twice, 4 late, a bounce taken back."""
    events = [*of_week(people[:48], THIS_WEEK, 3, 1), *of_week(people[48:], LAST_WEEK, 5, 2)]
    bounce = taken_back(people[20], "bounced", THIS_WEEK + timedelta(hours=3))
    chance = random.Random(3)
    doubled = chance.sample(events, 6)
    late = chance.sample(range(len(events)), 4)
    ordered = [event for index, event in enumerate(events) if index not in late]
    return [*ordered, *doubled, bounce, *(events[index] for index in reversed(late))]


@pytest.fixture(scope="module")
async def user(stack):
    async with await client_of(stack, uuid4()) as client:
        report = await client.records.load("contacts", CSV.encode())
        await client.tables.caught_up(report["seq"])
        book = Storybook(client)
        people = await book.contacts()
        await book.campaign("Glass Coast", history([people[f"Outlet {number}"] for number in range(88)]))
        await book.suppress("Outlet 40")
        await book.read()
        yield client


@pytest.fixture(scope="module")
async def told(stack, user):
    return await ask(stack, user.user, QUESTION, "--json")


@pytest.fixture(scope="module")
def output(told):
    return told.document["result"]["outputs"][0]


def rates(named) -> dict[str, dict]:
    return {one["metric"]: one["rate"] for one in named}


def shown(rate) -> tuple[float, ...]:
    return tuple(round(100 * rate[name] + 1e-9, 1) for name in ("mean", "lo", "hi"))


async def test_the_plan_is_one_free_step_on_the_only_campaign(told):
    (step,) = told.document["plan"]["steps"]
    assert (step["skill"], step["expected_cost_usd"]) == ("track-campaign", 0)
    assert UUID(step["input"]["campaign_id"])


async def test_what_is_doubled_late_or_taken_back_does_not_count(output):
    funnel = output["funnel"]
    assert (funnel["sent"], funnel["bounced"], funnel["replied"], funnel["placed"]) == (48, 0, 3, 1)


async def test_this_week_is_set_beside_the_week_before_with_wilson_s_intervals(output):
    assert shown(rates(output["rates"])["replied"]) == (6.3, 2.1, 16.8)
    assert shown(rates(output["previous"])["replied"]) == (12.5, 5.5, 26.1)


async def test_nothing_has_clearly_changed(output):
    change = next(one for one in output["change"] if one["metric"] == "replied")
    assert change["verdict"] == "no_clear_change"
    assert change["p_worse"] == pytest.approx(0.84, abs=0.02)


async def test_answers_that_are_still_to_come_are_expected(output):
    assert output["expected_eventual"]["mean"] > rates(output["rates"])["replied"]["mean"]


async def test_who_is_silent_is_due_and_nobody_who_answered(output):
    suppressed = 1
    assert output["followups_total"] == 48 + 40 - 3 - 5 - suppressed


async def test_no_open_rate_is_told(told):
    assert "open" not in told.out.casefold()


async def test_a_person_reads_it_in_eighty_columns(stack, user):
    told = await ask(stack, user.user, QUESTION)
    assert told.code == 0
    assert all(len(line) <= 80 for line in told.out.splitlines())
    assert "6.3 % (2.1\u201316.8), 3 of 48" in told.out
    assert "12.5 % (5.5\u201326.1), 5 of 40" in told.out
    assert "no clear change" in told.out


async def test_a_report_has_the_same_numbers_each_with_its_place_in_the_log(stack, user):
    told = await ask(stack, user.user, "Give me a report of Glass Coast", "--json")
    report = told.document["result"]["outputs"][0]
    assert "3 were answered: 6.3 % (2.1\u201316.8)" in report["markdown"]
    assert len(report["markdown"].split()) <= 80
    assert unclaimed(report["markdown"], report["claims"]) == []
    assert report["log_offset"] > 0
    assert all(one["ref"].endswith(f"; log {report['log_offset']}") for one in report["claims"])


async def test_a_person_reads_the_whole_report_in_eighty_columns(stack, user):
    told = await ask(stack, user.user, "Give me a detailed report of Glass Coast for my publicist")
    assert told.code == 0
    assert all(len(line) <= 80 for line in told.out.splitlines())
    assert "| sent     |          48 |     40 |" in told.out


async def test_the_numbers_are_the_same_after_the_tables_are_made_anew(stack, user, output):
    rebuilt = await totalaud(stack, user.user, "projection", "rebuild")
    assert rebuilt.code == 0, rebuilt.err
    again = (await ask(stack, user.user, QUESTION, "--json")).document["result"]["outputs"][0]
    same = ("funnel", "rates", "previous", "followups_total")
    assert {name: again[name] for name in same} == {name: output[name] for name in same}
