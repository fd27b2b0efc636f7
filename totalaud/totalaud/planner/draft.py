"""A plan, and a plan in the making: steps with their cost, and what there is to know about them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from totalaud.planner import facts as own
from totalaud.planner.facts import Artist, Chosen, Facts, Release
from totalaud.planner.prices import Cost, expected
from totalaud.planner.question import Missing, Question

Json = dict[str, Any]


class Template(str):
    """A reference that the plan makes; every other text in it is data, whatever it looks like."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Step:
    skill: str
    input: Json
    why: str
    cost: Cost
    provider: str = "custom"


@dataclass(frozen=True, slots=True)
class Plan:
    """`notes` say which record was taken where several fit, and what was not understood."""

    agent: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()

    @property
    def free(self) -> bool:
        return all(step.cost.free for step in self.steps)

    def may_cost(self, providers: Collection[str] | None) -> bool:
        """Tell whether money may be spent where these `providers` are reached; None: any may be."""
        asking = [step for step in self.steps if not step.cost.free]
        return any(providers is None or step.provider in providers for step in asking)

    def session(self) -> tuple[list[Json], Json]:
        """Return the steps as they are run, and the session's input.

        A text of the user's that looks like a template is in the latter, where none is looked for.
        """
        apart: Json = {}
        steps = [
            {"skill": step.skill, "input": _apart(step.input, apart), "description": step.why}
            for step in self.steps
        ]
        return steps, apart


@dataclass
class Draft:
    """Collects steps and notes; the first record that is missing ends it."""

    question: Question
    facts: Facts
    steps: list[Step]
    notes: list[str]

    def step(self, skill: str, given: Mapping[str, Any], why: str, items: int = 1) -> None:
        row = self.facts.skills.get(skill)
        if row is None:
            raise Absent(
                f"the skill {skill} is not there or disabled: 'totalaud skills push' or "
                "'totalaud skills enable' brings it"
            )
        input_ = {name: value for name, value in given.items() if value is not None}
        self.steps.append(Step(skill, input_, why, expected(row, items, input_), row["provider"]))

    def take(self, chosen: Chosen | Missing) -> Any:
        if isinstance(chosen, Missing):
            raise Absent(chosen.reason)
        if chosen.note:
            self.notes.append(chosen.note)
        return chosen.one

    def release(self) -> Release:
        found: Release = self.take(own.release(self.question, self.facts))
        return found

    def artist(self, artist_id: str | None = None) -> Artist:
        name = self.question.artist if artist_id is None else None
        found: Artist = self.take(own.artist(self.facts, artist_id, name=name))
        return found


class Absent(Exception):  # noqa: N818 - what it says
    pass


def _apart(value: Any, apart: Json) -> Any:
    match value:
        case Template():
            return str(value)
        case str() if "{{" in value:
            apart[name := f"text{len(apart) + 1}"] = value
            return f"{{{{input.{name}}}}}"
        case dict():
            return {name: _apart(inner, apart) for name, inner in value.items()}
        case list():
            return [_apart(inner, apart) for inner in value]
        case _:
            return value
