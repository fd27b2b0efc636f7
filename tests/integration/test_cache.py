"""The same question again on a whole stack: answered from the log's own results, or not, and why not."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from proxy import proxied
from rig import client_of
from shared import models
from shared.definitions import SkillDefinition
from shared.jetstream_log import JetStreamLog
from shared.registry import Registry
from shared.vault import Vault
from shared.work import Work
from skill_runner.answerers import Answerers
from skill_runner.cache import WAIT_S, Cache, Looked
from skill_runner.objections import Objections
from skill_runner.progress import MOST_WARNINGS
from skill_runner.results import ProjectedResults
from storybook import Storybook
from totalaud.client import Client
from totalaud.errors import SkillFailed
from totalaud.results import SkillResult
from totalaud.stack.local import LocalStack

CSV = b"name,email,outlet,type\nMara Canaryname,mara@example.org,Tees Sample FM,radio\n"
PASSED_ON = (
    "SELECT cache_key, cached_from, cache_hit, saved_usd FROM skill_executions WHERE execution_id = $1"
)
BEGUN = "SELECT started_at FROM skill_executions WHERE user_id = $1 ORDER BY started_at"
NOWHERE = "postgresql://nobody@127.0.0.1:9/none"


@pytest.fixture
async def client(stack: LocalStack) -> AsyncIterator[Client]:
    async with await client_of(stack, uuid4()) as client:
        yield client


@dataclass
class Reader:
    """A cache over the stack's own tables, at another time or with another endpoint."""

    stack: LocalStack
    registry: Registry
    vault: Vault
    results: ProjectedResults

    async def look(
        self, work: Work, *, later: timedelta = timedelta(), env: dict[str, str] | None = None
    ) -> Looked:
        answerers = Answerers(models.load(), env or {}, self.stack.place.model_url)
        at = datetime.now(UTC) + later
        return await Cache(
            self.registry,
            self.vault,
            self.results,
            answerers,
            lambda: at,
            objections=Objections(self.results, self.vault),
        ).look(work)

    async def work(self, user: UUID, skill: str, given: dict[str, Any], **changes: Any) -> Work:
        known = await self.registry.skill(skill)
        assert known is not None
        body = {
            "user": user,
            "noun": "execution",
            "id": uuid4(),
            "step": 1,
            "attempt": 1,
            "attempt_id": uuid4(),
            "skill": skill,
            "skill_hash": known.definition.hash,
            "pool": known.definition.provider,
            "input": given,
            "timeout_s": 5,
            "seq": 1,
            "log_seq": 0,
        }
        return Work.of(body | changes)


@pytest.fixture
async def reader(stack: LocalStack, client: Client) -> AsyncIterator[Reader]:
    async with AsyncExitStack() as open_:
        key = bytes.fromhex(stack.place.master_key_file.read_text())
        vault = await Vault.connect(stack.place.database_url, key)
        open_.push_async_callback(vault.close)
        results = await ProjectedResults.connect(stack.place.database_url)
        open_.push_async_callback(results.close)
        registry = await Registry.load(client.bus, JetStreamLog(client.bus))
        yield Reader(stack, registry, vault, results)


async def ask(client: Client, skill: str = "draw-token", **given: Any) -> SkillResult:
    """Ask with the text `again`, unless another input is given."""
    fresh = given.pop("fresh", False)
    accepted = await client.execute(skill, given or {"text": "again"}, fresh=fresh)
    return await client.skill_outcome(accepted.id)


def calls(stack: LocalStack) -> int:
    with urllib.request.urlopen(f"{stack.place.model_url}/calls") as answer:
        return json.load(answer)["total"]


async def test_the_same_question_again_is_answered_by_the_first_result(client: Client):
    first, again = await ask(client), await ask(client)
    assert (first.cache_hits, again.cache_hits) == (0, 1)
    assert again.output == first.output
    assert (again.cost_usd, again.tokens_used, again.saved_usd) == (0, 0, 0)


async def test_a_result_that_is_nothing_is_found_again(client: Client):
    first, again = await ask(client, "draw-nothing"), await ask(client, "draw-nothing")
    assert (first.output, again.output, again.cache_hits) == (None, None, 1)


