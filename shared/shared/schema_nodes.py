"""Finding one's way in a JSON Schema: references, and forms that also allow null."""

from typing import Any

Schema = dict[str, Any]
MAX_REFERENCES = 32
_NAMES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (str, "string"),
    (int, "integer"),
    (float, "number"),
    (list, "array"),
    (dict, "object"),
)


def resolved(root: Schema, node: Any) -> Schema:
    """Follow references; `{}` for one that leads nowhere, and for a schema that is just true."""
    for _ in range(MAX_REFERENCES):
        here: Schema = node if isinstance(node, dict) else {}
        if "$ref" not in here:
            return here
        node = _pointed(root, here["$ref"])
    return {}


def plain(root: Schema, node: Any) -> Schema:
    """Follow references and look past null: the form of a value that is there, `{}` for one of several."""
    here = resolved(root, node)
    for word in ("anyOf", "oneOf"):
        if word in here:
            forms = [form for form in forms_of(root, here) if form != {"type": "null"}]
            return resolved(root, forms[0]) if len(forms) == 1 else {}
    return here


def forms_of(root: Schema, node: Schema) -> list[Schema]:
    """Return the alternatives of a schema, each resolved; one that has none is its own."""
    for word in ("anyOf", "oneOf"):
        if word in node:
            found: list[Schema] = []
            for form in node[word]:
                found += forms_of(root, resolved(root, form)) if form != node else []
            return found
    return [node]


def types_of(node: Schema) -> set[str] | None:
    """Return the JSON types a value may have, without null unless it is the only one; None where unsaid."""
    said = node.get("type")
    if said is not None:
        types = {said} if isinstance(said, str) else set(said)
    elif (values := values_of(node)) is not None:
        types = {_type_of(value) for value in values}
    else:
        return None
    return types - {"null"} or types


def values_of(node: Schema) -> list[Any] | None:
    """Return the values that a schema lists, without null; None where it lists none."""
    if "const" in node:
        return [node["const"]]
    if "enum" in node:
        return [value for value in node["enum"] if value is not None]
    return None


def _type_of(value: Any) -> str:
    return next((name for kind, name in _NAMES if isinstance(value, kind)), "null")


def _pointed(root: Schema, reference: str) -> Any:
    node: Any = root
    if not reference.startswith("#"):
        return {}
    for part in reference.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        node = node.get(name, {}) if isinstance(node, dict) else {}
    return node
