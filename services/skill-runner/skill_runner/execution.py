"""One attempt from its work to its report: definition, input, run, output, each checked."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from shared import genai
from shared.clock import Clock, utc_now
from shared.definitions import SkillDefinition
from shared.json import check, dumps
from shared.logs import get_logger
from shared.refusal import Refusal
from shared.registry import Registry
from shared.schema import prepare, problems
from shared.subjects import Pool
from shared.telemetry import span, traceparent
from shared.vault import Vault
from shared.work import Report, Work
from skill_runner.failure import Failure, sentence
from skill_runner.frames import OUTPUT_LIMIT
from skill_runner.ledger import Ledger
from skill_runner.opening import closed, opened
from skill_runner.reporting import about
from skill_runner.run import Engine, Run


@dataclass
class Abort:
    """Stops the engine of one attempt, at once or as soon as it begins; any number of times."""

    requested: bool = False
    _running: asyncio.Task[Any] | None = field(default=None, repr=False)

    def request(self) -> None:
        self.requested = True
        if self._running is not None:
            self._running.cancel()

    async def unless(self, task: asyncio.Task[Any]) -> Any:
        """Return what the task returns; raises Failure `cancelled` when it was stopped."""
        self._running = task
        if self.requested:
            task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            if not self.requested:
                raise
            raise Failure("cancelled", "the attempt was stopped") from None
        finally:
            self._running = None


class Ended(NamedTuple):
    output: Any = None
    failure: Failure | None = None


class Execution:
    def __init__(
        self, registry: Registry, vault: Vault, engines: Mapping[Pool, Engine], clock: Clock = utc_now
    ) -> None:
        self._registry = registry
        self._vault = vault
        self._engines = engines
        self._clock = clock

    async def run(self, work: Work, abort: Abort) -> Report:
        """Run the attempt and return its report; raises only when this runner is being stopped."""
        started_at, ledger = self._clock(), Ledger()
        told: dict[str, str | int] = {
            genai.CONVERSATION: str(work.id),
            genai.TOOL: work.skill,
            genai.TOOL_CALL: str(work.attempt_id),
            genai.STEP: work.step,
            genai.ATTEMPT: work.attempt,
            genai.POOL: work.pool,
            genai.SKILL_HASH: work.skill_hash,
        }
        with span(f"run {work.skill}", parent=work.traceparent, attributes=told) as current:
            definition = await self._registry.definition(work.skill, work.skill_hash)
            ended = await self._ended(work, definition, started_at, ledger, abort)
            if ended.failure is not None:
                current.set_attribute(genai.ERROR, ended.failure.code)
            partial = await self._partial(work, definition, ledger) if ended.failure else None
            return Report(
                **about(work),
                output=ended.output,
                error=ended.failure.error() if ended.failure else None,
                partial=partial,
                items=ledger.items if partial is not None else (),
                usage=ledger.usage,
                calls=tuple(call.told(ledger.took_s) for call in ledger.calls),
                started_at=started_at,
                duration_ms=round(1000 * ledger.took_s),
                warnings=tuple(ledger.warnings),
                traceparent=traceparent(),
            )

    async def _ended(
        self,
        work: Work,
        definition: SkillDefinition | None,
        started_at: datetime,
        ledger: Ledger,
        abort: Abort,
    ) -> Ended:
        try:
            run = await self._prepared(work, definition, started_at, ledger)
            task = asyncio.create_task(self._engines[run.definition.provider].run(run))
            return Ended(output=await self._checked(run, await abort.unless(task)))
        except Failure as failure:
            return Ended(failure=failure)
        except Exception as error:  # noqa: BLE001 - told in the report, with what was paid
            get_logger().exception("an attempt failed in the runner", attempt_id=str(work.attempt_id))
            return Ended(
                failure=Failure("runner_error", f"the runner failed: {type(error).__name__}", retryable=True)
            )

    async def _prepared(
        self, work: Work, definition: SkillDefinition | None, started_at: datetime, ledger: Ledger
    ) -> Run:
        if definition is None:
            raise Failure(
                "definition_missing", "the version of the skill that the session pinned is not known"
            )
        value, warnings = prepare(definition.input_schema, work.input)
        for warning in warnings:
            ledger.warn(warning)
        plain = await opened(self._vault, work.user, value)
        if found := problems(definition.input_schema, plain):
            raise Failure("invalid_input", sentence(found))
        return Run(work, definition, value, plain, started_at, ledger)

    async def _checked(self, run: Run, output: Any) -> Any:
        """Return the output sealed; raises Failure. A model may do better next time, a function will not."""
        retryable = run.definition.provider != "custom"
        schema = run.definition.output_schema
        try:
            check(output)
        except Refusal as refusal:
            where = f"{refusal.field}: " if refusal.field else ""
            raise Failure("invalid_output", f"{where}{refusal.message}", retryable=retryable) from None
        output, warnings = known(schema, output)
        for warning in warnings:
            run.ledger.warn(f"output: {warning}")
        if found := problems(schema, output):
            raise Failure("invalid_output", sentence(found), retryable=retryable)
        sealed = await closed(self._vault, run.work.user, schema, output)
        size = len(dumps(sealed))
        if size > OUTPUT_LIMIT:
            raise Failure("output_too_large", f"the output has {size} bytes, {OUTPUT_LIMIT} are allowed")
        return sealed

    async def _partial(self, work: Work, definition: SkillDefinition | None, ledger: Ledger) -> Any:
        """Return what there is so far, sealed; nothing if it cannot be kept."""
        if ledger.partial is None or definition is None:
            return None
        try:
            check(ledger.partial)
        except Refusal:
            return None
        partial, _ = known(definition.output_schema, ledger.partial)
        sealed = await closed(self._vault, work.user, definition.output_schema, partial)
        return sealed if len(dumps(sealed)) <= OUTPUT_LIMIT else None


def known(schema: dict[str, Any], output: Any) -> tuple[Any, list[str]]:
    """Leave out what the schema does not know: nobody has said whether it is personal."""
    return prepare(schema, output) if isinstance(output, dict) else (output, [])
