"""Story 1: “Find me UK indie radio DJs who like synthpop”, with twelve contacts of all sorts."""

from datetime import datetime
from uuid import uuid4

import pytest

from asking import ask
from rig import client_of
from storybook import Storybook, outreach

QUESTION = "Find me UK indie radio DJs who like synthpop"
CSV = """name,email,outlet,role,type,genres,regions,source_url
Asha Example,asha@example.org,Tees Valley FM,presenter,radio,synthpop;indie,UK,https://example.org/asha
Ben Example,ben@example.org,Radio Aire Sample,presenter,radio,electropop,UK,https://example.org/ben
Cleo Example,cleo@example.org,Solent Sample FM,presenter,radio,new wave,UK,https://example.org/cleo
Dan Example,dan@example.org,Mersey Sample,presenter,radio,synthpop,England,https://example.org/dan
Eve Example,eve@example.org,Bay Sample FM,DJ,radio,synthpop,US,https://example.org/eve
Finn Example,finn@example.org,Iron Sample,DJ,radio,metal,UK,https://example.org/finn
Gia Example,gia@example.org,Neon List,curator,playlist,synthpop,UK,https://example.org/gia
Hal Example,hal@example.org,Night List,curator,playlist,synthpop,UK,https://example.org/hal
Ivy Example,ivy@example.org,Quiet Sample FM,DJ,radio,synthpop,UK,https://example.org/ivy
Ben Example,ben@example.org,Radio Aire Sample,presenter,radio,electropop,UK,https://example.org/ben
Jo Example,not an address,Fen Sample,DJ,radio,synthpop,UK,https://example.org/jo
Kit Example,kit@example.org,Dock Sample Radio,DJ,radio,indie;synth-pop,UK,https://example.org/kit
"""
FITTING = {"Asha Example", "Ben Example", "Cleo Example", "Dan Example", "Kit Example"}
SENT = ("2026-01-12", "2026-03-12", "2026-06-12")
PLACED = ("2026-01-15", "2026-03-16")


@pytest.fixture(scope="module")
async def user(stack):
    """A user with the story's contacts, one of them suppressed and one with a history."""
    async with await client_of(stack, uuid4()) as client:
        report = await client.records.load("contacts", CSV.encode())
        assert (report["imported"], report["failed"]) == (10, 1)
        assert [error["line"] for error in report["errors"]] == [12]
        await client.tables.caught_up(report["seq"])
        book = Storybook(client)
        await book.suppress("Quiet Sample FM")
        kit = (await book.contacts())["Dock Sample Radio"]
        told = [outreach(kit, "sent", day(date)) for date in SENT]
        await book.campaign(
            "Earlier singles", [*told, *(outreach(kit, "placed", day(date)) for date in PLACED)]
        )
        await book.read()
        yield client


def day(date: str) -> datetime:
    return datetime.fromisoformat(f"{date}T10:00:00+00:00")


@pytest.fixture(scope="module")
async def told(stack, user):
    return await ask(stack, user.user, QUESTION, "--json")


async def test_the_plan_has_two_free_steps_for_scout(told):
    plan = told.document["plan"]
    assert plan["agent"] == "scout-agent"
    assert [step["skill"] for step in plan["steps"]] == ["research-contacts", "score-contacts"]
    assert [step["expected_cost_usd"] for step in plan["steps"]] == [0, 0]


async def test_the_five_that_fit_are_found_and_no_other(told):
    assert {one["name"] for one in told.document["result"]["outputs"][1]["contacts"]} == FITTING


async def test_each_has_parts_that_add_up_to_its_score(told):
    for one in told.document["result"]["outputs"][1]["contacts"]:
        assert one["relevance_score"] == pytest.approx(
            sum(part["points"] for part in one["score_parts"]), abs=0.01
        )


async def test_the_session_is_completed_free_and_quick(told, user):
    session = await user.get(told.document["result"]["session_id"], min_seq=told.document["result"]["seq"])
    assert (session.status, len(session.steps)) == ("completed", 2)
    assert (session.tokens_used, session.total_cost) == (0, 0)
    assert session.duration_ms < 5000


async def test_the_answer_is_readable_in_eighty_columns(stack, user):
    told = await ask(stack, user.user, QUESTION)
    assert told.code == 0
    assert all(len(line) <= 80 for line in told.out.splitlines())
    assert "Plan: scout-agent, 2 steps, $0" in told.out
    for name in FITTING:
        assert name in told.out
    assert "https://example.org/kit" in told.out


async def test_where_nobody_is_in_wales_the_uk_is_looked_at_and_it_says_so(stack, user):
    told = await ask(stack, user.user, "Find me indie radio DJs in Wales who like synthpop")
    assert told.code == 0
    assert "note: nobody fits in wales: looked in uk" in told.out.casefold()
    assert "Asha Example" in told.out


async def test_the_same_question_again_is_a_cache_hit_in_every_step(stack, user, told):
    again = (await ask(stack, user.user, QUESTION, "--json")).document["result"]
    assert (again["cache_hits"], again["saved_usd"], again["cost_usd"]) == (2, 0, 0)
    assert again["outputs"] == told.document["result"]["outputs"]
    steps = (await user.get(again["session_id"], min_seq=again["seq"])).steps
    first = await user.executions(told.document["result"]["session_id"])
    assert [step.cached_from for step in steps] == [row.id for row in first]


async def test_the_answer_says_that_it_was_there_already(stack, user, told):
    again = await ask(stack, user.user, QUESTION)
    assert "2 of 2 steps cached, saved $0" in again.out
    assert all(name in again.out for name in FITTING)


async def test_what_was_widened_is_said_again_by_the_cached_answer(stack, user):
    wales = "Find me indie radio DJs in Wales who like synthpop"
    first, again = [await ask(stack, user.user, wales) for _ in range(2)]
    assert "2 of 2 steps cached" in again.out
    assert [line for line in again.out.splitlines() if "note:" in line.casefold()] == [
        line for line in first.out.splitlines() if "note:" in line.casefold()
    ]


async def test_a_person_may_ask_for_a_fresh_answer(stack, user, told):
    again = (await ask(stack, user.user, QUESTION, "--fresh", "--json")).document["result"]
    assert again["cache_hits"] == 0


async def test_after_an_import_the_question_is_answered_anew(stack, user, told):
    more = CSV.splitlines()[0] + "\nLou Example,lou@example.org,Fjord Sample,DJ,radio,synthpop,UK,"
    await user.records.load("contacts", more.encode())
    again = (await ask(stack, user.user, QUESTION, "--json")).document["result"]
    assert again["cache_hits"] == 0
    assert {one["name"] for one in again["outputs"][1]["contacts"]} == FITTING | {"Lou Example"}


async def test_the_plan_alone_starts_nothing(stack, user):
    before = len(await user.list(user=user.user))
    told = await ask(stack, user.user, QUESTION, "--dry-run")
    assert (told.code, len(await user.list(user=user.user))) == (0, before)


async def test_a_question_that_cannot_be_read_lists_what_can_be_asked(stack, user):
    told = await ask(stack, user.user, "Who is Jane Secretname?")
    assert told.code == 2
    assert QUESTION in told.err
    assert "Who is" not in told.err
