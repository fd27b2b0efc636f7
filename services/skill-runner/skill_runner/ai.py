"""Runs a skill by asking a model: once, or once for each item of a list that is not answered yet."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, NamedTuple, cast

from shared.definitions import OWNER
from shared.json import dumps
from shared.models import Models
from shared.vault import Vault
from skill_runner.bounds import summed
from skill_runner.chats.opened import Chats
from skill_runner.failure import Failure
from skill_runner.frames import OUTPUT_LIMIT
from skill_runner.functions import Functions
from skill_runner.opening import closed, opened
from skill_runner.pace import paces
from skill_runner.parts import Part, asked_of, collected, in_order, split
from skill_runner.prompts import Placeholders, exposed, fill
from skill_runner.run import Prepared, Run, deadline
from skill_runner.workers import Workers
from skill_runner.writing import UNUSABLE, Basis, Task, Writer, Written

AT_ONCE = 8
Json = dict[str, Any]


class AiEngine:
    """`workers` run what stands in the Python files beside the skills."""

    def __init__(self, chats: Chats, models: Models, vault: Vault, workers: Workers) -> None:
        self._chats = chats
        self._models = models
        self._vault = vault
        self._workers = workers
        self._paces = {provider: paces(aliases.at_once) for provider, aliases in models.items()}

    async def prepare(self, run: Run) -> Prepared:
        definition = run.definition
        chat = await self._chats.of(definition.provider)
        value = await closed(self._vault, run.work.user, definition.input_schema, run.input)
        parts = split(definition, value)
        functions = Functions(self._workers, definition)
        await functions.load()
        briefs = [await _briefed(run, functions, part) for part in parts]
        provider = definition.provider
        aliases = self._models[provider]
        writer = Writer(run, chat, aliases, functions, self._paces[provider])
        texts = _Texts(run, self._vault, functions, writer, briefs, min(aliases.at_once or AT_ONCE, AT_ONCE))
        done = run.work.done.items if run.work.done else ()
        most = summed(writer.most_usd(texts.task(brief)) for brief in briefs if brief.part.item not in done)
        return Prepared(run, most, texts, writer.no_turn())

    async def run(self, prepared: Prepared) -> Any:
        run, texts = prepared.run, cast("_Texts", prepared.plan)
        within_s = run.work.timeout_s * texts.rounds
        texts.writer.until = asyncio.get_running_loop().time() + within_s
        definition, into = run.definition, run.definition.config.into
        async with deadline(within_s, run.progress):
            if into is None:
                output = await texts.text(texts.briefs[0])
            else:
                output = collected(definition.output_schema, into, await texts.all(into))
            return await texts.labelled(output, into)


class Brief(NamedTuple):
    """A part as the model and the skill's functions see it: persons hidden, `given` what they are given."""

    part: Part
    hidden: Placeholders
    given: Json


async def _briefed(run: Run, functions: Functions, part: Part) -> Brief:
    hidden = Placeholders()
    value = hidden.hide(part.input)
    return Brief(part, hidden, await functions.brief(value, run.started_at.isoformat()))


