"""The bench on the real stack, as small as it can be."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.names import FLOOR, OURS, TRACED, TWO_RUNNERS
from bench.work import STEPS

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
    assert [one["contender"] for one in found["runs"]] == [OURS, FLOOR, TWO_RUNNERS, TRACED]
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
