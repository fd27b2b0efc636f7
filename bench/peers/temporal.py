"""Temporal: a workflow of activities; `work` runs them, `drive` starts workflows and waits for each."""

import asyncio
import os
import sys
from datetime import timedelta
from uuid import uuid4

import uvloop
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench.driving import lines, say, serve
from bench.work import STEPS, Document, check, passed_on

QUEUE = "bench"
AT_ONCE = 200
POLLERS = 10


@activity.defn
async def step(given: Document) -> Document:
    return passed_on(given)


@workflow.defn
class Bench:
    @workflow.run
    async def run(self, given: Document) -> Document:
        for _ in range(STEPS):
            given = await workflow.execute_activity(step, given, start_to_close_timeout=timedelta(minutes=1))
        return given


async def drive(client: Client) -> None:
    async def run_one(given: Document) -> None:
        check(await client.execute_workflow(Bench.run, given, id=str(uuid4()), task_queue=QUEUE))

    await serve(run_one)


async def work(client: Client) -> None:
    worker = Worker(
        client,
        task_queue=QUEUE,
        workflows=[Bench],
        activities=[step],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_concurrent_activities=AT_ONCE,
        max_concurrent_workflow_tasks=AT_ONCE,
        max_concurrent_activity_task_polls=POLLERS,
        max_concurrent_workflow_task_polls=POLLERS,
    )
    async with worker:
        say({"ready": True})
        async for _ in lines():
            pass


async def connected() -> Client:
    """Connect once the server has made its namespace."""
    while True:
        try:
            return await Client.connect(os.environ["TEMPORAL_ADDRESS"])
        except RuntimeError:
            await asyncio.sleep(0.2)


async def main(role: str) -> None:
    client = await connected()
    await {"drive": drive, "work": work}[role](client)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
