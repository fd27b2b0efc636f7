"""A provider that bills: the local model server under an address of its own, so that nothing is simulated."""

import asyncio
import json
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from genai_prices import Usage, calc_price

from totalaud.stack import ports


@dataclass(frozen=True)
class Provider:
    """`simulated`: it is a stack's own local model, whose answers cost nothing."""

    url: str
    simulated: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """What makes services take it for both providers."""
        return {
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "a-key",
            "OPENAI_BASE_URL": f"{self.url}/v1",
            "OPENAI_API_KEY": "a-key",
        }

    async def slow(self, seconds: float, longest: float = 0.0) -> None:
        """Let each call take so long, or any time between the two."""
        jitter = max(0.0, longest - seconds)
        await asyncio.to_thread(self._put, {"latency_s": seconds, "latency_jitter_s": jitter})

    async def calls(self) -> dict[str, int]:
        """Return how often it was called for each idempotency key."""
        return (await self._told())["by_key"]

    async def in_the_air(self) -> list[str]:
        """Return the idempotency keys of the calls that it is answering now."""
        return (await self._told())["in_the_air"]

    async def bill(self) -> Decimal:
        """Return what all its answers cost, also those that nobody waited for any more."""
        billed = {} if self.simulated else (await self._told())["billed"]
        return sum((_price(model, tokens) for model, tokens in billed.items()), Decimal(0))

    async def _told(self) -> dict[str, Any]:
        with await asyncio.to_thread(urllib.request.urlopen, f"{self.url}/calls") as answer:
            return json.loads(answer.read())

    def _put(self, faults: dict[str, Any]) -> None:
        body = json.dumps(faults).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/faults", data=body, method="PUT")).close()


def _price(model: str, tokens: dict[str, int]) -> Decimal:
    counts = Usage(
        input_tokens=tokens["prompt"], output_tokens=tokens["completion"], cache_read_tokens=tokens["cached"]
    )
    provider = "anthropic" if model.startswith("claude") else "openai"
    return calc_price(counts, model, provider_id=provider).total_price


@asynccontextmanager
async def billing_provider() -> AsyncIterator[Provider]:
    port = ports.free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "totalaud.model_server", "--port", str(port))
    )
    provider = Provider(f"http://{ports.LOOPBACK}:{port}")
    try:
        async with asyncio.timeout(20):
            while ports.is_free(port):
                await asyncio.sleep(0.05)
        yield provider
    finally:
        process.kill()
        await process.wait()
