"""Runs a skill by asking a model: once, or once for each item of a list."""

import asyncio
from typing import Any, NamedTuple

from shared.vault import Vault
from skill_runner.asking import ask, checked, read
from skill_runner.chats.chat import Chat, Question
from skill_runner.chats.opened import Chats
from skill_runner.failure import Failure
from skill_runner.models import Models
from skill_runner.opening import closed, opened
from skill_runner.prompts import Placeholders, fill, invented, system_prompt, user_message
from skill_runner.run import Run, deadline
from skill_runner.structured import Schema, item_schema, lowest_common, without_field

AT_ONCE = 8
OWNER = "contact_id"


class Part(NamedTuple):
    """What one call is about; `owner` is the person that its answer speaks of, where known."""

    key: str
    input: dict[str, Any]
    schema: Schema
    owner: str | None = None


class AiEngine:
    def __init__(self, chats: Chats, models: Models, vault: Vault) -> None:
        self._chats = chats
        self._models = models
        self._vault = vault

    async def run(self, run: Run) -> Any:
        chat = await self._chats.of(run.definition.provider)
        value = await closed(self._vault, run.work.user, run.definition.input_schema, run.input)
        parts = split(run, value)
        into = run.definition.config.into
        async with deadline(run.work.timeout_s, run.ledger):
            if into is None:
                return await self._answer(run, chat, parts[0])
            return collected(run.definition.output_schema, into, await self._answers(run, chat, parts, into))

    async def _answers(self, run: Run, chat: Chat, parts: list[Part], into: str) -> list[Any]:
        """Ask for all; after a failure none is begun any more, and those under way are waited for."""
        done: dict[int, Any] = {}
        failures: list[Failure] = []
        waiting = iter(enumerate(parts))

        async def lane() -> None:
            for index, part in waiting:
                try:
                    done[index] = await self._answer(run, chat, part)
                    run.ledger.partial = {into: in_order(done)}
                except Failure as failure:
                    failures.append(failure)
                if failures:
                    return

        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(parts))):
                group.create_task(lane())
        if failures:
            raise failures[0]
        return in_order(done)

    async def _answer(self, run: Run, chat: Chat, part: Part) -> Any:
        definition = run.definition
        hidden = Placeholders()
        message = user_message(hidden.hide(part.input))
        names = await opened(self._vault, run.work.user, hidden.sealed)
        model, warning = self._models[definition.provider].resolve(definition.model)
        if warning:
            run.ledger.warn(warning)
        owned = OWNER in part.schema.get("properties", {})
        schema = without_field(part.schema, OWNER) if owned else part.schema
        question = Question(
            model=model,
            system=system_prompt(definition, hidden.sealed),
            user=message,
            schema=lowest_common(schema),
            max_tokens=definition.config.max_tokens,
            timeout_s=run.work.timeout_s,
            key=part.key,
        )
        reply = await ask(definition.provider, chat, question, run.ledger)
        answer = checked(schema, read(reply, question))
        if invented(answer, message, names):
            raise Failure("invalid_output", "the answer has a placeholder for nobody", retryable=True)
        answer = fill(answer, names)
        owner = part.owner or hidden.only_person()
        return {OWNER: owner, **answer} if owned and owner else answer


def split(run: Run, value: dict[str, Any]) -> list[Part]:
    """Return one part, or one for each item of the list that `config.for_each` names.

    An item takes the place of its list, under the list's name without its plural s.
    """
    key, config, output = str(run.work.attempt_id), run.definition.config, run.definition.output_schema
    if config.for_each is None or config.into is None:
        return [Part(key, value, output, value.get(OWNER))]
    schema = item_schema(output, config.into)
    if value.get(config.for_each) is None:
        return [Part(key, value, schema, value.get(OWNER))]
    items = value[config.for_each]
    if not items:
        raise Failure("invalid_input", f"{config.for_each}: the list is empty, there is nothing to do")
    rest = {name: inner for name, inner in value.items() if name != config.for_each}
    name = config.for_each.removesuffix("s")
    return [
        Part(f"{key}/{index}", {**rest, name: item}, schema, owner_of(item))
        for index, item in enumerate(items)
    ]


def owner_of(item: Any) -> str | None:
    return (item.get("id") or item.get(OWNER)) if isinstance(item, dict) else None


def collected(output: Schema, into: str, answers: list[Any]) -> dict[str, Any]:
    """Return the list, and beside it those fields of its first answer that the output has too."""
    fields = output.get("properties", {}).keys() - {into}
    first = answers[0] if isinstance(answers[0], dict) else {}
    return {name: inner for name, inner in first.items() if name in fields} | {into: answers}


def in_order(done: dict[int, Any]) -> list[Any]:
    return [done[index] for index in sorted(done)]
