"""The deployment's NATS: a real server of deploy/nats.conf, the streams made, and each of its users."""

import asyncio
import os
import re
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from shared.bus import Bus
from shared.streams import provision
from totalaud.stack import ports
from totalaud.stack.nats import binary

ROOT = Path(__file__).parent.parent
CONF = ROOT / "deploy" / "nats.conf"
ALICE = UUID("5f1c54a4-6d0c-4a57-9d6b-5d2a3f8e1c11")
BOB = UUID("12345678-6d0c-4a57-9d6b-5d2a3f8e1c11")
PASSWORDS = dict(re.findall(r"user: ([a-z-]+), password: \$(\w+)", CONF.read_text()))
OPERATOR, *SERVICES = PASSWORDS
PASSWORDS["alice"] = "NATS_CLIENT_PASSWORD"
SECRETS = {variable: f"{number}12" for number, variable in enumerate(PASSWORDS.values())}
ENV = {
    **{variable: f'"{secret}"' for variable, secret in SECRETS.items()},
    "CLIENT_NAME": "alice",
    "CLIENT_ASK": f'"ask.{ALICE}.>"',
    "CLIENT_CMD": f'"cmd.{ALICE}.>"',
    "CLIENT_FEED": f'"feed.{ALICE}.>"',
    "CLIENT_INBOX": '"_INBOX_alice.>"',
}


@dataclass(frozen=True)
class Deployment:
    """Where the server is."""

    address: str
    scheme: str = "nats"

    def url(self, user: str) -> str:
        return f"{self.scheme}://{user}:{SECRETS[PASSWORDS[user]]}@{self.address}"

    @asynccontextmanager
    async def bus(self, user: str) -> AsyncIterator[Bus]:
        bus = await Bus.connect(self.url(user), name=user, give_up=True)
        try:
            yield bus
        finally:
            await bus.close()


@asynccontextmanager
async def deployed(
    folder: Path,
    conf: Path = CONF,
    scheme: str = "nats",
    *,
    trace: bool = False,
    streams: bool = True,
    **env: str,
) -> AsyncIterator[Deployment]:
    """A server of its own on a free port, with its files in `folder`; `trace` logs all that is said."""
    port = ports.free_port()
    with (folder / "nats.log").open("w") as log:
        server = await asyncio.create_subprocess_exec(
            *(
                str(binary()),
                "-c",
                str(conf),
                "-a",
                ports.LOOPBACK,
                "-p",
                str(port),
                "-m",
                "0",
                *["-V"] * trace,
            ),
            env={**os.environ, **ENV, "NATS_STORE_DIR": f'"{folder}"', **env},
            stderr=log,
        )
    try:
        while ports.is_free(port):
            assert server.returncode is None, (folder / "nats.log").read_text()
            await asyncio.sleep(0.02)
        deployment = Deployment(f"{ports.LOOPBACK}:{port}", scheme)
        if streams:
            async with deployment.bus(OPERATOR) as operator:
                await provision(operator, ack_wait_s=5)
        yield deployment
    finally:
        server.terminate()
        await server.wait()


@asynccontextmanager
async def process(log: Path, command: tuple[str, ...], env: dict[str, str]) -> AsyncIterator[Process]:
    """A service of ours, with what it says in a file."""
    with log.open("w") as output:
        running = await asyncio.create_subprocess_exec(*command, env=os.environ | env, stderr=output)
    try:
        yield running
    finally:
        if running.returncode is None:
            running.terminate()
        await running.wait()


def grants(service: str) -> tuple[list[str], list[str]]:
    """Return what the file lets a service publish, and hear."""
    block = re.search(rf"user: {service},.*?\n      \}} \}}\n", CONF.read_text(), re.DOTALL)
    assert block
    text = re.sub(r"#.*", "", block[0])
    return _listed(text, "publish"), _listed(text, "subscribe")


def _listed(block: str, verb: str) -> list[str]:
    found = re.search(rf"{verb}: \{{ allow: \[(.*?)\]", block, re.DOTALL)
    assert found
    return re.findall(r'"([^"]+)"', found[1])


def matches(pattern: str, subject: str) -> bool:
    """Tell whether NATS takes the subject for one of the pattern's."""
    form = re.escape(pattern).replace(r"\*", "[^.]+")
    return re.fullmatch(f"{form[:-1]}.+" if form.endswith(">") else form, subject) is not None
