"""Secrets come from the environment, or from a file that NAME_FILE names: never from an argument."""

import os
from collections.abc import Mapping
from pathlib import Path


def secret(name: str, env: Mapping[str, str] = os.environ) -> str | None:
    """Return the variable's value, else what the file holds; raises Refusal where that is nothing."""
    if value := env.get(name):
        return value
    file = env.get(f"{name}_FILE")
    if not file:
        return None
    try:
        found, why = Path(file).read_text().strip(), "is empty"
    except OSError as error:
        found, why = "", f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        found, why = "", "cannot be read: it is no text"
    if not found:
        from shared.refusal import Refusal

        raise Refusal("secret", f"{name}_FILE", f"{name}_FILE: {file} {why}")
    return found


def is_given(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))
