"""A value for a JSON Schema: the same for the same seed, model and prompt."""

import hashlib
import json
import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from totalaud.model_server.material import Material, plain
from totalaud.model_server.request import Ask, Json
from totalaud.model_server.writing import Writer

FEW = 3
SHARES = ("score", "confidence", "probability", "likelihood", "relevance", "fit", "weight", "share", "rate")
INVENTION = "It has just won an NME award."
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
EXAMPLE = re.compile(r"\(written as (\S+)\)$")


def answer(ask: Ask, seed: str) -> str:
    """Return what the model says: JSON for a schema, else a text."""
    digest = hashlib.sha256(f"{seed}\0{ask.model}\0{ask.text}".encode()).digest()
    chance = random.Random(digest)  # noqa: S311 - reproducible on purpose
    material = Material(ask.material)
    if ask.schema is None:
        return Writer(material, ask.placeholders, chance, {}).write("body", None)
    value = Filler(ask.schema, ask.placeholders, chance).fill(ask.schema, "answer", material)
    return json.dumps(value, ensure_ascii=False)


def invented(said: str) -> str:
    """Return an answer whose longest text tells of something that nobody gave."""
    try:
        value = json.loads(said)
    except ValueError:
        return f"{said} {INVENTION}"
    texts = {name: text for name, text in value.items() if isinstance(text, str)}
    if texts:
        longest = max(texts, key=lambda name: len(texts[name]))
        value[longest] = f"{texts[longest]} {INVENTION}"
    return json.dumps(value, ensure_ascii=False)


class Filler:
    """Walks a schema with the input at hand; what a type has of itself inside is left out."""

    def __init__(self, root: Json, placeholders: list[str], chance: random.Random) -> None:
        self._root = root
        self._placeholders = placeholders
        self._chance = chance
        self._open: list[Json] = []

    def fill(self, schema: Json, name: str, material: Material) -> Any:
        schema = self._resolve(schema)
        if fixed := schema.get("enum") or [schema[key] for key in ("const",) if key in schema]:
            return self._chosen(fixed, name, material)
        match _type(schema):
            case "object":
                self._open.append(schema)
                inner = schema.get("properties", {})
                filled = {key: self.fill(part, key, material) for key, part in inner.items()}
                self._open.pop()
                return filled
            case "array":
                return self._array(schema, name, material)
            case "string":
                return self._string(schema, name, material)
            case "integer" | "number" as kind:
                number = self._number(schema, name, material, whole=kind == "integer")
                return int(number) if kind == "integer" else number
            case kind:
                return self._chance.choice((True, False)) if kind == "boolean" else None

    def _resolve(self, schema: Json) -> Json:
        while True:
            choices = schema.get("anyOf") or schema.get("oneOf")
            if "$ref" in schema:
                schema = self._pointed(schema["$ref"])
            elif choices:
                fitting = (each for each in choices if each.get("type") != "null" and not self._is_open(each))
                schema = next(fitting, choices[-1])
            elif "allOf" in schema:
                rest = {key: value for key, value in schema.items() if key != "allOf"}
                schema = {key: value for part in schema["allOf"] for key, value in part.items()} | rest
            else:
                return schema

    def _pointed(self, reference: str) -> Json:
        target = self._root
        for part in reference.removeprefix("#").strip("/").split("/"):
            target = target[part] if part else target
        return target

    def _is_open(self, schema: Json) -> bool:
        """Whether it is the type of an object that is being filled."""
        return "$ref" in schema and any(self._pointed(schema["$ref"]) is each for each in self._open)

    def _chosen(self, values: list[Any], name: str, material: Material) -> Any:
        given = material.same(name, (str, int, float))
        return (
            given if given in values else self._chance.choice([each for each in values if each is not None])
        )

    def _array(self, schema: Json, name: str, material: Material) -> list[Any]:
        if self._is_open(schema.get("items") or {}):
            return []
        inner = self._resolve(schema.get("items") or {"type": "string"})
        if _type(inner) == "string" and (listed := self._writer(material).listed(name)) is not None:
            return listed
        least, most = schema.get("minItems", 0), schema.get("maxItems", 100)
        given = material.items() if _type(inner) == "object" else []
        places = [material.about(item) for item in given] or [material] * FEW
        while len(places) < least:
            places.append(places[-1])
        values = [self.fill(inner, name, place) for place in places[:most]]
        return values if _type(inner) == "object" or len(values) <= least else _without_doubles(values)

    def _string(self, schema: Json, name: str, material: Material) -> str:
        text = self._formatted(schema.get("format"), name, material)
        if text is None:
            description = schema.get("description")
            example = EXAMPLE.search(description or "")
            text = example[1] if example else self._writer(material).write(name, description)
        text = text[: schema.get("maxLength", len(text))]
        return text.ljust(schema.get("minLength", 0), ".")

    def _writer(self, material: Material) -> Writer:
        return Writer(material, self._placeholders, self._chance, self._root.get("properties", {}))

    def _formatted(self, form: str | None, name: str, material: Material) -> str | None:
        match form:
            case "date":
                return self._day().date().isoformat()
            case "date-time":
                return self._day().isoformat()
            case "email" | "uri":
                return material.text(name) or {"email": "someone@example.org"}.get(
                    form, "https://example.org/"
                )
            case _ if form == "uuid" or plain(name).endswith("id"):
                known = material.text(name, f"{plain(name).removesuffix('id')}.id", "id")
                return known or str(UUID(int=self._chance.getrandbits(128), version=4))
            case _:
                return None

    def _day(self) -> datetime:
        return EPOCH + timedelta(days=self._chance.randrange(365))

    def _number(self, schema: Json, name: str, material: Material, *, whole: bool) -> float:
        share = not whole and any(word in plain(name) for word in SHARES)
        step = schema.get("multipleOf", 1 if whole else 0.01)
        low = schema.get("minimum", schema.get("exclusiveMinimum", -step) + step)
        high = schema.get("maximum", schema.get("exclusiveMaximum", step) - step)
        if "maximum" not in schema and "exclusiveMaximum" not in schema:
            high = max(low, 1 if share else low + 100)
        given = material.same(name, (int, float))
        if given is not None and low <= given <= high and (not whole or float(given).is_integer()):
            return float(given)
        steps = int((high - low) / step + 1e-9)
        return float(min(high, round(low + self._chance.randint(0, max(steps, 0)) * step, 6)))


def _type(schema: Json) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return str(next((each for each in kind if each != "null"), "null"))
    return str(kind or ("object" if "properties" in schema else "string"))


def _without_doubles(values: list[Any]) -> list[Any]:
    return [value for index, value in enumerate(values) if value not in values[:index]]
