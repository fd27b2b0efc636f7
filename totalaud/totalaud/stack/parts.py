"""Our own processes: which there are, and how one tells that it works."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.health import HEADER
from shared.settings import number
from totalaud.stack import ports
from totalaud.stack.process import LEAVE_S, Program

TAKEN = "cannot be listened on: Address already in use"
HEALTH = b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n"
END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Part:
    """One process; `{port}` in its arguments becomes the port it answers `/healthz` on."""

    name: str
    args: tuple[str, ...]
    needs_database: bool = False


def module(name: str, module_name: str, *args: str, needs_database: bool = False) -> Part:
    return Part(name, (sys.executable, "-P", "-m", module_name, *args), needs_database)


MODEL = module("model-server", "totalaud.model_server", "--port", "{port}")


def services(*, orchestrators: int = 1, runners: int = 1) -> list[Part]:
    """Several of a kind are numbered from 1: `skill-runner-2`."""
    return [
        *_several("orchestrator", "orchestrator", orchestrators),
        *_several("skill-runner", "skill_runner", runners),
        module("projector", "projector", needs_database=True),
        module("campaigns", "campaigns", needs_database=True),
    ]


def _several(name: str, module_name: str, count: int) -> list[Part]:
    names = [name] if count == 1 else [f"{name}-{number}" for number in range(1, count + 1)]
    return [module(one, module_name) for one in names]


class PartKind:
    """A part as a kind of server; with no fixed port it gets the one that it had, as long as that is free."""

    ready_within_s = 60.0

    def __init__(self, part: Part, env: Mapping[str, str], cwd: Path, port: int | None = None) -> None:
        self.name = part.name
        self._part = part
        self._env = env
        self._cwd = cwd
        self._fixed = port
        self._port = 0

    async def prepare(self) -> Program:
        self._port = self._fixed or ports.kept_port(self._cwd / f"{self.name}.port")
        env = {**self._env, "TOTALAUD_HEALTH_PORT": str(self._port)}
        args = tuple(arg.replace("{port}", str(self._port)) for arg in self._part.args)
        grace_s = LEAVE_S + number("TOTALAUD_GRACE_S", 0.0, or_none=True)
        return Program(self.name, args, env, self._cwd, grace_s=grace_s)

    async def answers(self, pid: int) -> bool:
        """Tell whether it says that it is well: before it listens, a stranger may on its port."""
        first, *head = await self._head()
        return b" 200 " in first and f"{HEADER}: {pid}".encode() in head

    async def lives(self, pid: int) -> bool:
        return f"{HEADER}: {pid}".encode() in await self._head()

    async def _head(self) -> list[bytes]:
        return (await ports.heard(self._port, END_OF_HEAD, asked=HEALTH)).splitlines() or [b""]

    def passes(self, last_words: str) -> bool:
        """Somebody may take the free port before the service does."""
        return self._fixed is None and TAKEN in last_words
