"""A release takes the place of another one while sessions are under way, and commands lie in the queue."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from rig import client_of, plain_skills, running_stack
from servers import data_folder
from shared.json import dumps
from totalaud.client import Client

COUNT = """
from library.rule import rule

def run(given, context):
    return {"total": rule(), "numbers": []}
"""
STEPS = [
    {"skill": "sleep", "input": {"seconds": 2}},
    {"skill": "count", "input": {"numbers": []}},
]


def release(skills: Path, number: int) -> None:
    """Each has another library; that is in the hash of every skill with Python."""
    (skills / "library").mkdir(exist_ok=True)
    (skills / "library" / "rule.py").write_text(f"def rule():\n    return {number}\n")
    (skills / "tester" / "count.py").write_text(COUNT)


async def total_of(client: Client, session_id: UUID | str) -> int:
    outcome = await client.outcome(session_id)
    total: int = outcome.outputs[-1]["total"]
    return total


async def queued(client: Client) -> UUID:
    """Have a start wait in the queue, for nobody takes it from there."""
    id_ = uuid4()
    body = {"session_id": str(id_), "agent": "tester", "steps": STEPS[1:]}
    await client.bus.publish(f"cmd.{client.user}.session.run", dumps(body))
    return id_


@pytest.mark.timeout(120)
async def test_what_is_under_way_or_queued_goes_on_with_the_skills_it_began_with():
    with data_folder() as home:
        skills = plain_skills(home / "skills")
        release(skills, 1)
        async with running_stack(data=home, skills=skills) as stack, await client_of(stack) as client:
            under_way = await client.run("tester", STEPS)
            await stack.halt("orchestrator")
            waiting = await queued(client)
        release(skills, 2)
        async with running_stack(data=home, skills=skills) as stack, await client_of(stack) as client:
            assert await total_of(client, under_way.id) == 1
            assert await total_of(client, waiting) in {1, 2}
            begun = await client.run("tester", STEPS)
            assert await total_of(client, begun.id) == 2
            release(skills, 3)
            assert await total_of(client, (await client.run("tester", STEPS)).id) == 2, "not pushed yet"
        assert len(list((home / "kept-skills").glob("*/library"))) == 2
