"""How each dialect writes an answer down, whole and in pieces."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from totalaud.model_server.request import Ask, Json

Ending = Literal["done", "length", "refused"]
PIECE = 24
CREATED = 1_767_225_600


@dataclass(frozen=True, slots=True)
class Said:
    """The answer to a call and what it used; `cached` is part of `prompt`."""

    model: str
    text: str
    ending: Ending
    prompt: int
    cached: int
    completion: int

    @property
    def id(self) -> str:
        return hashlib.sha256(f"{self.model}\0{self.text}\0{self.prompt}".encode()).hexdigest()[:24]

    @property
    def pieces(self) -> Iterator[str]:
        return (self.text[start : start + PIECE] for start in range(0, len(self.text), PIECE))


def whole(ask: Ask, said: Said) -> Json:
    """Return the body of a plain answer."""
    match ask.dialect:
        case "chat":
            return _chat(said)
        case "responses":
            return _response(said, "incomplete" if said.ending == "length" else "completed")
        case "messages":
            return _message(said, [{"type": "text", "text": said.text}])


def pieces(ask: Ask, said: Said) -> Iterator[tuple[str | None, Json]]:
    """Yield the named server-sent events of a streamed answer; Chat's have no name."""
    match ask.dialect:
        case "chat":
            return ((None, chunk) for chunk in _chat_chunks(said, with_usage=ask.stream_usage))
        case "responses":
            return ((event["type"], event) for event in _response_events(said))
        case "messages":
            return ((event["type"], event) for event in _message_events(said))


def error(ask_dialect: str, status: int, message: str) -> Json:
    """Return the body of an HTTP error."""
    kinds = {400: "invalid_request_error", 429: "rate_limit_error", 529: "overloaded_error"}
    inner = {"type": kinds.get(status, "api_error"), "message": message}
    if ask_dialect == "messages":
        return {"type": "error", "error": inner, "request_id": "req_local"}
    return {"error": inner | {"param": None, "code": None}}


def _chat(said: Said) -> Json:
    refused = said.ending == "refused"
    message = {
        "role": "assistant",
        "content": None if refused else said.text,
        "refusal": said.text if refused else None,
    }
    return {
        "id": f"chatcmpl-{said.id}",
        "object": "chat.completion",
        "created": CREATED,
        "model": said.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(said)}],
        "usage": _chat_usage(said),
    }


def _finish(said: Said) -> str:
    return "length" if said.ending == "length" else "stop"


def _chat_usage(said: Said) -> Json:
    return {
        "prompt_tokens": said.prompt,
        "completion_tokens": said.completion,
        "total_tokens": said.prompt + said.completion,
        "prompt_tokens_details": {"cached_tokens": said.cached},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def _chat_chunks(said: Said, *, with_usage: bool) -> Iterator[Json]:
    head = {
        "id": f"chatcmpl-{said.id}",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": said.model,
    }
    key = "refusal" if said.ending == "refused" else "content"
    deltas: list[Json] = [{"role": "assistant", key: ""}, *({key: piece} for piece in said.pieces)]
    for delta in deltas:
        yield head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield head | {"choices": [{"index": 0, "delta": {}, "finish_reason": _finish(said)}]}
    if with_usage:
        yield head | {"choices": [], "usage": _chat_usage(said)}


def _response(said: Said, status: str, *, empty: bool = False) -> Json:
    return {
        "id": f"resp_{said.id}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "instructions": None,
        "model": said.model,
        "output": [] if empty else [_output_item(said, status)],
        "parallel_tool_calls": False,
        "tool_choice": "none",
        "tools": [],
        "metadata": {},
        "usage": None
        if empty
        else {
            "input_tokens": said.prompt,
            "input_tokens_details": {"cached_tokens": said.cached},
            "output_tokens": said.completion,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": said.prompt + said.completion,
        },
    }


def _content(said: Said) -> Json:
    if said.ending == "refused":
        return {"type": "refusal", "refusal": said.text}
    return {"type": "output_text", "text": said.text, "annotations": []}


def _output_item(said: Said, status: str) -> Json:
    content = [] if status == "in_progress" else [_content(said)]
    return {
        "id": f"msg_{said.id}",
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
    }


def _response_events(said: Said) -> Iterator[Json]:
    status = "incomplete" if said.ending == "length" else "completed"
    kind = "refusal" if said.ending == "refused" else "output_text"
    place = {"item_id": f"msg_{said.id}", "output_index": 0, "content_index": 0}
    empty: Json = (
        {"type": kind, "refusal": ""} if kind == "refusal" else {"type": kind, "text": "", "annotations": []}
    )
    part = {"refusal": said.text} if kind == "refusal" else {"text": said.text, "logprobs": []}
    item = {"output_index": 0, "item": _output_item(said, "in_progress")}
    delta: Json = {} if kind == "refusal" else {"logprobs": []}
    steps: list[tuple[str, Json]] = [
        ("response.created", {"response": _response(said, "in_progress", empty=True)}),
        ("response.output_item.added", item),
        ("response.content_part.added", place | {"part": empty}),
        *((f"response.{kind}.delta", place | delta | {"delta": piece}) for piece in said.pieces),
        (f"response.{kind}.done", place | part),
        ("response.content_part.done", place | {"part": _content(said)}),
        ("response.output_item.done", {"output_index": 0, "item": _output_item(said, status)}),
        (f"response.{status}", {"response": _response(said, status)}),
    ]
    for number, (name, body) in enumerate(steps):
        yield {"type": name, "sequence_number": number, **body}


def _message(said: Said, content: list[Json], *, ended: bool = True) -> Json:
    return {
        "id": f"msg_{said.id}",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": content,
        "stop_reason": _stop(said) if ended else None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": said.prompt - said.cached,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": said.cached,
            "output_tokens": said.completion if ended else 1,
        },
    }


def _stop(said: Said) -> str:
    return {"done": "end_turn", "length": "max_tokens", "refused": "refusal"}[said.ending]


def _message_events(said: Said) -> Iterator[Json]:
    yield {"type": "message_start", "message": _message(said, [], ended=False)}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for piece in said.pieces:
        delta = {"type": "text_delta", "text": piece}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": _stop(said), "stop_sequence": None},
        "usage": {"output_tokens": said.completion},
    }
    yield {"type": "message_stop"}
