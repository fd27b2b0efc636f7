"""The providers' real SDKs against scripted HTTP: what is sent, and how every error is told."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest

from shared.clock import utc_now
from shared.refusal import Refusal
from shared.subjects import Pool
from skill_runner.chats.anthropic_chat import AnthropicChat
from skill_runner.chats.chat import Chat, Question, Reply
from skill_runner.chats.endpoints import Endpoint, check, endpoint
from skill_runner.chats.openai_chat import OpenAiChat
from skill_runner.chats.opened import Chats
from skill_runner.failure import Failure
from skill_runner.pricing import usage_of

Handler = Callable[[httpx2.Request], httpx2.Response]
SECRET = "the whole prompt with jane@example.org"
QUESTION = Question(
    model="some-model",
    system="Be brief.",
    user='{"genre": "synthpop"}',
    schema={"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    max_tokens=50,
    timeout_s=2,
    key="attempt-1/0",
)


def openai(handle: Handler) -> Chat:
    there = Endpoint("openai", "key", "http://127.0.0.1:1/v1", simulated=False)
    return OpenAiChat(there, httpx2.AsyncClient(transport=httpx2.MockTransport(handle)))


def anthropic(handle: Handler) -> Chat:
    there = Endpoint("anthropic", "key", "http://127.0.0.1:1", simulated=False)
    return AnthropicChat(there, httpx2.AsyncClient(transport=httpx2.MockTransport(handle)))


BOTH = pytest.mark.parametrize("provider", [openai, anthropic])


def completion(text: str = "{}", reason: str = "stop", refusal: str | None = None) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "refusal": refusal}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "some-model",
        "choices": [{"index": 0, "finish_reason": reason, "message": message}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
    }


def message(text: str = "{}", reason: str = "end_turn") -> dict[str, Any]:
    return {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": "some-model",
        "content": [{"type": "text", "text": text}],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 5},
    }


async def answered(
    provider: Callable[[Handler], Chat], body: dict[str, Any], question: Question = QUESTION
) -> tuple[Reply, httpx2.Request]:
    seen = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json=body)

    chat = provider(handle)
    reply = await chat.ask(question)
    await chat.close()
    return reply, seen[0]


@asynccontextmanager
async def served(body: dict[str, Any]) -> AsyncIterator[str]:
    """Answer every call over a real connection."""
    said = json.dumps(body).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(said)}\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode() + said)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def refused(provider: Callable[[Handler], Chat], handle: Handler) -> Failure:
    chat = provider(handle)
    with pytest.raises(Failure) as raised:
        await chat.ask(QUESTION)
    await chat.close()
    assert SECRET not in raised.value.message
    return raised.value


def always(status: int, headers: dict[str, str] | None = None) -> Handler:
    return lambda _request: httpx2.Response(
        status, json={"error": {"message": SECRET, "type": "x"}}, headers=headers
    )


async def test_openai_is_asked_for_the_schema_strictly() -> None:
    reply, request = await answered(openai, completion('{"a": 1}'))
    body = json.loads(request.content)
    assert body["response_format"]["json_schema"]["strict"] is True
    assert body["response_format"]["json_schema"]["schema"] == QUESTION.schema
    assert (reply.text, reply.stop, reply.id) == ('{"a": 1}', "end", "c1")


async def test_who_takes_no_schema_is_asked_for_an_object() -> None:
    _, request = await answered(openai, completion(), replace(QUESTION, schema=None))
    assert json.loads(request.content)["response_format"] == {"type": "json_object"}
    _, request = await answered(anthropic, message(), replace(QUESTION, schema=None))
    assert "output_config" not in json.loads(request.content)


async def test_anthropic_is_asked_for_the_schema_and_gets_no_sampling_parameters() -> None:
    reply, request = await answered(anthropic, message('{"a": 1}'))
    body = json.loads(request.content)
    assert body["output_config"]["format"]["schema"] == QUESTION.schema
    assert body.keys() == {"model", "system", "messages", "max_tokens", "output_config"}
    assert (reply.text, reply.stop, reply.id) == ('{"a": 1}', "end", "m1")


@pytest.mark.parametrize(("provider", "body"), [(openai, completion()), (anthropic, message())])
async def test_the_settings_of_a_model_are_sent_as_they_are(
    provider: Callable[[Handler], Chat], body: dict[str, Any]
) -> None:
    settings = {"thinking": {"type": "disabled"}}
    _, plain = await answered(provider, body)
    _, request = await answered(provider, body, replace(QUESTION, settings=settings))
    assert json.loads(request.content) == json.loads(plain.content) | settings


@pytest.mark.parametrize(("said", "sent"), [(70, {"max_tokens": 70}), (None, {"max_completion_tokens": 50})])
async def test_a_server_that_refuses_the_newer_name_is_told_by_the_older_one_alone_how_long_an_answer_may_be(
    said: int | None, sent: dict[str, int]
) -> None:
    _, request = await answered(openai, completion(), replace(QUESTION, settings={"max_tokens": said}))
    body = {name: value for name, value in json.loads(request.content).items() if "tokens" in name}
    assert {name: value for name, value in body.items() if value is not None} == sent


@pytest.mark.parametrize(
    ("base_url", "settings", "sent"),
    [
        (None, {}, "default"),
        (None, {"service_tier": "priority"}, "priority"),
        ("http://127.0.0.1:1/v1", {}, None),
        ("https://api.openai.com.example.org/v1", {}, None),
        ("https://api.openai.com/v1/", {}, "default"),
        ("https://eu.api.openai.com/v1", {}, "default"),
    ],
)
async def test_openai_itself_is_asked_for_its_standard_price_unless_a_model_s_settings_say_otherwise(
    base_url: str | None, settings: dict[str, Any], sent: str | None
) -> None:
    def there(handle: Handler) -> Chat:
        transport = httpx2.MockTransport(handle)
        return OpenAiChat(
            Endpoint("openai", "key", base_url, simulated=False), httpx2.AsyncClient(transport=transport)
        )

    _, request = await answered(there, completion(), replace(QUESTION, settings=settings))
    assert json.loads(request.content).get("service_tier") == sent


@pytest.mark.parametrize(
    ("base_url", "model", "cost_usd"),
    [
        ("https://eu.api.openai.com/v1", "gpt-5.4-mini-2026-03-17", "0.00002475"),
        ("https://eu.api.openai.com/v1", "gpt-5.4-mini", "0.00002475"),
        ("https://api.openai.com/v1", "gpt-5.4-mini-2026-03-17", "0.0000225"),
        (None, "gpt-5.4-mini", "0.0000225"),
        ("https://eu.api.openai.com.example.org/v1", "gpt-5.4-mini", "0.0000225"),
        ("https://eu.api.openai.com/v1", "gpt-4.1-mini-2025-04-14", "0.0000096"),
    ],
)
async def test_openai_s_hosts_of_one_region_are_dearer_for_the_models_of_their_time(
    base_url: str | None, model: str, cost_usd: str
) -> None:
    def there(handle: Handler) -> Chat:
        transport = httpx2.MockTransport(handle)
        return OpenAiChat(
            Endpoint("openai", "key", base_url, simulated=False), httpx2.AsyncClient(transport=transport)
        )

    reply, _ = await answered(there, completion() | {"model": model})
    assert usage_of("openai", "gpt-5.4-mini", reply.raw, simulated=False).cost_usd == Decimal(cost_usd)


@pytest.mark.parametrize(
    ("kind", "provider", "body", "path"),
    [
        (OpenAiChat, "openai", completion(), "/v1/chat/completions"),
        (AnthropicChat, "anthropic", message(), "/v1/v1/messages"),
    ],
)
async def test_the_query_of_a_base_url_goes_with_each_call(
    kind: Any, provider: Any, body: dict[str, Any], path: str
) -> None:
    def there(handle: Handler) -> Chat:
        url = "http://127.0.0.1:1/v1?api-version=preview"
        transport = httpx2.MockTransport(handle)
        return kind(Endpoint(provider, "key", url, simulated=False), httpx2.AsyncClient(transport=transport))

    _, request = await answered(there, body)
    assert str(request.url) == f"http://127.0.0.1:1{path}?api-version=preview"


@pytest.mark.parametrize(("provider", "body"), [("openai", completion()), ("anthropic", message())])
@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "socks5://127.0.0.1:1"])
async def test_the_local_model_is_not_called_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, provider: Pool, body: dict[str, Any], proxy: str
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)
    async with served(body) as url:
        chats = Chats({}, url)
        chat = await chats.of(provider)
        assert (await chat.ask(QUESTION)).text == "{}"
        await chats.close()


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize(("name", "value"), [("ALL_PROXY", "socks5://h:1"), ("SSL_CERT_FILE", "/nosuch")])
async def test_a_proxy_and_certificates_that_cannot_be_used_are_told(
    monkeypatch: pytest.MonkeyPatch, provider: Pool, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    chats = Chats({"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}, None)
    with pytest.raises(Failure, match="names a proxy or certificates that cannot be used") as raised:
        await chats.of(provider)
    assert (raised.value.code, raised.value.retryable) == ("provider_unavailable", False)
    await chats.expect(provider)


async def test_a_provider_that_is_in_use_waits_for_no_other_s_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = threading.Event()

    def connect(there: Endpoint) -> Any:
        if there.provider == "anthropic":
            loaded.wait()
        return there.provider

    monkeypatch.setattr("skill_runner.chats.opened.connect", connect)
    chats = Chats({}, "http://127.0.0.1:1")
    await chats.of("openai")
    loading = asyncio.create_task(chats.of("anthropic"))
    try:
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            assert await chats.of("openai") == "openai"
    finally:
        loaded.set()
        await loading


@pytest.mark.parametrize(("provider", "body"), [(openai, completion()), (anthropic, message())])
async def test_the_attempt_is_the_idempotency_key(
    provider: Callable[[Handler], Chat], body: dict[str, Any]
) -> None:
    _, request = await answered(provider, body)
    assert request.headers["idempotency-key"] == "attempt-1/0"


@pytest.mark.parametrize(
    ("provider", "body", "stop"),
    [
        (openai, completion(reason="length"), "length"),
        (openai, completion(reason="content_filter"), "refusal"),
        (openai, completion(refusal="I cannot help with that."), "refusal"),
        (anthropic, message(reason="max_tokens"), "length"),
        (anthropic, message(reason="refusal"), "refusal"),
        (anthropic, message(reason="model_context_window_exceeded"), "full"),
        (openai, completion(reason="error"), "error"),
    ],
)
async def test_why_an_answer_ended_is_told_alike(
    provider: Callable[[Handler], Chat], body: dict[str, Any], stop: str
) -> None:
    reply, _ = await answered(provider, body)
    assert reply.stop == stop


@pytest.mark.parametrize(
    ("provider", "body"),
    [(openai, completion("{}", ["stop"])), (anthropic, message("{}", ["end_turn"]))],  # type: ignore[arg-type]
)
async def test_an_answer_that_ended_for_an_odd_reason_is_one(
    provider: Callable[[Handler], Chat], body: dict[str, Any]
) -> None:
    reply, _ = await answered(provider, body)
    assert (reply.text, reply.stop) == ("{}", "end")


@BOTH
@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (400, "provider_refused", False),
        (401, "provider_refused", False),
        (403, "provider_refused", False),
        (404, "provider_refused", False),
        (408, "provider_error", True),
        (429, "rate_limited", True),
        (500, "provider_error", True),
        (503, "provider_away", True),
        (529, "provider_away", True),
    ],
)
async def test_a_status_is_told_by_code_without_the_provider_s_text(
    provider: Callable[[Handler], Chat], status: int, code: str, *, retryable: bool
) -> None:
    failed = await refused(provider, always(status))
    assert (failed.code, failed.retryable) == (code, retryable)


@BOTH
@pytest.mark.parametrize(
    ("status", "doubt"),
    [(500, False), (503, False), (529, False), (408, True), (502, True), (504, True), (524, True)],
)
async def test_a_gateway_on_the_way_leaves_open_whether_the_provider_did_the_work(
    provider: Callable[[Handler], Chat], status: int, *, doubt: bool
) -> None:
    assert (await refused(provider, always(status))).in_doubt is doubt


@BOTH
@pytest.mark.parametrize("said", ["InternalServerError", "APIConnectionError"])
async def test_a_provider_that_litellm_does_not_reach_or_finds_overloaded_is_away(
    provider: Callable[[Handler], Chat], said: str
) -> None:
    body = {"error": {"message": f"litellm.{said}: AnthropicError - {SECRET}", "type": "api_error"}}
    failed = await refused(provider, lambda _: httpx2.Response(500, json=body))
    assert (failed.code, failed.retryable, failed.in_doubt) == ("provider_away", True, False)


@pytest.mark.parametrize(("kind", "provider"), [(OpenAiChat, "openai"), (AnthropicChat, "anthropic")])
async def test_who_has_no_key_is_not_told_of_a_provider(kind: Any, provider: Any) -> None:
    def ours(handle: Handler) -> Chat:
        there = Endpoint(provider, "none", "http://127.0.0.1:1", simulated=True)
        return kind(there, httpx2.AsyncClient(transport=httpx2.MockTransport(handle)))

    assert (await refused(ours, always(500))).message == "the local model failed with status 500"


@BOTH
async def test_a_call_is_made_once(provider: Callable[[Handler], Chat]) -> None:
    calls = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        calls.append(request)
        return httpx2.Response(529, json={})

    await refused(provider, handle)
    assert len(calls) == 1


@BOTH
async def test_the_provider_s_patience_is_told(provider: Callable[[Handler], Chat]) -> None:
    failed = await refused(provider, always(429, {"retry-after": "7"}))
    assert (failed.retry_after_s, "wait 7 s" in failed.message) == (7, True)


@BOTH
async def test_the_provider_s_patience_may_be_told_as_a_moment(provider: Callable[[Handler], Chat]) -> None:
    moment = format_datetime(utc_now() + timedelta(seconds=60), usegmt=True)
    failed = await refused(provider, always(429, {"retry-after": moment}))
    assert 50 < (failed.retry_after_s or 0) <= 60
    past = await refused(provider, always(429, {"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}))
    assert past.retry_after_s == 0


@BOTH
async def test_a_moment_is_one_by_the_provider_s_clock(provider: Callable[[Handler], Chat]) -> None:
    theirs = utc_now() + timedelta(hours=5)
    asked, date = (format_datetime(theirs + timedelta(seconds=s), usegmt=True) for s in (60, 0))
    failed = await refused(provider, always(429, {"retry-after": asked, "date": date}))
    assert failed.retry_after_s == 60


@BOTH
@pytest.mark.parametrize(
    ("status", "code"), [(500, "provider_error"), (503, "provider_away"), (529, "provider_away")]
)
async def test_the_patience_of_a_provider_that_fails_is_told_too(
    provider: Callable[[Handler], Chat], status: int, code: str
) -> None:
    failed = await refused(provider, always(status, {"retry-after": "30"}))
    assert (failed.code, failed.retry_after_s) == (code, 30)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (429, {"type": "insufficient_quota"}),
        (429, {"code": "credit_balance_exhausted"}),
        (429, {"type": "billing_not_active", "code": "billing_not_active"}),
        (400, {"code": "billing_hard_limit_reached"}),
        (400, {"type": "budget_exceeded", "code": "400"}),
        (403, {"code": "insufficient_user_quota"}),
    ],
)
async def test_to_wait_does_not_help_an_account_without_credit(status: int, told: dict[str, str]) -> None:
    body = {"error": {"message": SECRET, **told}}
    answer = httpx2.Response(status, json=body, headers={"retry-after": "1"})
    failed = await refused(openai, lambda _: answer)
    assert (failed.code, failed.retryable, failed.in_doubt) == ("provider_refused", False, False)
    assert failed.message == (
        f"openai refused the call with status {status}: there is no credit left, or a limit on spending is "
        "reached; check the account's billing"
    )


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("enforced_spend_limit_reached", "provider_refused"),
        ("contract_spend_limit_reached", "provider_refused"),
        ("ramp_limit_exceeded", "rate_limited"),
    ],
)
async def test_anthropic_tells_its_own_limits_on_spending_beside_the_kind_of_error(
    said: str, code: str
) -> None:
    told = {"type": "rate_limit_error", "message": SECRET, "details": {"error_code": said}}
    body = {"type": "error", "error": told}
    failed = await refused(anthropic, lambda _: httpx2.Response(429, json=body))
    assert (failed.code, failed.retryable) == (code, code == "rate_limited")


@BOTH
@pytest.mark.parametrize(("status", "code"), [(429, "rate_limited"), (500, "provider_error")])
@pytest.mark.parametrize(("said", "again"), [("false", False), ("true", True), ("perhaps", True)])
async def test_a_provider_that_says_not_to_try_again_is_believed(
    provider: Callable[[Handler], Chat], status: int, code: str, said: str, *, again: bool
) -> None:
    failed = await refused(provider, always(status, {"x-should-retry": said}))
    assert (failed.code, failed.retryable) == (code, again)


@BOTH
@pytest.mark.parametrize("status", [400, 402])
async def test_credit_is_named_where_it_may_be_what_is_missing(
    provider: Callable[[Handler], Chat], status: int
) -> None:
    assert "there is no credit left" in (await refused(provider, always(status))).message


@BOTH
async def test_who_says_400_for_a_wrong_key_or_model_has_both_named(
    provider: Callable[[Handler], Chat],
) -> None:
    message = (await refused(provider, always(400))).message
    assert all(named in message for named in ("the API key", "the skill's model", "TOTALAUD_MODELS"))


async def test_who_refuses_a_field_is_told_of_with_the_setting_that_helps() -> None:
    assert "with max_tokens there" in (await refused(openai, always(422))).message


@pytest.mark.parametrize(
    "code",
    [
        *("content_filter", "content_policy_violation", "invalid_prompt"),
        *("cyber_policy", "bio_policy", "misalignment_policy_violation"),
    ],
)
async def test_a_prompt_that_a_filter_stopped_is_refused_by_the_model_and_not_paid(code: str) -> None:
    body = {"error": {"message": SECRET, "type": None, "param": "prompt", "code": code}}
    failed = await refused(openai, lambda _: httpx2.Response(400, json=body))
    assert (failed.code, failed.retryable, failed.in_doubt) == ("model_refused", False, False)


async def test_an_answer_that_the_provider_itself_finds_unfit_is_one_and_may_be_paid() -> None:
    told = {"type": "invalid_request_error", "code": "json_validate_failed", "failed_generation": SECRET}
    body = {"error": {"message": SECRET, **told}}
    failed = await refused(openai, lambda _: httpx2.Response(400, json=body))
    assert (failed.code, failed.retryable, failed.in_doubt) == ("invalid_output", True, True)


@pytest.mark.parametrize(
    ("said", "code", "doubt"),
    [
        ("Output blocked by content filtering policy", "model_refused", True),
        (f"Output blocked by content filtering policy {SECRET}", "provider_refused", False),
    ],
)
async def test_an_answer_that_a_filter_of_anthropic_stopped_is_refused_by_the_model_and_may_be_paid(
    said: str, code: str, *, doubt: bool
) -> None:
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": said, "details": None}}
    failed = await refused(anthropic, lambda _: httpx2.Response(400, json=body))
    assert (failed.code, failed.retryable, failed.in_doubt) == (code, False, doubt)


FLAGGED = {"reasons": ["harassment"], "flagged_input": SECRET, "provider_name": "OpenAI"}
BLOCKED = {"guardrail_name": "words", "guardrail_mode": "pre_call", "error": SECRET}
VIOLATION = f"litellm.BadRequestError: litellm.ContentPolicyViolationError: AnthropicError - {SECRET}"


@BOTH
@pytest.mark.parametrize(
    ("status", "told", "doubt"),
    [
        (403, {"code": 403, "metadata": FLAGGED}, False),
        (403, {"code": 403, "metadata": {"error_type": "content_policy_violation"}}, False),
        (403, {"code": 403, "metadata": {"error_type": "refusal"}}, True),
        (400, {"code": "400", "provider_specific_fields": BLOCKED}, True),
        (400, {"code": "400", "message": VIOLATION}, True),
    ],
)
async def test_a_filter_that_a_gateway_tells_of_refuses_one_text_and_may_be_paid_where_it_may_have_stopped_it(
    provider: Callable[[Handler], Chat], status: int, told: dict[str, Any], *, doubt: bool
) -> None:
    body = {"error": {"message": SECRET, "type": "invalid_request_error", **told}}
    failed = await refused(provider, lambda _: httpx2.Response(status, json=body))
    assert (failed.code, failed.retryable, failed.in_doubt) == ("model_refused", False, doubt)


@BOTH
@pytest.mark.parametrize("said", [f"{SECRET} litellm.ContentPolicyViolationError: x", "", None, ["x"]])
async def test_what_a_message_says_beyond_its_beginning_tells_no_kind(
    provider: Callable[[Handler], Chat], said: object
) -> None:
    body = {"error": {"message": said, "type": "x", "metadata": [said], "provider_specific_fields": said}}
    assert (await refused(provider, lambda _: httpx2.Response(400, json=body))).code == "provider_refused"


@pytest.mark.parametrize(
    "told",
    [
        {"type": "BadRequestError", "param": "input_tokens", "code": 400},
        {"metadata": {"error_type": "context_length_exceeded"}, "code": 400},
        {"message": f"litellm.ContextWindowExceededError: litellm.BadRequestError: x - {SECRET}"},
        {"param": "messages", "code": "context_length_exceeded"},
        {"type": "exceed_context_size_error", "code": 400, "n_prompt_tokens": 9000, "n_ctx": 4096},
    ],
)
async def test_an_input_that_is_too_long_is_told_as_that(told: dict[str, Any]) -> None:
    body = {"error": {"message": SECRET, **told}}
    failed = await refused(openai, lambda _: httpx2.Response(400, json=body))
    assert (
        failed.message == "openai refused the call with status 400: the input is longer than the model takes"
    )


@BOTH
@pytest.mark.parametrize("status", [404, 405])
async def test_a_base_url_is_named_where_it_may_be_what_is_wrong(
    provider: Callable[[Handler], Chat], status: int
) -> None:
    assert "base URL" in (await refused(provider, always(status))).message


@BOTH
@pytest.mark.parametrize("odd", [["insufficient_quota"], {}, 5])
async def test_a_kind_of_error_that_is_no_text_tells_nothing(
    provider: Callable[[Handler], Chat], odd: object
) -> None:
    body = {"error": {"message": SECRET, "type": odd, "code": odd}}
    assert (await refused(provider, lambda _: httpx2.Response(429, json=body))).code == "rate_limited"


@BOTH
@pytest.mark.parametrize("told", ["9" * 400, "Sun, 06 Nov 2094 08:49:37 GMT"])
async def test_no_patience_is_longer_than_a_retry_waits(
    provider: Callable[[Handler], Chat], told: str
) -> None:
    failed = await refused(provider, always(429, {"retry-after": told}))
    assert (failed.retry_after_s, "wait 86400 s" in failed.message) == (86_400, True)


@BOTH
@pytest.mark.parametrize(
    "told",
    [b"\xb2", b"soon", b"-5", b"1e3", b"nan", b"Mon, 1 Jan 99999999999999999999 00:00:00 GMT"],
)
async def test_a_patience_that_says_nothing_is_none(provider: Callable[[Handler], Chat], told: bytes) -> None:
    failed = await refused(provider, lambda _: httpx2.Response(429, headers=[(b"retry-after", told)]))
    assert (failed.code, failed.retry_after_s) == ("rate_limited", None)


@BOTH
@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (httpx2.ReadTimeout("slow"), "timeout"),
        (httpx2.ConnectError("nobody there"), "provider_away"),
        (httpx2.ConnectTimeout("nobody there"), "provider_away"),
        (httpx2.RemoteProtocolError("cut off"), "provider_error"),
    ],
)
async def test_a_broken_connection_is_retryable(
    provider: Callable[[Handler], Chat], raised: Exception, code: str
) -> None:
    def handle(_request: httpx2.Request) -> httpx2.Response:
        raise raised

    failed = await refused(provider, handle)
    assert (failed.code, failed.retryable) == (code, True)


@BOTH
@pytest.mark.parametrize(
    "raised", [httpx2.LocalProtocolError("Illegal header value"), httpx2.ProxyError("403 Forbidden")]
)
async def test_what_was_never_sent_is_not_in_doubt(
    provider: Callable[[Handler], Chat], raised: Exception
) -> None:
    def handle(_request: httpx2.Request) -> httpx2.Response:
        raise raised

    failed = await refused(provider, handle)
    assert (failed.code, failed.in_doubt) == ("provider_error", False)


@pytest.mark.parametrize("content", [[{"type": "text"}], ["{}"], [{"type": "text", "text": 5}], 5])
async def test_a_text_that_is_none_is_unreadable(content: object) -> None:
    body = completion()
    body["choices"][0]["message"]["content"] = content
    for odd in (body, {**completion(), "choices": {"first": 1}}):
        failed = await refused(openai, lambda _, odd=odd: httpx2.Response(200, json=odd))
        assert (failed.code, failed.retryable, failed.in_doubt) == ("provider_error", True, True)


async def test_a_text_in_parts_is_read_without_the_thoughts_among_them() -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "What would they like?"}]}
    body = completion()
    body["choices"][0]["message"]["content"] = [
        thought,
        {"type": "text", "text": '{"a":'},
        {"type": "text", "text": " 1}"},
    ]
    reply, _ = await answered(openai, body)
    assert (reply.text, reply.stop) == ('{"a": 1}', "end")


@BOTH
async def test_an_error_in_place_of_an_answer_is_told_as_that(provider: Callable[[Handler], Chat]) -> None:
    body = {"error": {"code": 502, "message": SECRET}}
    failed = await refused(provider, lambda _: httpx2.Response(200, json=body))
    assert (failed.code, failed.retryable, failed.in_doubt) == ("provider_error", True, True)
    assert failed.message.endswith("answered with an error in place of a text")


@pytest.mark.parametrize(("provider", "body"), [(openai, completion()), (anthropic, message())])
@pytest.mark.parametrize("odd", [None, 5, ["a"], {"a": 1}, "\ud800", "a" * 100_000])
async def test_what_an_answer_is_called_can_be_written_anywhere(
    provider: Callable[[Handler], Chat], body: dict[str, Any], odd: object
) -> None:
    text = json.dumps({**body, "id": odd, "model": odd}).encode()
    chat = provider(
        lambda _: httpx2.Response(200, content=text, headers={"content-type": "application/json"})
    )
    reply = await chat.ask(QUESTION)
    await chat.close()
    for called in (reply.id, reply.model):
        assert (type(called), len(called.encode()) <= 200) == (str, True)


@BOTH
@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"choices": []}', b"[]", b"null"])
async def test_an_unreadable_answer_is_retryable(provider: Callable[[Handler], Chat], body: bytes) -> None:
    def handle(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=body, headers={"content-type": "application/json"})

    failed = await refused(provider, handle)
    assert (failed.code, failed.retryable) == ("provider_error", True)


def test_a_key_reaches_the_provider_itself() -> None:
    there = endpoint("openai", {"OPENAI_API_KEY": "k"}, "http://127.0.0.1:9")
    assert (there.base_url, there.simulated) == (None, False)


@pytest.mark.parametrize("given", ["k\n", " k ", "k\r\n"])
def test_what_stands_around_a_key_is_no_part_of_it(given: str) -> None:
    assert endpoint("openai", {"OPENAI_API_KEY": given}, None).api_key == "k"


@pytest.mark.parametrize("given", ["one\ntwo", "one two", " ", "k\u00e4", "\u201ck\u201d", "k\x00"])
def test_a_key_that_is_none_is_refused_at_the_start_and_not_shown(given: str) -> None:
    with pytest.raises(Refusal) as refused:
        check({"ANTHROPIC_API_KEY": given})
    assert refused.value.message == (
        "ANTHROPIC_API_KEY: it is no key: blank, or with a space or a character beyond ASCII in it"
    )


def test_a_key_s_file_that_cannot_be_read_is_refused_at_the_start() -> None:
    check({"OPENAI_API_KEY": "k"})
    with pytest.raises(Refusal, match="ANTHROPIC_API_KEY_FILE: /nosuch cannot be read"):
        check({"ANTHROPIC_API_KEY_FILE": "/nosuch"})


@pytest.mark.parametrize(
    "url",
    [
        "api.example.org/v1",
        "localhost:8080",
        "ftp://example.org",
        "https://",
        "http://a b/",
        "http://a:70000",
        "x",
    ],
)
def test_a_base_url_that_is_no_url_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(Refusal, match="ANTHROPIC_BASE_URL: not a URL such as") as refused:
        check({"ANTHROPIC_BASE_URL": url})
    assert refused.value.field == "ANTHROPIC_BASE_URL"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.org",
        "HTTP://localhost:8080/v1/",
        "http://[::1]:8080",
        "https://user:p%40ss@müller.example/v1?api-version=1",
        "http://model_server:11434",
        "",
    ],
)
def test_any_url_of_http_is_taken_as_it_is(url: str) -> None:
    assert endpoint("openai", {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "k"}, None).base_url == (url or None)


def test_a_base_url_needs_no_key() -> None:
    there = endpoint("anthropic", {"ANTHROPIC_BASE_URL": "http://127.0.0.1:8"}, None)
    assert (there.base_url, there.simulated) == ("http://127.0.0.1:8", False)


@pytest.mark.parametrize(
    ("provider", "url"), [("openai", "http://127.0.0.1:9/v1"), ("anthropic", "http://127.0.0.1:9")]
)
def test_without_either_the_local_model_answers(provider: Any, url: str) -> None:
    there = endpoint(provider, {"OPENAI_API_KEY": ""}, "http://127.0.0.1:9/")
    assert (there.base_url, there.simulated) == (url, True)


def test_with_nothing_at_all_the_way_out_is_told() -> None:
    with pytest.raises(Failure, match="set OPENAI_API_KEY, OPENAI_BASE_URL or TOTALAUD_LOCAL_MODEL_URL"):
        endpoint("openai", {}, None)
