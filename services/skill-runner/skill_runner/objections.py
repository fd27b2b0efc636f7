"""Who must not be written to, whatever an input says of them: it may be older than the tables."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from shared.address import address
from shared.definitions import OWNER, SkillDefinition
from shared.outage import DATABASE_AWAY
from shared.personal import Near, person_near
from shared.places import text_of
from shared.sealing import is_sealed
from shared.vault import Vault
from shared.work import Work
from skill_runner.failure import Failure
from skill_runner.opening import opened

NOT_TO_BE_HAD = (*DATABASE_AWAY, asyncpg.UndefinedTableError)
WAIT_S, AGAIN_S = 30.0, 0.1
SEPARATORS = re.compile(r"[;,]")
Path = tuple[str | int, ...]


class Contacts(Protocol):
    """What is known of the user's contacts."""

    async def objected(self, user: UUID, people: set[UUID], log_seq: int) -> set[UUID]:
        """Return who of them is suppressed or erased, once all up to `log_seq` can be seen."""
        ...


class Objections:
    """Keeps a skill with `config.writes_to_people` from those who objected."""

    def __init__(self, contacts: Contacts, vault: Vault) -> None:
        self._contacts = contacts
        self._vault = vault

    async def check(self, work: Work, definition: SkillDefinition, value: Any) -> None:
        """Raise Failure where an input, personal values in it sealed, names one of them, or nobody knows.

        An address counts beside whatever id: that may be one of somebody's own list.
        """
        if not definition.config.writes_to_people:
            return
        plain = await opened(self._vault, work.user, value)
        written = [(self._vault.person_of(work.user, one), path) for one, path in _addresses(plain, ())]
        named = [*_named(value, ()), *written]
        shut = await self._objected(work, {person for person, _ in named}) if named else set()
        for person, path in named:
            if person in shut:
                why = "is suppressed or erased and must not be written to: leave them out"
                raise Failure("invalid_input", f"{text_of(path) or OWNER}: {why}")

    async def _objected(self, work: Work, people: set[UUID]) -> set[UUID]:
        try:
            async with asyncio.timeout(WAIT_S):
                while True:
                    try:
                        return await self._contacts.objected(work.user, people, work.log_seq)
                    except NOT_TO_BE_HAD:
                        await asyncio.sleep(AGAIN_S)
        except TimeoutError:
            why = "the tables are away or behind, so nobody knows who must not be written to"
            raise Failure("tables_away", why, retryable=True) from None


def _named(value: Any, path: Path) -> Iterator[tuple[UUID, Path]]:
    """Yield whom an input names, by an id or by what is sealed for them, and where."""
    if is_sealed(value):
        yield UUID(value["$sealed"]), path
        return
    inside: Iterator[tuple[str | int, Any]] = iter(())
    match value:
        case dict():
            if (person := person_near(value, Near()).here) is not None:
                yield person, path
            inside = iter(value.items())
        case list():
            inside = iter(enumerate(value))
        case _:
            pass
    for part, inner in inside:
        yield from _named(inner, (*path, part))


def _addresses(value: Any, path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the e-mail addresses that are written where nothing else is, and where."""
    match value:
        case str() if "@" in value:
            for one in _bare(value):
                yield one, path
        case dict():
            for name, inner in value.items():
                yield from _addresses(inner, (*path, name))
        case list():
            for index, inner in enumerate(value):
                yield from _addresses(inner, (*path, index))
        case _:
            pass


def _bare(text: str) -> list[str]:
    """Return one address or several in a row; of a text that has other words, none."""
    for parts in ([text], SEPARATORS.split(text)):
        try:
            return [address(part) for part in parts if part.strip()]
        except ValueError:
            pass
    return []
