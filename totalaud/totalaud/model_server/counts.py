"""What the server remembers: numbers and hashes, never a prompt."""

import hashlib
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

KEPT = 100_000
BLOCK_TOKENS = 32
CHARS_PER_TOKEN = 4


def tokens(text: str) -> int:
    """Estimate: four characters to a token, rounded up."""
    return -(-len(text) // CHARS_PER_TOKEN)


class Recent:
    """A counter of the newest keys."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, int] = OrderedDict()

    def add(self, key: str) -> int:
        """Count one more and return how many there are now."""
        count = self._counts.pop(key, 0) + 1
        self._counts[key] = count
        if len(self._counts) > KEPT:
            self._counts.popitem(last=False)
        return count

    def __contains__(self, key: str) -> bool:
        return key in self._counts

    def as_dict(self) -> dict[str, int]:
        return dict(self._counts)


class Bill(NamedTuple):
    """Tokens; `cached` is part of `prompt`."""

    prompt: int
    cached: int
    completion: int


@dataclass
class Counts:
    """Calls by idempotency key and by model, and which prompts and prefixes were seen.

    `refused` are those beyond the calls a second, which are not in `total`.
    """

    total: int = 0
    refused: int = 0
    by_key: Recent = field(default_factory=Recent)
    by_model: Counter[str] = field(default_factory=Counter)
    prompts: Recent = field(default_factory=Recent)
    prefixes: Recent = field(default_factory=Recent)
    billed: dict[str, Bill] = field(default_factory=dict)

    def bill(self, model: str, prompt: int, cached: int, completion: int) -> None:
        """Count what an answer would be billed, whether anybody still waits for it or not."""
        before = self.billed.get(model, Bill(0, 0, 0))
        self.billed[model] = Bill(
            before.prompt + prompt, before.cached + cached, before.completion + completion
        )

    def call(self, key: str | None, model: str, name: str, text: str) -> int:
        """Count a call; return its number among its prompt's. `name` says model, faults and dialect."""
        self.total += 1
        self.by_model[model] += 1
        if key:
            self.by_key.add(key)
        return self.prompts.add(hashlib.sha256(f"{name}\0{text}".encode()).hexdigest())

    def cached_tokens(self, model: str, text: str) -> int:
        """Return how many tokens of the text's start were seen before, in whole blocks, and remember it."""
        size, cached, known = BLOCK_TOKENS * CHARS_PER_TOKEN, 0, True
        rolling = hashlib.sha256(model.encode())
        for start in range(0, len(text) - size + 1, size):
            rolling.update(text[start : start + size].encode())
            prefix = rolling.hexdigest()
            known = known and prefix in self.prefixes
            cached += BLOCK_TOKENS if known else 0
            self.prefixes.add(prefix)
        return cached
