"""The functions beside a skill that asks a model, called as a worker calls them.

An answer goes with the trap that is planted in it, None where there is none.
"""

import json
from datetime import date
from typing import Any

from quality.harness import SKILLS
from shared.definitions import SkillDefinition
from skill_runner.plain import plain
from skill_runner.skillfile import SkillFiles

Json = dict[str, Any]
Answer = tuple[Json, str | None]


class Functions:
    """`brief`, `check`, `template` and `complete` of a shipped skill, on plain values."""

    def __init__(self, definition: SkillDefinition) -> None:
        self._definition = definition
        self._files = SkillFiles(SKILLS)

    def brief(self, given: Json, today: date) -> Json:
        return self._call("brief", given, f"{today.isoformat()}T12:00:00+00:00")

    def check(self, given: Json, answer: Json) -> list[Json]:
        return self._call("check", given, answer)

    def passes(self, given: Json, answer: Json) -> bool:
        return all(one["passed"] for one in self.check(given, answer))

    def taken(self, given: Json, *answers: Answer) -> Answer:
        """Do as the engine does: first answer, one repair, then the template; return what is left in it."""
        passing = (answer for answer in answers if self.passes(given, answer[0]))
        return next(passing, None) or (self.template(given), None)

    def template(self, given: Json) -> Json:
        return self._call("template", given)

    def complete(self, given: Json, answer: Json) -> Json:
        return self._call("complete", given, answer)

    def _call(self, name: str, *arguments: Any) -> Any:
        function = self._files.function(self._definition.name, self._definition.python_hash or "", name)
        return json.loads(json.dumps(plain(function(*json.loads(json.dumps(arguments))))))
