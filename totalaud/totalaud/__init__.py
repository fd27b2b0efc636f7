"""totalaud: agents for music marketing. The Python front door; everything here is async.

`run_agent_workflow`, `execute_skill`, `get_agent_session`, `watch` connect for each call; `Client` stays so.
"""

TYPE_CHECKING = False  # typing's own would be loaded before an interruption is caught
if TYPE_CHECKING:
    from typing import Any

    from totalaud.client import Client
    from totalaud.errors import SkillFailed, Unreachable, WorkflowFailed
    from totalaud.front import (
        execute_skill,
        get_agent_session,
        get_execution_trace,
        get_session_cost,
        run_agent_workflow,
        watch,
    )

_HOMES = {
    "Client": "client",
    "SkillFailed": "errors",
    "Unreachable": "errors",
    "WorkflowFailed": "errors",
    "execute_skill": "front",
    "get_agent_session": "front",
    "get_execution_trace": "front",
    "get_session_cost": "front",
    "run_agent_workflow": "front",
    "watch": "front",
}
__all__ = [
    "Client",
    "SkillFailed",
    "Unreachable",
    "WorkflowFailed",
    "execute_skill",
    "get_agent_session",
    "get_execution_trace",
    "get_session_cost",
    "run_agent_workflow",
    "watch",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> "Any":
    """Import a name when it is first used: the command line's help shall not wait for NATS and PostgreSQL."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'totalaud' has no attribute {name!r}")
    return getattr(import_module(f"totalaud.{_HOMES[name]}"), name)
