"""`ask.<user>.contacts.<verb>`: from a message to its handler, and back to JSON."""

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel, ValidationError

from campaigns.erasing import Erasing
from campaigns.importing import Importing
from campaigns.requests import EraseContact, ImportContacts
from shared import telemetry
from shared.json import loads
from shared.refusal import Refusal, refuse_invalid

SUBJECT = "ask.*.contacts.*"
VERBS = "contacts.import, contacts.erase"

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Doors:
    """A Refusal is an answer too (`shared.service`)."""

    importing: Importing
    erasing: Erasing

    async def ask(self, subject: str, body: bytes, headers: dict[str, str]) -> bytes:
        user, verb = _address(subject)
        cause = headers.get("Nats-Msg-Id") or f"contacts.{verb}/{uuid4()}"
        with telemetry.span(f"contacts.{verb}", parent=headers.get("traceparent")):
            answer: BaseModel
            match verb:
                case "import":
                    answer = await self.importing.handle(user, _read(ImportContacts, body), cause)
                case "erase":
                    answer = await self.erasing.handle(user, _read(EraseContact, body), cause)
                case _:
                    raise Refusal(
                        "unknown_command", "subject", f"there is no such command; known are {VERBS}"
                    )
        return answer.model_dump_json().encode()


def _address(subject: str) -> tuple[UUID, str]:
    _, user, _, verb = subject.split(".")
    try:
        return UUID(user), verb
    except ValueError:
        raise Refusal("invalid", "user", "the second part of the subject must be the user's UUID") from None


def _read(model: type[M], body: bytes) -> M:
    try:
        return model.model_validate(loads(body))
    except ValidationError as error:
        raise refuse_invalid(error) from None
