"""NATS and PostgreSQL alone, without any service: for work on data that nothing else may touch meanwhile."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from shared.secret import secret
from totalaud.stack import environment, orphans, paths
from totalaud.stack.lock import DataLock
from totalaud.stack.nats import SYNC_INTERVAL, Nats
from totalaud.stack.postgres import Postgres
from totalaud.stack.server import Server


@asynccontextmanager
async def servers(data: Path, sync_interval: str = SYNC_INTERVAL) -> AsyncIterator[tuple[str, str]]:
    """Yield the URLs of both: those of the environment, else of our own on this data folder.

    Raises InUse while a stack runs on the folder, NotReady when one does not come up.
    """
    nats_url = secret("TOTALAUD_NATS_URL")
    database_url = secret("TOTALAUD_DATABASE_URL")
    async with AsyncExitStack() as held:
        if not (nats_url and database_url):
            paths.make_folder(data)
            held.callback(DataLock(data).release)
            await orphans.end_marked(environment.mark(data))
        if not nats_url:
            nats = Nats(data, sync_interval)
            await _run(held, Server(nats, data / "logs"))
            nats_url = nats.url
        if not database_url:
            postgres = Postgres(data, data / "logs")
            await _run(held, Server(postgres, data / "logs"))
            database_url = postgres.url
        yield nats_url, database_url


async def _run(held: AsyncExitStack, server: Server) -> None:
    held.push_async_callback(server.stop)
    await server.start()
