"""What went wrong, in one line for people or one document for scripts."""

import sys
from typing import Any

from shared.refusal import Refusal
from totalaud.errors import SkillFailed, Unreachable, WorkflowFailed
from totalaud.nobody import write_to_nobody
from totalaud.record import as_json as written
from totalaud.stack.lock import InUse
from totalaud.stack.server import NotReady


def explain(error: Exception, *, as_json: bool) -> bool:
    """Say it, if it is something that may be expected; a fault of ours is left to be raised."""
    told = describe(error)
    if told is None:
        return False
    if as_json and _is_taken(written({"error": told})):
        return True
    from totalaud.cli.plain import plain

    sys.stderr.write(f"error: {plain(sentence(told))}\n")
    for line in told.get("next", []):
        sys.stderr.write(f"  {line}\n")
    return True


def _is_taken(document: str) -> bool:
    """Write it, and tell whether it could be: standard output may be what has failed."""
    try:
        sys.stdout.write(document + "\n")
        sys.stdout.flush()
    except OSError:
        write_to_nobody()
        return False
    return True


def describe(error: Exception) -> dict[str, Any] | None:
    """Return {code, field?, message, …} of an expected error, None for any other."""
    match error:
        case Refusal():
            return _told(error.code, error.message, error.field)
        case WorkflowFailed():
            return _told(
                error.code,
                error.message,
                session_id=error.session_id,
                failed_step=error.failed_step,
                outputs=error.outputs,
                partial=error.partial,
                next=_next(error),
            )
        case SkillFailed():
            return _told(error.code, error.message, execution_id=error.execution_id, partial=error.partial)
        case Unreachable():
            return _told("unreachable", str(error))
        case InUse() | NotReady():
            return _told("servers", str(error))
        case TimeoutError() if error.errno is None:
            why = "no answer in time: do NATS and PostgreSQL run, and may this user ask them?"
            return _told("unreachable", why)
        case OSError():
            why = error.strerror or str(error)
            place = error.filename and str(error.filename)
            return _told("file", f"{place}: {why}" if place else why, place)
        case _:
            return None


def _told(code: str, message: str, field: str | None = None, **more: Any) -> dict[str, Any]:
    return {"code": code, "field": field, "message": message, **more}


def _next(error: WorkflowFailed) -> list[str]:
    """Return what to try; what was refused never began, so it cannot go on."""
    verbs = ("get", "retry") if error.outputs else ("get",)
    return [f"totalaud session {verb} {error.session_id}" for verb in verbs]


def sentence(told: dict[str, Any]) -> str:
    """Put code, place and reason into one line, before what else a process said; the field is named once."""
    field = told["field"]
    message, *more = told["message"].rstrip().split("\n")
    where = f"{field}: " if field and field not in message else ""
    step = f"step {told['failed_step']}: " if told.get("failed_step") else ""
    return "\n".join([f"{step}{where}{message} ({told['code']})", *more])
