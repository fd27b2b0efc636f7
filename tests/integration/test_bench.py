"""The bench on the real stack, as small as it can be."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.driving import _paced
from bench.names import FLOOR, OURS, TRACED, TWO_RUNNERS
from bench.reads import READERS, reading
from bench.work import STEPS
from projector.database import connected, make

ROOT = Path(__file__).parents[2]
SMALL = ["--sizes", "20", "--rounds", "1", "--seconds", "0.4", "--warm-up", "0.1", "--latency", "5"]


@pytest.mark.timeout(300)
def test_a_tiny_bench_measures_checks_and_tells_it_all(tmp_path: Path):
    as_json, as_plot = tmp_path / "bench.json", tmp_path / "bench.svg"
    command = [
        sys.executable,
        "-m",
        "bench",
        *SMALL,
        "--sync",
        "default",
        "--json",
        as_json,
        "--plot",
        as_plot,
    ]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(as_json.read_text())
    assert [one["contender"] for one in found["runs"]] == [TRACED, OURS, TWO_RUNNERS, FLOOR]
    assert all(one["sessions"] > 0 and one["cpu_per_step"]["driver"] > 0 for one in found["runs"])
    assert all(FLOOR in one["ratios"] for one in found["figures"] if one["who"] != FLOOR)
    assert {"orchestrator", "skill-runner", "projector", "campaigns", "nats"} <= found["memory"][0][
        "by"
    ].keys()
    (rebuilt,) = found["rebuilds"]
    assert rebuilt["events"] >= 2 * (STEPS + 1) * 20
    assert 0 < rebuilt["share_of_raw"] < 10
    assert 0 < found["first_works"][0]["seconds"] < 60
    assert "our services" in done.stdout
    assert as_plot.read_text().startswith("<svg")


async def test_readers_notice_a_step_back_and_a_table_that_is_away(postgres_url: str):
    async with connected(postgres_url) as connection:
        await make(connection)
        async with reading(postgres_url) as reads, asyncio.timeout(60):
            await connection.execute("UPDATE checkpoint SET seq = 5")
            await until(lambda: reads.done > 50)
            assert (reads.failed, reads.backward) == (0, 0)
            await connection.execute("UPDATE checkpoint SET seq = 4")
            await until(lambda: reads.backward > 0)
            assert reads.told[0] == "the checkpoint was 5, then 4"
            await connection.execute("ALTER TABLE agent_sessions RENAME TO elsewhere")
            await until(lambda: reads.failed > 0)
        assert reads.backward <= READERS


async def until(so: Callable[[], bool]) -> None:
    while not so():
        await asyncio.sleep(0.02)


async def test_a_pace_is_kept_whatever_a_session_takes():
    begun: list[float] = []
    all_have_begun = asyncio.Event()

    async def run_one(_document: object) -> None:
        begun.append(asyncio.get_running_loop().time())
        if len(begun) == 20:
            all_have_begun.set()
        await all_have_begun.wait()

    async with asyncio.timeout(20):
        told = await _paced(run_one, iter(range(20)), 100)
    assert told["sessions"] == 20
    assert begun[-1] - begun[0] > 0.18
