"""A look-up of an earlier result, without tables: what it asks for and serves, and that it never fails."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from msgspec.structs import replace

from controls import NOW, USER, work
from shared.commit import Commit
from shared.definitions import SkillDefinition
from shared.events import SkillRegistered
from shared.keyring import Keyring
from shared.log import MemoryLog
from shared.memory_vault import MemoryVault
from shared.models import load
from shared.refusal import Refusal
from shared.registry import Registry
from shared.subjects import skill
from shared.usage import Cached, Usage
from shared.work import Work
from sim.loop import VirtualLoop
from skill_runner.answerers import Answerers
from skill_runner.cache import WAIT_S, Cache, Looked
from skill_runner.objections import Objections
from skill_runner.results import Earlier

PERSON = UUID(int=3, version=4)
KEPT = SkillDefinition.model_validate(
    {
        "name": "find",
        "category": "analysis",
        "provider": "custom",
        "input_schema": {"type": "object", "properties": {"query": {}}, "additionalProperties": False},
        "output_schema": {},
        "config": {"cache_s": 60},
        "hash": "1" * 64,
    }
)
WORK = work(skill_hash=KEPT.hash, input={"query": "radio", "other": 1}, log_seq=4)
EARLIER = Earlier(
    UUID(int=8), {"n": 1}, ["old", "old"], "openai", "m", Decimal(2), Decimal(3), simulated=True
)


class Results:
    """What was found before, as a test has it."""

    def __init__(
        self, found: Earlier | None = None, error: Exception | None = None, takes_s: float = 0
    ) -> None:
        self.found = found
        self.data = 1
        self.asked: list[Any] = []
        self._error = error
        self._takes_s = takes_s

    async def changed(self, user: UUID, log_seq: int, *, cohort: bool) -> int:
        self.asked.append((user, log_seq, cohort))
        await asyncio.sleep(self._takes_s)
        if self._error is not None:
            raise self._error
        return self.data

    async def find(self, user: UUID, _key: str, since: datetime) -> Earlier | None:
        self.asked.append((user, since))
        return self.found

    async def objected(self, _user: UUID, _people: set[UUID], _log_seq: int) -> set[UUID]:
        return set()


async def look(
    results: Results, work: Work = WORK, vault: MemoryVault | None = None, **changes: Any
) -> Looked:
    log, definition = MemoryLog(), KEPT.model_copy(update=changes)
    commit = Commit(commit_id=uuid4(), at=NOW, events=(SkillRegistered(definition=definition),))
    await log.append(skill("find"), commit, expected=0)
    vault = vault or MemoryVault(Keyring(bytes(32)))
    answerers, objections = Answerers(load(), {}, "http://local"), Objections(results, vault)
    cache = Cache(Registry(log), vault, results, answerers, lambda: NOW, objections=objections)
    return await cache.look(work)


def played(story: Coroutine[Any, Any, Looked]) -> Looked:
    return VirtualLoop().run(story)


async def test_a_result_that_is_young_enough_is_asked_for_and_served_as_the_attempt_s_own():
    results = Results(EARLIER)
    looked = await look(results)
    assert results.asked == [(USER, 4, False), (USER, NOW - timedelta(seconds=60))]
    report = looked.report
    assert report is not None
    assert (report.attempt_id, report.output, report.started_at) == (WORK.attempt_id, {"n": 1}, NOW)
    assert report.cache_key == looked.key
    assert report.cached == Cached(
        from_attempt=EARLIER.attempt_id, saved_usd=Decimal(2), saved_list_price_usd=Decimal(3)
    )
    assert report.usage == Usage(
        provider="openai", model="m", calls=0, cost_usd=Decimal(0), list_price_usd=Decimal(0), simulated=True
    )
    assert report.warnings[1:] == ("old",)
    assert "other" in report.warnings[0]


async def test_where_nothing_is_found_or_nothing_old_is_wanted_the_run_may_be_kept():
    results = Results(EARLIER)
    fresh = await look(results, replace(WORK, fresh=True))
    assert (fresh.report, results.asked) == (None, [(USER, 4, False)])
    assert await look(Results()) == fresh
    assert fresh.key == (await look(Results(EARLIER))).key


async def test_nothing_is_asked_for_a_skill_that_keeps_nothing_or_that_nobody_knows():
    results = Results(EARLIER)
    assert await look(results, config=KEPT.config.model_copy(update={"cache_s": None})) == Looked()
    assert await look(results, replace(WORK, skill_hash="2" * 64)) == Looked()
    assert results.asked == []


async def test_what_changed_of_records_is_part_of_the_question_of_code_alone():
    keys = []
    for provider in ("custom", "openai"):
        results = Results()
        before = await look(results, provider=provider)
        results.data = 2
        keys.append(before.key == (await look(results, provider=provider)).key)
    assert keys == [False, True]


async def test_nobody_who_was_erased_is_served():
    vault = MemoryVault(Keyring(bytes(32)))
    await vault.make_keys(USER, [PERSON])
    results = Results(EARLIER._replace(output={"name": {"$sealed": str(PERSON), "n": "", "c": ""}}))
    assert (await look(results, vault=vault)).report is not None
    await vault.erase(USER, PERSON)
    looked = await look(results, vault=vault)
    assert (looked.report, looked.key is None) == (None, False)


@pytest.mark.parametrize(
    "error",
    [OSError(), TimeoutError(), asyncpg.UndefinedTableError(), Refusal("unavailable", None, "away")],
    ids=lambda error: type(error).__name__,
)
async def test_where_nothing_can_be_looked_up_the_skill_is_run(error: Exception):
    assert await look(Results(EARLIER, error)) == Looked()


@pytest.mark.parametrize(("takes_s", "hit"), [(WAIT_S - 0.1, True), (WAIT_S + 0.1, False)])
def test_nobody_waits_longer_than_a_second(takes_s: float, hit: bool):
    assert (played(look(Results(EARLIER, takes_s=takes_s))).report is not None) is hit


def test_a_hit_took_as_long_as_it_was_looked_for():
    report = played(look(Results(EARLIER, takes_s=0.25))).report
    assert report is not None
    assert report.duration_ms == 250