@dataclass
class _Texts:
    """The texts of one attempt, so many of them at once, and by place what each of them rests on."""

    run: Run
    vault: Vault
    functions: Functions
    writer: Writer
    briefs: list[Brief]
    at_once: int
    bases: dict[int, Basis] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        """How often the time of one text is needed."""
        return ceil(len(self.briefs) / self.at_once)

    async def all(self, into: str) -> list[Any]:
        """Write all that is not there yet; what is under way when one fails is waited for.

        A text that cannot be had keeps none of the others back; a provider that cannot, all of them. Once
        they are more than an output holds, the rest would be paid for in vain.
        """
        done = self._there(into, len(self.briefs))
        size = sum(len(dumps(text)) for text in done.values())
        failures: list[Failure] = []
        waiting = iter([(place, brief) for place, brief in enumerate(self.briefs) if place not in done])

        async def lane() -> None:
            nonlocal size
            for place, brief in waiting:
                try:
                    done[place] = await self.text(brief)
                    self._keep(into, done)
                    size += len(dumps(done[place]))
                except Failure as failure:
                    failures.append(_named(self.run, brief.part, failure))
                if size > OUTPUT_LIMIT:
                    failures.append(_too_long(len(done), len(self.briefs)))
                if any(failure.code not in UNUSABLE for failure in failures):
                    return

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self.at_once, len(self.briefs))):
                group.create_task(lane())
        if failures:
            raise next((one for one in failures if one.code not in UNUSABLE), failures[0])
        return in_order(done)

    def task(self, brief: Brief, names: Mapping[str, Any] | None = None) -> Task:
        """Return what is to be written; `names` are the persons, opened, by their placeholders."""
        part, key = brief.part, str(self.run.work.attempt_id)
        return Task(
            brief.given,
            brief.hidden.shown_in(brief.given) if names is None else names,
            asked_of(self.run.definition, part.schema),
            key if part.item is None else f"{key}/{part.item}",
            part.item,
        )

    async def text(self, brief: Brief) -> Any:
        """Return one text with its persons named, and what the engine says of it."""
        part, hidden, given = brief
        names = await opened(self.vault, self.run.work.user, hidden.shown_in(given))
        written = await self.writer.write(self.task(brief, names))
        self.bases[part.item or 0] = written.basis
        answer = await self.functions.complete(given, written.answer)
        if (where := exposed(part.schema, answer, names)) is not None:
            raise Failure("skill_error", f"{where} is public and names a person")
        return _told(part, written, fill(answer, names), part.owner or hidden.only_person())

    async def labelled(self, output: Any, into: str | None) -> Any:
        """Return the output with its `meta`, where it has one; what a template wrote is a warning too."""
        places = [place for place, basis in sorted(self.bases.items()) if basis == "template"]
        warning = _of_template(into, places, len(self.bases))
        if warning:
            self.run.progress.warn(warning)
        definition = self.run.definition
        if not self.functions.has("check") or "meta" not in definition.output_schema.get("properties", {}):
            return output
        rests: Json = {"n": len(self.bases), "sources": [], "warnings": []}
        rests |= await self.functions.rests_on(self.briefs[0].given)
        return {
            **output,
            "meta": {
                **rests,
                "basis": "template" if len(places) == len(self.bases) else "model",
                "as_of": self.run.started_at.isoformat(),
                "warnings": [*rests["warnings"], *([warning] if warning else [])],
            },
        }

    def _there(self, into: str, count: int) -> dict[int, Any]:
        """Return the answers that an earlier attempt has left in the log, sealed, by their places."""
        there = self.run.work.done
        if there is None or not isinstance(there.partial, dict):
            return {}
        answers = there.partial.get(into) or []
        done = {place: one for place, one in zip(there.items, answers, strict=False) if place < count}
        self.bases |= {place: one.get("basis") or "model" for place, one in done.items()}
        if done:
            self._keep(into, done)
        return done

    def _keep(self, into: str, done: dict[int, Any]) -> None:
        self.run.progress.partial, self.run.progress.items = {into: in_order(done)}, tuple(sorted(done))


def _told(part: Part, written: Written, answer: Json, owner: str | None) -> Json:
    """Add to an answer what the engine knows of it, as far as the skill has fields for that."""
    told: Json = {
        "checks": [check.model_dump() for check in written.checks],
        "basis": written.basis,
        **({OWNER: owner} if owner else {}),
    }
    fields = part.schema.get("properties", {})
    return {name: value for name, value in told.items() if name in fields and name not in answer} | answer


def _too_long(written: int, asked: int) -> Failure:
    return Failure(
        "output_too_large",
        f"{written} of {asked} texts are more than the {OUTPUT_LIMIT} bytes that an output may have: "
        "give a shorter list",
    )


def _named(run: Run, part: Part, failure: Failure) -> Failure:
    """Say which item of the list it was."""
    if part.item is None:
        return failure
    where = f"{run.definition.config.for_each}[{part.item}]"
    return Failure(
        failure.code,
        f"{where}: {failure.message}",
        retryable=failure.retryable,
        retry_after_s=failure.retry_after_s,
    )


def _of_template(into: str | None, places: list[int], count: int) -> str | None:
    """Say which texts no model wrote."""
    if not places:
        return None
    if into is None or count == 1:
        return "no model wrote this text: it is from the template"
    which = ", ".join(f"{into}[{place}]" for place in places)
    return f"no model wrote {which}: from the template"
