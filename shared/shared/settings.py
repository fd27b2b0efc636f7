"""What a service is told by its environment; the same names for all."""

import os
from dataclasses import dataclass
from pathlib import Path

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
            health_port=int(env.get("TOTALAUD_HEALTH_PORT", "0")),
            ack_wait_s=float(env.get("TOTALAUD_ACK_WAIT_S", "5")),
            concurrency=int(env.get("TOTALAUD_CONCURRENCY", "16")),
            local_model_url=env.get("TOTALAUD_LOCAL_MODEL_URL"),
        )
