"""The body of a command: parsed, and checked against its form. What is wrong with it is a Refusal."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from shared.json import loads
from shared.refusal import COMMAND_BYTES, refuse_invalid, too_large

Model = TypeVar("Model", bound=BaseModel)


def parse(body: bytes) -> Any:
    """Parse JSON of COMMAND_BYTES at most."""
    if len(body) > COMMAND_BYTES:
        raise too_large(len(body), COMMAND_BYTES)
    return loads(body)


def read(model: type[Model], value: Any) -> Model:
    """Check a value against its form; the first fault is named."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise refuse_invalid(error) from None
