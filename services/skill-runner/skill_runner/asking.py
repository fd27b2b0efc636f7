"""One question to a model: asked in a span, noted with its cost, read and checked."""

import asyncio
import re
from collections import defaultdict
from typing import Any

from shared import genai
from shared.counts import CALLS
from shared.json import loads
from shared.logs import get_logger
from shared.quiet import Quiet
from shared.refusal import Refusal
from shared.schema import prepare, problems
from shared.subjects import Pool
from shared.telemetry import span
from skill_runner.bounds import is_too_long
from skill_runner.chats.chat import Chat, Question, Reply, called
from skill_runner.failure import Failure, sentence
from skill_runner.pricing import usage_of
from skill_runner.progress import Progress, ProviderCall
from skill_runner.structured import Schema, without_nulls

ITS_ANSWER = {"model_refused", "invalid_output"}
SAID_AGAIN_S = 60.0
FENCED = re.compile(r"```\w*\s(.*)```", re.DOTALL)

_quiet: defaultdict[tuple[str, str, str], Quiet] = defaultdict(lambda: Quiet(SAID_AGAIN_S))


async def ask(
    provider: Pool, chat: Chat, question: Question, progress: Progress, call: ProviderCall
) -> Reply:
    """Call the provider once; that, and what it cost, is noted before anything is made of it."""
    progress.calls.append(call)
    told: dict[str, str | int] = {
        genai.OPERATION: genai.CHAT,
        genai.PROVIDER: provider,
        genai.REQUEST_MODEL: question.model,
        genai.REQUEST_MAX_TOKENS: question.told_tokens,
        genai.OUTPUT_TYPE: "json",
    }
    clock = asyncio.get_running_loop().time
    begun = clock()
    with span(f"chat {question.model}", kind="client", attributes=told) as current:
        try:
            reply = await _answer(provider, chat, question)
        except Failure as failed:
            call.outcome, call.took_s, call.in_doubt = failed.code, clock() - begun, failed.in_doubt
            current.set_attribute(genai.ERROR, failed.code)
            _failed(call, failed)
            raise
        usage = usage_of(
            provider, question.model, reply.raw, simulated=chat.simulated, letters=len(reply.text)
        )
        call.outcome, call.usage, call.took_s = "unread", usage, clock() - begun
        call.in_doubt = usage.cost_usd is None
        current.set_attributes(
            {
                genai.RESPONSE_ID: reply.id,
                genai.RESPONSE_MODEL: reply.model,
                genai.FINISH_REASONS: (reply.finish_reason,),
                genai.INPUT_TOKENS: usage.input_tokens,
                genai.OUTPUT_TOKENS: usage.output_tokens,
                genai.CACHED_TOKENS: usage.cached_tokens,
                genai.SIMULATED: usage.simulated,
            }
        )
        if reply.stop == "error":
            call.outcome = "provider_error"
            current.set_attribute(genai.ERROR, call.outcome)
            why = f"{called(provider, simulated=chat.simulated)} failed in the middle of an answer"
            failure = Failure(call.outcome, why, retryable=True)
            _failed(call, failure)
            raise failure
        CALLS.counted[provider, "answered"] += 1
        return reply


def _failed(call: ProviderCall, failure: Failure) -> None:
    """Count it, and say now and then of each model how its calls fail; what it will not write is no fault."""
    CALLS.counted[call.provider, failure.code] += 1
    if failure.code not in ITS_ANSWER and _quiet[call.provider, call.model, failure.code].is_over():
        get_logger().warning(
            "a call of a model failed",
            provider=call.provider,
            model=call.model,
            code=failure.code,
            reason=failure.message,
        )


def read(reply: Reply, question: Question) -> Any:
    """Return the JSON of an answer; raises Failure when it is refused, cut off or no JSON."""
    match reply.stop:
        case "refusal":
            raise Failure("model_refused", f"{question.model} refused to answer")
        case "length":
            raise Failure("invalid_output", _cut_off(reply, question))
        case "full":
            why = "input and answer are together longer than the model takes: shorten the input"
            raise Failure("invalid_output", why)
        case _:
            pass
    if is_too_long(question, reply.text):
        raise Failure("invalid_output", "the answer is longer than its tokens can be", retryable=True)
    try:
        return loads(_bare(reply.text))
    except Refusal:
        raise Failure("invalid_output", "the model's answer is not JSON", retryable=True) from None


def _bare(text: str) -> str:
    """Return an answer without the fence of Markdown that models like to put around it."""
    fenced = FENCED.fullmatch(text.strip())
    return fenced[1] if fenced else text


def _cut_off(reply: Reply, question: Question) -> str:
    """Say how an answer ended too early: thoughts are counted as an answer is, and come before it."""
    where = f"max_tokens in the settings of {question.model}" if question.capped else "config.max_tokens"
    if reply.text.strip():
        return f"the answer was cut off at {question.told_tokens} tokens: raise {where}"
    return (
        f"{question.model} thought for {question.told_tokens} tokens and had said nothing yet: raise {where}"
    )


def checked(schema: Schema, answer: Any) -> tuple[Any, list[str]]:
    """Return the answer in our own form, and a warning for each field that nobody asked for and is left out.

    Such a field could be one that the engine fills in, as whom a text is for. Raises Failure when it is not
    what the schema wants: a sealed value, which fits everywhere, is nothing that a model has.
    """
    value = without_nulls(schema, answer)
    if _holds_seal(value):
        raise Failure("invalid_output", "the model's answer has a sealed value", retryable=True)
    if found := problems(schema, value):
        why = f"the model's answer does not fit: {sentence(found, 'it')}"
        raise Failure("invalid_output", why, retryable=True)
    return prepare(schema, value)


def _holds_seal(value: Any) -> bool:
    match value:
        case dict():
            return "$sealed" in value or any(map(_holds_seal, value.values()))
        case list():
            return any(map(_holds_seal, value))
        case _:
            return False


async def _answer(provider: Pool, chat: Chat, question: Question) -> Reply:
    try:
        async with asyncio.timeout(question.timeout_s):
            return await chat.ask(question)
    except TimeoutError:
        why = f"{called(provider, simulated=chat.simulated)} did not answer in time"
        raise Failure("timeout", why, retryable=True, in_doubt=True) from None
