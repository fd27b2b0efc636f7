"""Who must not be written to, whatever an input says of them: it may be older than the tables."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import asyncpg

from shared.address import address
from shared.definitions import OWNER, SkillDefinition
from shared.outage import DATABASE_AWAY
from shared.personal import Near, Path, person_near
from shared.places import text_of
from shared.sealing import is_sealed
from shared.vault import Vault
from shared.work import Work
from skill_runner.failure import Failure
from skill_runner.opening import opened, patiently

NOT_TO_BE_HAD = (*DATABASE_AWAY, asyncpg.UndefinedTableError)
WAIT_S, AGAIN_S = 30.0, 0.1
SEPARATORS = re.compile(r"[;,|\n]")


class Named(NamedTuple):
    """Whom an input names, where, and the object that it stands in."""

    person: UUID
    path: Path
    within: Path


class Contacts(Protocol):
    """What is known of the user's contacts."""

    async def objected(self, user: UUID, people: set[UUID], log_seq: int) -> set[UUID]:
        """Return who of them is suppressed or erased, once all up to `log_seq` can be seen."""
        ...


class Objections:
    """Keeps skills from those who objected.

    An address counts beside whatever id: that may be one of somebody's own list.
    """

    def __init__(self, contacts: Contacts, vault: Vault) -> None:
        self._contacts = contacts
        self._vault = vault

    async def check(self, work: Work, definition: SkillDefinition, value: Any, plain: Any = None) -> None:
        """Raise Failure where an input of a skill with `config.writes_to_people` names one of them.

        `plain` is the same with none sealed, where that is known. It fails too where nobody can tell.
        """
        if not definition.config.writes_to_people:
            return
        plain = plain or await opened(self._vault, work.user, value)
        for _, path, _ in await self._who_objected(work, value, plain):
            why = "is suppressed or erased and must not be written to: leave them out"
            raise Failure("invalid_input", f"{text_of(path) or OWNER}: {why}")

    async def marks(self, work: Work, definition: SkillDefinition, value: Any, plain: Any) -> set[Path]:
        """Return which objects of an input of a skill with `config.proposes_people` name one of them."""
        if not definition.config.proposes_people:
            return set()
        return {within for _, _, within in await self._who_objected(work, value, plain)}

    async def _who_objected(self, work: Work, value: Any, plain: Any) -> list[Named]:
        ids = await patiently(self._vault.ids)
        written = [
            Named(ids.person_of(work.user, one), path, within)
            for one, path, within in _addresses(plain, (), ())
        ]
        named = [*written, *_named(value, (), ())]
        objected = await self._objected(work, {one.person for one in named}) if named else set()
        return [one for one in named if one.person in objected]

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


def marked(value: Any, objects: set[Path], path: Path = ()) -> Any:
    """Return the value with `suppressed: true` in those objects."""
    if not objects:
        return value
    match value:
        case dict() if not is_sealed(value):
            inner = {name: marked(each, objects, (*path, name)) for name, each in value.items()}
            return inner | {"suppressed": True} if path in objects else inner
        case list():
            return [marked(each, objects, (*path, index)) for index, each in enumerate(value)]
        case _:
            return value


def _named(value: Any, path: Path, within: Path) -> Iterator[Named]:
    """Yield whom an input names by an id, or by what is sealed for them."""
    if is_sealed(value):
        yield Named(UUID(value["$sealed"]), path, within)
        return
    match value:
        case dict():
            if (person := person_near(value, Near()).here) is not None:
                yield Named(person, path, path)
            for name, inner in value.items():
                yield from _named(inner, (*path, name), path)
        case list():
            for index, inner in enumerate(value):
                yield from _named(inner, (*path, index), within)
        case _:
            pass


def _addresses(value: Any, path: Path, within: Path) -> Iterator[tuple[str, Path, Path]]:
    """Yield the e-mail addresses that are written where nothing else is, as `Named` tells where."""
    match value:
        case str() if "@" in value:
            for one in _bare(value):
                yield one, path, within
        case dict():
            for name, inner in value.items():
                yield from _addresses(inner, (*path, name), path)
        case list():
            for index, inner in enumerate(value):
                yield from _addresses(inner, (*path, index), within)
        case _:
            pass


def _bare(text: str) -> set[str]:
    """Return one address or several in a row, by each way to part them; of a text with other words, none."""
    found: set[str] = set()
    for parts in ([text], SEPARATORS.split(text), text.split()):
        with suppress(ValueError):
            found |= {address(part) for part in parts if part.strip()}
    return found
