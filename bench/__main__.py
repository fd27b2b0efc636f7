"""Measures our stack beside the raw floor, and beside peers if asked; ends with 1 when a goal is missed."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.benching import Bench
from bench.figures import figures
from bench.goals import goals, missed
from bench.peers.field import PEERS
from bench.plan import Plan
from bench.plot import plot
from bench.report import report
from bench.results import Results
from bench.run import Load
from bench.told import told
from totalaud.stack import paths
from totalaud.stack.signals import interruptible

SMALL, FULL = (300, 3_000), (300, 3_000, 30_000, 300_000)
DISTURBING = (
    "TOTALAUD_NATS_URL",
    "TOTALAUD_DATABASE_URL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    for name in DISTURBING:
        if os.environ.pop(name, None):
            _say(f"{name} is set and left out of account: the bench starts its own servers")
    peers = [PEERS[name] for name in (given.peers or PEERS)] if given.peers is not None else []
    load = Load(given.seconds, given.latency, given.warm_up)
    sizes = given.sizes or (FULL if given.full else SMALL[:1] if peers else SMALL)
    plan = Plan(sorted(sizes), given.sync, given.rounds, load, peers)
    with paths.throwaway("bench") as folder:
        bench = Bench(plan, folder, _say)
        try:
            code = asyncio.run(interruptible(bench.run()))
        finally:
            bad = _show(bench.results, given.json, given.plot) if bench.results.runs else 0
    return code or bad


def _show(results: Results, as_json: Path | None, as_plot: Path | None) -> int:
    """Tell what was found, be it only a part; return 1 when a goal is missed."""
    all_ = figures(results)
    reached = goals(results, all_)
    print(report(results, all_, reached))
    if as_json:
        as_json.write_text(json.dumps(told(results, all_, reached), indent=1))
    if as_plot:
        as_plot.write_text(plot(all_))
    return int(bool(missed(reached)))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        metavar="N",
        help=f"sessions in the log (default: {SMALL}, beside peers {SMALL[:1]})",
    )
    size.add_argument("--full", action="store_true", help=f"the sizes {FULL}: it takes hours")
    parser.add_argument(
        "--peers", nargs="*", choices=PEERS, metavar="PEER", help=f"all, or some of {', '.join(PEERS)}"
    )
    parser.add_argument("--sync", nargs="+", choices=["default", "always"], default=["default", "always"])
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=4.0, help="of load in a turn (default: %(default)s)")
    parser.add_argument("--warm-up", type=float, default=1.0, help="seconds before it (default: %(default)s)")
    parser.add_argument(
        "--latency", type=int, default=100, metavar="N", help="sessions alone (default: %(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything as JSON")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw throughput against the log, as SVG")
    return parser


if __name__ == "__main__":
    sys.exit(main())
