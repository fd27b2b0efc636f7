"""How a provider is reached over HTTP, the same for every SDK."""

import httpx2

from skill_runner.chats.endpoints import Endpoint
from skill_runner.failure import Failure

LIMITS = httpx2.Limits(max_connections=1000, max_keepalive_connections=100)
CONNECT_S = 5.0
SHARE = 1 / 3


def client(there: Endpoint) -> httpx2.AsyncClient:
    """Return an HTTP client that goes where it is told to and no further: redirects are not followed.

    The local model is ours, and never behind the proxy that the environment names. Raises Failure
    `provider_unavailable` where a provider would be, and that proxy cannot be used.
    """
    try:
        return httpx2.AsyncClient(limits=LIMITS, trust_env=not there.simulated, follow_redirects=False)
    except (ImportError, OSError, ValueError, httpx2.InvalidURL) as error:
        raise Failure(
            "provider_unavailable",
            f"no way to reach {there.provider}: the environment names a proxy or certificates that cannot be "
            f"used ({type(error).__name__})",
        ) from None


def within(timeout_s: float) -> httpx2.Timeout:
    """Return the bounds of a call: TCP and TLS each have their share, and end long before the call must.

    Whoever cannot be connected to has not been asked anything, so such a call is not in doubt.
    """
    return httpx2.Timeout(timeout_s, connect=min(CONNECT_S, SHARE * timeout_s))
