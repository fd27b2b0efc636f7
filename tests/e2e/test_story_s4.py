"""Story 4: “What's working best for artists like me?”, of fourteen artists, and of one alone."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest

from asking import ask
from rig import client_of
from storybook import Storybook, outreach

QUESTION = "What's working best for artists like me?"
OWN = "What's working best for me?"
NOW = datetime.now(UTC).replace(microsecond=0)
ARTISTS, SHOWN_FROM = 14, 10
MATCHED, OTHERS = (480, 57), (720, 43)
NULLS = 19


def csv(count: int) -> bytes:
    """Contacts of whom the first two fifths play synthpop."""
    rows = (
        f"Person {n},person{n}@example.org,Outlet {n},radio,{'synthpop' if n < count * 0.4 else 'metal'}"
        for n in range(count)
    )
    return "\n".join(["name,email,outlet,type,genres", *rows]).encode()


def pitch(chance: Random, person: UUID, *, replied: bool):
    """A pitch of long ago with nineteen attributes that mean nothing, answered after two days or never."""
    sent = NOW - timedelta(hours=chance.randint(30 * 24, 230 * 24))
    nulls = {f"coin_{n}": chance.choice(("yes", "no")) for n in range(NULLS)}
    yield outreach(person, "sent", sent, attributes=nulls)
    if replied:
        yield outreach(person, "replied", sent + timedelta(days=2), category="interested")


def share(total: int, number: int) -> int:
    """Return an artist's part of a total, the parts adding up."""
    return total * (number + 1) // ARTISTS - total * number // ARTISTS


@pytest.fixture(scope="module")
async def artists(stack):
    """Fourteen users with an artist each, all opted in."""
    chance, clients = Random(4), []
    for number in range(ARTISTS):
        client = await client_of(stack, uuid4())
        clients.append(client)
        await client.records.load("contacts", csv(90))
        book = Storybook(client)
        artist = await book.artist(f"Act {number}", genres=("synthpop",), in_cohort=True)
        await client.tables.caught_up(book.seq)
        people = await book.contacts()
        events = []
        for (total, answered), first in ((MATCHED, 0), (OTHERS, 36)):
            of_artist = [people[f"Outlet {first + n}"] for n in range(share(total, number))]
            replies = share(answered, number)
            events += [
                one for n, who in enumerate(of_artist) for one in pitch(chance, who, replied=n < replies)
            ]
        chance.shuffle(events)
        await book.campaign(f"Push {number}", events, artist=str(artist), genres=("synthpop",))
    await book.read()
    try:
        yield clients
    finally:
        for client in clients:
            await client.close()


@pytest.fixture(scope="module")
async def told(stack, artists):
    return await ask(stack, artists[0].user, QUESTION, "--json")


@pytest.fixture(scope="module")
def patterns(told):
    return told.document["result"]["outputs"][0]["patterns"]


async def test_the_plan_has_three_free_steps_for_insight(told):
    plan = told.document["plan"]
    assert plan["agent"] == "insight-agent"
    assert [step["skill"] for step in plan["steps"]] == [
        "identify-patterns",
        "benchmark-performance",
        "recommend-next-steps",
    ]


async def test_contacts_whose_genre_matches_answer_twice_as_often(patterns):
    found = next(one for one in patterns if one["verdict"] == "supported")
    assert found["text"].startswith(
        "genre-matched contacts reply 11.9 % (9.3\u201315.1) vs 6.0 % (4.5\u20137.9), lift 2.0, q "
    )
    assert found["q_value"] < 0.1


async def test_nothing_that_means_nothing_is_supported(patterns):
    supported = [one["rule"] for one in patterns if one["verdict"] == "supported"]
    assert len(supported) == 1


async def test_weekday_and_slot_are_said_to_be_unknown(patterns):
    verdicts = {name: one["verdict"] for one in patterns for name in one["attributes"]}
    assert {verdicts.get("weekday"), verdicts.get("slot")} == {"not_enough_data"}


async def test_one_s_own_place_among_the_others_has_an_interval(told):
    benchmark = told.document["result"]["outputs"][1]
    assert benchmark["cohort"]["n"] >= SHOWN_FROM
    assert benchmark["percentile"]["lo"] < benchmark["percentile"]["mean"] < benchmark["percentile"]["hi"]


async def test_next_steps_have_evidence(told):
    actions = told.document["result"]["outputs"][2]["actions"]
    assert len(actions) <= 3
    assert all(one["evidence"] for one in actions)


async def test_a_person_reads_it_in_eighty_columns(stack, artists):
    told = await ask(stack, artists[0].user, QUESTION)
    assert told.code == 0
    assert all(len(line) <= 80 for line in told.out.splitlines())
    assert "genre-matched contacts reply 11.9 %" in told.out


async def test_sixty_pitches_are_too_few_and_it_says_how_many_are_missing(stack):
    chance = Random(5)
    async with await client_of(stack, uuid4()) as client:
        await client.records.load("contacts", csv(60))
        book = Storybook(client)
        artist = await book.artist("Alone", genres=("synthpop",))
        await client.tables.caught_up(book.seq)
        people = await book.contacts()
        events = [one for n, who in enumerate(people.values()) for one in pitch(chance, who, replied=n < 3)]
        await book.campaign("First push", events, artist=str(artist), genres=("synthpop",))
        await book.read()
        told = (await ask(stack, client.user, OWN, "--json")).document["result"]["outputs"][0]
    assert not [one for one in told["patterns"] if one["verdict"] == "supported"]
    assert told["meta"]["basis"] == "insufficient"
    assert told["meta"]["needed"] > 0
    assert all(one["source"] and one["year"] for one in told["references"])
    assert told["references"]


async def test_with_nine_artists_left_nothing_is_shown_of_the_others(stack, artists):
    for number, client in list(enumerate(artists))[9:]:
        book = Storybook(client)
        await book.artist(f"Act {number}", genres=("synthpop",), in_cohort=False)
    await book.read()
    told = await ask(stack, artists[0].user, QUESTION, "--json")
    patterns, benchmark, _ = told.document["result"]["outputs"]
    assert benchmark.get("cohort") is None
    assert not [one for one in patterns["patterns"] if one["verdict"] == "supported"]
