"""What people write on the command line and into workflow files, read into a command."""

import json
import sys
from pathlib import Path
from typing import Any

import typer

Json = dict[str, Any]


def workflow(text: str, name: str) -> Json:
    """Read a workflow, YAML or JSON: `{agent?, steps, input?}`, or the list of steps alone."""
    found = _parsed(text, name)
    if isinstance(found, list):
        return {"steps": found}
    if not isinstance(found, dict) or not isinstance(found.get("steps"), list):
        raise typer.BadParameter(f"{name}: a workflow is a list of steps, or has a field 'steps'")
    if unknown := set(found) - {"agent", "steps", "input"}:
        raise typer.BadParameter(f"{name}: unknown field {min(unknown)!r} in the workflow")
    return found


def pairs(given: list[str]) -> Json:
    """Read `key=value` pairs; a value that is JSON is taken as such, any other as text."""
    read: Json = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"--input {pair!r}: write it as key=value")
        read[key] = _value(value)
    return read


def inputs(given: list[str]) -> Json:
    """Read a skill's input: one JSON object, `@FILE`, or `key=value` pairs."""
    if len(given) == 1 and given[0].startswith("@"):
        return _object(file_text(given[0][1:]), given[0][1:])
    if len(given) == 1 and given[0].lstrip().startswith("{"):
        return _object(given[0], "--input")
    return pairs(given)


def file_text(name: str) -> str:
    """Read a file, standard input for `-`."""
    return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")


def _object(text: str, name: str) -> Json:
    found = _parsed(text, name)
    if not isinstance(found, dict):
        raise typer.BadParameter(f'{name}: an object is needed, {{"field": value}}')
    return found


def _parsed(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        if text.lstrip().startswith(("{", "[")):
            raise typer.BadParameter(f"{name} is not JSON: {error}") from None
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise typer.BadParameter(f"{name} is not YAML{where}: {problem}") from None


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
