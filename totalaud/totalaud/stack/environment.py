"""What our processes find in their environment."""

import os
from dataclasses import dataclass
from pathlib import Path

from shared.secret import is_given
from totalaud.stack import paths

MARK = "TOTALAUD_STACK"
PATHS = ("TOTALAUD_MODELS", "TOTALAUD_NATS_CA", "OPENAI_API_KEY_FILE", "ANTHROPIC_API_KEY_FILE")
PROVIDERS = ("OPENAI", "ANTHROPIC")
PASSED_TO_SERVERS = ("PATH", "TMPDIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stack can be reached. The URLs hold credentials."""

    nats_url: str
    database_url: str
    model_url: str
    master_key_file: Path


def mark(data: Path) -> dict[str, str]:
    """Return what every process of this data folder carries, so that its orphans can be told.

    A copy of the folder has its id too, and processes of its own.
    """
    folder = data.stat()
    return {MARK: f"{paths.stack_id(data)} {folder.st_dev}:{folder.st_ino}"}


def plain(data: Path) -> dict[str, str]:
    """Return what a server gets that is not ours: no keys, no settings meant for other clusters."""
    passed = {name: os.environ[name] for name in PASSED_TO_SERVERS if name in os.environ}
    return {**passed, **mark(data), "LC_ALL": "C"}


def reached() -> list[str]:
    """Return the providers that have a key or an address; for the others the local model answers."""
    return [
        name.lower()
        for name in PROVIDERS
        if is_given(f"{name}_API_KEY") or os.environ.get(f"{name}_BASE_URL")
    ]


def of_service(data: Path, place: Place, skills: Path) -> dict[str, str]:
    """Return a service's whole environment: ours, and how it reaches this stack.

    A service runs in the data folder, so paths that are set are made absolute: they count from where we run.
    """
    return {
        **os.environ,
        **{name: str(Path(os.environ[name]).absolute()) for name in PATHS if os.environ.get(name)},
        **mark(data),
        "TOTALAUD_NATS_URL": place.nats_url,
        "TOTALAUD_DATABASE_URL": place.database_url,
        "TOTALAUD_LOCAL_MODEL_URL": place.model_url,
        "TOTALAUD_MASTER_KEY_FILE": str(place.master_key_file),
        "TOTALAUD_SKILLS": str(skills),
        "TOTALAUD_KEPT_SKILLS": str(data / "kept-skills"),
    }
