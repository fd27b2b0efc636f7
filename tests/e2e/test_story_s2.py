"""Story 2: “Write a pitch for my new single to BBC Radio 6”, by an honest model and by one that invents."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from asking import ask, totalaud, typed
from rig import client_of, running_stack
from storybook import Storybook
from totalaud.cli.main import INTERRUPTED

QUESTION = "Write a pitch for my new single to BBC Radio 6"
TODAY = datetime.now(UTC).date()
RELEASED = TODAY + timedelta(days=26)
FACTS = (
    "Neon Harbour record at home with two synthesizers and a drum machine",
    "They played Long Meadow Festival in 2024",
    "Glass Coast was written on a night train to Whitby",
)
INVENTING = """
anthropic:
  default: medium
  tiers:
    small: claude-haiku-4-5;invent=9
    medium: claude-sonnet-5;invent=9
  retired: {}
openai:
  default: medium
  tiers: {small: gpt-5.4-mini, medium: gpt-5.4}
  retired: {}
"""


async def recorded(client) -> None:
    """A profile with three facts, and a single that is due in 26 days."""
    book = Storybook(client)
    artist = await book.artist("Neon Harbour", FACTS, genres=("synthpop",), location="Leeds", mine=True)
    await book.release(artist, "Glass Coast", kind="single", date=RELEASED)
    await book.read()


@pytest.fixture(scope="module")
async def user(stack):
    async with await client_of(stack, uuid4()) as client:
        await recorded(client)
        yield client


@pytest.fixture(scope="module")
async def told(stack, user):
    return await ask(stack, user.user, QUESTION, "--json")


@pytest.fixture(scope="module")
def output(told):
    return told.document["result"]["outputs"][0]


@pytest.fixture(scope="module")
async def invented(tmp_path_factory):
    """The same question where every model invents an award: what was told, and the session as stored."""
    models = tmp_path_factory.mktemp("models") / "models.yaml"
    models.write_text(INVENTING)
    async with (
        running_stack(TOTALAUD_MODELS=str(models)) as stack,
        await client_of(stack, uuid4()) as client,
    ):
        await recorded(client)
        result = (await ask(stack, client.user, QUESTION, "--json")).document["result"]
        stored = await totalaud(
            stack,
            client.user,
            "session",
            "get",
            result["session_id"],
            "--min-seq",
            str(result["seq"]),
            "--json",
        )
        events = [event async for commit in client.events(result["session_id"]) for event in commit.events]
        yield result, stored.document, events


def words(text: str) -> int:
    return len(text.split())


def failed(pitch) -> list[str]:
    return [check["name"] for check in pitch["checks"] if not check["passed"]]


async def test_the_plan_is_one_priced_step_to_the_outlet_itself(told):
    (step,) = told.document["plan"]["steps"]
    assert (step["skill"], step["input"]["contacts"]) == ("generate-pitch", [{"outlet": "BBC Radio 6 Music"}])
    assert (step["expected_calls"], step["expected_cost_usd"] > 0) == (2, True)


async def test_the_notes_tell_of_introducing_and_of_the_window_that_radio_wants(told):
    notes = " ".join(told.document["plan"]["notes"])
    assert "an upload at BBC Introducing first" in notes
    assert "26 days to the release fall short of the 28 to 56 days that radio wants" in notes


async def test_the_subject_and_two_others_are_short(output):
    subjects = [output["subject"], *output["subject_options"]]
    assert len(set(subjects)) == 3
    assert all(words(subject) <= 9 for subject in subjects)


async def test_the_body_has_fifty_to_a_hundred_and_fifty_words_and_lists_its_facts(output, told):
    (pitch,) = output["pitches"]
    given = told.document["plan"]["steps"][0]["input"]["artistInfo"]["facts"]
    cited = [fact["text"] for fact in given if fact["id"] in pitch["facts_used"]]
    assert 50 <= words(pitch["body"]) == pitch["word_count"] <= 150
    assert cited
    assert all(fact in pitch["body"] for fact in cited)
    assert failed(pitch) == []


async def test_a_person_reads_it_in_eighty_columns(stack, user):
    told = await ask(stack, user.user, QUESTION)
    assert told.code == 0
    assert all(len(line) <= 80 for line in told.out.splitlines())
    for part in ("Subject: ", "Other subjects:", "facts used: ", "BBC Introducing", "simulated text"):
        assert part in told.out


@pytest.mark.parametrize(
    ("keys", "code"),
    [(b"n\n", 1), (b"\x03", INTERRUPTED), (b"\x04", 1)],
    ids=["no", "ctrl-c", "ctrl-d"],
)
async def test_whoever_does_not_agree_to_the_price_pays_nothing(stack, user, keys, code):
    before = await user.list(user=user.user)
    async with asyncio.timeout(60):
        told = await typed(stack, user.user, "ask", QUESTION, "--fresh", prompt="[y/N]:", keys=keys)
    assert told.code == code
    assert "Traceback" not in told.out
    assert await user.list(user=user.user) == before


async def test_nobody_is_asked_about_money_where_the_stack_reaches_no_provider(stack, user):
    unset = {"TOTALAUD_NATS_URL": "", "TOTALAUD_DATABASE_URL": ""}
    async with asyncio.timeout(60):
        told = await typed(stack, user.user, "ask", QUESTION, prompt="[y/N]:", keys=b"n\n", **unset)
    assert told.code == 0
    assert "Subject: " in told.out
    assert "money" not in told.out


async def test_that_nobody_is_left_to_write_to_is_an_answer(stack, user):
    question = "Write a pitch for Glass Coast to techno blogs in Wales"
    none_yet = await ask(stack, user.user, question)
    assert "there is no contact yet: 'totalaud contacts import FILE'" in none_yet.err
    done = await user.records.load("contacts", b"name,outlet,type,genres\nAsha,Dock FM,radio,polka\n")
    await user.tables.caught_up(done["seq"])
    told = await ask(stack, user.user, question)
    assert (told.code, told.err) == (0, "")
    assert "Nobody fits." in told.out
    assert "Nobody is left, so step 3 had nothing to do" in told.out
    assert all(len(line) <= 80 for line in told.out.splitlines())
    script = await ask(stack, user.user, question, "--json")
    assert (script.code, script.document["error"]["code"]) == (1, "nothing_to_do")


async def test_a_budget_holds_what_the_plan_is_run_for(stack, user):
    told = await ask(stack, user.user, QUESTION, "--fresh", "--budget", "1", "--json")
    found = await user.get(told.document["result"]["session_id"], min_seq=told.document["result"]["seq"])
    assert found["budget_usd"] == 1


async def test_a_press_release_of_the_same_facts_reads_in_eighty_columns_and_says_what_is_missing(
    stack, user
):
    told = await ask(stack, user.user, "Write a press release for my new single")
    assert told.code == 0, told.err
    assert all(len(line) <= 80 for line in told.out.splitlines())
    for part in ("Notes to editors", "For immediate release", "About Neon Harbour", "missing: links, quotes"):
        assert part in told.out
    assert all(fact in " ".join(told.out.split()) for fact in FACTS)


async def test_what_is_found_is_put_into_words_when_that_is_asked_for(stack, user):
    question = "Suggest hashtags for my new single on Instagram"
    told = await ask(stack, user.user, question, "--prose", "--json")
    plan, result = told.document["plan"], told.document["result"]
    assert [step["skill"] for step in plan["steps"]] == ["suggest-hashtags", "write-summary"]
    assert [step["expected_calls"] for step in plan["steps"]] == [0, 2]
    text = result["outputs"][1]["text"]
    assert any(tag["why"] in text for tag in result["outputs"][0]["hashtags"])
    assert result["outputs"][1]["meta"]["basis"] == "model"


async def test_a_budget_holds_the_session_and_not_only_its_plan(stack, user):
    refused = await ask(stack, user.user, QUESTION, "--json", "--budget", "0.001")
    assert refused.document["error"]["code"] == "budget_exceeded"
    told = await ask(stack, user.user, QUESTION, "--json", "--budget", "0.75")
    session = await user.get(told.document["result"]["session_id"], min_seq=told.document["result"]["seq"])
    assert float(session["budget_usd"]) == 0.75


async def test_an_invented_award_is_rejected_repaired_once_and_then_replaced_by_the_template(invented):
    result, _, _ = invented
    (output,) = result["outputs"]
    (pitch,) = output["pitches"]
    assert "NME" not in str(result["outputs"])
    assert (pitch["basis"], output["meta"]["basis"]) == ("template", "template")
    assert failed(pitch) == []
    assert output["meta"]["warnings"] == ["no model wrote this text: it is from the template"]
    assert RELEASED.strftime("%B %Y") in pitch["body"]


async def test_both_calls_are_in_the_log_with_their_price_and_what_they_failed(invented):
    _, _, events = invented
    calls = [event for event in events if event["type"] == "ModelCalled"]
    assert [(call["purpose"], call["outcome"], call["failed_checks"]) for call in calls] == [
        ("first", "checks_failed", ["facts"]),
        ("repair", "checks_failed", ["facts"]),
    ]
    assert all(float(call["usage"]["list_price_usd"]) > 0 for call in calls)


async def test_the_session_shows_both_calls_and_their_sum(invented):
    result, session, _ = invented
    calls = session["model_calls"]
    assert [call["model"] for call in calls] == ["claude-haiku-4-5;invent=9", "claude-sonnet-5;invent=9"]
    assert session["list_price_usd"] == pytest.approx(sum(call["list_price_usd"] for call in calls))
    assert session["tokens_used"] == sum(call["input_tokens"] + call["output_tokens"] for call in calls)
    assert (session["status"], session["cost_usd"], session["simulated"]) == ("completed", 0, True)
    assert result["tokens_used"] == session["tokens_used"]
