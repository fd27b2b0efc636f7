"""The local model server, as the providers' own SDKs see it."""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from shared.schema import problems
from skill_runner.structured import WRITTEN, lowest_common
from totalaud.stack import ports

INPUT = {
    "artist_name": "Neon Harbour",
    "genre": "synthpop",
    "contacts": [
        {"contact_id": "c-1", "name": "[[name]]", "outlet": "Radio Lumen"},
        {"contact_id": "c-2", "name": "[[name]]", "outlet": "Nachtfunk"},
    ],
}
PITCH = {
    "type": "object",
    "properties": {
        "subject": {"type": "string"},
        "body": {"type": "string"},
        "tone": {"enum": ["warm", "formal"]},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "words": {"type": ["integer", "null"], "minimum": 10, "maximum": 20},
    },
    "required": ["subject", "body", "tone", "score", "words"],
    "additionalProperties": False,
}
SYSTEM = "You write short pitches. " * 40


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    port = ports.free_port()
    command = [sys.executable, "-m", "totalaud.model_server", "--port", str(port)]
    with subprocess.Popen(command) as server:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
        server.terminate()


@pytest.fixture
async def gpt(origin: str) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(api_key="none", base_url=f"{origin}/v1", max_retries=0) as client:
        yield client


@pytest.fixture
async def claude(origin: str) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(api_key="none", base_url=origin, max_retries=0) as client:
        yield client


async def test_openai_chat_answers_from_the_schema(gpt: openai.AsyncOpenAI) -> None:
    answer = await chat(gpt)
    assert fits(json.loads(answer.choices[0].message.content or ""))


async def test_a_placeholder_is_greeted_as_it_stands(gpt: openai.AsyncOpenAI) -> None:
    pitch = json.loads((await chat(gpt)).choices[0].message.content or "")
    assert pitch["body"].startswith("Hi [[name]],")
    assert "Neon Harbour" in pitch["body"]


async def test_the_same_prompt_has_the_same_answer(gpt: openai.AsyncOpenAI) -> None:
    first, second = await chat(gpt), await chat(gpt)
    assert first.choices[0].message.content == second.choices[0].message.content


async def test_a_list_of_objects_is_answered_item_by_item(gpt: openai.AsyncOpenAI) -> None:
    item = {"type": "object", "properties": {"contact_id": {"type": "string"}, "body": {"type": "string"}}}
    schema = {"type": "object", "properties": {"pitches": {"type": "array", "items": item}}}
    pitches = json.loads((await chat(gpt, schema=schema)).choices[0].message.content or "")["pitches"]
    assert [each["contact_id"] for each in pitches] == ["c-1", "c-2"]


