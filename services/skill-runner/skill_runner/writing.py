"""One text from a model: asked for, checked, repaired once by the next tier, else taken from the template."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from shared.clock import utc_now
from shared.models import Aliases
from shared.schema import problems
from shared.subjects import Pool
from shared.usage import Purpose
from skill_runner.asking import ask, checked, read
from skill_runner.bounds import LONGEST_WRONG, most_usd, repeated, summed
from skill_runner.chats.chat import Again, Chat, Question, Reply, called
from skill_runner.failure import Failure, sentence
from skill_runner.functions import Check, Functions
from skill_runner.pace import RATE_LIMITED, NoTurn, Paces
from skill_runner.progress import ProviderCall
from skill_runner.prompts import exposed, invented, system_prompt, user_message, with_schema
from skill_runner.run import Run
from skill_runner.structured import Schema, lowest_common

RESERVE_S = 1.0
RESERVE = 0.1
UNUSABLE = {"invalid_output", "model_refused"}
PURPOSES: tuple[Purpose, ...] = ("first", "repair")

REPAIR = (
    "Your answer was not accepted. Answer once more with the whole JSON object; put right what is wrong and "
    "add nothing that you were not given:"
)

CUT_OFF = "it was too long and was cut off: say it in far fewer words"

Basis = Literal["model", "template"]


class Task(NamedTuple):
    """What is to be written: the input with `names` hidden, and the schema of what the model is asked for.

    `key` is the idempotency key of its first call, `item` its place in a list.
    """

    given: dict[str, Any]
    names: Mapping[str, Any]
    schema: Schema
    key: str
    item: int | None


class Written(NamedTuple):
    """A text whose persons are still placeholders; with the template, checks may have failed."""

    answer: Any
    basis: Basis
    checks: tuple[Check, ...] = ()


class Asked(NamedTuple):
    """A question that was answered, and what is noted of its call."""

    question: Question
    call: ProviderCall
    reply: Reply


class Unusable(Exception):  # noqa: N818 - an outcome
    """An answer that is not good enough: what it was, what the model is told, and how the attempt may end."""

    def __init__(self, failure: Failure, said: str, wrong: str) -> None:
        super().__init__(failure.message)
        self.failure = failure
        told = f"{REPAIR}\n{wrong}".encode()[:LONGEST_WRONG].decode(errors="ignore")
        readable = said.strip().encode(errors="replace").decode()
        self.again = Again(readable or "(nothing that can be used)", told)


@dataclass
class Writer:
    """Writes the texts of one attempt; `until` is when it ends, on the loop's clock.

    After a call that was not answered in its time nobody is asked any more.
    """

    run: Run
    chat: Chat
    aliases: Aliases
    functions: Functions
    paces: Paces
    until: float = 0.0
    _longest_s: float = field(default=0.0, init=False)

    async def write(self, task: Task) -> Written:
        """Return a text; raises Failure when there is none, or the provider cannot be had."""
        again: Again | None = None
        failure = _no_time()
        for number, purpose in enumerate(PURPOSES, 1):
            if self._left_s() <= self._longest_s:
                break
            try:
                return await self._attempt(task, await self._asked(task, number, purpose, again))
            except Unusable as unusable:
                failure, again = unusable.failure, unusable.again
            except Failure as failed:
                if failed.code not in {"timeout", *UNUSABLE}:
                    raise
                failure = failed
                if failed.code == "timeout":
                    self.until = 0.0
        return await self._from_template(task, failure)

    def most_usd(self, task: Task) -> Decimal | None:
        """Return the most that this text can cost, its repair included."""
        questions = (self._question(task, number, 0.0, None) for number in range(1, len(PURPOSES) + 1))
        return summed(self._most_usd(question) for question in questions)

    def _most_usd(self, question: Question) -> Decimal | None:
        if self.chat.simulated:
            return Decimal(0)
        settings = {**question.settings, **self.chat.terms}
        return most_usd(self._provider, replace(question, settings=settings))

    @property
    def _called(self) -> str:
        return called(self._provider, simulated=self.chat.simulated)

    @property
    def _provider(self) -> Pool:
        return self.run.definition.provider

    def _left_s(self) -> float:
        """Return how long a call may take."""
        return self._end() - asyncio.get_running_loop().time()

    def _latest(self) -> float:
        """Return until when a call may wait: half of a text's time is left to it."""
        return self._end() - self.run.work.timeout_s / 2

    def _end(self) -> float:
        """Return when calls end, on the loop's clock: what checks and template need is kept."""
        timeout_s = self.run.work.timeout_s
        reserve = min(RESERVE_S, RESERVE * timeout_s) if self.run.definition.functions else 0.0
        return self.until - reserve

    def no_turn(self) -> NoTurn | None:
        """Return why and for how long the attempt had better stay in its queue; None when it can begin."""
        return self.paces[self._model(1)].no_turn()

    def _model(self, number: int) -> str:
        """Return the model of the day on which the attempt began: for that one money is set aside."""
        name = self.run.definition.model
        asked = name if number == 1 else self.aliases.above(name)
        model, warning = self.aliases.resolve(asked, self.run.started_at.date())
        if warning:
            self.run.progress.warn(warning)
        return model

    def _question(self, task: Task, number: int, left_s: float, again: Again | None) -> Question:
        definition, model = self.run.definition, self._model(number)
        system, schema = system_prompt(definition, task.names), lowest_common(task.schema)
        in_words = model in self.aliases.schema_in_words and not self.chat.simulated
        return Question(
            model=model,
            system=with_schema(system, schema) if in_words else system,
            user=user_message(task.given),
            schema=None if in_words else schema,
            max_tokens=definition.config.max_tokens,
            timeout_s=min(left_s, self.run.work.timeout_s),
            key=task.key if number == 1 else f"{task.key}/{number}",
            again=again,
            repairs=number > 1,
            settings=self.aliases.settings.get(model, {}),
        )

    async def _asked(self, task: Task, number: int, purpose: Purpose, again: Again | None) -> Asked:
        """Ask when the model takes a call; one that is refused costs nothing, and is made again.

        While it waited, another text of the attempt may have had no answer in its time.
        """
        progress, refused = self.run.progress, None
        while True:
            try:
                async with self.paces[self._model(number)].turn(self._latest()):
                    if (left_s := self._left_s()) <= self._longest_s:
                        raise _no_time()
                    if refused is not None:
                        progress.calls.remove(refused)
                    question = self._question(task, number, left_s, again)
                    call = ProviderCall(task.item, number, purpose, self._provider, question.model, utc_now())
                    call.most_usd = self._most_usd(question)
                    reply = await ask(self._provider, self.chat, question, progress, call)
                    return Asked(question, call, reply)
            except NoTurn:
                raise
            except Failure as failure:
                if failure.code != RATE_LIMITED or not failure.retryable:
                    raise
                progress.warn(f"{self._called} took no more calls for a while: they were made later")
                refused = call

    async def _attempt(self, task: Task, asked: Asked) -> Written:
        question, call, reply = asked
        said = repeated(question, reply.text)
        self._longest_s = max(self._longest_s, call.took_s or 0.0)
        try:
            answer, warnings = _usable(task, question, reply)
        except Failure as failure:
            cut_off = reply.stop in ("length", "full")
            call.outcome = "cut_off" if cut_off else failure.code
            raise Unusable(failure, said, CUT_OFF if cut_off else failure.message) from None
        checks = await self.functions.check(task.given, answer)
        failed = [check for check in checks if not check.passed]
        call.failed_checks = tuple(check.name for check in failed)
        call.outcome = "checks_failed" if failed else "passed"
        if failed:
            names = ", ".join(call.failed_checks)
            wrong = "\n".join(f"{one.name}: {one.why}" for one in failed)
            raise Unusable(
                Failure("invalid_output", f"the answer did not pass: {names}", retryable=True),
                said,
                wrong,
            )
        for warning in warnings:
            self.run.progress.warn(f"the model's answer: {warning}")
        return Written(answer, "model", checks)

    async def _from_template(self, task: Task, failure: Failure) -> Written:
        if not self.functions.has("template"):
            raise failure
        answer = await self.functions.template(task.given)
        if found := problems(task.schema, answer):
            raise Failure("skill_error", f"the template does not fit: {sentence(found, 'it')}")
        return Written(answer, "template", await self.functions.check(task.given, answer))


def _no_time() -> Failure:
    return Failure("timeout", "there is no time left for a call", retryable=True)


def _usable(task: Task, question: Question, reply: Reply) -> tuple[Any, list[str]]:
    """Return the answer in our own form, and what to warn of; raises Failure."""
    answer, warnings = checked(task.schema, read(reply, question))
    if invented(answer, question.user, task.names):
        raise Failure("invalid_output", "the answer has a placeholder for nobody", retryable=True)
    if (where := exposed(task.schema, answer, task.names)) is not None:
        raise Failure("invalid_output", f"{where} is public and names a person", retryable=True)
    return answer, warnings
