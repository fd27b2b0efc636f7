"""The skill-runner: takes work from the pools, runs skills, reports."""

import asyncio
import os
import platform
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from shared import models, service, streams
from shared.bus import Bus
from shared.commit import decode
from shared.events import SkillRegistered
from shared.forgetting import vault_of
from shared.jetstream_log import JetStreamLog
from shared.listening import Heard
from shared.pull import Puller
from shared.refusal import Refusal
from shared.registry import Registry
from shared.settings import SKILLS, Settings, number
from shared.subjects import POOLS, Pool
from skill_runner.ai import AiEngine
from skill_runner.answerers import Answerers
from skill_runner.cache import Cache
from skill_runner.chats import endpoints
from skill_runner.chats.opened import Chats
from skill_runner.custom import CustomEngine
from skill_runner.execution import Execution
from skill_runner.handlers import Handlers
from skill_runner.kept_skills import KeptSkills
from skill_runner.objections import Objections
from skill_runner.results import ProjectedResults
from skill_runner.run import Engine
from skill_runner.skillfile import KEPT
from skill_runner.turns import AT_ONCE, Turns
from skill_runner.workers import Workers

JUDGES = 2
GRACE_S = 3.0


@asynccontextmanager
async def wire(bus: Bus, settings: Settings) -> AsyncIterator[None]:
    """Start the pools' loops; on the way out what runs has TOTALAUD_GRACE_S seconds to end."""
    await streams.check(bus)
    if not settings.skills.is_dir():
        raise Refusal("no_skills", SKILLS, f"{SKILLS}: {settings.skills} is no folder")
    endpoints.check(os.environ)
    grace_s = number("TOTALAUD_GRACE_S", GRACE_S, or_none=True)
    kept = KeptSkills(settings.skills, os.environ.get(KEPT))
    registry = await Registry.load(bus, JetStreamLog(bus), kept.keep)
    kept.forget(registry.skills())
    vault = await vault_of(bus, settings)
    size = max(AT_ONCE, os.cpu_count() or 1)
    turns = Turns(size)
    workers = Workers(settings.skills, settings.database_url, size, os.environ)
    chats = Chats(os.environ, settings.local_model_url)
    judges = Workers(settings.skills, settings.database_url, JUDGES, os.environ)
    known = models.of_environment()
    ai = AiEngine(chats, known, vault, judges)
    engines: dict[Pool, Engine] = {"custom": CustomEngine(workers, turns), "openai": ai, "anthropic": ai}
    results = await ProjectedResults.connect(settings.database_url)
    objections = Objections(results, vault)
    answerers = Answerers(known, os.environ, settings.local_model_url)
    handlers = Handlers(
        bus,
        Execution(registry, vault, objections, engines),
        runner=f"{platform.node()}-{os.getpid()}-{uuid4().hex[:6]}",
        ack_wait_s=settings.ack_wait_s,
        cache=Cache(registry, vault, results, answerers, objections=objections),
    )
    try:
        workers.warm()
        await bus.listen("stop.*", handlers.stop)
        bus.on_reconnect(handlers.reconnected)
        async with asyncio.TaskGroup() as group:
            for provider in {skill.definition.provider for skill in registry.skills()} - {"custom"}:
                group.create_task(chats.expect(provider))
            await bus.listen("feed.skill.*", lambda heard: expect(chats, heard))
            loops = [
                group.create_task(
                    Puller(
                        bus,
                        "WORK",
                        pool,
                        handlers.work,
                        in_flight=turns.in_flight if pool == "custom" else at_once(known[pool], settings),
                        grace_s=grace_s,
                        given_up=handlers.give_up,
                    ).run()
                )
                for pool in POOLS
            ]
            yield
            for loop in loops:
                loop.cancel()
    finally:
        await workers.close()
        await judges.close()
        await chats.close()
        await results.close()
        await vault.close()


def at_once(aliases: models.Aliases, settings: Settings) -> int:
    """Return how many attempts to take from a provider's queue: no more than could call."""
    return min(settings.concurrency, aliases.at_once or settings.concurrency)


async def expect(chats: Chats, heard: Heard) -> None:
    """A skill was pushed: have its provider's SDK imported before it is run."""
    for event in decode(heard.body).events:
        if isinstance(event, SkillRegistered) and event.definition.provider != "custom":
            await chats.expect(event.definition.provider)


def main() -> None:
    service.run("skill-runner", wire)
