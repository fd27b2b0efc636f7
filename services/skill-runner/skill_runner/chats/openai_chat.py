"""OpenAI and whatever speaks its Chat Completions."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
from openai import AsyncOpenAI, omit

from skill_runner.chats.chat import Question, Reply, Stop, called, label, told
from skill_runner.chats.connection import within
from skill_runner.chats.endpoints import Endpoint
from skill_runner.chats.errors import as_failures, unreadable

STOPS: dict[str, Stop] = {
    "stop": "end",
    "length": "length",
    "content_filter": "refusal",
    "error": "error",
}
OWN_HOST = "api.openai.com"
STANDARD = {"service_tier": "default"}
DATED = re.compile(r"\d{4}-\d\d-\d\d$")
DEARER_SINCE = "2026-03-05"


class OpenAiChat:
    """OpenAI itself, by whatever URL, is asked for its standard price: else the account says which.

    A host of one region is dearer, for all models since a day, and does not say so in its answers.
    """

    def __init__(self, endpoint: Endpoint, http_client: httpx2.AsyncClient) -> None:
        self.simulated = endpoint.simulated
        self._called = called("openai", simulated=endpoint.simulated)
        base_url, query = endpoint.address(f"https://{OWN_HOST}/v1")
        self._client = AsyncOpenAI(
            api_key=endpoint.api_key,
            base_url=base_url,
            default_query=query,
            max_retries=0,
            http_client=http_client,
        )
        self._completions = self._client.chat.completions
        host = urlsplit(base_url).hostname or ""
        self._standard = STANDARD if host.endswith(OWN_HOST) else {}
        region = host.removesuffix(f".{OWN_HOST}")
        self.terms: Mapping[str, str] = {} if region == host else {"inference_geo": region}

    async def ask(self, question: Question) -> Reply:
        with as_failures(openai, self._called):
            answer = await self._completions.with_raw_response.create(
                model=question.model,
                messages=_messages(question),
                max_completion_tokens=omit if question.capped else question.max_tokens,
                response_format=_form(question.schema),
                extra_headers={"Idempotency-Key": question.key},
                extra_body=self._standard | {**question.settings},
                timeout=within(question.timeout_s),
            )
            return _reply(self._called, told(answer), self.terms)

    async def close(self) -> None:
        await self._client.close()


def _form(schema: dict[str, Any] | None) -> Any:
    if schema is None:
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}


def _messages(question: Question) -> list[Any]:
    said = [("system", question.system), *question.turns]
    return [{"role": role, "content": content} for role, content in said]


def _reply(who: str, answer: Any, terms: Mapping[str, str]) -> Reply:
    try:
        choice = answer["choices"][0]
        message = choice["message"]
        text, refusal = _text(message.get("content")), message.get("refusal")
        reason = label(choice.get("finish_reason")) or "stop"
    except (AttributeError, LookupError, TypeError):
        raise unreadable(who, answer) from None
    if not isinstance(text, str):
        raise unreadable(who, answer)
    stop = "refusal" if refusal else STOPS.get(reason, "end")
    model = label(answer.get("model"))
    raw = answer | terms if _is_dearer(model) else answer
    return Reply(text, stop, reason, label(answer.get("id")), model, raw)


def _is_dearer(model: str) -> bool:
    """Whether a region costs more for it, by the day in its name: OpenAI answers with dated names."""
    dated = DATED.search(model)
    return dated is None or dated[0] >= DEARER_SINCE


def _text(content: Any) -> Any:
    """Return the text of a message; some compatible servers say it in parts, thoughts among them."""
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part["type"] == "text")
    return content or ""
