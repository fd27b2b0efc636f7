"""What a service is told by its environment; the same names for all."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

from shared.nats_urls import NATS_URL
from shared.refusal import Refusal
from shared.secret import secret
from shared.urls import DATABASE_URL, LAST_PORT, database_url, http_url

SKILLS = "TOTALAUD_SKILLS"
HEALTH_HOST = "TOTALAUD_HEALTH_HOST"
HEALTH_PORT = "TOTALAUD_HEALTH_PORT"
MOST_AT_ONCE = 1000
LONGEST_WAIT_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Settings:
    """URLs with credentials: never printed. Times in seconds."""

    nats_url: str
    database_url: str
    skills: Path
    master_key_file: Path | None
    master_key: str | None
    health_host: str
    health_port: int
    ack_wait_s: float
    concurrency: int
    local_model_url: str | None

    @classmethod
    def from_env(cls) -> "Settings":
        """Read TOTALAUD_*; OPERATIONS.md lists them with their defaults."""
        env = os.environ
        key_file = env.get("TOTALAUD_MASTER_KEY_FILE")
        return cls(
            nats_url=secret(NATS_URL) or "nats://127.0.0.1:4222",
            database_url=database_url(secret(DATABASE_URL) or "postgresql://127.0.0.1:5432/totalaud"),
            skills=Path(env.get(SKILLS) or "skills"),
            master_key_file=Path(key_file) if key_file else None,
            master_key=env.get("TOTALAUD_MASTER_KEY"),
            health_host=env.get(HEALTH_HOST) or "127.0.0.1",
            health_port=math.ceil(number(HEALTH_PORT, 0, or_none=True, most=LAST_PORT)),
            ack_wait_s=ack_wait_s(),
            concurrency=math.ceil(number("TOTALAUD_CONCURRENCY", 16, most=MOST_AT_ONCE)),
            local_model_url=http_url("TOTALAUD_LOCAL_MODEL_URL"),
        )


def ack_wait_s() -> float:
    """Return how long a silent skill-runner is waited for; whoever makes the streams needs it too."""
    return number("TOTALAUD_ACK_WAIT_S", 5, most=LONGEST_WAIT_S)


def number(name: str, default: float, *, or_none: bool = False, most: float = math.inf) -> float:
    """Return a variable's number, above 0 or, if it says so, none; raises Refusal for any other."""
    text = os.environ.get(name)
    if not text:
        return default
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not (math.isfinite(found) and (0 < found <= most or (or_none and found == 0))):
        least = "of 0 or more" if or_none else "above 0"
        limit = f", at most {most:g}" if math.isfinite(most) else ""
        raise Refusal("invalid", name, f"{name}: {text!r} is not a number {least}{limit}")
    return found
