"""What the engine asks of a provider, the same for all of them."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

Stop = Literal["end", "length", "refusal"]


@dataclass(frozen=True, slots=True)
class Question:
    """One call. `key` is the idempotency key; `timeout_s` bounds the whole call."""

    model: str
    system: str
    user: str
    schema: dict[str, Any]
    max_tokens: int
    timeout_s: float
    key: str


@dataclass(frozen=True, slots=True)
class Reply:
    """`raw` is the provider's whole answer, read for its usage."""

    text: str
    stop: Stop
    finish_reason: str
    id: str
    model: str
    raw: dict[str, Any]


class Chat(Protocol):
    """One provider. `simulated`: the answers come from the local model server."""

    simulated: bool

    async def ask(self, question: Question) -> Reply:
        """Call once, without retries; raises Failure."""
        ...

    async def close(self) -> None: ...
