"""The test servers in containers, where a Docker engine answers: TOTALAUD_TEST_CONTAINERS=1."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from testcontainers.core.container import DockerContainer

from totalaud.stack import nats as embedded
from totalaud.stack import ports

NATS_IMAGE = "nats:2.15"
POSTGRES_IMAGE = "postgres:18"
PASSWORD = "for-tests"
READY_WITHIN_S = 60.0
INSIDE = 4222


class Contained:
    """A container on a fixed port of loopback, found there again after a restart."""

    def __init__(
        self, container: DockerContainer, url: str, answers: Callable[[str], Awaitable[bool]]
    ) -> None:
        self.url = url
        self._container = container
        self._answers = answers
        self._made = False

    async def start(self) -> None:
        begin = self._container.get_wrapped_container().start if self._made else self._container.start
        await asyncio.to_thread(begin)
        self._made = True
        deadline = time.monotonic() + READY_WITHIN_S
        while not await self._answers(self.url):
            assert time.monotonic() < deadline, f"{self._container.image} does not answer"
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        await asyncio.to_thread(self._container.get_wrapped_container().stop)

    async def kill(self) -> None:
        await asyncio.to_thread(self._container.get_wrapped_container().kill)

    async def stand_still(self, seconds: float) -> None:
        container = self._container.get_wrapped_container()
        await asyncio.to_thread(container.pause)
        try:
            await asyncio.sleep(seconds)
        finally:
            await asyncio.to_thread(container.unpause)

    async def restart(self) -> None:
        if self._container.get_wrapped_container().status == "running":
            await self.stop()
        await self.start()

    async def remove(self) -> None:
        await asyncio.to_thread(self._container.stop)


def nats_in(folder: Path) -> Contained:
    """NATS as we configure it, with its configuration from the folder."""
    port = ports.free_port()
    config = folder / "nats.conf"
    text = embedded.configuration(("0.0.0.0", INSIDE), PASSWORD, Path("/data"), "4GB")
    config.write_text(text)
    config.chmod(0o644)
    container = (
        DockerContainer(NATS_IMAGE)
        .with_volume_mapping(config, "/etc/totalaud.conf")
        .with_command(["-c", "/etc/totalaud.conf"])
        .with_bind_ports(INSIDE, port)
    )
    return Contained(container, f"nats://{embedded.USER}:{PASSWORD}@{ports.LOOPBACK}:{port}", _nats_answers)


def postgres() -> Contained:
    port = ports.free_port()
    container = (
        DockerContainer(POSTGRES_IMAGE)
        .with_env("POSTGRES_USER", "totalaud")
        .with_env("POSTGRES_PASSWORD", PASSWORD)
        .with_env("POSTGRES_INITDB_ARGS", "--encoding=UTF8 --locale=C")
        .with_command("-c max_notify_queue_pages=64")
        .with_bind_ports(5432, port)
    )
    url = f"postgresql://totalaud:{PASSWORD}@{ports.LOOPBACK}:{port}/totalaud"
    return Contained(container, url, _postgres_answers)


async def _nats_answers(url: str) -> bool:
    return await embedded.greets(urlsplit(url).port or 0)


async def _postgres_answers(url: str) -> bool:
    try:
        await (await asyncpg.connect(url, timeout=2)).close()
    except (OSError, asyncpg.PostgresError):
        return False
    return True