async def test_a_type_that_has_itself_inside_is_filled_once(gpt: openai.AsyncOpenAI) -> None:
    tree = {
        "type": "object",
        "properties": {
            "size": {"type": "integer"},
            "below": {"anyOf": [{"$ref": "#/$defs/Tree"}, {"type": "null"}]},
            "beside": {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
        },
        "required": ["size", "below", "beside"],
    }
    schema = {"type": "object", "properties": {"t": {"$ref": "#/$defs/Tree"}}, "$defs": {"Tree": tree}}
    answer = await chat(gpt, schema=schema)
    filled = json.loads(answer.choices[0].message.content or "")["t"]
    assert (filled["below"], filled["beside"]) == (None, [])


async def test_what_has_a_form_of_its_own_is_answered_in_it(gpt: openai.AsyncOpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {form: {"type": "string", "format": form} for form in WRITTEN},
        "required": [*WRITTEN],
    }
    answer = await chat(gpt, schema=lowest_common(schema))
    assert problems(schema, json.loads(answer.choices[0].message.content or "")) == []


async def test_usage_counts_tokens_and_a_prefix_that_was_seen(gpt: openai.AsyncOpenAI) -> None:
    first = (await chat(gpt, model="prefix")).usage
    again = (await chat(gpt, model="prefix")).usage
    assert first
    assert again
    assert first.prompt_tokens_details
    assert again.prompt_tokens_details
    assert first.prompt_tokens > 250
    assert first.prompt_tokens_details.cached_tokens == 0
    assert 250 < again.prompt_tokens_details.cached_tokens <= again.prompt_tokens


async def test_openai_chat_streams(gpt: openai.AsyncOpenAI) -> None:
    text, usage = "", None
    async for chunk in await chat(gpt, stream=True, stream_options={"include_usage": True}):
        text += chunk.choices[0].delta.content or "" if chunk.choices else ""
        usage = chunk.usage or usage
    assert fits(json.loads(text))
    assert usage
    assert usage.completion_tokens > 0


async def test_openai_responses_answers(gpt: openai.AsyncOpenAI) -> None:
    answer = await gpt.responses.create(**responses())
    assert fits(json.loads(answer.output_text))
    assert answer.usage
    assert answer.usage.output_tokens > 0


async def test_openai_responses_streams(gpt: openai.AsyncOpenAI) -> None:
    async with gpt.responses.stream(**responses()) as stream:
        final = await stream.get_final_response()
    assert fits(json.loads(final.output_text))


async def test_anthropic_answers(claude: anthropic.AsyncAnthropic) -> None:
    answer = await claude.messages.create(**messages())
    assert answer.stop_reason == "end_turn"
    assert fits(json.loads(text_of(answer)))


async def test_anthropic_counts_what_was_cached_apart(claude: anthropic.AsyncAnthropic) -> None:
    first = (await claude.messages.create(**messages("apart"))).usage
    again = (await claude.messages.create(**messages("apart"))).usage
    assert again.cache_read_input_tokens
    assert again.input_tokens + again.cache_read_input_tokens == first.input_tokens


async def test_anthropic_streams(claude: anthropic.AsyncAnthropic) -> None:
    async with claude.messages.stream(**messages()) as stream:
        final = await stream.get_final_message()
    assert fits(json.loads(text_of(final)))
    assert final.usage.output_tokens > 1


async def test_the_first_calls_of_a_prompt_fail_as_the_model_name_orders(gpt: openai.AsyncOpenAI) -> None:
    for _ in range(2):
        with pytest.raises(openai.RateLimitError) as failed:
            await chat(gpt, model="local;429=2")
        assert failed.value.response.headers["retry-after"] == "0.2"
    assert (await chat(gpt, model="local;429=2")).choices


async def test_an_overloaded_provider_answers_529(claude: anthropic.AsyncAnthropic) -> None:
    with pytest.raises(anthropic.APIStatusError) as failed:
        await claude.messages.create(**messages("local;529=1"))
    assert failed.value.status_code == 529


async def test_a_refusal_is_said_in_each_provider_s_own_way(
    gpt: openai.AsyncOpenAI, claude: anthropic.AsyncAnthropic
) -> None:
    assert (await chat(gpt, model="local;refuse=1")).choices[0].message.refusal
    assert (await claude.messages.create(**messages("local;refuse=1"))).stop_reason == "refusal"


async def test_an_answer_can_be_ordered_that_does_not_fit_the_schema(gpt: openai.AsyncOpenAI) -> None:
    answer = await chat(gpt, model="local;invalid=1")
    assert json.loads(answer.choices[0].message.content or "") == {"unexpected": True}


async def test_an_award_that_nobody_gave_is_claimed_once_where_it_is_ordered(gpt: openai.AsyncOpenAI) -> None:
    invented = await chat(gpt, model="local;invent=1")
    assert "NME award" in json.loads(invented.choices[0].message.content or "")["body"]
    honest = await chat(gpt, model="local;invent=1")
    assert "NME" not in (honest.choices[0].message.content or "")


async def test_a_later_turn_goes_on_with_the_same_prompt_and_its_input(gpt: openai.AsyncOpenAI) -> None:
    first = await chat(gpt, model="turns;invent=1", turns=[])
    said = first.choices[0].message.content
    turns = [{"role": "assistant", "content": said}, {"role": "user", "content": 'Not {"so": 1}: again.'}]
    second = await chat(gpt, model="turns;invent=1", turns=turns)
    assert "NME" in (said or "")
    body = json.loads(second.choices[0].message.content or "")["body"]
    assert ("NME" in body, "Neon Harbour" in body) == (False, True)


async def test_an_answer_that_is_too_long_for_its_limit_ends_there(gpt: openai.AsyncOpenAI) -> None:
    answer = await chat(gpt, max_completion_tokens=5)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage
    assert answer.usage.completion_tokens == 5


async def test_a_cut_connection_has_no_answer(gpt: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.APIConnectionError):
        await chat(gpt, model="local;cut=1")


async def test_a_cut_stream_is_an_error_of_the_connection(gpt: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.APIConnectionError):
        async for _ in await chat(gpt, model="local;cut=1;truncate=0", stream=True):
            pass


async def test_latency_is_waited_for(gpt: openai.AsyncOpenAI) -> None:
    before = time.monotonic()
    await chat(gpt, model="local;latency=0.2")
    assert time.monotonic() - before >= 0.2


async def test_an_unknown_fault_is_a_bad_request(gpt: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="unknown fault 'fire'"):
        await chat(gpt, model="local;fire=1")


@pytest.mark.parametrize("order", ["429=two", "cut=", "latency=soon"])
async def test_an_order_without_a_number_is_a_bad_request_that_names_it(
    order: str, gpt: openai.AsyncOpenAI
) -> None:
    with pytest.raises(openai.BadRequestError, match=f"'{order}': a number is required"):
        await chat(gpt, model=f"local;{order}")


async def test_calls_are_counted_by_key_and_model(gpt: openai.AsyncOpenAI, origin: str) -> None:
    await http("DELETE", f"{origin}/calls")
    keys = [{"Idempotency-Key": f"k-{n % 2}"} for n in range(5)]
    usages = [one.usage for one in await asyncio.gather(*(chat(gpt, extra_headers=key) for key in keys))]
    assert await http("GET", f"{origin}/calls") == {
        "total": 5,
        "refused": 0,
        "by_key": {"k-0": 3, "k-1": 2},
        "by_model": {"local": 5},
        "billed": {
            "local": {
                "prompt": sum(usage.prompt_tokens for usage in usages),
                "cached": sum(usage.prompt_tokens_details.cached_tokens for usage in usages),
                "completion": sum(usage.completion_tokens for usage in usages),
            }
        },
        "in_the_air": [],
    }


async def test_a_call_is_in_the_air_until_it_is_answered(gpt: openai.AsyncOpenAI, origin: str) -> None:
    key = {"Idempotency-Key": "k-9"}
    call = asyncio.create_task(chat(gpt, model="local;latency=0.5", extra_headers=key))
    async with asyncio.timeout(5):
        while (await http("GET", f"{origin}/calls"))["in_the_air"] != ["k-9"]:
            await asyncio.sleep(0.01)
    await call
    assert (await http("GET", f"{origin}/calls"))["in_the_air"] == []


async def test_faults_for_all_calls_are_set_and_taken_back(gpt: openai.AsyncOpenAI, origin: str) -> None:
    await http("PUT", f"{origin}/faults", {"error_rate": 1})
    with pytest.raises(openai.InternalServerError):
        await chat(gpt)
    assert (await http("PUT", f"{origin}/faults", {}))["error_rate"] == 0
    assert (await chat(gpt)).choices


async def test_calls_beyond_those_that_are_taken_in_a_second_are_refused(
    gpt: openai.AsyncOpenAI, origin: str
) -> None:
    await http("DELETE", f"{origin}/calls")
    await http("PUT", f"{origin}/faults", {"calls_per_s": 0.2})
    assert (await chat(gpt)).choices
    with pytest.raises(openai.RateLimitError) as refused:
        await chat(gpt)
    assert 4 < float(refused.value.response.headers["retry-after"]) < 5
    told = await http("GET", f"{origin}/calls")
    assert (told["total"], told["refused"]) == (1, 1)
    await http("PUT", f"{origin}/faults", {"calls_per_s": 0})
    assert all(one.choices for one in await asyncio.gather(*(chat(gpt) for _ in range(5))))


async def test_a_connection_stays_for_longer_than_a_skill_runner_keeps_it(origin: str) -> None:
    kept_s = httpx2.Limits().keepalive_expiry
    assert kept_s
    reader, writer = await asyncio.open_connection("127.0.0.1", int(origin.rpartition(":")[2]))
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b" 200 " in await reader.readline()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(), kept_s + 1)
    writer.close()


