"""What can be wrong with the inputs of a workflow is found here, before its first step."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from orchestrator.fitting import misfit
from orchestrator.template_paths import (
    PERSONAL,
    Path,
    Reference,
    TemplateError,
    TooMuchError,
    copied,
    fill,
    pick,
    put,
    references,
)
from shared.json import dumps
from shared.refusal import Refusal
from shared.schema import NoSuchField, Problem, at, holds_personal, is_personal, problems
from shared.sealing import NOTHING, people_in, veiled

Json = dict[str, Any]
TEXT: Json = {"type": "string"}
SHOWN = 5
MOST_OF_OWN = 16_000_000
MOST_TEMPLATES = 10_000


class MismatchError(TemplateError):
    """The earlier step's output can never be what this field takes."""

    def __init__(self, reference: Reference, reason: str) -> None:
        super().__init__(reference.field, f"{reference.text}: {reason}")


@dataclass(frozen=True, slots=True)
class CheckedStep:
    """What of a step its templates and its input are checked against."""

    number: int
    id: str | None
    input: Json
    input_schema: Json
    output_schema: Json

    @property
    def names(self) -> list[str]:
        return [f"step{self.number}", *([self.id] if self.id else [])]


def check(steps: Sequence[CheckedStep], own: Json, *, alone: bool = False) -> None:
    """Refuse a workflow whose templates or literals cannot work; `own` is the session's input.

    Codes: bad_template, type_mismatch, missing_field, invalid, too_large. A field reads
    `steps[0].input.genres`; with `alone` (a skill without a session) `input.genres`.
    """

    def where(step: CheckedStep) -> str:
        return "" if alone else f"steps[{step.number - 1}]."

    taken = _Taken(own)
    for step in steps:
        with _told(where(step)):
            for reference in references(step.input):
                taken.add(reference)
                _check_reference(reference, step, steps, own)
        _check_literals(step, own, where(step))
    sealed = copied(own)
    for reference, schema in carried(steps) if own else ():
        sealed = put(sealed, reference.path, veiled(schema, pick(sealed, reference.path)))
    for step in steps if people_in(sealed) else ():
        with _told(where(step)):
            _check_texts(step, sealed)


def carried(steps: Sequence[CheckedStep]) -> Iterator[tuple[Reference, Json]]:
    """Yield what templates carry from the session's own input as it is, and the schema of where to."""
    for step in steps:
        for reference in references(step.input):
            if reference.root == "input" and reference.whole:
                yield reference, target(step.input_schema, reference)


def check_sealed(step: CheckedStep, own: Json) -> None:
    """Refuse a step that takes of the session's own input what has to be sealed for it and is not."""
    with _told(f"steps[{step.number - 1}]."):
        for _, reference in taken([step], [step.input]):
            value = pick(own, reference.path)
            if reference.whole and veiled(step.input_schema, value, wary=True, at=reference.at) != value:
                raise reference.error(
                    "no step took it when the session began, so it is not sealed: write it here"
                )


def taken(steps: Sequence[CheckedStep], inputs: Sequence[Json]) -> Iterator[tuple[CheckedStep, Reference]]:
    """Yield what the steps' inputs, as they are stored, take of the session's own input."""
    for step, given in zip(steps, inputs, strict=True):
        for reference in references(given):
            if reference.root == "input":
                yield step, reference


def target(input_schema: Json, reference: Reference) -> Json:
    """Return the schema that the template's value has to satisfy; `{}` for a field nobody knows."""
    try:
        return at(input_schema, reference.at)
    except NoSuchField:
        return {}


class _Taken:
    """How many templates there are, and how much they take of the session's input: each is read anew."""

    def __init__(self, own: Json) -> None:
        self._own = own
        self._left = MOST_OF_OWN
        self._templates = 0
        self._sizes: dict[Path, int] = {}

    def add(self, reference: Reference) -> None:
        self._templates += 1
        if self._templates > MOST_TEMPLATES:
            raise TooMuchError(reference.field, f"there are more than {MOST_TEMPLATES} templates")
        if reference.root != "input":
            return
        if reference.path not in self._sizes:
            try:
                self._sizes[reference.path] = len(dumps(pick(self._own, reference.path)))
            except LookupError:
                return
        self._left -= self._sizes[reference.path]
        if self._left < 0:
            raise TooMuchError(reference.field, "templates take too much of the session's input")


