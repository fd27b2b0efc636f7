"""Model names are aliases: tiers and retired names are resolved by `models.yaml`."""

import os
from pathlib import Path
from typing import NamedTuple

import yaml
from pydantic import TypeAdapter, ValidationError

from shared.message import Message
from shared.refusal import Refusal
from shared.subjects import Pool

SHIPPED = Path(__file__).with_name("models.yaml")
NAME = "TOTALAUD_MODELS"


class Resolved(NamedTuple):
    """The name to send, and what to tell the user when it is not the one that was asked for."""

    model: str
    warning: str | None


class Aliases(Message):
    """One provider's names: tier → model, retired name → model; `default` for a skill that names none.

    Tiers go from the smallest up.
    """

    default: str
    tiers: dict[str, str]
    retired: dict[str, str]

    def resolve(self, name: str | None) -> Resolved:
        name = name or self.default
        if name in self.tiers:
            return Resolved(self.tiers[name], None)
        if name in self.retired:
            model = self.retired[name]
            return Resolved(model, f"the model {name} is retired: {model} is used in its place")
        return Resolved(name, None)

    def above(self, name: str | None) -> str | None:
        """Return the next tier up from a tier; the largest, and what is no tier, stay as they are."""
        tiers = list(self.tiers)
        return tiers[min(tiers.index(name) + 1, len(tiers) - 1)] if name in self.tiers else name


Models = dict[Pool, Aliases]


def of_environment() -> Models:
    """Read the file that TOTALAUD_MODELS names, else the shipped one; raises Refusal for one that is none."""
    named = os.environ.get(NAME)
    try:
        return load(Path(named) if named else None)
    except OSError as error:
        raise _unusable(named, error.strerror) from None
    except (UnicodeDecodeError, yaml.YAMLError, ValidationError):
        raise _unusable(named, "it is not of the form of shared/shared/models.yaml") from None


def load(path: Path | None = None) -> Models:
    """Read a file of aliases, the shipped one by default."""
    text = (path or SHIPPED).read_text(encoding="utf-8")
    return TypeAdapter(Models).validate_python(yaml.safe_load(text))


def _unusable(file: str | None, why: str | None) -> Refusal:
    return Refusal("invalid", NAME, f"{NAME}: {file} cannot be used: {why}")
