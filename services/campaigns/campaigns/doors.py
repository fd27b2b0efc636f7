"""`ask.<user>.<noun>.<verb>`: from a message to its handler, and back to JSON."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel

from campaigns.imports import Import
from shared import telemetry
from shared.bodies import parse, read
from shared.doors import Door, message_id, sender_span
from shared.one_by_one import OneByOne
from shared.refusal import Refusal

IMPORTS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Route:
    """`handle(user, body, cause)` answers a body of this model."""

    body: type[BaseModel]
    handle: Callable[[UUID, Any, str], Awaitable[BaseModel]]

    def described(self, command: str) -> str:
        """Say in Markdown what the command takes and does."""
        fields = self.body.model_fields.items()
        names = ", ".join(name if field.is_required() else f"{name}?" for name, field in fields)
        return f"`{command}` takes `{{{names}}}`. {' '.join(cleandoc(self.body.__doc__ or '').split())}"


@dataclass(frozen=True, slots=True)
class Doors:
    """`routes` by command, such as `artist.set`. A Refusal is an answer too (`shared.doors`).

    Of each user one file at a time is imported, of all users a few: more would be ready no sooner, and each
    of them would wait for keys for longer than it may.
    """

    routes: Mapping[str, Route]
    turns: OneByOne = field(default_factory=OneByOne)
    importing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IMPORTS_AT_ONCE))

    def open(self) -> Iterator[Door]:
        """Return a door for each noun."""
        for noun in dict.fromkeys(command.split(".")[0] for command in self.routes):
            told = {name: route for name, route in self.routes.items() if name.split(".")[0] == noun}
            description = "\n\n".join(route.described(name) for name, route in told.items())
            yield Door(f"ask.*.{noun}.*", self.ask, noun, description)

    async def ask(self, subject: str, body: bytes, headers: dict[str, str]) -> bytes:
        user, command = _address(subject)
        route = self.routes.get(command)
        if route is None:
            known = ", ".join(self.routes)
            raise Refusal("unknown_command", "subject", f"there is no such command; known are {known}")
        cause = message_id(headers) or f"{command}/{uuid4()}"
        with telemetry.span(command, parent=sender_span(headers)):
            if issubclass(route.body, Import):
                async with self.turns.of(user), self.importing:
                    answer = await route.handle(user, read(route.body, parse(body)), cause)
            else:
                answer = await route.handle(user, read(route.body, parse(body)), cause)
        return answer.model_dump_json().encode()


def _address(subject: str) -> tuple[UUID, str]:
    _, user, command = subject.split(".", 2)
    try:
        return UUID(user), command
    except ValueError:
        raise Refusal("invalid", "user", "the second part of the subject must be the user's UUID") from None
