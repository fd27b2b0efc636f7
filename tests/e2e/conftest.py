"""The specification's calls on the running stack: where it is, what their free variables stand for."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest

from rig import SAMPLE, client_of, environment
from seedblocks import call
from totalaud.client import Client
from totalaud.results import WorkflowResult
from totalaud.stack.local import LocalStack


@pytest.fixture(scope="module")
def front(stack: LocalStack) -> Iterator[None]:
    """The front door's functions find the stack by the environment."""
    place = stack.place
    with environment(
        TOTALAUD_NATS_URL=place.nats_url,
        TOTALAUD_DATABASE_URL=place.database_url,
        TOTALAUD_MASTER_KEY_FILE=str(place.master_key_file),
    ):
        yield


@pytest.fixture(scope="module")
async def user(stack: LocalStack, front: None) -> AsyncIterator[Client]:
    """A user with the sample's contacts."""
    async with await client_of(stack, uuid4()) as client:
        report = await client.records.load("contacts", SAMPLE.read_bytes())
        assert report["failed"] == 0
        yield client


@pytest.fixture(scope="module")
def bound(user: Client) -> dict[str, Any]:
    """The free variables of the specification's blocks."""
    genres, regions = ["synthpop", "indie"], ["UK"]
    return {
        "userId": str(user.user),
        "query": "indie radio UK",
        "type": "radio",
        "genres": genres,
        "regions": regions,
        "criteria": {"genres": genres, "regions": regions, "types": ["radio"]},
        "artistInfo": {"name": "Neon Harbour", "genre": "synthpop", "location": "Leeds"},
    }


@pytest.fixture(scope="module")
async def done(bound: dict[str, Any]) -> WorkflowResult:
    """The specification's workflow, run to its end."""
    return await call("workflow.ts", **bound)
