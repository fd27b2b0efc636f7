"""What people write on the command line and into workflow files, read into a command."""

import json
import sys
from pathlib import Path
from typing import Any

import typer

Json = dict[str, Any]
A_LIST = """: write a list as {}='["…", "…"]'"""


def workflow(text: str, name: str) -> Json:
    """Read a workflow, YAML or JSON: `{agent?, steps, input?}`, or the list of steps alone."""
    found = _parsed(text, name)
    if isinstance(found, list):
        found = {"steps": found}
    if not isinstance(found, dict) or not isinstance(found.get("steps"), list):
        raise typer.BadParameter(f"{name}: a workflow is a list of steps, or has a field 'steps'")
    if unknown := [field for field in found if field not in ("agent", "steps", "input")]:
        raise typer.BadParameter(f"{name}: unknown field {unknown[0]!r} in the workflow")
    if not isinstance(found.get("input") or {}, dict):
        raise typer.BadParameter(f"{name}: the workflow's 'input' has to be an object")
    for number, step in enumerate(found["steps"], 1):
        if not isinstance(step, dict):
            raise typer.BadParameter(f"{name}: step {number} has to be an object with 'skill' and 'input'")
    return found


def texts(given: list[str], option: str, twice: str = "") -> dict[str, str]:
    """Read `key=value` pairs; `twice` is what to do in place of giving a key twice."""
    read: dict[str, str] = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"{pair!r}: write it as key=value", param_hint=option)
        if key in read:
            raise typer.BadParameter(f"{key!r} is given twice{twice.format(key)}", param_hint=option)
        read[key] = value
    return read


def pairs(given: list[str]) -> Json:
    """Read `key=value` pairs; a value that is JSON is taken as such, any other as text."""
    return {key: _value(value) for key, value in texts(given, "--input", A_LIST).items()}


def inputs(given: list[str]) -> Json:
    """Read a skill's input: one JSON object, `@FILE`, or `key=value` pairs."""
    if len(given) == 1 and given[0].startswith("@"):
        return _object(file_text(given[0][1:]), given[0][1:])
    if len(given) == 1 and given[0].lstrip().startswith("{"):
        return _object(given[0], "--input")
    return pairs(given)


def file_data(name: str) -> bytes:
    """Read a file, standard input for `-`."""
    if name != "-":
        return Path(name).read_bytes()
    if not sys.stdin:
        raise typer.BadParameter("standard input is closed: name a file, or pipe one in")
    return sys.stdin.buffer.read()


def file_text(name: str) -> str:
    """Read a file's text, or that of standard input."""
    data = file_data(name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise typer.BadParameter(f"{name} is not UTF-8 at line {line}: save it as UTF-8") from None


def _object(text: str, name: str) -> Json:
    found = _parsed(text, name)
    if not isinstance(found, dict):
        raise typer.BadParameter(f'{name}: an object is needed, {{"field": value}}')
    return found


def _parsed(text: str, name: str) -> Any:
    try:
        return _json_or_yaml(text, name)
    except RecursionError:
        raise typer.BadParameter(f"{name} is nested too deep") from None


def _json_or_yaml(text: str, name: str) -> Any:
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
    except ValueError as error:
        raise typer.BadParameter(f"{name} has a value that cannot be read: {error}") from None


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return text


def _no_json(constant: str) -> Any:
    """Leave NaN and Infinity text: JSON does not know them, and a band may be called so."""
    raise ValueError(constant)
