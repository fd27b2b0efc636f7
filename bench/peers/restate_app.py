"""The Restate workflow, served by hypercorn."""

import restate

from bench.work import STEPS, Document, passed_on

workflow = restate.Workflow("bench")


def step(given: Document) -> Document:
    return passed_on(given)


@workflow.main()
async def run(context: restate.WorkflowContext, given: Document) -> Document:
    for number in range(1, STEPS + 1):
        given = await context.run_typed(f"step{number}", step, given=given)
    return given


app = restate.app([workflow])
