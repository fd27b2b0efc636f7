"""Reading the plain values of a definition: names, texts, choices, settings."""

import re
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from shared.definitions import SkillConfig
from shared.places import text_of
from totalaud.skillfiles.problem import Faults
from totalaud.skillfiles.tree import Mapping, Scalar, value_of

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_NAME = 64
NO_NAME = f"'{{}}' is no name: at most {LONGEST_NAME} small letters, digits and single hyphens"
TEXT_SETTINGS = ("instructions", "for_each", "into")


def unknown_keys(root: Mapping, known: tuple[str, ...], faults: Faults) -> None:
    for key, line in root.lines.items():
        if key not in known:
            faults.unknown(line, "key", key, list(known))


def text(root: Mapping, key: str, faults: Faults, *, required: bool = False) -> str | None:
    """Return a text as it is written; 1.10 stays 1.10 and NO stays NO."""
    node = root.get(key)
    match node:
        case Scalar(text=written) if written.strip():
            return written.strip()
        case None | Scalar():
            if required:
                faults.add(root.lines.get(key, 1), f"'{key}' is missing")
        case _:
            faults.add(node.line, f"'{key}' must be text")
    return None


def name(root: Mapping, faults: Faults, *, stored: Callable[[str], str] = str) -> str | None:
    """Return the name as it is `stored`, if it is one then."""
    written = text(root, "name", faults, required=True)
    if written is None:
        return None
    if is_name(stored(written)):
        return stored(written)
    faults.add(root.lines["name"], NO_NAME.format(stored(written)))
    return None


def is_name(written: str) -> bool:
    return len(written) <= LONGEST_NAME and NAME.fullmatch(written) is not None


def choice(root: Mapping, key: str, choices: tuple[str, ...], faults: Faults) -> str | None:
    written = text(root, key, faults, required=True)
    if written is None or written in choices:
        return written
    faults.unknown(root.lines[key], key, written, list(choices))
    return None


def config(root: Mapping, faults: Faults) -> SkillConfig:
    """Read the settings; each fault is told at its own line."""
    node = root.get("config")
    if node is None:
        return SkillConfig()
    if not isinstance(node, Mapping):
        faults.add(node.line, "'config' holds settings, 'name: value' on each line")
        return SkillConfig()
    values = {key: _setting(key, inner) for key, inner in node.fields.items()}
    try:
        return SkillConfig.model_validate(values)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False, include_context=False):
            key = str(fault["loc"][0])
            if fault["type"] == "extra_forbidden":
                faults.unknown(node.lines[key], "key of config", key, list(SkillConfig.model_fields))
            else:
                why = fault["msg"].replace("tuple", "list")
                faults.add(node.lines[key], f"'{text_of(fault['loc'])}': {why}")
    return SkillConfig()


def _setting(key: str, node: Any) -> Any:
    return node.text if key in TEXT_SETTINGS and isinstance(node, Scalar) else value_of(node)
