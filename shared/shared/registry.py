"""What skills and agents there are, folded from the log and kept up to date by the feed."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial, reduce

from nats.errors import Error as NatsError

from shared.bus import Bus
from shared.definitions import AgentDefinition, SkillDefinition, agent_name
from shared.events import AgentRegistered, AnyEvent, SkillDisabled, SkillEnabled, SkillRegistered
from shared.listening import Heard
from shared.log import BadCommit, Log, Past
from shared.logs import get_logger
from shared.refusal import Refusal
from shared.streams import info as stream_info
from shared.subjects import Aggregate, agent, skill

AGAIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Skill:
    """The newest definition of a skill, every older one by hash, and whether it may be run."""

    versions: tuple[SkillDefinition, ...] = ()
    switched: bool | None = None

    @property
    def definition(self) -> SkillDefinition:
        return self.versions[-1]

    @property
    def enabled(self) -> bool:
        return self.definition.enabled if self.switched is None else self.switched


def skill_of(past: Past) -> Skill:
    """Fold what has happened to a skill."""
    return reduce(_evolve, past.events, Skill())


def _evolve(state: Skill, event: AnyEvent) -> Skill:
    match event:
        case SkillRegistered(definition=definition):
            return replace(state, versions=(*state.versions, definition))
        case SkillEnabled():
            return replace(state, switched=True)
        case SkillDisabled():
            return replace(state, switched=False)
        case _:
            return state


class BadDefinition(Refusal):
    """Nobody knows what a skill or an agent is now: a commit about it cannot be read."""

    def __init__(self, aggregate: Aggregate, bad: BadCommit) -> None:
        noun = aggregate.noun
        super().__init__(
            "unreadable_definition",
            noun,
            f"what the {noun} '{aggregate.id}' is cannot be read (sequence {bad.seq} of the log, {bad}): run "
            f"the release that wrote it, restore the log from a backup, or push it under another name",
        )


class Registry:
    """A cache of small histories; a miss is read fresh, so an unknown name is unknown to the log.

    Of one with a commit that cannot be read, older versions serve those who pinned them; what it is now is
    refused to whoever asks.
    """

    def __init__(self, log: Log, told: Callable[[SkillDefinition], None] | None = None) -> None:
        self._log = log
        self._told = told
        self._skills: dict[str, Skill] = {}
        self._agents: dict[str, AgentDefinition] = {}
        self._seqs: dict[str, int] = {}
        self._unreadable: dict[str, int] = {}

    @classmethod
    async def load(
        cls, bus: Bus, log: Log, told: Callable[[SkillDefinition], None] | None = None
    ) -> "Registry":
        """Read all and follow the feed; a reconnect reads again, for the feed is at most once.

        `told` hears what a skill is now, whenever it is read.
        """
        registry = cls(log, told)
        read_all = partial(registry._read_all, bus)
        await bus.listen("feed.skill.*", registry._changed)
        await bus.listen("feed.agent.*", registry._changed)
        bus.on_reconnect(read_all)
        await read_all()
        return registry

    async def _read_all(self, bus: Bus) -> None:
        """Read what the log has, and what is known here and no more in it."""
        commits: dict[str, int] = {}
        for subjects in ("evt.agent.*", "evt.skill.*"):
            info = await stream_info(bus, "EVT", subjects)
            commits |= info.state.subjects or {}
        known = commits.keys() | self._seqs.keys()
        await asyncio.gather(*(self._read(Aggregate.parse(one), commits.get(one, 0)) for one in known))

    async def _read(self, aggregate: Aggregate, commits: int) -> None:
        """Read as many commits as the log has, be it fewer than were known: it may have lost its end.

        A copy of the log may be behind.
        """
        self._seqs.pop(aggregate.subject, None)
        with suppress(BadDefinition):
            while True:
                if len((await self.refresh(aggregate)).recorded) >= commits:
                    return
                await asyncio.sleep(AGAIN_S)

    async def _changed(self, heard: Heard) -> None:
        """Read what has changed until it is seen: nobody tells of it again.

        A copy of the log may be behind the one that told of the change.
        """
        aggregate, seq = Aggregate.parse(heard.subject), int(heard.headers["Nats-Sequence"])
        while True:
            try:
                if (await self.refresh(aggregate)).seq >= seq:
                    return
                reason = "Behind"
            except BadDefinition:
                return
            except (NatsError, OSError, TimeoutError) as outage:
                reason = type(outage).__name__
            get_logger().warning("a changed skill is read again", subject=aggregate.subject, reason=reason)
            await asyncio.sleep(AGAIN_S)

    async def refresh(self, aggregate: Aggregate) -> Past:
        """Read one skill or agent anew; what is known stays where a copy of the log is behind it.

        Raises BadDefinition when not all of it can be read.
        """
        try:
            past = await self._log.load(aggregate)
        except BadCommit as bad:
            self._take(aggregate, bad.before)
            refusal = BadDefinition(aggregate, bad)
            if self._unreadable.get(aggregate.subject) != bad.seq:
                get_logger().error(
                    "a definition cannot be read",
                    subject=aggregate.subject,
                    seq=bad.seq,
                    reason=refusal.message,
                )
            self._unreadable[aggregate.subject] = bad.seq
            raise refusal from None
        self._unreadable.pop(aggregate.subject, None)
        if past.seq >= self._seqs.get(aggregate.subject, 0):
            self._take(aggregate, past)
        return past

    def _take(self, aggregate: Aggregate, past: Past) -> None:
        if not past.recorded:
            self._forget(aggregate)
            return
        self._seqs[aggregate.subject] = past.seq
        if aggregate.noun == "skill":
            state = skill_of(past)
            if state.versions:
                self._skills[aggregate.id] = state
                if self._told is not None:
                    self._told(state.definition)
        else:
            for event in past.events:
                if isinstance(event, AgentRegistered):
                    self._agents[aggregate.id] = event.definition

    def _forget(self, aggregate: Aggregate) -> None:
        self._seqs.pop(aggregate.subject, None)
        (self._skills if aggregate.noun == "skill" else self._agents).pop(aggregate.id, None)

    async def skill(self, name: str) -> Skill | None:
        if _speakable(name) and (name not in self._skills or skill(name).subject in self._unreadable):
            await self.refresh(skill(name))
        return self._skills.get(name)

    async def definition(self, name: str, hash_: str) -> SkillDefinition | None:
        """Return the version that a session pinned."""
        found = self._version(name, hash_)
        if found is None:
            with suppress(BadDefinition):
                await self.refresh(skill(name))
            found = self._version(name, hash_)
        return found

    async def agent(self, name: str) -> AgentDefinition | None:
        name = agent_name(name)
        if _speakable(name) and (name not in self._agents or agent(name).subject in self._unreadable):
            await self.refresh(agent(name))
        return self._agents.get(name)

    def skills(self) -> list[Skill]:
        return list(self._skills.values())

    def agents(self) -> list[AgentDefinition]:
        return list(self._agents.values())

    def _version(self, name: str, hash_: str) -> SkillDefinition | None:
        known = self._skills.get(name)
        if known is not None:
            for version in reversed(known.versions):
                if version.hash == hash_:
                    return version
        return None


def _speakable(name: str) -> bool:
    """Whether the name can be part of a subject."""
    return bool(name) and all(char.isalnum() or char in "-_" for char in name)
