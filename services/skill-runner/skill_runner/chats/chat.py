"""What the engine asks of a provider, the same for all of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from shared.subjects import Pool

Stop = Literal["end", "length", "full", "refusal", "error"]
LONGEST_LABEL = 200


@dataclass(frozen=True, slots=True)
class Again:
    """What the model had answered, and what was wrong with it."""

    answer: str
    wrong: str


@dataclass(frozen=True, slots=True)
class Question:
    """One call. `key` is the idempotency key, `timeout_s` bounds all of it, `again` asks for a repair.

    Without a `schema` the answer is an object of which `system` tells the schema in words. `repairs` says
    that it will be one, also before there is an answer to repair. `settings` go to the provider as they are.
    """

    model: str
    system: str
    user: str
    schema: dict[str, Any] | None
    max_tokens: int
    timeout_s: float
    key: str
    again: Again | None = None
    repairs: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def capped(self) -> int | None:
        """How long an answer may be by the settings, for a server that knows `max_tokens` and no newer name.

        It is sent alone: some servers refuse the newer one.
        """
        said = self.settings.get("max_tokens")
        return said if isinstance(said, int) else None

    @property
    def told_tokens(self) -> int:
        """How long an answer may be as the server is told it."""
        return self.capped or self.max_tokens

    @property
    def turns(self) -> list[tuple[Literal["user", "assistant"], str]]:
        """What was said so far, from the first message on."""
        if self.again is None:
            return [("user", self.user)]
        return [("user", self.user), ("assistant", self.again.answer), ("user", self.again.wrong)]


@dataclass(frozen=True, slots=True)
class Reply:
    """`raw` is the provider's whole answer, read for its usage.

    `stop` is `length` where the answer was as long as it may be, `full` where the model takes no more,
    `error` where the provider failed once it had begun. `finish_reason`, `id` and `model` are labels.
    """

    text: str
    stop: Stop
    finish_reason: str
    id: str
    model: str
    raw: dict[str, Any]


class Chat(Protocol):
    """One provider. `simulated`: the answers come from the local model server.

    `terms`: at which of its prices a model is called for going to this place, as settings would say it.
    """

    simulated: bool
    terms: Mapping[str, str]

    async def ask(self, question: Question) -> Reply:
        """Call once, without retries; raises Failure."""
        ...

    async def close(self) -> None: ...


def called(provider: Pool, *, simulated: bool) -> str:
    """Return what people are told has answered: whoever has no key has asked none of the providers."""
    return "the local model" if simulated else provider


def told(answer: Any) -> Any:
    """Return what a provider answered, as JSON; raises ValueError or RecursionError for what is none.

    The SDKs would make an object of each of its parts, which of one that is long takes minutes.
    """
    return json.loads(answer.http_response.content)


def label(name: Any) -> str:
    """Return what a provider calls something as a short text that can be written anywhere."""
    return str(name or "").encode(errors="replace").decode()[:LONGEST_LABEL]
