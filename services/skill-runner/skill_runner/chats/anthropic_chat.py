"""Anthropic's Messages."""

from collections.abc import Mapping
from typing import Any

import anthropic
import httpx2
from anthropic import AsyncAnthropic, omit

from skill_runner.chats.chat import Question, Reply, Stop, called, label, told
from skill_runner.chats.connection import within
from skill_runner.chats.endpoints import Endpoint
from skill_runner.chats.errors import as_failures, unreadable

STOPS: dict[str, Stop] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "full",
    "refusal": "refusal",
}


class AnthropicChat:
    def __init__(self, endpoint: Endpoint, http_client: httpx2.AsyncClient) -> None:
        self.simulated = endpoint.simulated
        self.terms: Mapping[str, str] = {}
        self._called = called("anthropic", simulated=endpoint.simulated)
        base_url, query = endpoint.address("https://api.anthropic.com")
        self._client = AsyncAnthropic(
            api_key=endpoint.api_key,
            base_url=base_url,
            default_query=query,
            max_retries=0,
            open_telemetry={"traces": False},
            http_client=http_client,
        )
        self._messages = self._client.messages

    async def ask(self, question: Question) -> Reply:
        with as_failures(anthropic, self._called):
            answer = await self._messages.with_raw_response.create(
                model=question.model,
                system=question.system,
                messages=_messages(question),
                max_tokens=question.max_tokens,
                output_config=_form(question.schema),
                extra_headers={"Idempotency-Key": question.key},
                extra_body=question.settings,
                timeout=within(question.timeout_s),
            )
            return _reply(self._called, told(answer))

    async def close(self) -> None:
        await self._client.close()


def _form(schema: dict[str, Any] | None) -> Any:
    return omit if schema is None else {"format": {"type": "json_schema", "schema": schema}}


def _messages(question: Question) -> list[Any]:
    return [{"role": role, "content": content} for role, content in question.turns]


def _reply(who: str, answer: Any) -> Reply:
    try:
        text = "".join(block["text"] for block in answer["content"] if block["type"] == "text")
    except (LookupError, TypeError):
        raise unreadable(who, answer) from None
    reason = label(answer.get("stop_reason")) or "end_turn"
    id_, model = label(answer.get("id")), label(answer.get("model"))
    return Reply(text, STOPS.get(reason, "end"), reason, id_, model, answer)
