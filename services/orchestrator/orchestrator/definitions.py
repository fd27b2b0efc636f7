"""The operator's commands on skills: push, enable, disable. Appended only on change."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from shared.bodies import read
from shared.clock import utc_now
from shared.commit import Commit
from shared.definitions import AgentDefinition, SkillDefinition, SkillName
from shared.doors import give_answer
from shared.events import AgentRegistered, AnyEvent, SkillDisabled, SkillEnabled, SkillRegistered
from shared.json import dumps, loads
from shared.listening import Heard
from shared.log import Conflict, Log, Past
from shared.message import Message
from shared.refusal import Refusal
from shared.registry import BadDefinition, Registry, skill_of
from shared.subjects import Aggregate, agent, skill

OPERATED = "ops.skill.*"


class Push(Message):
    skills: tuple[SkillDefinition, ...] = ()
    agents: tuple[AgentDefinition, ...] = ()


class Switch(Message):
    name: SkillName


@dataclass(frozen=True, slots=True)
class Definitions:
    log: Log
    registry: Registry

    async def operate(self, heard: Heard) -> None:
        """Answer `ops.skill.push | enable | disable`."""
        await give_answer(OPERATED, self._said, heard)

    async def _said(self, subject: str, body: bytes, _headers: dict[str, str]) -> bytes:
        return dumps(await self._do(subject.rsplit(".", 1)[-1], body))

    async def _do(self, verb: str, body: bytes) -> dict[str, object]:
        match verb:
            case "push":
                return await self._push(read(Push, loads(body)))
            case "enable" | "disable":
                return await self._switch(read(Switch, loads(body)).name, on=verb == "enable")
            case _:
                known = "ops.skill.push, ops.skill.enable and ops.skill.disable"
                raise Refusal("unknown_command", "subject", f"there is no such command; known are {known}")

    async def _push(self, push: Push) -> dict[str, object]:
        """Append what differs; one whose past cannot be read is among `refused`, and costs itself only."""
        unreadable: list[str] = []

        async def attempt(aggregate: Aggregate, decide: Callable[[Past], Sequence[AnyEvent]]) -> int:
            try:
                return await self._append(aggregate, decide)
            except BadDefinition as bad:
                unreadable.append(bad.message)
                return 0

        wanted = [(skill(one.name), _register(one)) for one in push.skills]
        wanted += [(agent(one.name), _register_agent(one)) for one in push.agents]
        seqs = await asyncio.gather(*(attempt(aggregate, decide) for aggregate, decide in wanted))
        changed = [aggregate.id for (aggregate, _), seq in zip(wanted, seqs, strict=True) if seq]
        refused = {"refused": unreadable} if unreadable else {}
        return {"ok": True, "changed": changed, "seq": max(seqs, default=0), **refused}

    async def _switch(self, name: str, *, on: bool) -> dict[str, object]:
        if await self.registry.skill(name) is None:
            raise Refusal("unknown_skill", "name", f"there is no skill '{name}'")

        def decide(past: Past) -> Sequence[AnyEvent]:
            """Note it though the file says so already: it may say otherwise later."""
            return [] if skill_of(past).switched is on else [SkillEnabled() if on else SkillDisabled()]

        return {"ok": True, "seq": await self._append(skill(name), decide)}

    async def _append(self, aggregate: Aggregate, decide: Callable[[Past], Sequence[AnyEvent]]) -> int:
        """Append what is new and return its sequence; 0 when nothing is."""
        while True:
            past = await self.registry.refresh(aggregate)
            events = tuple(decide(past))
            if not events:
                return 0
            commit = Commit(commit_id=uuid4(), at=utc_now(), causation_id="ops", events=events)
            try:
                seq = await self.log.append(aggregate, commit, expected=past.seq)
            except Conflict:
                continue
            await self.registry.refresh(aggregate)
            return seq


def _register(definition: SkillDefinition) -> Callable[[Past], Sequence[AnyEvent]]:
    def decide(past: Past) -> Sequence[AnyEvent]:
        state = skill_of(past)
        known = state.versions and state.definition == definition
        return [] if known else [SkillRegistered(definition=definition)]

    return decide


def _register_agent(definition: AgentDefinition) -> Callable[[Past], Sequence[AnyEvent]]:
    def decide(past: Past) -> Sequence[AnyEvent]:
        last = [event.definition for event in past.events if isinstance(event, AgentRegistered)][-1:]
        return [] if last == [definition] else [AgentRegistered(definition=definition)]

    return decide