async def chat(
    gpt: openai.AsyncOpenAI, *, model: str = "local", schema: Any = PITCH, turns: Any = (), **more: Any
) -> Any:
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    said = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": json.dumps(INPUT)}, *turns]
    create: Any = gpt.chat.completions.create
    return await create(model=model, messages=said, response_format=form, **more)


def responses() -> dict[str, Any]:
    form = {"type": "json_schema", "name": "answer", "schema": PITCH, "strict": True}
    return {"model": "local", "instructions": SYSTEM, "input": json.dumps(INPUT), "text": {"format": form}}


def messages(model: str = "local") -> dict[str, Any]:
    said = [{"role": "user", "content": json.dumps(INPUT)}]
    form = {"format": {"type": "json_schema", "schema": PITCH}}
    return {"model": model, "max_tokens": 1000, "system": SYSTEM, "messages": said, "output_config": form}


def text_of(answer: anthropic.types.Message) -> str:
    return "".join(block.text for block in answer.content if block.type == "text")


def fits(pitch: dict[str, Any]) -> bool:
    return (
        set(pitch) == set(PITCH["properties"])
        and pitch["tone"] in ("warm", "formal")
        and 0 <= pitch["score"] <= 1
        and 10 <= pitch["words"] <= 20
    )


async def http(method: str, url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, method=method)
    return json.loads(await asyncio.to_thread(lambda: urllib.request.urlopen(request).read()))


def wait_for(url: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(url).close()
        except OSError:
            assert time.monotonic() < until, "the model server did not start"
            time.sleep(0.02)
        else:
            return
