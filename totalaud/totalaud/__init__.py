"""totalaud: agents for music marketing. The Python front door; everything here is async.

`run_agent_workflow`, `execute_skill`, `get_agent_session`, `watch` connect for each call; `Client` stays so.
"""

TYPE_CHECKING = False  # typing's own would be loaded before an interruption is caught
if TYPE_CHECKING:
    from typing import Any

    from shared.refusal import Refusal as Refusal
    from totalaud.client import Client as Client
    from totalaud.errors import Closed as Closed
    from totalaud.errors import SkillFailed as SkillFailed
    from totalaud.errors import Unreachable as Unreachable
    from totalaud.errors import WorkflowFailed as WorkflowFailed
    from totalaud.front import execute_skill as execute_skill
    from totalaud.front import get_agent_session as get_agent_session
    from totalaud.front import get_execution_trace as get_execution_trace
    from totalaud.front import get_session_cost as get_session_cost
    from totalaud.front import run_agent_workflow as run_agent_workflow
    from totalaud.front import watch as watch

_HOMES = {
    "Client": "totalaud.client",
    "Closed": "totalaud.errors",
    "Refusal": "shared.refusal",
    "SkillFailed": "totalaud.errors",
    "Unreachable": "totalaud.errors",
    "WorkflowFailed": "totalaud.errors",
    "execute_skill": "totalaud.front",
    "get_agent_session": "totalaud.front",
    "get_execution_trace": "totalaud.front",
    "get_session_cost": "totalaud.front",
    "run_agent_workflow": "totalaud.front",
    "watch": "totalaud.front",
}
__all__ = list(_HOMES)


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:  # a name that is not there shall be an error to type checkers

    def __getattr__(name: str) -> "Any":
        """Import a name when it is first used: the command line's help shall not wait for NATS and tables."""
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module 'totalaud' has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
