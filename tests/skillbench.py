"""Shipped custom skills on a real read model; every test takes a user of its own."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from quality.harness import NOW, Bench, make_tables
from quality.world import Rows
from servers import Rig, fresh_database


class Skillbench:
    """`load` fills tables, `run` runs a skill; rows are told apart by `user_id`."""

    now = NOW

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def user(self) -> UUID:
        return uuid4()

    async def load(self, rows: Rows) -> None:
        await self._bench.load(rows)

    async def run(self, skill: str, given: dict[str, Any], *, user: UUID, now: Any = NOW) -> Any:
        return await self._bench.run(skill, given, user=user, now=now)


@pytest.fixture(scope="module")
async def skillbench(_postgres: Rig) -> AsyncIterator[Skillbench]:
    """One database for the tests of a file: other files kill PostgreSQL, and no connection survives that."""
    async with fresh_database(_postgres.url) as url:
        await make_tables(url)
        bench = Bench(url)
        try:
            yield Skillbench(bench)
        finally:
            await bench.close()
