"""Where each provider's calls go: the provider, a compatible server, or the local model."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.secret import secret
from shared.subjects import POOLS, Pool
from shared.urls import http_url
from skill_runner.failure import Failure

NO_KEY = "none"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`base_url` None is the provider's own. Holds a key: never printed."""

    provider: Pool
    api_key: str
    base_url: str | None
    simulated: bool


def check(env: Mapping[str, str]) -> None:
    """Refuse a key's file that cannot be read, or a URL that is none: at the start, not at the first call."""
    for provider in POOLS:
        _given(provider, env)


def endpoint(provider: Pool, env: Mapping[str, str], local_model_url: str | None) -> Endpoint:
    """Read <PROVIDER>_API_KEY (or …_FILE) and <PROVIDER>_BASE_URL; with neither, the local model answers.

    Raises Failure `provider_unavailable` when there is none of the three.
    """
    name = provider.upper()
    key, url = _given(provider, env)
    if key or url:
        return Endpoint(provider, key or NO_KEY, url, simulated=False)
    if local_model_url is None:
        raise Failure(
            "provider_unavailable",
            f"no way to reach {provider}: set {name}_API_KEY, {name}_BASE_URL or TOTALAUD_LOCAL_MODEL_URL",
        )
    local = local_model_url.rstrip("/")
    return Endpoint(provider, NO_KEY, f"{local}/v1" if provider == "openai" else local, simulated=True)


def _given(provider: Pool, env: Mapping[str, str]) -> tuple[str | None, str | None]:
    name = provider.upper()
    return secret(f"{name}_API_KEY", env), http_url(f"{name}_BASE_URL", env)
