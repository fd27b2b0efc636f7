"""The providers' SDKs over real connections that break, lead elsewhere or never begin."""

import asyncio
import gzip
import json
import ssl
import zlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import process_time
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from certificates import Authority
from shared.clock import utc_now
from shared.quiet import Quiet
from shared.subjects import Pool
from skill_runner.asking import ask
from skill_runner.bounds import most_usd
from skill_runner.chats.chat import Chat, Question, Reply
from skill_runner.chats.connection import LONGEST
from skill_runner.chats.endpoints import Endpoint
from skill_runner.chats.opened import Chats, connect
from skill_runner.failure import Failure
from skill_runner.progress import Progress, ProviderCall
from wires import answer, wire

MODELS: dict[Pool, str] = {"openai": "gpt-5.5", "anthropic": "claude-opus-5"}
COMPLETION = {
    "id": "c1",
    "model": "gpt-5.5",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "{}"}}],
    "usage": {"prompt_tokens": 12, "completion_tokens": 3},
}
MESSAGE = {
    "id": "m1",
    "model": "claude-opus-5",
    "role": "assistant",
    "content": [{"type": "text", "text": "{}"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 12, "output_tokens": 3},
}
ANSWERS: dict[Pool, dict[str, Any]] = {"openai": COMPLETION, "anthropic": MESSAGE}
SOON_S = 5.0
BOTH = pytest.mark.parametrize("provider", ["openai", "anthropic"])


@asynccontextmanager
async def at(url: str, provider: Pool) -> AsyncIterator[Chat]:
    chat = await asyncio.to_thread(connect, Endpoint(provider, "the-key", url, simulated=False))
    try:
        yield chat
    finally:
        await chat.close()


def question(provider: Pool, timeout_s: float = 3) -> Question:
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    return Question(MODELS[provider], "Be brief.", "{}", schema, max_tokens=50, timeout_s=timeout_s, key="k")


async def asked(url: str, provider: Pool, timeout_s: float = 3) -> tuple[Reply | Failure, ProviderCall]:
    """Ask once; return what came of it, and what is noted of the call."""
    one = question(provider, timeout_s)
    call = ProviderCall(None, 1, "first", provider, one.model, utc_now(), most_usd=most_usd(provider, one))
    async with at(url, provider) as chat:
        try:
            return await ask(provider, chat, one, Progress(), call), call
        except Failure as failure:
            return failure, call


async def failed(url: str, provider: Pool, timeout_s: float = 3) -> tuple[Failure, ProviderCall]:
    ended, call = await asked(url, provider, timeout_s)
    assert isinstance(ended, Failure)
    return ended, call


@BOTH
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_nothing_goes_where_a_redirect_leads(provider: Pool, status: int) -> None:
    async with wire(answer(ANSWERS[provider])) as elsewhere:
        led = answer(b"", status, location=f"{elsewhere.url.replace('127.0.0.1', 'localhost')}/v1")
        async with wire(led) as there:
            failure, call = await failed(there.url, provider)
    assert elsewhere.requests == []
    assert (failure.code, failure.retryable, call.in_doubt) == ("provider_refused", False, False)
    assert failure.message.endswith("it answers from elsewhere; check the base URL")


@BOTH
async def test_calls_are_counted_and_how_they_fail_is_said_once_a_minute_for_each_model(
    provider: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: Counter[tuple[str, ...]] = Counter()
    monkeypatch.setattr("skill_runner.asking.CALLS", SimpleNamespace(counted=counted))
    monkeypatch.setattr("skill_runner.asking._quiet", defaultdict(lambda: Quiet(60)))
    with capture_logs() as told:
        for status in (401, 401, 429, 200):
            async with wire(answer(ANSWERS[provider], status)) as there:
                await asked(there.url, provider)
    assert counted == {
        (provider, "provider_refused"): 2,
        (provider, "rate_limited"): 1,
        (provider, "answered"): 1,
    }
    assert [(line["event"], line["model"], line["code"]) for line in told] == [
        ("a call of a model failed", MODELS[provider], code) for code in ("provider_refused", "rate_limited")
    ]
    assert "refused the call with status 401" in told[0]["reason"]


@BOTH
async def test_a_call_that_never_got_through_is_not_in_doubt(provider: Pool) -> None:
    """The host takes the connection, as a firewall or a load balancer may, and never says a word of TLS."""
    async with wire(silent=True) as there:
        failure, call = await failed(there.url.replace("http:", "https:"), provider, timeout_s=1.5)
    assert (failure.code, failure.retryable) == ("provider_away", True)
    assert (call.in_doubt, call.in_doubt_usd) == (False, 0)


@BOTH
async def test_a_call_that_was_read_and_not_answered_in_time_is_in_doubt(provider: Pool) -> None:
    async with wire(silent=True) as there:
        failure, call = await failed(there.url, provider, timeout_s=0.6)
    assert (failure.code, call.in_doubt, call.in_doubt_usd) == ("timeout", True, call.most_usd)


@BOTH
async def test_a_connection_on_which_an_answer_is_long_waited_for_is_kept_up_by_probes(
    provider: Pool,
) -> None:
    """The kernel tells of each connection which timer runs for it: 02 is that of keepalive."""
    async with wire(silent=True) as there:
        call = asyncio.create_task(failed(there.url, provider, timeout_s=2))
        end = f"0100007F:{urlsplit(there.url).port:04X}"
        while not call.done():
            lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
            if any(line[2] == end and line[5].startswith("02:") for line in lines):
                break
            await asyncio.sleep(0.02)
        assert not call.done()
        await call


@BOTH
async def test_an_answer_that_comes_byte_by_byte_has_no_more_time_than_any_other(provider: Pool) -> None:
    async with wire(answer(ANSWERS[provider]), at_once=1) as there:
        failure, call = await failed(there.url, provider, timeout_s=0.6)
    assert (failure.code, call.in_doubt) == ("timeout", True)


@BOTH
@pytest.mark.parametrize("status", [200, 500])
async def test_an_answer_without_an_end_is_given_up_before_there_is_no_memory_left(
    provider: Pool, status: int
) -> None:
    endless = answer(b" " * (LONGEST + 1), status)
    async with wire(endless) as there:
        failure, call = await failed(there.url, provider, timeout_s=20)
    assert b"accept-encoding: identity" in there.requests[0].lower()
    assert (failure.code, failure.retryable, call.in_doubt) == ("provider_error", False, True)
    assert failure.message.endswith("answered with more than 4000000 bytes; check the base URL if one is set")


@BOTH
@pytest.mark.parametrize(("how", "packed"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_an_answer_that_came_compressed_is_not_unpacked_to_whatever_size(
    provider: Pool, how: str, packed: Callable[[bytes], bytes]
) -> None:
    async with wire(answer(packed(b" " * 30_000_000), content_encoding=how)) as there:
        failure, call = await failed(there.url, provider, timeout_s=20)
    assert (failure.code, failure.retryable, call.in_doubt) == ("provider_error", False, True)
    assert failure.message.endswith("answered compressed; check the base URL if one is set")


@BOTH
@pytest.mark.parametrize("how", ["gzip", "zstd", "br, gzip"])
async def test_an_error_that_came_compressed_is_told_by_its_status(provider: Pool, how: str) -> None:
    busy = answer(gzip.compress(b"{}"), 429, content_encoding=how, retry_after="7")
    async with wire(busy) as there:
        failure, call = await failed(there.url, provider, timeout_s=20)
    assert (failure.code, failure.retryable, call.in_doubt) == ("rate_limited", True, False)
    assert failure.retry_after_s == 7


@BOTH
@pytest.mark.parametrize("how", ["Identity", "UTF-8", ""])
async def test_an_answer_whose_encoding_packs_nothing_is_read(provider: Pool, how: str) -> None:
    async with wire(answer(ANSWERS[provider], content_encoding=how)) as there:
        ended, _ = await asked(there.url, provider, timeout_s=20)
    assert isinstance(ended, Reply)


@BOTH
@pytest.mark.parametrize("field", ["choices", "content", "usage", "of no use"])
async def test_an_answer_of_a_million_parts_keeps_nobody_else_waiting(provider: Pool, field: str) -> None:
    body = json.dumps({**ANSWERS[provider], field: [{}] * 900_000}).encode()
    async with wire(answer(body)) as there:
        begun = process_time()
        await asked(there.url, provider, timeout_s=60)
        assert process_time() - begun < SOON_S


@BOTH
async def test_an_answer_that_is_as_long_as_one_may_be_is_read(provider: Pool) -> None:
    whole = json.dumps(ANSWERS[provider]).encode()
    async with wire(answer(whole + b" " * (LONGEST - len(whole)))) as there:
        ended, _ = await asked(there.url, provider, timeout_s=20)
    assert isinstance(ended, Reply)


@BOTH
async def test_a_certificate_that_is_not_trusted_is_named(provider: Pool, tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*Authority(tmp_path, "nobody").vouch("there", "127.0.0.1"))
    async with wire(answer(ANSWERS[provider]), tls=tls) as there:
        failure, call = await failed(there.url.replace("http:", "https:"), provider)
    assert there.requests == []
    assert (failure.code, failure.retryable, call.in_doubt) == ("provider_error", True, False)
    assert "its certificate is not trusted here" in failure.message


@BOTH
@pytest.mark.parametrize("days", [-2, 2])
async def test_a_certificate_of_another_time_has_the_clock_looked_at(
    provider: Pool, days: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path, "somebody")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.vouch("there", "127.0.0.1", days))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    async with wire(answer(ANSWERS[provider]), tls=tls) as there:
        failure, _ = await failed(there.url.replace("http:", "https:"), provider)
    assert "its certificate is not valid at this time; check the clock here" in failure.message


@BOTH
async def test_a_proxy_that_does_not_let_a_call_through_is_named(
    monkeypatch: pytest.MonkeyPatch, provider: Pool
) -> None:
    async with wire(answer(b"", 403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        failure, call = await failed("https://api.example.org/v1", provider)
    assert proxy.requests[0].startswith(b"CONNECT api.example.org:443")
    assert (failure.message, call.in_doubt) == (
        f"{provider} cannot be reached: the proxy that the environment names does not let the call through",
        False,
    )


@BOTH
@pytest.mark.parametrize("around", ["localhost,[::1],127.0.0.1", "127.0.0.1,::1/128", "127.0.0.1,é"])
async def test_whom_the_environment_has_called_without_a_proxy_is(
    monkeypatch: pytest.MonkeyPatch, provider: Pool, around: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", around)
    async with wire(answer(ANSWERS[provider])) as there:
        reply, _ = await asked(there.url, provider)
    assert isinstance(reply, Reply)


@BOTH
@pytest.mark.parametrize("proxy", ["::1", "http://127.0.0.1:none"])
async def test_a_proxy_that_is_none_is_told_and_ends_no_runner(
    monkeypatch: pytest.MonkeyPatch, provider: Pool, proxy: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    chats = Chats({f"{provider.upper()}_API_KEY": "k"}, None)
    await chats.expect(provider)
    with pytest.raises(Failure, match="names a proxy or certificates that cannot be used") as raised:
        await chats.of(provider)
    assert raised.value.code == "provider_unavailable"


@BOTH
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.6, 0.9])
async def test_an_answer_that_is_cut_is_in_doubt_at_its_most(provider: Pool, kept: float) -> None:
    whole = answer(ANSWERS[provider])
    async with wire(whole[: int(kept * len(whole))]) as there:
        failure, call = await failed(there.url, provider)
    assert (failure.code, failure.retryable, call.in_doubt_usd) == ("provider_error", True, call.most_usd)


@BOTH
async def test_what_follows_an_answer_is_not_taken_for_the_answer_to_the_next_call(provider: Pool) -> None:
    own, stray = ANSWERS[provider], {**ANSWERS[provider], "id": "of-somebody-else"}
    async with wire(answer(own) + answer(stray), kept=True) as there, at(there.url, provider) as chat:
        replies = [await chat.ask(question(provider)) for _ in range(3)]
    assert [reply.id for reply in replies] == [own["id"]] * 3
    assert len(there.requests) == 3


@BOTH
async def test_an_answer_too_deep_to_be_read_is_unreadable(provider: Pool) -> None:
    async with wire(answer(b"[" * 100_000)) as there:
        failure, call = await failed(there.url, provider)
    assert failure.message.startswith(f"{provider} answered with something unreadable")
    assert call.in_doubt


@BOTH
async def test_a_page_in_place_of_an_answer_makes_one_look_at_the_base_url(provider: Pool) -> None:
    async with wire(answer(b"<!doctype html>", content_type="text/html")) as there:
        failure, call = await failed(there.url, provider)
    assert failure.message.endswith("something unreadable; check the base URL if one is set")
    assert (failure.retryable, call.in_doubt) == (True, True)
