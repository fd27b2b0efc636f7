"""Restate: one invocation of a workflow by HTTP, with a key of its own, answered with its result."""

import os
from uuid import uuid4

import aiohttp
import uvloop

from bench.driving import LONGEST_S, serve
from bench.work import Document, check


async def main() -> None:
    ingress, admin, app = (os.environ[name] for name in ("RESTATE_INGRESS", "RESTATE_ADMIN", "RESTATE_APP"))
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(LONGEST_S)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, raise_for_status=True) as http:
        async with http.post(f"{admin}/deployments", json={"uri": app}):
            pass

        async def run_one(given: Document) -> None:
            async with http.post(f"{ingress}/bench/{uuid4()}/run", json=given) as answer:
                check(await answer.json())

        await serve(run_one)


if __name__ == "__main__":
    uvloop.run(main())
