"""Broken JSON Schema rules in words, without the value that broke them; and rules no sealed value breaks."""

from typing import Any

Schema = dict[str, Any]
SEALED: Schema = {
    "type": "object",
    "required": ["$sealed", "n", "c"],
    "maxProperties": 3,
    "properties": {
        "$sealed": {"type": "string", "format": "uuid"},
        "n": {"type": "string"},
        "c": {"type": "string"},
    },
}
_MAPS = {"properties", "patternProperties", "$defs", "dependentSchemas"}
_LISTS = {"anyOf", "allOf", "oneOf", "prefixItems"}
_SINGLES = {"items", "additionalProperties", "contains", "unevaluatedItems", "unevaluatedProperties"}
_ARTICLE = {"array": "a list", "object": "an object", "integer": "a whole number", "null": "null"}
_LIMITS = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minProperties": "must have at least {} fields",
    "maxProperties": "must have at most {} fields",
    "multipleOf": "must be a multiple of {}",
    "pattern": "must match the pattern {}",
    "format": "must be {}",
}
_FORMATS = {
    "date": "a date, as 2026-05-01",
    "date-time": "a date-time with its offset, as 2026-05-01T10:00:00+01:00",
    "email": "an e-mail address",
    "uri": "a URL",
    "uuid": "a UUID",
}
_OTHERS = {
    "required": "is required",
    "uniqueItems": "must not repeat an item",
    "additionalProperties": "has a field that is not allowed",
    "anyOf": "has none of the allowed forms",
    "oneOf": "does not have exactly one of the allowed forms",
    "const": "is not the one allowed value",
}


def tolerant(schema: Any) -> Any:
    """Return a schema that a sealed value satisfies at any place, and that is else the same."""
    if not isinstance(schema, dict) or not schema:
        return schema
    inner = {word: _inside(word, part) for word, part in schema.items()}
    defs = inner.pop("$defs", None)
    outer = {"if": SEALED, "else": inner}
    return outer if defs is None else outer | {"$defs": defs}


def in_words(kind: Any) -> str:
    """Say the rule of a jsonschema-rs error kind; what it quotes is the schema's own."""
    word, said = kind.name, kind.value
    if word == "type":
        told = [name for name in said if name != "null"] or said
        return f"must be {' or '.join(map(article, told))}"
    if word == "enum":
        return f"must be one of {', '.join(str(option) for option in said if option is not None)}"
    if word == "format":
        said = _FORMATS.get(said, f"a {said}")
    if word in _LIMITS:
        return _LIMITS[word].format(said)
    return _OTHERS.get(word, f"breaks the rule {word}")


def article(name: str) -> str:
    return _ARTICLE.get(name, f"a {name}")


def _inside(word: str, part: Any) -> Any:
    if word in _MAPS and isinstance(part, dict):
        return {name: tolerant(inner) for name, inner in part.items()}
    if word in _LISTS and isinstance(part, list):
        return [tolerant(inner) for inner in part]
    return tolerant(part) if word in _SINGLES else part
