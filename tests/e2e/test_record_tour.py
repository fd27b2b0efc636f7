"""The command line's tour of records, on a whole stack and with the files that ship."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from asking import Told, pointing_to, shown
from rig import SAMPLE, client_of

FILES = SAMPLE.parents[2] / "tracker" / "example"
MARA = "mara.samplewood@example.org"
NOOR = "noor.fictley@example.org"


class Tour:
    """Runs commands one after the other, each as far as its answer goes."""

    def __init__(self, stack) -> None:
        self.stack, self.user = stack, uuid4()
        self.told: dict[str, Told] = {}

    async def run(self, *words: str) -> Told:
        told = await shown(self.user, *words, data=self.stack.data)
        self.told[" ".join(words[:2])] = told
        return told

    async def done(self, *words: str) -> str:
        told = await self.run(*words)
        assert told.code == 0, told.err
        return told.out


@pytest.fixture(scope="module")
async def tour(stack):
    tour = Tour(stack)
    with pointing_to(stack):
        await begin(tour)
        yield tour


async def begin(tour):
    await tour.done("artists", "set", "Neon Harbour", "--genre", "synthpop", "--location", "Leeds, UK")
    await tour.done("artists", "add-fact", "Neon Harbour", "Played a fictional festival in 2025")
    await tour.done(
        "releases", "plan", "Neon Harbour", "Glass Coast", "--type", "single", "--date", "2026-12-18"
    )
    await tour.done("contacts", "import", str(SAMPLE))
    await tour.done(
        "campaigns", "create", "Glass Coast", "--artist", "Neon Harbour", "--release", "Glass Coast"
    )
    await tour.done("outreach", "import", str(FILES / "outreach.csv"))
    await tour.done("streams", "import", str(FILES / "streams.csv"), "--artist", "Neon Harbour")
    await tour.done("opportunities", "import", str(FILES / "opportunities.csv"))
    await tour.done("coverage", "import", str(FILES / "coverage.csv"))


async def test_every_file_that_ships_is_good_to_the_last_row(tour):
    for noun, rows in (
        ("contacts", 14),
        ("outreach", 10),
        ("streams", 5),
        ("opportunities", 3),
        ("coverage", 2),
    ):
        assert tour.told[f"{noun} import"].out == f"{rows} imported, 0 unchanged, 0 duplicates, 0 failed\n"


async def test_a_calendar_is_imported_like_a_table(tour):
    told = await tour.done("opportunities", "import", str(FILES / "opportunities.ics"))
    assert told == "1 imported, 0 unchanged, 0 duplicates, 0 failed\n"


async def test_what_is_done_again_says_so(tour):
    again = await tour.done(
        "artists", "set", "neon harbour", "--genre", "synthpop", "--location", "Leeds, UK"
    )
    assert again.endswith("is set\n")
    again = await tour.done(
        "artists", "set", "neon harbour", "--genre", "synthpop", "--location", "Leeds, UK"
    )
    assert again.endswith("is set (nothing changed)\n")
    again = await tour.done("outreach", "import", str(FILES / "outreach.csv"))
    assert again == "0 imported, 10 unchanged, 0 duplicates, 0 failed\n"


async def test_all_of_it_is_listed_in_eighty_columns(tour):
    shown = {
        noun: await tour.done(noun, "list")
        for noun in ("artists", "releases", "campaigns", "outreach", "contacts", "opportunities", "coverage")
    }
    assert all(len(line) <= 80 for out in shown.values() for line in out.splitlines())
    assert "Mara Samplewood" in shown["contacts"]
    assert shown["campaigns"].splitlines()[2].split()[6:9] == ["5", "2", "1"]
    assert "Fictional Recording Fund" in shown["opportunities"]


async def test_an_automatic_answer_is_none_and_a_bounce_was_never_delivered(tour):
    async with await client_of(tour.stack, tour.user) as client:
        (campaign,) = await client.records.rows("campaigns")
        asked = await client.execute("track-campaign", {"campaign_id": campaign.id, "window": "all"})
        funnel = (await client.skill_outcome(asked.id)).output["funnel"]
    expected = {"sent": 5, "bounced": 1, "replied": 2, "placed": 1, "declined": 1}
    assert {name: funnel[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("artists", "add-fact", "Nobody", "x"), "artist: none of yours has this name or id"),
        (("outreach", "record", "Glas Coast", MARA, "sent"), "campaign: none of yours has this name or id"),
        (("outreach", "record", "Glass Coast", MARA, "opened"), "event: opens are taken from an import only"),
        (("outreach", "record", "Glass Coast", MARA, "sent", "--at", "2099-01-01T00:00Z"), "in the future"),
        (("outreach", "record", "Glass Coast", "zoe@example.org", "sent"), "email: no such contact"),
        (("outreach", "import", str(SAMPLE)), "it looks like a file of contacts"),
    ],
)  # fmt: skip
async def test_what_cannot_be_done_is_told_in_one_line(tour, words, said):
    told = await tour.run(*words)
    assert (told.code, told.out) == (1, "")
    assert said in told.err
    assert len(told.err.splitlines()) == 1


async def test_whose_answer_objects_is_suppressed_until_that_is_taken_back(tour):
    words = ("replied", "--detail", "Please take me off your list.")
    told = await tour.done("outreach", "record", "Glass Coast", NOOR, *words)
    objects, undo = told.splitlines()[1:]
    assert objects == "the answer asks not to be written to again, so the contact is suppressed"
    who = undo.removeprefix("if that is wrong: totalaud contacts unsuppress ")
    assert (await tour.done("contacts", "suppress", NOOR)).endswith("is suppressed (nothing changed)\n")
    assert '"objected"' in await tour.done("--json", "outreach", "list")
    asked = {"contacts": [{"email": NOOR, "type": "radio"}]}
    async with await client_of(tour.stack, tour.user) as client:
        ranked = []
        for verb in ("suppress", "unsuppress"):
            await tour.done("contacts", verb, who)
            started = await client.execute("score-contacts", asked)
            ranked.append(len((await client.skill_outcome(started.id)).output["contacts"]))
    assert ranked == [0, 1]


async def test_one_who_objected_and_was_erased_is_written_of_no_more(tour):
    for verb in ("suppress", "erase"):
        mistyped = await tour.done("contacts", verb, f"{verb}.{MARA}")
        assert mistyped.endswith("ed (not a contact of yours until now: is the address right?)\n")
    suppressed = await tour.done("contacts", "suppress", MARA)
    assert suppressed.endswith("is suppressed\n")
    assert (await tour.done("contacts", "suppress", MARA)).endswith("is suppressed (nothing changed)\n")
    assert "love this" in await tour.done("contacts", "export", MARA)
    await tour.done("contacts", "erase", MARA)
    assert "love this" not in await tour.done("contacts", "export", MARA)
    again = await tour.run("outreach", "record", "Glass Coast", MARA, "sent")
    assert "email: this person was erased" in again.err


async def test_in_a_closed_campaign_nothing_is_sent_any_more(tour):
    await tour.done("campaigns", "close", "Glass Coast")
    owen = ("outreach", "record", "Glass Coast", "owen.mockridge@example.org")
    at = ("--at", (datetime.now(UTC) + timedelta(minutes=1)).isoformat())
    assert "the campaign was closed" in (await tour.run(*owen, "sent", *at)).err
    await tour.done(*owen, "placed", *at)
