"""Three NATS servers as one cluster, each with its own store, to be killed one by one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats as nats_py
from nats.errors import Error as NatsError

from servers import data_folder
from shared.bus import Bus
from shared.refusal import Refusal
from shared.streams import provision
from totalaud.stack import environment, paths, ports
from totalaud.stack.nats import MAX_PAYLOAD, SYNC_INTERVAL, binary
from totalaud.stack.process import Program
from totalaud.stack.server import Server

SIZE = 3
CONFIG = """\
server_name: node-{number}
host: {host}
port: {port}
http: "{host}:{monitor}"
max_payload: {max_payload}
authorization {{ user: totalaud, password: secret }}
jetstream {{ store_dir: {store}, sync_interval: {sync_interval} }}
cluster {{ name: test, host: {host}, port: {route}, routes: [{routes}], ping_interval: 2s, ping_max: 2 }}
"""


class Node:
    """A kind of server; its ports are known before it starts, so that the others can be told."""

    ready_within_s = 60.0

    def __init__(self, data: Path, number: int) -> None:
        self.name = f"node-{number}"
        self._number = number
        self._data = paths.make_folder(data / self.name)
        self.port, self.route, self._monitor = (ports.free_port() for _ in range(3))
        self.others: list[Node] = []

    @property
    def url(self) -> str:
        return f"nats://totalaud:secret@{ports.LOOPBACK}:{self.port}"

    async def prepare(self) -> Program:
        config = self._data / "nats.conf"
        text = CONFIG.format(
            number=self._number,
            host=ports.LOOPBACK,
            port=self.port,
            monitor=self._monitor,
            max_payload=MAX_PAYLOAD,
            store=json.dumps(str(self._data / "store")),
            sync_interval=SYNC_INTERVAL,
            route=self.route,
            routes=", ".join(f"nats-route://{ports.LOOPBACK}:{other.route}" for other in self.others),
        )
        paths.write_private(config, text)
        return Program(
            self.name, (str(binary()), "-c", str(config)), environment.plain(self._data), self._data
        )

    async def answers(self, _pid: int) -> bool:
        return not ports.is_free(self.port)

    async def lives(self, pid: int) -> bool:
        return await self.answers(pid)

    def passes(self, _last_words: str) -> bool:
        return False


class Cluster:
    def __init__(self, nodes: list[Node], logs: Path) -> None:
        self.url = ",".join(node.url for node in nodes)
        self._servers = {node.name: Server(node, logs) for node in nodes}

    async def start(self) -> None:
        await asyncio.gather(*(server.start() for server in self._servers.values()))

    async def stop(self) -> None:
        await asyncio.gather(*(server.stop() for server in self._servers.values()))

    async def leader(self) -> str:
        """Return the node that leads the log now; waits while there is none."""
        async with asyncio.timeout(30):
            while True:
                try:
                    client = await nats_py.connect(self.url.split(","), error_cb=_ignore)
                    try:
                        info = await client.jetstream().stream_info("EVT")
                    finally:
                        await client.close()
                except (NatsError, OSError, TimeoutError):
                    await asyncio.sleep(0.2)
                    continue
                if info.cluster and info.cluster.leader:
                    return str(info.cluster.leader)
                await asyncio.sleep(0.2)

    async def kill(self, name: str) -> None:
        await self._servers[name].kill()

    async def restart(self, name: str) -> None:
        await self._servers[name].start()


async def _ignore(_: Exception) -> None:
    pass


@asynccontextmanager
async def running_cluster(ack_wait_s: float) -> AsyncIterator[Cluster]:
    """Three nodes, all streams on all of them."""
    with data_folder() as data:
        nodes = [Node(data, number) for number in range(1, SIZE + 1)]
        for node in nodes:
            node.others = [other for other in nodes if other is not node]
        cluster = Cluster(nodes, data / "logs")
        try:
            await cluster.start()
            await _provision(cluster, ack_wait_s)
            yield cluster
        finally:
            await cluster.stop()


async def _provision(cluster: Cluster, ack_wait_s: float) -> None:
    """Make the streams once the nodes have found each other."""
    bus = await Bus.connect(cluster.url, name="test")
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    await provision(bus, ack_wait_s=ack_wait_s, replicas=SIZE)
                except (NatsError, TimeoutError, Refusal):
                    await asyncio.sleep(0.3)
                else:
                    return
    finally:
        await bus.close()
