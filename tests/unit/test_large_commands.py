"""Large commands of one user are handled one by one, and nobody else waits for them."""

import asyncio
from typing import Any, cast
from uuid import UUID

import pytest

from orchestrator.asked import Start
from orchestrator.commands import LARGE, Commands, Sent
from orchestrator.sessions import Sessions
from shared.commands import ExecuteSkill
from shared.json import dumps
from shared.log import MemoryLog
from shared.refusal import Refusal

ONE, OTHER = UUID(int=1), UUID(int=2)


class Checking:
    """Checks starts until it is told that it is enough, and refuses them then."""

    def __init__(self) -> None:
        self.begun: list[tuple[UUID, str]] = []
        self.enough = asyncio.Event()

    async def fingerprint(self, *_: Any) -> str:
        return ""

    async def execute(self, user: UUID, command: ExecuteSkill, _: str) -> Start:
        self.begun.append((user, command.skill))
        await self.enough.wait()
        raise Refusal("unknown_skill", "skill", "there is none")


async def test_large_commands_of_a_user_are_handled_one_by_one_and_nobody_else_waits_for_them():
    log, checking, nobody = MemoryLog(), Checking(), cast("Any", None)
    commands = Commands(Sessions(log), cast("Any", checking), nobody, nobody, log)

    async def execute(user: UUID, skill: str, length: int) -> None:
        body = dumps({"skill": skill, "input": {"text": "x" * length}})
        with pytest.raises(Refusal):
            await commands.handle(Sent(user, "skill", "execute", body, None, "test"))

    sent = [(ONE, "a", LARGE), (ONE, "b", LARGE), (ONE, "small", 1), (OTHER, "c", LARGE)]
    handled = asyncio.gather(*(execute(*one) for one in sent))
    await asyncio.sleep(0)
    assert checking.begun == [(ONE, "a"), (ONE, "small"), (OTHER, "c")]
    checking.enough.set()
    await handled
    assert checking.begun[3:] == [(ONE, "b")]
