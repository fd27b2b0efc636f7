"""DBOS Transact on PostgreSQL: a synchronous workflow in a thread, each step's output committed."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS, DBOSConfig

from bench.driving import serve
from bench.work import IN_FLIGHT, STEPS, Document, check, passed_on

THREADS = 64


@DBOS.step()
def step(given: Document) -> Document:
    return passed_on(given)


@DBOS.workflow()
def workflow(given: Document) -> Document:
    for _ in range(STEPS):
        given = step(given)
    return given


def run(given: Document) -> Document:
    ended: Document = workflow(given)
    return ended


async def run_one(given: Document) -> None:
    check(await asyncio.to_thread(run, given))


async def main() -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(IN_FLIGHT))
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": os.environ["PEER_DATABASE_URL"],
        "log_level": "ERROR",
        "application_version": "1",
        "max_executor_threads": THREADS,
    }
    DBOS(config=config)
    DBOS.launch()
    await serve(run_one)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
