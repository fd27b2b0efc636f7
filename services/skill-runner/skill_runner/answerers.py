"""Who would answer a skill that asks a model: what one wrote is no answer of another."""

from collections.abc import Mapping
from typing import Any

from shared.definitions import SkillDefinition
from shared.models import Models
from skill_runner.chats.endpoints import endpoint

SIMULATED = "simulated"


class Answerers:
    def __init__(self, models: Models, env: Mapping[str, str], local_model_url: str | None) -> None:
        self._models = models
        self._env = env
        self._local_model_url = local_model_url

    def of(self, definition: SkillDefinition) -> dict[str, Any] | None:
        """Return provider, model and place; None for a function. Raises Failure `provider_unavailable`."""
        provider = definition.provider
        if provider == "custom":
            return None
        there = endpoint(provider, self._env, self._local_model_url)
        return {
            "provider": provider,
            "model": self._models[provider].resolve(definition.model).model,
            "place": SIMULATED if there.simulated else there.base_url,
        }