async def test_a_hit_warns_of_no_more_than_a_run_does_however_much_was_left_out(client: Client):
    given = {"text": "again", **{f"a{number}": 1 for number in range(20_000)}}
    async with asyncio.timeout(60):
        first, again = await ask(client, **given), await ask(client, **given)
    assert (first.cache_hits, again.cache_hits) == (0, 1)
    assert again.warnings == first.warnings
    assert len(again.warnings) == MOST_WARNINGS + 1


async def test_rows_tell_a_hit_and_where_its_result_is_from(client: Client):
    first, again = await ask(client), await ask(client)
    await client.tables.caught_up(again.seq)
    (one,) = await client.tables.rows(PASSED_ON, UUID(first.execution_id))
    (other,) = await client.tables.rows(PASSED_ON, UUID(again.execution_id))
    attempt = await client.tables.row(
        "SELECT id FROM skill_executions WHERE execution_id = $1", UUID(first.execution_id)
    )
    assert (one["cache_hit"], one["cached_from"]) == (False, None)
    assert (other["cache_hit"], other["cached_from"], other["saved_usd"]) == (True, attempt["id"], 0)
    assert other["cache_key"] == one["cache_key"]


async def test_a_rebuild_of_the_tables_forgets_no_result(client: Client):
    first = await ask(client)
    await client.operator.rebuild()
    assert (await ask(client)).output == first.output


async def test_other_spellings_of_an_input_are_the_same_question(client: Client):
    first = await ask(client, text="spelt")
    assert (await ask(client, number=1.0, text="spelt")).output == first.output


async def test_another_input_another_user_or_another_order_of_a_list_is_another_question(
    stack: LocalStack, client: Client
):
    first = await ask(client)
    assert (await ask(client, text="another")).cache_hits == 0
    async with await client_of(stack, uuid4()) as other:
        assert (await ask(other)).output != first.output


async def test_after_a_record_of_the_user_s_changed_it_is_run_again(stack: LocalStack, client: Client):
    await ask(client)
    async with await client_of(stack, uuid4()) as other:
        await other.records.load("contacts", CSV)
    assert (await ask(client)).cache_hits == 1
    await client.records.load("contacts", CSV)
    assert (await ask(client)).cache_hits == 0
    assert (await ask(client)).cache_hits == 1


async def test_a_comparison_with_others_is_made_again_after_anybody_s_record_changed(
    stack: LocalStack, client: Client
):
    given = {"scope": "cohort"}
    async with await client_of(stack, uuid4()) as other:
        await Storybook(other).artist("Somebody", in_cohort=True)
        await ask(client, "identify-patterns", **given)
        assert (await ask(client, "identify-patterns", **given)).cache_hits == 1
        await Storybook(other).artist("Somebody", in_cohort=False)
        assert (await ask(client, "identify-patterns", **given)).cache_hits == 0


async def test_a_fresh_run_is_a_run_and_its_result_serves_from_then_on(client: Client):
    first, fresh, again = await ask(client), await ask(client, fresh=True, text="again"), await ask(client)
    assert fresh.cache_hits == 0
    assert fresh.output != first.output
    assert again.output == fresh.output


async def test_a_step_of_a_session_may_ask_for_a_fresh_run_too(client: Client):
    token = {"skill": "draw-token", "input": {"text": "steps"}}
    accepted = await client.run("tester", [token, {**token, "fresh": True}, token])
    result = await client.outcome(accepted.id)
    one, two, three = (output["token"] for output in result.outputs)
    assert (one == two, two == three, result.cache_hits) == (False, True, 1)


async def test_failures_and_templates_are_never_served(client: Client):
    for _ in range(2):
        with pytest.raises(SkillFailed):
            await ask(client, text="fail")
    assert [(await ask(client, text="template")).cache_hits for _ in range(2)] == [0, 0]


async def test_a_text_is_paid_once_and_the_second_time_says_what_it_saved(stack: LocalStack, client: Client):
    before = calls(stack)
    first, again = [await ask(client, "write-kept", topic="synthpop") for _ in range(2)]
    assert calls(stack) == before + 1
    assert again.output == first.output
    assert (again.cost_usd, again.list_price_usd, again.tokens_used) == (0, 0, 0)
    assert (again.simulated, again.saved_usd) == (True, 0)
    assert again.saved_list_price_usd == first.list_price_usd > 0


