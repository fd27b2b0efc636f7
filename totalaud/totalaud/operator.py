"""What only the operator may do: skills, the projection, the dead letters."""

from typing import TYPE_CHECKING, Any

from shared.bus import Bus
from totalaud.dead_letters import dead_letters
from totalaud.door import Door

if TYPE_CHECKING:
    from shared.definitions import AgentDefinition, SkillDefinition

PUSH_S = 30.0
REBUILD_S = 3600.0
Json = dict[str, Any]


class Operator:
    """Speaks on `ops.`; a client's own user may not be allowed to."""

    def __init__(self, door: Door, bus: Bus) -> None:
        self._door = door
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

    async def rebuild(self) -> Json:
        """Rebuild the read model beside the live one: {events, seconds}."""
        return await self._door.operate("projection", "rebuild", {}, once_s=REBUILD_S)

    async def dead_letters(self, limit: int = 100) -> list[Json]:
        """Return the oldest letters: {dlq_seq, at, service, reason, stream, seq}."""
        return await dead_letters(self._bus, limit)
