"""Measures every skill that has a module here, and prints one table; ends with 1 when a bar is missed."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from quality.harness import SKILLS, Bench, bench
from quality.row import Row, table
from totalaud.skillfiles import load

HERE = Path(__file__).parent
SPEED = "speed"
SEEDS = 5


def main() -> None:
    given = _arguments()
    sys.path.insert(0, str(SKILLS))
    seeds = range(given.first, given.first + given.seeds)
    rows = asyncio.run(measured(given.only or [*modules(), SPEED], seeds))
    print(json.dumps([asdict(row) for row in rows], indent=2) if given.json else table(rows))
    sys.exit(any(not row.passed for row in rows))


def modules() -> list[str]:
    """Return the names of what can be measured: the modules that are called as a skill is."""
    called = {_module(skill.name) for skill in load(SKILLS).skills}
    return sorted(file.stem for file in HERE.glob("*.py") if file.stem in called)


async def measured(names: Sequence[str], seeds: Sequence[int]) -> list[Row]:
    """Measure one skill after the other, each on a database of its own."""
    rows = []
    for name in names:
        began = time.monotonic()
        async with bench() as one:
            rows += await _measure(name, one, seeds)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return rows


async def _measure(name: str, one: Bench, seeds: Sequence[int]) -> list[Row]:
    found: list[Row] = await import_module(f"quality.{name}").measure(one, seeds)
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m quality", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", type=_module, choices=[*modules(), SPEED], metavar="SKILL", help="these alone"
    )
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many worlds (default: %(default)s)")
    parser.add_argument("--first", type=int, default=1, help="the first world's seed (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="rows as JSON")
    return parser.parse_args()


def _module(skill: str) -> str:
    return skill.replace("-", "_")


if __name__ == "__main__":
    main()
