"""What the Python file beside a skill that asks a model says of its answers, run in a worker process.

All of it sees placeholders in place of persons, and is pure: the same values, the same answer.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.definitions import SkillDefinition
from shared.message import Message
from skill_runner.call import Call
from skill_runner.failure import Failure
from skill_runner.workers import Workers

LONGEST_S = 5.0
Json = dict[str, Any]


class Check(Message):
    """One rule that an answer keeps or breaks; `why` is for the model and holds no personal value."""

    name: str
    passed: bool
    why: str = ""


CHECKS = TypeAdapter(tuple[Check, ...])


class Functions:
    """The functions of one skill; one that its file does not have changes nothing."""

    def __init__(self, workers: Workers, definition: SkillDefinition) -> None:
        self._workers = workers
        self._definition = definition

    def has(self, name: str) -> bool:
        return name in self._definition.functions

    async def load(self) -> None:
        """Have the file loaded; raises what would else be found out once a model is paid."""
        for name in self._definition.functions[:1]:
            await self._ask(name, None)

    async def brief(self, given: Json, now: str) -> Json:
        """Return what of the input the model and the other functions see; raises what the skill refuses."""
        return await self._object("brief", given, now) if self.has("brief") else given

    async def check(self, given: Json, answer: Any) -> tuple[Check, ...]:
        if not self.has("check"):
            return ()
        try:
            return CHECKS.validate_python(await self._ask("check", (given, answer)))
        except ValidationError:
            raise Failure("skill_error", "check must return a list of {name, passed, why}") from None

    async def template(self, given: Json) -> Json:
        """Return an answer that no model wrote."""
        return await self._object("template", given)

    async def complete(self, given: Json, answer: Any) -> Any:
        """Return the answer with what no model is asked for."""
        return await self._object("complete", given, answer) if self.has("complete") else answer

    async def rests_on(self, given: Json) -> Json:
        """Return what of a `Meta` follows from the input: n, sources, warnings."""
        return await self._object("rests_on", given) if self.has("rests_on") else {}

    async def _object(self, name: str, *arguments: Any) -> Json:
        value = await self._ask(name, arguments)
        if not isinstance(value, dict):
            raise Failure("skill_error", f"{name} must return an object")
        return value

    async def _ask(self, name: str, arguments: Sequence[Any] | None) -> Any:
        """Without arguments it is loaded and not called."""
        definition = self._definition
        call = {
            "skill": definition.name,
            "python_hash": definition.python_hash,
            "function": name,
            "arguments": arguments,
        }
        late = Failure("skill_error", f"{name} ran longer than {LONGEST_S:g} s")
        return await self._workers.output(Call(call, within_s=LONGEST_S), late)
