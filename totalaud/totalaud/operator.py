"""What only the operator may do: skills, the projection, the dead letters."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shared.bus import Bus
from shared.refusal import Refusal
from totalaud.dead_letters import dead_letters
from totalaud.door import Door
from totalaud.errors import Unreachable

if TYPE_CHECKING:
    from shared.definitions import AgentDefinition, SkillDefinition

PUSH_S = 30.0
REBUILD_S = 3600.0
SETTLED_S = 3.0
LOOK_EVERY_S = 0.05
ASK_AGAIN_S = 1.0
BROKEN_OFF = 3
Json = dict[str, Any]


class Operator:
    """Speaks on `ops.`; a client's own user may not be allowed to."""

    def __init__(self, bus: Bus) -> None:
        self._door = Door(bus)
        self._bus = bus

    async def push(self, skills: "list[SkillDefinition]", agents: "list[AgentDefinition]") -> Json:
        """Put definitions into the log where they differ: {changed: [names], seq}."""
        body = {
            "skills": [skill.model_dump(mode="json") for skill in skills],
            "agents": [agent.model_dump(mode="json") for agent in agents],
        }
        return await self._door.operate("skill", "push", body, once_s=PUSH_S)

    async def enable(self, skill: str) -> Json:
        return await self._door.operate("skill", "enable", {"name": skill})

    async def disable(self, skill: str) -> Json:
        return await self._door.operate("skill", "disable", {"name": skill})

    async def projection_status(self) -> Json:
        return await self._door.operate("projection", "status", {})

    async def rebuild(self, hear: Callable[[str], None] = lambda _: None) -> Json:
        """Rebuild the read model beside the live one: {events, seconds}; Unreachable when it broke off.

        `hear` is told whose transactions it waits for. Where the answer is lost, other tables in the place
        of the old ones tell that it is done.
        """
        began = time.monotonic()
        last = before = await self._status()
        asked = asyncio.create_task(self._door.operate("projection", "rebuild", {}, once_s=REBUILD_S))
        try:
            idle, told = 0, None
            while idle < BROKEN_OFF:
                done, _ = await asyncio.wait([asked], timeout=ASK_AGAIN_S)
                if done:
                    return asked.result()
                try:
                    status = await self._status()
                except Unreachable:  # a projector that died is started anew
                    if (idle := idle + 1) == BROKEN_OFF:
                        raise
                    continue
                if status is None:
                    continue
                last = status
                idle = 0 if status["rebuilding"] else idle + 1
                if (waits_for := status.get("waits_for")) != told and waits_for:
                    hear(f"the rebuild waits for {waits_for}")
                    told = waits_for
        finally:
            asked.cancel()
        if last and before and last.get("tables") != before.get("tables"):
            return {"ok": True, "events": last["seq"], "seconds": round(time.monotonic() - began, 3)}
        raise Unreachable("the rebuild broke off, the old tables stay: the projector's log says why")

    async def needs_rebuild(self) -> str | None:
        """Tell why nothing is projected, if that is so; after a start it may not be known at once."""
        loop = asyncio.get_running_loop()
        until = loop.time() + SETTLED_S
        while loop.time() < until:
            status = await self._status()
            if status and (status.get("halted") or status["lag"] == 0):
                return status.get("halted")
            await asyncio.sleep(LOOK_EVERY_S)
        return None

    async def _status(self) -> Json | None:
        """Return the projection's status, None where it cannot be told now: log or tables are away."""
        try:
            return await self.projection_status()
        except Refusal as refusal:
            if refusal.code != "unavailable":
                raise
            return None

    async def dead_letters(self, limit: int = 100) -> list[Json]:
        """Return the oldest letters: {dlq_seq, at, service, reason, stream, seq}."""
        self._door.loop.check()
        return await dead_letters(self._bus, limit)
