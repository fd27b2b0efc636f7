"""LangGraph with its PostgreSQL checkpointer, durability sync: written before the next node begins.

A checkpointer has a lock around whatever it asks of its pool, which would leave one connection of all in use:
there are as many of them as connections, each with a graph of its own.
"""

import os
from itertools import cycle, pairwise
from typing import Any, TypedDict
from uuid import uuid4

import uvloop
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from bench.driving import serve
from bench.work import STEPS, Document, check, passed_on

CONNECTIONS = 20


class State(TypedDict):
    number: int
    count: int
    kind: str
    tags: list[str]
    text: str


async def node(state: Document) -> Document:
    return passed_on(state)


def graph(saver: Any) -> Any:
    builder = StateGraph(State)
    names = [START, *(f"step{number}" for number in range(1, STEPS + 1)), END]
    for name in names[1:-1]:
        builder.add_node(name, node)
    for before, after in pairwise(names):
        builder.add_edge(before, after)
    return builder.compile(checkpointer=saver)


async def main() -> None:
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    url = os.environ["PEER_DATABASE_URL"]
    async with AsyncConnectionPool(url, min_size=CONNECTIONS, max_size=CONNECTIONS, kwargs=options) as pool:
        if os.environ["PEER_NUMBER"] == "1":
            await AsyncPostgresSaver(pool).setup()
        graphs = cycle([graph(AsyncPostgresSaver(pool)) for _ in range(CONNECTIONS)])

        async def run_one(given: Document) -> None:
            thread = {"configurable": {"thread_id": str(uuid4())}}
            check(await next(graphs).ainvoke(given, thread, durability="sync"))

        await serve(run_one)


if __name__ == "__main__":
    uvloop.run(main())
