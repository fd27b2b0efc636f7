"""What a skill raised, described without a word of it that may be personal."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from skill_runner.context import SkillError
from skill_runner.frames import Frame
from skill_runner.skillfile import Missing

PASSING_STATES = ("08", "40", "53", "57")


def told(error: BaseException, roots: Iterable[Path]) -> Frame:
    """Describe an exception by type and line; its text may hold personal values."""
    match error:
        case Missing():
            return {
                "code": "definition_missing",
                "message": "the skill-runner does not have the Python file of this version of the skill: "
                "start it with the folder that was pushed, or push the skills that it has, then retry",
                "retryable": False,
            }
        case SkillError():
            return {"code": _text(error.code), "message": _text(error), "retryable": bool(error.retryable)}
        case _:
            return {
                "code": "skill_error",
                "message": f"{type(error).__name__}{_place(error, roots)}",
                "retryable": _is_outage(error),
            }


def _text(value: object) -> str:
    """Write down what a skill gave for a text: nobody has checked what it is."""
    return str(value).encode(errors="replace").decode()


def _place(error: BaseException, roots: Iterable[Path]) -> str:
    """Name the innermost line that is in a skill's file, be it one that is no Python."""
    lines = [*_frames(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        lines.append((error.filename, error.lineno))
    places = [
        f" at {Path(file).name}:{line}"
        for file, line in lines
        if any(Path(file).is_relative_to(root) for root in roots)
    ]
    return places[-1] if places else ""


def _frames(where: TracebackType | None) -> Iterator[tuple[str, int]]:
    while where is not None:
        yield where.tb_frame.f_code.co_filename, where.tb_lineno
        where = where.tb_next


def _is_outage(error: BaseException) -> bool:
    """Whether it speaks of something that was away, so that trying again may help."""
    if isinstance(error, OSError | TimeoutError):
        return True
    state = getattr(error, "sqlstate", None)
    return type(error).__module__.startswith("asyncpg") and (state is None or state[:2] in PASSING_STATES)
