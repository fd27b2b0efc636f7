"""Whether what one schema describes can ever be put where another one stands."""

import re
from typing import Any

from shared.schema_nodes import forms_of, resolved, types_of, values_of
from shared.schema_rules import article

Schema = dict[str, Any]
Pair = tuple[int, int]


def misfit(source: Schema, target: Schema) -> str | None:
    """Say why no value of `source` can satisfy `target`; None when one may, or when it is not known."""
    return None if source == target else _misfit(source, source, target, target, frozenset())


def described(root: Schema, node: Any) -> str:
    """Name what a schema describes: `a list of Contact`, `a string (date)`."""
    if isinstance(node, dict) and str(node.get("$ref", "")).startswith("#/$defs/"):
        return str(node["$ref"]).rsplit("/", 1)[1]
    node = resolved(root, node)
    types = types_of(node)
    if types is None:
        return "one of several forms"
    if types == {"array"}:
        items = node.get("items")
        return f"a list of {re.sub('^an? ', '', described(root, items))}" if items else "a list"
    words = " or ".join(article(name) for name in sorted(types))
    return f"{words} ({node['format']})" if "format" in node else words


def _misfit(root: Schema, source: Any, target_root: Schema, target: Any, seen: frozenset[Pair]) -> str | None:
    here, there = resolved(root, source), resolved(target_root, target)
    pair = (id(here), id(there))
    if pair in seen:
        return None
    reasons = [
        _form_misfit(root, form, target_root, wanted, seen | {pair})
        for form in _present(forms_of(root, here))
        for wanted in _present(forms_of(target_root, there))
    ]
    if None in reasons:
        return None
    if len(reasons) == 1 and reasons[0]:
        return reasons[0]
    return f"{described(root, source)} does not fit {described(target_root, target)}"


def _form_misfit(
    root: Schema, form: Schema, target_root: Schema, wanted: Schema, seen: frozenset[Pair]
) -> str | None:
    """Compare two schemas without alternatives; an empty text says that their types differ."""
    types, wanted_types = types_of(form), types_of(wanted)
    if types is None or wanted_types is None:
        return None
    both = _numbers(types) & _numbers(wanted_types)
    if not both or (both == {"string"} and _formats_differ(form, wanted)):
        return ""
    reason = _values_misfit(form, wanted)
    if reason is None and both == {"array"} and "items" in form and "items" in wanted:
        inner = _misfit(root, form["items"], target_root, wanted["items"], seen)
        reason = inner and f"in the list, {inner}"
    if reason is None and both == {"object"}:
        reason = _fields_misfit(root, form, target_root, wanted, seen)
    return reason


def _numbers(types: set[str]) -> set[str]:
    return {"number" if name == "integer" else name for name in types}


def _formats_differ(form: Schema, wanted: Schema) -> bool:
    return "format" in form and "format" in wanted and form["format"] != wanted["format"]


def _values_misfit(form: Schema, wanted: Schema) -> str | None:
    values, wanted_values = values_of(form), values_of(wanted)
    if values is None or wanted_values is None or any(value in wanted_values for value in values):
        return None
    return f"{_listed(values)} is none of {_listed(wanted_values)}"


def _fields_misfit(
    root: Schema, form: Schema, target_root: Schema, wanted: Schema, seen: frozenset[Pair]
) -> str | None:
    always = {*form.get("required", ()), *wanted.get("required", ())}
    fields, wanted_fields = form.get("properties", {}), wanted.get("properties", {})
    for name in fields.keys() & wanted_fields.keys() & always:
        reason = _misfit(root, fields[name], target_root, wanted_fields[name], seen)
        if reason is not None:
            return f"in {name}, {reason}"
    return None


def _present(forms: list[Schema]) -> list[Schema]:
    return [form for form in forms if form != {"type": "null"}] or forms


def _listed(values: list[Any]) -> str:
    return ", ".join(str(value) for value in values)
