"""One attempt from its work to its report: definition, input, run, output, each checked."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import Struct

from shared import genai, telemetry
from shared.clock import Clock, utc_now
from shared.definitions import SkillDefinition
from shared.json import check, dumps
from shared.logs import get_logger
from shared.refusal import Refusal
from shared.registry import Registry
from shared.schema import prepare, problems
from shared.sealing import owners_of
from shared.subjects import Pool
from shared.vault import Vault
from shared.work import LOST, Report, Work
from skill_runner.abort import Abort
from skill_runner.failure import Failure, sentence
from skill_runner.frames import OUTPUT_LIMIT
from skill_runner.objections import Objections, marked
from skill_runner.opening import closed, opened
from skill_runner.pace import NoTurn
from skill_runner.progress import Progress
from skill_runner.reporting import about
from skill_runner.run import Engine, Prepared, Run

STOPPED = "runner_stopped"


class Ended(NamedTuple):
    output: Any = None
    failure: Failure | None = None


class Ready(Struct):
    """An attempt before anybody is paid for it: prepared, or the reason why it cannot be run."""

    work: Work
    started_at: datetime
    progress: Progress
    definition: SkillDefinition | None = None
    prepared: Prepared | None = None
    failure: Failure | None = None

    @property
    def most_usd(self) -> Decimal | None:
        """The most that it can cost; None where no price is known."""
        return self.prepared.most_usd if self.prepared else Decimal(0)

    @property
    def no_turn(self) -> NoTurn | None:
        """Why and for how long it had better stay in its queue."""
        return self.prepared.no_turn if self.prepared else None


class Execution:
    def __init__(
        self,
        registry: Registry,
        vault: Vault,
        objections: Objections,
        engines: Mapping[Pool, Engine],
        clock: Clock = utc_now,
    ) -> None:
        self._registry = registry
        self._objections = objections
        self._vault = vault
        self._engines = engines
        self._clock = clock

    async def prepare(self, work: Work) -> Ready:
        """Make an attempt ready; whatever is wrong with it is told by its report.

        A failure is kept without its traceback, in whose frames it would hold itself.
        """
        ready = Ready(work, self._clock(), Progress())
        try:
            ready.definition = await self._definition(work)
            run = await self._filled(ready, ready.definition)
            ready.prepared = await self._engines[ready.definition.provider].prepare(run)
        except Failure as failure:
            ready.failure = failure.with_traceback(None)
        except Exception as error:  # noqa: BLE001 - told in the report
            ready.failure = _broken(work, error)
        return ready

    async def run(self, ready: Ready, abort: Abort) -> Report:
        """Run the attempt and return its report; raises only when this runner is being stopped."""
        work = ready.work
        told = _told(work) if telemetry.on() else None
        with telemetry.span(f"run {work.skill}", parent=work.traceparent, attributes=told) as current:
            ended = await self._ended(ready, abort)
            if ended.failure is not None:
                current.set_attribute(genai.ERROR, ended.failure.code)
            return await self._report(ready, ended)

    async def left(self, ready: Ready) -> Report:
        """Return the report of an attempt whose runner is being stopped: what is there, and in doubt."""
        paid = any(call.in_doubt for call in ready.progress.calls)
        why = "its skill-runner was told to stop"
        return await self._report(
            ready, Ended(failure=Failure(LOST if paid else STOPPED, why, retryable=True))
        )

    async def _report(self, ready: Ready, ended: Ended) -> Report:
        progress = ready.progress
        partial = await self._partial(ready) if ended.failure else None
        return Report(
            **about(ready.work),
            output=ended.output,
            error=ended.failure.error() if ended.failure else None,
            partial=partial,
            items=progress.items if partial is not None else (),
            usage=progress.total,
            calls=tuple(call.told(progress.took_s) for call in progress.calls),
            started_at=ready.started_at,
            duration_ms=round(1000 * progress.took_s),
            warnings=tuple(progress.warnings),
        )

    async def _ended(self, ready: Ready, abort: Abort) -> Ended:
        if ready.prepared is None:
            return Ended(failure=ready.failure)
        try:
            run = ready.prepared.run
            running = self._engines[run.definition.provider].run(ready.prepared)
            return Ended(output=await self._checked(run, await abort.unless(running)))
        except Failure as failure:
            return Ended(failure=failure)
        except Exception as error:  # noqa: BLE001 - told in the report, with what was paid
            return Ended(failure=_broken(ready.work, error))

    async def _definition(self, work: Work) -> SkillDefinition:
        found = await self._registry.definition(work.skill, work.skill_hash)
        if found is None:
            why = "the version of the skill that the session pinned is not known"
            raise Failure("definition_missing", why)
        return found

    async def _filled(self, ready: Ready, definition: SkillDefinition) -> Run:
        value, warnings = prepare(definition.input_schema, ready.work.input)
        for warning in warnings:
            ready.progress.warn(warning)
        plain = await opened(self._vault, ready.work.user, value)
        if found := problems(definition.input_schema, plain):
            raise Failure("invalid_input", sentence(found, "the input"))
        await self._objections.check(ready.work, definition, value, plain)
        objected = await self._objections.marks(ready.work, definition, value, plain)
        value, plain = marked(value, objected), marked(plain, objected)
        return Run(ready.work, definition, value, plain, ready.started_at, ready.progress)

    async def _checked(self, run: Run, output: Any) -> Any:
        """Return the output sealed; raises Failure, which a function would only repeat.

        What a model wrote was held against the schema before: what does not fit here was made of it.
        """
        schema = run.definition.output_schema
        try:
            check(output)
        except Refusal as refusal:
            where = f"{refusal.field}: " if refusal.field else ""
            raise Failure("invalid_output", f"{where}{refusal.message}") from None
        output, warnings = known(schema, output)
        for warning in warnings:
            run.progress.warn(f"output: {warning}")
        if found := problems(schema, output):
            raise Failure("invalid_output", sentence(found, "the output"))
        sealed = await self._closed(run, output)
        size = len(dumps(sealed))
        if size > OUTPUT_LIMIT:
            raise Failure("output_too_large", f"the output has {size} bytes, {OUTPUT_LIMIT} are allowed")
        return sealed

    async def _partial(self, ready: Ready) -> Any:
        """Return what there is so far, sealed; nothing if it cannot be kept."""
        partial = ready.progress.partial
        if partial is None or ready.prepared is None:
            return None
        run = ready.prepared.run
        try:
            check(partial)
        except Refusal:
            return None
        partial, _ = known(run.definition.output_schema, partial)
        sealed = await self._closed(run, partial)
        return sealed if len(dumps(sealed)) <= OUTPUT_LIMIT else None

    async def _closed(self, run: Run, value: Any) -> Any:
        """Return it sealed: what came with the input stays whose it was there."""
        owners = owners_of(run.input, run.opened)
        return await closed(self._vault, run.work.user, run.definition.output_schema, value, owners)


def _told(work: Work) -> dict[str, str | int]:
    return {
        genai.CONVERSATION: str(work.id),
        genai.TOOL: work.skill,
        genai.TOOL_CALL: str(work.attempt_id),
        genai.STEP: work.step,
        genai.ATTEMPT: work.attempt,
        genai.POOL: work.pool,
        genai.SKILL_HASH: work.skill_hash,
    }


def _broken(work: Work, error: Exception) -> Failure:
    get_logger().exception(
        "an attempt failed in the runner", subject=work.aggregate.subject, attempt=str(work.attempt_id)
    )
    return Failure("runner_error", f"the runner failed: {type(error).__name__}", retryable=True)


def known(schema: dict[str, Any], output: Any) -> tuple[Any, list[str]]:
    """Leave out what the schema does not know: nobody has said whether it is personal."""
    return prepare(schema, output) if isinstance(output, dict) else (output, [])
