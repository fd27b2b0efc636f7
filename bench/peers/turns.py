"""The peers' turns: their servers, their drivers, and how one counts what they have stored."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import names
from bench.contender import Turn
from bench.meter import Groups
from bench.piped import ROOT, Piped, piped
from bench.servers import Database, Listening, fetch_value, fresh_database, served
from bench.work import STEPS, Wrong
from totalaud.stack import ports

PROCESSES = 2
SQLITE = ("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a peer runs: its own Python, a folder for what it writes, a PostgreSQL, a server's program."""

    python: Path
    folder: Path
    postgres: Database
    server: Path | None = None

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"


async def dbos(place: Place) -> AsyncIterator[Turn]:
    counted = "SELECT count(*) FROM dbos.operation_outputs"
    ended = "SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS'"
    async with fresh_database(place.postgres, "dbos") as url, _drivers(place, "dbos", url) as drivers:

        async def check(sessions: int) -> None:
            _equal(names.DBOS, await fetch_value(url, counted), sessions * STEPS)
            _equal(names.DBOS, await fetch_value(url, ended), sessions)

        yield Turn(drivers, _library(drivers, place), check)


async def langgraph(place: Place) -> AsyncIterator[Turn]:
    counted = "SELECT count(DISTINCT thread_id) FROM checkpoints"
    async with (
        fresh_database(place.postgres, "langgraph") as url,
        _drivers(place, "langgraph", url) as drivers,
    ):

        async def check(sessions: int) -> None:
            _equal(names.LANGGRAPH, await fetch_value(url, counted), sessions)

        yield Turn(drivers, _library(drivers, place), check)


async def restate(place: Place) -> AsyncIterator[Turn]:
    shutil.rmtree(place.folder, ignore_errors=True)
    ingress, admin, node, app = (ports.free_port() for _ in range(4))
    at = "127.0.0.1:{}".format
    env = {
        "RESTATE_BASE_DIR": str(place.folder / "data"),
        "RESTATE_DISABLE_TELEMETRY": "true",
        "RESTATE_INGRESS__BIND_ADDRESS": at(ingress),
        "RESTATE_ADMIN__BIND_ADDRESS": at(admin),
        "RESTATE_BIND_ADDRESS": at(node),
        "RESTATE_ADVERTISED_ADDRESS": f"http://{at(node)}",
        "RESTATE_NODE_NAME": "bench",
        "RESTATE_LOG_FILTER": "warn",
        "RESTATE_AUTO_PROVISION": "true",
        "RESTATE_DEFAULT_NUM_PARTITIONS": "4",
    }
    server = Listening("restate", (str(place.server),), env, place.folder, (ingress, admin))
    hypercorn = ("-m", "hypercorn", "-w", str(PROCESSES), "-k", "uvloop", "-b", at(app))
    serving = (str(place.python), *hypercorn, "bench.peers.restate_app:app")
    workers = Listening("workers", serving, _python_path(), place.folder, (app,))
    reached = {
        "RESTATE_INGRESS": f"http://{at(ingress)}",
        "RESTATE_ADMIN": f"http://{at(admin)}",
        "RESTATE_APP": f"http://{at(app)}",
    }
    async with (
        served(server, place.folder / "logs") as server_pid,
        served(workers, place.folder / "logs") as workers_pid,
        _driver(place, "restate", reached) as driver,
    ):
        groups = {"server": [server_pid], "skill-runner": [workers_pid], "driver": [driver.pid]}
        yield Turn([driver], groups, _each_answer_was_checked)


async def temporal(place: Place) -> AsyncIterator[Turn]:
    shutil.rmtree(place.folder, ignore_errors=True)
    port = ports.free_port()
    program = str(place.python.with_name("temporal"))
    where = ("--ip", "127.0.0.1", "--port", str(port), "--db-filename", str(place.folder / "temporal.db"))
    args = (program, "server", "start-dev", "--headless", "--log-level", "error", *where, *SQLITE)
    server = Listening("temporal", args, {"HOME": str(place.folder)}, place.folder, (port,))
    env = {"TEMPORAL_ADDRESS": f"127.0.0.1:{port}"}
    async with (
        served(server, place.folder / "logs") as server_pid,
        _driver(place, "temporal", env, "work") as worker,
        _driver(place, "temporal", env, "drive") as driver,
    ):
        groups = {"server": [server_pid], "skill-runner": [worker.pid], "driver": [driver.pid]}
        yield Turn([driver], groups, _each_answer_was_checked)


async def _each_answer_was_checked(_sessions: int) -> None:
    """Ask nothing more: the driver has looked at each result."""


def _equal(name: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise Wrong(f"{name} has {found} rows, should have {wanted}")


@asynccontextmanager
async def _drivers(place: Place, module: str, url: str) -> AsyncIterator[list[Piped]]:
    """Run a library that is engine and driver in one, in several processes on one database."""
    async with AsyncExitStack() as running:
        drivers = []
        for number in range(1, PROCESSES + 1):
            env = {"PEER_DATABASE_URL": url, "PEER_NUMBER": str(number)}
            drivers.append(await running.enter_async_context(_driver(place, module, env)))
        yield drivers


@asynccontextmanager
async def _driver(place: Place, module: str, env: dict[str, str], *role: str) -> AsyncIterator[Piped]:
    log = place.log("-".join(("driver", *role)))
    async with piped(f"bench.peers.{module}", *role, env=env, log=log, python=place.python) as driver:
        yield driver


def _library(drivers: Sequence[Piped], place: Place) -> Groups:
    return {"driver": [driver.pid for driver in drivers], "postgres": [place.postgres.pid]}


def _python_path() -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
