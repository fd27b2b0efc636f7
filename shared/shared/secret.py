"""Secrets come from the environment, or from a file that NAME_FILE names: never from an argument."""

import os
from collections.abc import Mapping
from pathlib import Path


def secret(name: str, env: Mapping[str, str] = os.environ) -> str | None:
    """Return the variable's value, else the file's content; raises Refusal for one that cannot be read."""
    if value := env.get(name):
        return value
    file = env.get(f"{name}_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text().strip() or None
    except (OSError, UnicodeDecodeError) as error:
        from shared.refusal import Refusal

        why = getattr(error, "strerror", None) or "it is no text"
        raise Refusal("secret", f"{name}_FILE", f"{name}_FILE: {file} cannot be read: {why}") from None


def is_given(name: str, env: Mapping[str, str] = os.environ) -> bool:
    return bool(env.get(name) or env.get(f"{name}_FILE"))
