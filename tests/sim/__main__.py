"""Simulates seeds for as long as one likes: `python -m sim --seeds 1000000`; names the seeds that fail."""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor

from sim.check import violations
from sim.run import run, uncollected
from sim.silence import silenced

CHUNK = 250


def main() -> None:
    parser = argparse.ArgumentParser(prog="make sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first one (default: %(default)s)")
    given = parser.parse_args()
    end = given.first + given.seeds
    chunks = [range(start, min(start + CHUNK, end)) for start in range(given.first, end, CHUNK)]
    done, failed = 0, 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for chunk, found in zip(chunks, pool.map(failures, chunks), strict=True):
            done, failed = done + len(chunk), failed + len(found)
            for seed, broken in found.items():
                print(f"seed {seed}: {'; '.join(broken)}", flush=True)
            print(f"\r{done} of {given.seeds} seeds, {failed} failed", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    sys.exit(failed > 0)


def failures(seeds: range) -> dict[int, list[str]]:
    """Return what was broken, by seed."""
    with silenced(), uncollected():
        found = {seed: violations(run(seed)) for seed in seeds}
    return {seed: broken for seed, broken in found.items() if broken}


if __name__ == "__main__":
    main()