def _check_reference(
    reference: Reference, step: CheckedStep, steps: Sequence[CheckedStep], own: Json
) -> None:
    wanted = target(step.input_schema, reference)
    if reference.whole:
        source = _source(reference, step, steps, own)
        if reason := misfit(source, wanted):
            raise MismatchError(reference, reason)
        return
    if is_personal(wanted):
        raise reference.error("a personal field takes a text or one template, not both")
    if reason := misfit(TEXT, wanted):
        raise MismatchError(reference, f"inside a longer text it becomes text, and {reason}")
    if holds_personal(_source(reference, step, steps, own)):
        raise reference.error(PERSONAL)


def _check_texts(step: CheckedStep, sealed: Json) -> None:
    """Refuse in a text what is sealed of the session's input, since a personal field gets it elsewhere."""
    for reference in references(step.input):
        if reference.root == "input" and not reference.whole and people_in(pick(sealed, reference.path)):
            raise reference.error(PERSONAL)


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Tell what is wrong with a template as a command's refusal."""
    try:
        yield
    except TemplateError as error:
        field = where + error.field
        raise Refusal(_code(error), field, f"{field}: {error.message}") from None


def _source(reference: Reference, step: CheckedStep, steps: Sequence[CheckedStep], own: Json) -> Json:
    """Return the schema of what the template points to, where it says."""
    if reference.root == "input":
        return _own_schema(reference, own)
    earlier = _earlier(reference, step, steps)
    try:
        return at(earlier.output_schema, reference.path)
    except NoSuchField as missing:
        known = ", ".join(missing.known)
        there = f"there are: {known}" if known else "it has no fields"
        raise reference.error(f"{reference.root} has no {missing.name} there; {there}") from None


def _own_schema(reference: Reference, own: Json) -> Json:
    """Say only whether it is personal: the value itself is checked as a literal."""
    try:
        value = pick(own, reference.path)
    except LookupError as missing:
        reason = f"the session's input has no {missing.args[0]}" if own else "the session has no input"
        raise reference.error(reason) from None
    return {"x-personal": True} if people_in(value) else {}


def _earlier(reference: Reference, step: CheckedStep, steps: Sequence[CheckedStep]) -> CheckedStep:
    root = reference.root
    for other in steps:
        if root in other.names and other.number < step.number:
            return other
    if root in step.names:
        raise reference.error(f"{root} is this step itself")
    if any(root in other.names for other in steps):
        raise reference.error(f"{root} comes later: a step can use the steps before it")
    known = [name for other in steps if other.number < step.number for name in other.names] + ["input"]
    close = get_close_matches(root, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(known)}"
    raise reference.error(f"there is no {root} before this step; {hint}")


def _check_literals(step: CheckedStep, own: Json, where: str) -> None:
    """A template's value counts as right until it is known; what comes from the session's input is known."""

    def known(reference: Reference) -> Any:
        return pick(own, reference.path) if reference.whole and reference.root == "input" else NOTHING

    found = problems(step.input_schema, fill(step.input, known))
    if not found:
        return
    code = "missing_field" if found[0].keyword == "required" else "invalid"
    told = "; ".join(f"{_field(problem, where)} {problem.message}" for problem in found[:SHOWN])
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    raise Refusal(code, _field(found[0], where), told + more)


def _field(problem: Problem, where: str) -> str:
    return f"{where}input.{problem.path}".removesuffix(".")


def _code(error: TemplateError) -> str:
    if isinstance(error, TooMuchError):
        return "too_large"
    return "type_mismatch" if isinstance(error, MismatchError) else "bad_template"