async def test_a_hit_is_neither_claimed_nor_counted_in_the_session(client: Client):
    step = {"skill": "write-kept", "input": {"topic": "new wave"}}
    first = await client.outcome((await client.run("tester", [step])).id)
    accepted = await client.run("tester", [step])
    again = await client.outcome(accepted.id)
    types = [event["type"] async for commit in client.events(accepted.id) for event in commit.events]
    assert types == ["SessionStarted", "AttemptRequested", "StepCompleted", "SessionCompleted"]
    session = await client.get(accepted.id, min_seq=again.seq)
    assert (session.tokens_used, session.list_price_usd, session.simulated) == (0, 0, True)
    assert session.steps[0].saved_list_price_usd == pytest.approx(first.list_price_usd)


async def test_what_a_model_wrote_outlives_an_import_for_it_reads_no_records(client: Client):
    await ask(client, "write-kept", topic="italo disco")
    await client.records.load("contacts", CSV)
    assert (await ask(client, "write-kept", topic="italo disco")).cache_hits == 1


async def test_equal_questions_at_once_are_all_answered(client: Client):
    asked = [client.execute("draw-token", {"text": "at once"}) for _ in range(8)]
    found = [await client.skill_outcome(one.id) for one in await asyncio.gather(*asked)]
    assert all(one.output["token"] for one in found)
    assert (await ask(client, text="at once")).output in [one.output for one in found]


async def test_an_erased_person_is_not_served_again(client: Client):
    await client.records.load("contacts", CSV)
    mara = {"id": str(await client.contact_id("mara@example.org")), "name": "Mara Canaryname"}
    first, again = [await ask(client, text="again", contact=mara) for _ in range(2)]
    assert (again.cache_hits, again.output) == (1, first.output)
    assert again.output["contact"]["name"] == "Mara Canaryname"
    await client.door.ask(client.user, "contacts", "erase", {"contact_id": mara["id"]})
    after = await ask(client, text="again", contact=mara)
    assert (after.cache_hits, after.output["token"] == first.output["token"]) == (0, False)


@pytest.mark.parametrize("named", ["by id", "by address"])
async def test_who_objected_is_not_written_to_however_they_are_named_not_even_what_was_written_before(
    named: str, client: Client
):
    await client.records.load("contacts", CSV)
    mara = {"id": str(await client.contact_id("mara@example.org"))}
    contact = mara if named == "by id" else {"email": "Mara@example.org"}
    given = {"contacts": [contact], "artist_name": "Neon Harbour"}
    assert len((await ask(client, "generate-pitch", **given)).output["pitches"]) == 1
    await client.door.ask(client.user, "contacts", "suppress", {"email": "mara@example.org"})
    with pytest.raises(SkillFailed, match=r"invalid_input: contacts\[0\].*suppressed"):
        await ask(client, "generate-pitch", **given)


@pytest.mark.parametrize(
    ("skill", "listed", "many", "told"),
    [
        ("score-contacts", "contacts", 1, "3 left out: suppressed or erased"),
        ("predict-success", "predictions", 1, "3 left out: suppressed or erased"),
        ("optimize-timing", "unscheduled", 4, "it must not be written to"),
    ],
)
async def test_who_objected_is_told_as_suppressed_where_people_are_ranked_however_they_are_named(
    skill: str, listed: str, many: int, told: str, client: Client
):
    """By id, or by a typed address, beside the id of somebody's own list too; not from the cache."""
    await client.records.load("contacts", CSV)
    mara = {"id": str(await client.contact_id("mara@example.org")), "type": "radio"}
    others = ({"email": "Mara@example.org"}, {"id": str(uuid4()), "email": "Mara <mara@example.org>"})
    given = {"contacts": [mara, *others, {"email": "joe@example.org"}]}
    assert "suppressed" not in json.dumps((await ask(client, skill, **given)).output)
    await client.door.ask(client.user, "contacts", "suppress", {"email": "mara@example.org"})
    after = (await ask(client, skill, **given)).output
    assert told in json.dumps(after)
    assert len(after[listed]) == many


async def test_a_key_that_is_gone_is_no_hit_even_before_the_erasure_is_recorded(
    client: Client, reader: Reader
):
    mara = uuid4()
    given = {"text": "again", "contact": {"id": str(mara), "name": "Mara Canaryname"}}
    await ask(client, **given)
    sealed = await client.tables.row("SELECT input FROM skill_executions WHERE user_id = $1", client.user)
    work = await reader.work(client.user, "draw-token", sealed["input"])
    assert (await reader.look(work)).report is not None
    await reader.vault.erase(client.user, mara)
    assert await reader.look(work) == Looked()


