"""Runs a skill by asking a model: once, or once for each item of a list that is not answered yet."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from shared.models import Models
from shared.vault import Vault
from skill_runner.chats.opened import Chats
from skill_runner.failure import Failure
from skill_runner.functions import Functions
from skill_runner.opening import closed, opened
from skill_runner.parts import OWNER, Part, asked_of, collected, in_order, split
from skill_runner.prompts import Placeholders, exposed, fill
from skill_runner.run import Run, deadline
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

    async def run(self, run: Run) -> Any:
        definition = run.definition
        chat = await self._chats.of(definition.provider)
        value = await closed(self._vault, run.work.user, definition.input_schema, run.input)
        parts = split(definition, value)
        until = asyncio.get_running_loop().time() + run.work.timeout_s
        functions = Functions(self._workers, definition)
        writer = Writer(run, chat, self._models[definition.provider], functions, until)
        into = definition.config.into
        async with deadline(run.work.timeout_s, run.ledger):
            texts = _Texts(run, self._vault, functions, writer)
            if into is None:
                output = await texts.text(parts[0])
            else:
                output = collected(definition.output_schema, into, await texts.all(parts, into))
            return await texts.labelled(output, parts[0], into)


@dataclass
class _Texts:
    """The texts of one attempt, and by place what each of them rests on."""

    run: Run
    vault: Vault
    functions: Functions
    writer: Writer
    bases: dict[int, Basis] = field(default_factory=dict)

    async def all(self, parts: list[Part], into: str) -> list[Any]:
        """Write all that is not there yet; what is under way when one fails is waited for.

        A text that cannot be had keeps none of the others back; a provider that cannot, all of them.
        """
        done = self._there(into, len(parts))
        failures: list[Failure] = []
        waiting = iter([(place, part) for place, part in enumerate(parts) if place not in done])

        async def lane() -> None:
            for place, part in waiting:
                try:
                    done[place] = await self.text(part)
                    self._keep(into, done)
                except Failure as failure:
                    failures.append(_named(self.run, part, failure))
                if any(failure.code not in UNUSABLE for failure in failures):
                    return

        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(parts))):
                group.create_task(lane())
        if failures:
            raise next((one for one in failures if one.code not in UNUSABLE), failures[0])
        return in_order(done)

    async def text(self, part: Part) -> Any:
        """Return one text with its persons named, and what the engine says of it."""
        hidden, given = await self._briefed(part)
        names = await opened(self.vault, self.run.work.user, hidden.shown_in(given))
        key, place = str(self.run.work.attempt_id), part.item or 0
        task = Task(
            given,
            names,
            asked_of(self.run.definition, part.schema),
            key if part.item is None else f"{key}/{place}",
            part.item,
        )
        written = await self.writer.write(task)
        self.bases[place] = written.basis
        answer = await self.functions.complete(given, written.answer)
        if (where := exposed(part.schema, answer, names)) is not None:
            raise Failure("skill_error", f"{where} is public and names a person")
        return _told(part, written, fill(answer, names), part.owner or hidden.only_person())

    async def labelled(self, output: Any, first: Part, into: str | None) -> Any:
        """Return the output with its `meta`, where it has one; what a template wrote is a warning too."""
        places = [place for place, basis in sorted(self.bases.items()) if basis == "template"]
        warning = _of_template(into, places, len(self.bases))
        if warning:
            self.run.ledger.warn(warning)
        definition = self.run.definition
        if not self.functions.has("check") or "meta" not in definition.output_schema.get("properties", {}):
            return output
        _, given = await self._briefed(first)
        rests: Json = {"n": len(self.bases), "sources": [], "warnings": []}
        rests |= await self.functions.rests_on(given)
        return {
            **output,
            "meta": {
                **rests,
                "basis": "template" if len(places) == len(self.bases) else "model",
                "as_of": self.run.started_at.isoformat(),
                "warnings": [*rests["warnings"], *([warning] if warning else [])],
            },
        }

    async def _briefed(self, part: Part) -> tuple[Placeholders, Json]:
        hidden = Placeholders()
        value = hidden.hide(part.input)
        return hidden, await self.functions.brief(value, self.run.started_at.isoformat())

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
        self.run.ledger.partial, self.run.ledger.items = {into: in_order(done)}, tuple(sorted(done))


def _told(part: Part, written: Written, answer: Json, owner: str | None) -> Json:
    """Add to an answer what the engine knows of it, as far as the skill has fields for that."""
    told: Json = {
        "checks": [check.model_dump() for check in written.checks],
        "basis": written.basis,
        **({OWNER: owner} if owner else {}),
    }
    fields = part.schema.get("properties", {})
    return {name: value for name, value in told.items() if name in fields and name not in answer} | answer


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
