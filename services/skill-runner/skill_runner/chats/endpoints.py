"""Where each provider's calls go: the provider, a compatible server, or the local model."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from shared.refusal import Refusal
from shared.secret import secret
from shared.subjects import POOLS, Pool
from shared.urls import http_url
from skill_runner.failure import Failure

NO_KEY = "none"
KEY = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`base_url` None is the provider's own. Holds a key: never printed."""

    provider: Pool
    api_key: str
    base_url: str | None
    simulated: bool

    def address(self, own: str) -> tuple[str, dict[str, str]]:
        """Return where calls go, `own` where no base URL is set, and apart from it the query of each call."""
        url = urlsplit(self.base_url or own)
        return url._replace(query="", fragment="").geturl(), dict(parse_qsl(url.query))


def check(env: Mapping[str, str]) -> None:
    """Refuse a key or a URL that is none, or a file without a key: at the start, not at the first call."""
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
    return _key(f"{name}_API_KEY", env), http_url(f"{name}_BASE_URL", env)


def _key(name: str, env: Mapping[str, str]) -> str | None:
    """Return the key without the spaces and line ends around it, which no header may hold."""
    given = secret(name, env)
    if given is None:
        return None
    key = given.strip()
    if not KEY.fullmatch(key):
        raise Refusal(
            "secret", name, f"{name}: it is no key: blank, or with a space or a character beyond ASCII in it"
        )
    return key
