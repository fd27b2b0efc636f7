"""The functions beside a skill that asks a model, called as a worker calls them, and what judges them.

A writer stands in for a model that invents: it plants one trap in each text, and half of the time another one
in its repair. An answer goes with the trap that is planted in it, None where there is none.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any, NamedTuple

from quality.harness import SKILLS
from quality.planted.sheets import TODAY, Case, drawn
from quality.row import Row, always, at_most, interval, mean
from shared.definitions import SkillDefinition
from skill_runner.plain import plain
from skill_runner.skillfile import SkillFiles

Json = dict[str, Any]
Answer = tuple[Json, str | None]
SHEETS, HONEST = 100, 100
REPAIR_INVENTS = 0.5
ALARMS_BAR = 0.02


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


class Writer(NamedTuple):
    """`asked` is a case's input, `trapped` a text with a trap, `honest` one without; `is_false` finds it."""

    asked: Callable[[Case], Json]
    trapped: Callable[[Case, Random], Answer]
    honest: Callable[[Case, Random], Json]
    is_false: Callable[[Answer], bool]


@dataclass(frozen=True, slots=True)
class Trial:
    """Shares for each seed: of false texts without checks and with them, of texts that keep all constraints.

    And of honest ones that are refused. `taken` is what was left in the end, of each case.
    """

    skill: str
    naive: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    kept: list[float] = field(default_factory=list)
    alarms: list[float] = field(default_factory=list)
    taken: list[tuple[Case, Json]] = field(default_factory=list)

    def rows(self) -> tuple[Row, Row, Row]:
        naive, ours, bar = mean(self.naive), mean(self.ours), "0, baseline > 0"
        passed = not any(self.ours) and min(self.naive) > 0
        return (
            Row(self.skill, "share with a planted claim", naive, ours, *interval(self.ours), bar, passed),
            always(self.skill, "constraints kept", self.kept),
            at_most(self.skill, "false alarms, honest texts", mean(self.alarms), ALARMS_BAR, of=self.alarms),
        )


def tried(definition: SkillDefinition, writer: Writer, seeds: Sequence[int]) -> Trial:
    """Let it write of a hundred fact sheets a seed, with checks and without, and of others honestly."""
    skill, trial = Functions(definition), Trial(definition.name)
    for seed in seeds:
        raw = false = bad = alarm = 0
        for number in range(SHEETS):
            case, draw = drawn(seed, number), Random(f"{seed}/{number}")
            given = skill.brief(writer.asked(case), TODAY)
            first = writer.trapped(case, draw)
            raw += writer.is_false(first)
            taken = skill.taken(given, first, _repaired(writer, case, draw))
            false += writer.is_false(taken)
            bad += not skill.passes(given, taken[0])
            trial.taken.append((case, skill.complete(given, taken[0])))
        for number in range(HONEST):
            case, draw = drawn(seed, SHEETS + number), Random(f"honest/{seed}/{number}")
            alarm += not skill.passes(skill.brief(writer.asked(case), TODAY), writer.honest(case, draw))
        trial.naive.append(raw / SHEETS)
        trial.ours.append(false / SHEETS)
        trial.kept.append(1 - bad / SHEETS)
        trial.alarms.append(alarm / HONEST)
    return trial


def _repaired(writer: Writer, case: Case, draw: Random) -> Answer:
    return writer.trapped(case, draw) if draw.random() < REPAIR_INVENTS else (writer.honest(case, draw), None)
