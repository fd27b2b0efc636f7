"""How long skills take, and how much memory a runner has, on a crowd: the whole stack, asked from outside."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import md5
from math import inf
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
import psutil

from quality.harness import SKILLS, Bench
from quality.row import Row, at_most
from skill_runner.turns import AT_ONCE
from totalaud.client import Client
from totalaud.connection import Connection
from totalaud.errors import SkillFailed
from totalaud.skillfiles import load
from totalaud.stack import paths
from totalaud.stack.local import LocalStack

USER = UUID("00000000-0000-4000-8000-000000000001")
SMALL = UUID(md5(b"user/1", usedforsecurity=False).hexdigest())
SEALED = '{"$sealed": "00000000-0000-4000-8000-000000000009", "n": "bg==", "c": "Yw=="}'
CROWD = (Path(__file__).parent / "crowd.sql").read_text(encoding="utf-8")
ON_EMPTY, WARM_UPS, RUNS = 7, 3, 40
SEARCH = "research-contacts"
P95_S = {SEARCH: 0.15}
OTHERS_P95_S = 1.0
MEMORY_MB = 500
SAMPLE_S = 0.05
GENRES = ("synthpop", "indie", "techno", "folk", "jazz")


def id_of(what: str, number: int) -> str:
    """Return the id that the crowd gives to its rows."""
    return str(UUID(md5(f"{what}/{number}".encode(), usedforsecurity=False).hexdigest()))


def given(skill: str, turn: int) -> dict[str, Any]:
    """Return the input of one turn; KeyError for a skill that has none here."""
    campaign, artist = id_of("campaign", 150 + turn % 50), id_of("artist", 1 + turn % 5)
    genre = GENRES[turn % len(GENRES)]
    contacts = [
        {"id": id_of("contact", 1 + turn * 100 + n), "type": "radio", "genres": [genre], "regions": ["UK"]}
        for n in range(100)
    ]
    in_40_days = (datetime.now(UTC) + timedelta(days=40)).date().isoformat()
    release = {"title": "Glass Coast", "type": "single", "date": in_40_days}
    act = {"name": "Artist 1", "genres": [genre], "location": "Leeds"}
    return {
        "research-contacts": {"query": f"Find me UK {genre} radio", "max_results": 20},
        "score-contacts": {"contacts": contacts, "criteria": {"genres": [genre], "regions": ["UK"]}},
        "discover-opportunities": {"genres": [genre]},
        "analyze-competition": {"artist": f"Artist {1 + turn % 5}"},
        "track-trends": {"genres": [genre]},
        "create-campaign-plan": {"release": release, "goal": "all"},
        "suggest-hashtags": {"artist": act, "platform": "instagram"},
        "track-campaign": {"campaign_id": campaign, "window": "all"},
        "analyze-responses": {"group_by": "genre"},
        "predict-success": {"contacts": contacts, "campaign_id": campaign},
        "generate-report": {"campaign_id": campaign},
        "identify-patterns": {},
        "recommend-next-steps": {"campaign_id": campaign},
        "benchmark-performance": {"artist_id": artist},
        "optimize-timing": {"contacts": contacts},
    }[skill]


async def measure(_bench: Bench, _seeds: Sequence[int]) -> list[Row]:
    """Ask each custom skill 40 times, one at a time, after 3 unmeasured ones; from command to answer.

    No answer is one that was kept.

    Each was asked before, on empty tables: a plan made then must not serve the crowd. Memory is watched to
    the end, when each skill is asked by as many at once as there are workers.
    """
    names = [skill.name for skill in load(SKILLS).skills if skill.provider == "custom"]
    async with _stack() as stack, await _client(stack) as client, await _client(stack, SMALL) as small:
        for name in names:
            await _asked(client, name, turns=ON_EMPTY)
        await _fill(stack.place.database_url)
        memory = asyncio.create_task(_peak(stack))
        rows = [_row(name, *await _measured(stack, client, name)) for name in names]
        beside = await _measured(stack, small, SEARCH)
        for name in names:
            await asyncio.gather(*(_asked(client, name, turns=1) for _ in range(AT_ONCE)))
        memory.cancel()
        peak = await memory
    return [
        *rows,
        _row(SEARCH, *beside, "p95, s, for a user of 300 contacts beside"),
        at_most("(runner)", "peak memory, MB", peak, MEMORY_MB),
    ]


async def _measured(stack: LocalStack, client: Client, name: str) -> tuple[list[float], float]:
    """Return how long each of 40 runs took, and how much of the processors the stack used for one."""
    await _asked(client, name, turns=WARM_UPS)
    before = _processor(stack)
    took = await _asked(client, name, turns=RUNS)
    return took, (_processor(stack) - before) / RUNS


async def _asked(client: Client, name: str, *, turns: int) -> list[float]:
    """Return how long each run took; one that fails takes for ever."""
    took = []
    for turn in range(turns):
        began = time.monotonic()
        accepted = await client.execute(name, given(name, turn), fresh=True)
        try:
            await client.skill_outcome(accepted.id)
        except SkillFailed:
            took.append(inf)
        else:
            took.append(time.monotonic() - began)
    return took


def _row(name: str, took: list[float], processor: float, what: str = "p95, s, on 100,000 contacts") -> Row:
    """Tell the p95; the median, and what a busy machine does not change, go to stderr."""
    median, p95 = (float(np.quantile(took, share, method="higher")) for share in (0.5, 0.95))
    print(f"{name}: median {median:.3f} s, {processor:.3f} s of processor", file=sys.stderr)
    return at_most(name, what, p95, P95_S.get(name, OTHERS_P95_S))


def _processor(stack: LocalStack) -> float:
    """Return the seconds of processor that the whole stack has used so far."""
    roots = [psutil.Process(one.pid) for one in stack.status()]
    return sum(map(_seconds, {each for root in roots for each in (root, *root.children(recursive=True))}))


def _seconds(process: psutil.Process) -> float:
    try:
        used = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(used.user + used.system)


async def _peak(stack: LocalStack) -> float:
    """Watch until cancelled; return the largest memory seen: runner and its workers, proportional, MB."""
    (pid,) = [one.pid for one in stack.status() if one.name == "skill-runner"]
    runner, peak = psutil.Process(pid), 0.0
    try:
        while True:
            peak = max(peak, sum(map(_memory, (runner, *runner.children(recursive=True)))))
            await asyncio.sleep(SAMPLE_S)
    except asyncio.CancelledError:
        return peak / 2**20


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return 0


async def _fill(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        now = datetime.now(UTC).isoformat()
        await connection.execute(CROWD.format(user=USER, now=now, sealed=SEALED), timeout=600)
    finally:
        await connection.close()


async def _client(stack: LocalStack, user: UUID = USER) -> Client:
    return await Client.connect(Connection.of(stack), user=user)


async def _push(stack: LocalStack) -> None:
    loaded = load(stack.skills)
    async with await _client(stack) as client:
        await client.operator.push(loaded.skills, loaded.agents)


@asynccontextmanager
async def _stack() -> AsyncIterator[LocalStack]:
    with paths.throwaway("quality") as data:
        async with LocalStack(data, SKILLS, push=_push) as stack:
            yield stack
