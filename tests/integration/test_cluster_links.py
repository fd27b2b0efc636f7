"""The links between nodes of deploy/nats-cluster.conf: whoever is let in there hears and says everything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from certificates import Authority
from deployed import OPERATOR, ROOT, Deployment, deployed
from rig import environment
from totalaud.stack import ports

PASSWORD = "12345"
SUBJECT = "feed.skill.linked"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ca")


@asynccontextmanager
async def _node(
    folder: Path,
    ours: Authority,
    routes: list[int],
    *,
    signer: Authority | None = None,
    password: str = PASSWORD,
) -> AsyncIterator[Deployment]:
    """A node whose file is made as the page on operations says; its own route's port is the last one."""
    folder.mkdir()
    for shipped in (ROOT / "deploy").glob("*.conf"):
        text = shipped.read_text().replace("0.0.0.0:6222", f"{ports.LOOPBACK}:{routes[-1]}")
        (folder / shipped.name).write_text(text)
    conf = folder / "node.conf"
    conf.write_text(f'include "nats-tls.conf"\ninclude "nats-cluster.conf"\nserver_name: {folder.name}\n')
    certificate, key = (signer or ours).vouch(folder.name, ports.LOOPBACK)
    named = ", ".join(f'"nats-route://route:{password}@{ports.LOOPBACK}:{port}"' for port in routes)
    async with deployed(
        folder,
        conf,
        "tls",
        streams=False,
        NATS_TLS_CERT=f'"{certificate}"',
        NATS_TLS_KEY=f'"{key}"',
        NATS_TLS_CA=f'"{ours.file}"',
        NATS_ROUTE_PASSWORD=f'"{password}"',
        NATS_ROUTES=f"[{named}]",
    ) as node:
        yield node


async def _hears(node: Deployment, other: Deployment, ca: Path, seconds: float) -> bool:
    """Tell whether what the operator of the other node says is heard at this one."""
    with environment(TOTALAUD_NATS_CA=str(ca)):
        async with node.bus(OPERATOR) as here, other.bus(OPERATOR) as there:
            heard = await here.client.subscribe(SUBJECT)
            await here.client.flush()
            for _ in range(round(seconds / 0.1)):
                await there.client.publish(SUBJECT, b"")
                await there.client.flush()
                await asyncio.sleep(0.1)
                if heard.pending_msgs:
                    return True
    return False


async def test_nodes_of_one_password_and_one_ca_are_one_cluster(tmp_path, authority):
    first, second = ports.free_port(), ports.free_port()
    async with (
        _node(tmp_path / "node-1", authority, [second, first]) as one,
        _node(tmp_path / "node-2", authority, [first, second]) as two,
    ):
        assert await _hears(one, two, authority.file, 20)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [("password", "authentication error"), ("certificate", "TLS route handshake error")],
)
async def test_a_server_without_the_password_or_a_certificate_is_no_node(tmp_path, authority, wrong, said):
    """It trusts ours and has every password of a client."""
    first, second = ports.free_port(), ports.free_port()
    signer = Authority(tmp_path, "other") if wrong == "certificate" else authority
    password = "54321" if wrong == "password" else PASSWORD
    async with (
        _node(tmp_path / "node-1", authority, [first]) as ours,
        _node(tmp_path / "stranger", authority, [first, second], signer=signer, password=password) as theirs,
    ):
        async with asyncio.timeout(20):
            while said not in (tmp_path / "node-1" / "nats.log").read_text():
                await asyncio.sleep(0.05)
        bundle = tmp_path / "both.pem"
        bundle.write_text(authority.file.read_text() + signer.file.read_text())
        assert not await _hears(ours, theirs, bundle, 1)
