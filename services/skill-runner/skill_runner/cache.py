"""The same question again: an earlier result in place of a run, for skills that say `cache_s`."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

import asyncpg
from msgspec.structs import replace

from shared import genai
from shared.clock import Clock, utc_now
from shared.definitions import SkillDefinition
from shared.outage import DATABASE_AWAY
from shared.refusal import Refusal
from shared.registry import Registry
from shared.schema import prepare
from shared.sealing import blind, people_in
from shared.telemetry import span
from shared.vault import Vault
from shared.work import Report, Work
from skill_runner.answerers import Answerers
from skill_runner.cache_key import KeyParts
from skill_runner.failure import Failure
from skill_runner.objections import Objections
from skill_runner.progress import Progress
from skill_runner.reporting import about
from skill_runner.results import Earlier, Results

WAIT_S = 1.0
NOT_TO_BE_HAD = (*DATABASE_AWAY, asyncpg.PostgresError, Refusal, Failure)
TEMPLATE = "template"


class Looked(NamedTuple):
    """A `report` on a hit; `key` is what a result may be kept under, None where it may not be."""

    key: str | None = None
    report: Report | None = None

    def kept(self, report: Report) -> Report:
        """Return the report of a run so that its result can be found again, if it is worth it."""
        if self.key is None or report.error is not None or is_template(report.output):
            return report
        return replace(report, cache_key=self.key)


class Cache:
    """Never fails and never waits long: where it cannot look, the skill is run."""

    def __init__(
        self,
        registry: Registry,
        vault: Vault,
        results: Results,
        answerers: Answerers,
        clock: Clock = utc_now,
        *,
        objections: Objections,
    ) -> None:
        self._registry = registry
        self._vault = vault
        self._results = results
        self._answerers = answerers
        self._objections = objections
        self._clock = clock

    async def look(self, work: Work) -> Looked:
        """Find what an equal question gave before; a skill that did not opt in costs nothing here."""
        definition = await self._registry.definition(work.skill, work.skill_hash)
        if definition is None or definition.config.cache_s is None:
            return Looked()
        told: dict[str, str | int] = {genai.TOOL: work.skill, genai.TOOL_CALL: str(work.attempt_id)}
        with span(f"look up {work.skill}", parent=work.traceparent, attributes=told) as current:
            try:
                async with asyncio.timeout(WAIT_S):
                    looked = await self._look(work, definition)
            except NOT_TO_BE_HAD:
                looked = Looked()
            current.set_attribute(genai.CACHE_HIT, looked.report is not None)
            return looked

    async def _look(self, work: Work, definition: SkillDefinition) -> Looked:
        now, clock = self._clock(), asyncio.get_running_loop().time
        begun = clock()
        value, warnings = prepare(definition.input_schema, work.input)
        await self._objections.check(work, definition, value)
        data = await self._results.changed(work.user, work.log_seq, cohort=bool(definition.config.cohort))
        parts = KeyParts(
            work,
            await blind(self._vault, work.user, value),
            warnings,
            self._answerers.of(definition),
            data if definition.provider == "custom" else None,
            now,
        )
        key = (await self._vault.ids()).fingerprint(parts.told())
        if work.fresh:
            return Looked(key)
        oldest = now - timedelta(seconds=definition.config.cache_s or 0)
        found = await self._results.find(work.user, key, oldest)
        if found is None or not await self._may_be_served(work, found):
            return Looked(key)
        report = Report(
            **about(work),
            output=found.output,
            usage=found.usage,
            started_at=now,
            duration_ms=round(1000 * (clock() - begun)),
            warnings=_in_bounds((*warnings, *found.warnings)),
            cache_key=key,
            cached=found.cached,
        )
        return Looked(key, report)

    async def _may_be_served(self, work: Work, found: Earlier) -> bool:
        """Nobody who was erased is served again, not even before the erasure is in the tables."""
        keys = await self._vault.keys(work.user, people_in(found.output))
        return None not in keys.values()


def _in_bounds(warnings: Iterable[str]) -> tuple[str, ...]:
    """Return as many as a run would report."""
    progress = Progress()
    for warning in warnings:
        progress.warn(warning)
    return tuple(progress.warnings)


def is_template(output: Any) -> bool:
    """Whether any part of it says `basis: template`: the last resort, to be tried again."""
    match output:
        case dict():
            return output.get("basis") == TEMPLATE or any(is_template(part) for part in output.values())
        case list():
            return any(is_template(part) for part in output)
        case _:
            return False
