"""What a service is told by its environment; the same names for all."""

import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from shared.refusal import Refusal
from shared.secret import secret
from shared.urls import NAME, database_url


@dataclass(frozen=True, slots=True)
class Settings:
    """URLs with credentials: never printed. Times in seconds."""

    nats_url: str
    database_url: str
    skills: Path
    master_key_file: Path | None
    master_key: str | None
    health_port: int
    ack_wait_s: float
    concurrency: int
    local_model_url: str | None

    @classmethod
    def from_env(cls) -> "Settings":
        """Read TOTALAUD_*; the README lists them with their defaults."""
        env = os.environ
        key_file = env.get("TOTALAUD_MASTER_KEY_FILE")
        return cls(
            nats_url=secret("TOTALAUD_NATS_URL") or "nats://127.0.0.1:4222",
            database_url=database_url(secret(NAME) or "postgresql://127.0.0.1:5432/totalaud"),
            skills=Path(env.get("TOTALAUD_SKILLS", "skills")),
            master_key_file=Path(key_file) if key_file else None,
            master_key=env.get("TOTALAUD_MASTER_KEY"),
            health_port=int(number("TOTALAUD_HEALTH_PORT", 0, most=65_535, or_none=True)),
            ack_wait_s=ack_wait_s(),
            concurrency=math.ceil(number("TOTALAUD_CONCURRENCY", 16)),
            local_model_url=env.get("TOTALAUD_LOCAL_MODEL_URL"),
        )


def ack_wait_s() -> float:
    """Return how long a silent skill-runner is waited for; whoever makes the streams needs it too."""
    return number("TOTALAUD_ACK_WAIT_S", 5)


def number(name: str, default: float, *, most: float = sys.float_info.max, or_none: bool = False) -> float:
    """Return a variable's number, above 0 or, if it says so, none; raises Refusal for any other."""
    text = os.environ.get(name)
    if not text:
        return default
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not (0 < found <= most or (or_none and found == 0)):
        upto = f" and up to {most}" if most < sys.float_info.max else ""
        raise Refusal("invalid", name, f"{name}: {text!r} is not a number above 0{upto}")
    return found