async def test_a_result_that_speaks_of_somebody_without_a_key_is_not_served(client: Client, reader: Reader):
    await client.records.load("contacts", CSV)
    found = await ask(client, "research-contacts", query="radio")
    assert [contact["name"] for contact in found.output["contacts"]] == ["Mara Canaryname"]
    work = await reader.work(client.user, "research-contacts", {"query": "radio"})
    assert (await reader.look(work)).report is not None
    await reader.vault.erase(client.user, UUID(found.output["contacts"][0]["id"]))
    looked = await reader.look(work)
    assert (looked.report, looked.key is None) == (None, False)


async def test_on_another_day_it_is_run_again(client: Client, reader: Reader):
    await ask(client, "research-contacts", query="radio")
    work = await reader.work(client.user, "research-contacts", {"query": "radio"})
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=1, microsecond=0)
    assert (await reader.look(work)).report is not None
    tomorrow = await reader.look(work, later=midnight - now)
    assert (tomorrow.report, tomorrow.key is None) == (None, False)


async def test_a_hit_makes_a_result_no_younger(client: Client, reader: Reader):
    await ask(client)
    await asyncio.sleep(0.1)
    again = await ask(client)
    await client.tables.caught_up(again.seq)
    first, second = await client.tables.rows(BEGUN, client.user)
    work = await reader.work(client.user, "draw-token", {"text": "again"})
    between = first["started_at"] + (second["started_at"] - first["started_at"]) / 2
    assert (await reader.look(work)).report is not None
    too_old = between + timedelta(seconds=3600) - datetime.now(UTC)
    assert (await reader.look(work, later=too_old)).report is None


async def test_another_version_of_the_skill_is_another_question(client: Client, reader: Reader):
    await ask(client)
    known = await reader.registry.skill("draw-token")
    other: SkillDefinition = known.definition.model_copy(update={"name": "draw-token-2", "hash": "another"})
    await client.operator.push([other], [])
    work = await reader.work(client.user, "draw-token-2", {"text": "again"})
    looked = await reader.look(work)
    assert (looked.report, looked.key is None) == (None, False)


@pytest.mark.parametrize(
    "env",
    [{"ANTHROPIC_API_KEY": "a-key"}, {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}],
    ids=min,
)
async def test_what_the_local_model_wrote_is_never_served_for_a_real_one(
    client: Client, reader: Reader, env: dict[str, str]
):
    await ask(client, "write-kept", topic="dream pop")
    work = await reader.work(client.user, "write-kept", {"topic": "dream pop"})
    assert (await reader.look(work)).report is not None
    assert (await reader.look(work, env=env)).report is None


async def test_where_the_tables_are_behind_nothing_is_looked_up_and_nobody_waits_long(
    client: Client, reader: Reader
):
    await ask(client)
    work = await reader.work(client.user, "draw-token", {"text": "again"}, log_seq=10**9)
    begun = asyncio.get_running_loop().time()
    assert await reader.look(work) == Looked()
    assert asyncio.get_running_loop().time() - begun < 5 * WAIT_S


async def test_while_postgres_is_away_nothing_is_looked_up(client: Client, reader: Reader):
    await ask(client)
    reader.results = await ProjectedResults.connect(NOWHERE)
    work = await reader.work(client.user, "draw-token", {"text": "again"})
    assert await reader.look(work) == Looked()
    await reader.results.close()


async def test_while_postgres_says_nothing_nobody_waits_long(client: Client, reader: Reader):
    await ask(client)
    work = await reader.work(client.user, "draw-token", {"text": "again"})
    async with proxied(reader.stack.place.database_url) as proxy:
        reader.results = await ProjectedResults.connect(proxy.url)
        assert (await reader.look(work)).report is not None
        proxy.silence()
        async with asyncio.timeout(5 * WAIT_S):
            assert await reader.look(work) == Looked()
        await reader.results.close()


async def test_a_skill_that_did_not_opt_in_is_not_even_looked_up(client: Client, reader: Reader):
    reader.results = await ProjectedResults.connect(NOWHERE)
    work = await reader.work(client.user, "echo", {"text": "again"}, log_seq=10**9)
    assert await reader.look(work) == Looked()
    await reader.results.close()
