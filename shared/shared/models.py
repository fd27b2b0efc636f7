"""Model names are aliases: tiers and retired names are resolved by `models.yaml`."""

import os
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import yaml
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from yaml import MarkedYAMLError, YAMLError

from shared.clock import utc_now
from shared.message import Message
from shared.refusal import Refusal, refuse_invalid
from shared.subjects import Pool

NAME = "TOTALAUD_MODELS"
TERMS = ("service_tier", "speed", "inference_geo")
FIXED: dict[Pool, set[str]] = {
    "openai": {
        *("model", "messages", "max_completion_tokens", "response_format", "modalities"),
        *("n", "stream", "tools", "web_search_options"),
    },
    "anthropic": {
        *("model", "messages", "system", "max_tokens", "output_config"),
        *("stream", "tools", "mcp_servers"),
    },
}
SHIPPED = Path(__file__).with_name("models.yaml")


class Resolved(NamedTuple):
    """The name to send, and what to tell the user when it is not the one that was asked for."""

    model: str
    warning: str | None


class Retiring(Message):
    """From the day `since` (UTC) on a provider no longer has a model: `model` is used in its place."""

    model: str
    since: date


class Aliases(Message):
    """One provider's names: tier → model, retired name → model; `default` for a skill that names none.

    Tiers go from the smallest up. `settings` are what a model's calls say beside the question, by its name.
    `at_once` is how many calls each skill-runner makes at the same time; None: as many as there are. Models
    of `schema_in_words` are told an answer's schema in their prompt: their server refuses to be given it.
    """

    default: str
    tiers: dict[str, str]
    retired: dict[str, str]
    retiring: dict[str, Retiring] = Field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = Field(default_factory=dict)
    at_once: int | None = Field(default=None, ge=1)
    schema_in_words: tuple[str, ...] = ()

    def resolve(self, name: str | None, day: date | None = None) -> Resolved:
        """Return what is sent on a day (UTC), today if none is given."""
        name = name or self.default
        if name in self.tiers:
            return Resolved(self.tiers[name], None)
        later = self.retiring.get(name)
        if later and (day or utc_now().date()) < later.since:
            then = f"{later.model} is used in its place from then on"
            return Resolved(name, f"the model {name} ends on {later.since}: {then}")
        if model := later.model if later else self.retired.get(name):
            return Resolved(model, f"the model {name} is retired: {model} is used in its place")
        return Resolved(name, None)

    def above(self, name: str | None) -> str | None:
        """Return the next tier up from a tier; the largest, and what is no tier, stay as they are."""
        tiers = list(self.tiers)
        return tiers[min(tiers.index(name) + 1, len(tiers) - 1)] if name in self.tiers else name

    @property
    def families(self) -> set[str]:
        """How the names of the provider's models begin: `claude`, `gpt`."""
        return {name.split("-")[0] for name in (*self.tiers.values(), *self.retired, *self.retiring)}


Models = dict[Pool, Aliases]


def terms(told: Mapping[str, Any]) -> dict[str, str]:
    """Return which of its prices a model is called at, by the settings of a call or by its answer."""
    return {name: told[name] for name in TERMS if isinstance(told.get(name), str)}


def of_environment() -> Models:
    """Read the file that TOTALAUD_MODELS names, the shipped one for providers that it leaves out."""
    named = os.environ.get(NAME)
    if not named:
        return shipped()
    try:
        return shipped() | load(Path(named))
    except (OSError, ValueError, YAMLError) as error:
        raise Refusal("invalid", NAME, f"{NAME}: {named}: {_why(error)}") from None


@cache
def shipped() -> Models:
    """Return our own file's aliases, which are read once."""
    return load(SHIPPED)


def load(path: Path = SHIPPED) -> Models:
    """Read a file of aliases, the shipped one by default."""
    return _LOADED.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))


def _without_fixed(models: Models) -> Models:
    """Refuse settings that would change what is asked, how it is read, or what is set aside for it."""
    for provider, aliases in models.items():
        for model, settings in aliases.settings.items():
            for name in FIXED.get(provider, set()).intersection(settings):
                why = "what is asked, how it is read and what is set aside for it rest on this"
                raise ValueError(f"{provider}.settings.{model}.{name} is not to be set: {why}")
    return models


_LOADED = TypeAdapter(Annotated[Models, AfterValidator(_without_fixed)])


def _why(error: Exception) -> str:
    match error:
        case OSError():
            return f"it cannot be read: {error.strerror}"
        case ValidationError():
            return refuse_invalid(error).message.removeprefix("the message: ")
        case MarkedYAMLError(problem_mark=mark, problem=problem) if mark:
            return f"it is not YAML at line {mark.line + 1}: {problem}"
        case _:
            return "it is no YAML file"
