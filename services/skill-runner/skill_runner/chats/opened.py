"""The providers in use: each SDK is imported and connected when there is a skill for it."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from shared.subjects import Pool
from skill_runner.chats.chat import Chat
from skill_runner.chats.connection import client
from skill_runner.chats.endpoints import Endpoint, endpoint
from skill_runner.failure import Failure
from skill_runner.pricing import usage_of

LITTLE_USED: dict[Pool, dict[str, int]] = {
    "openai": {"prompt_tokens": 1, "completion_tokens": 1},
    "anthropic": {"input_tokens": 1, "output_tokens": 1},
}


class Chats:
    def __init__(self, env: Mapping[str, str], local_model_url: str | None) -> None:
        self._env = env
        self._local_model_url = local_model_url
        self._opened: dict[Pool, Chat] = {}
        self._opening = asyncio.Lock()

    async def of(self, provider: Pool) -> Chat:
        """Return the provider's chat; raises Failure `provider_unavailable`.

        One that is in use keeps nobody waiting while another one's SDK is imported.
        """
        if provider not in self._opened:
            async with self._opening:
                if provider not in self._opened:
                    there = endpoint(provider, self._env, self._local_model_url)
                    self._opened[provider] = await asyncio.to_thread(connect, there)
        return self._opened[provider]

    async def expect(self, provider: Pool) -> None:
        """Be ready before the first call; what is not to be had is told when it is asked for."""
        with suppress(Failure):
            await self.of(provider)

    async def close(self) -> None:
        await asyncio.gather(*(chat.close() for chat in self._opened.values()))


def connect(there: Endpoint) -> Chat:
    """Import the SDK and read the prices, which takes seconds, and make a client; raises Failure."""
    usage_of(there.provider, "none", {"usage": LITTLE_USED[there.provider]}, simulated=True)
    if there.provider == "anthropic":
        from skill_runner.chats.anthropic_chat import AnthropicChat

        return AnthropicChat(there, client(there))
    from skill_runner.chats.openai_chat import OpenAiChat

    return OpenAiChat(there, client(there))
