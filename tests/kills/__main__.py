"""Kills at random, as many as one likes, at the shipped settings: `python -m kills --kills 1000 --seed 7`."""

import argparse
import asyncio
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from check import check
from kills.hunt import Hunt
from kills.recovery import recoveries
from load import Load, loaded
from projected import whole_log
from shared.commit import decode
from shared.settings import Settings
from sim.silence import silenced
from totalaud.stack import paths

ROUND = 100
ALONE_EVERY = 20
PAUSE_S = 3.0
TOLD_EVERY = 10


def main() -> None:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="of what is drawn (default: another one each time)")
    given = parser.parse_args()
    seed = random.randrange(10**6) if given.seed is None else given.seed
    base = paths.make_folder(paths.ROOT_DATA) if paths.is_root() else Path(tempfile.gettempdir())
    data = paths.make_folder(base / f"totalaud-chaos-{seed}-{time.time():.0f}")
    _say(f"seed {seed}; logs and stores are in {data}, and stay there when anything is wrong")
    with silenced():
        asyncio.run(hunted(data, seed, given.kills))
    _say("nothing was lost, nothing paid twice")
    shutil.rmtree(data)


async def hunted(data: Path, seed: int, kills: int) -> None:
    """Kill round by round, all compared after each; raises AssertionError for what is not as promised."""
    lease_s = Settings.from_env().ack_wait_s
    async with loaded(data=data, orchestrators=2, runners=3, TOTALAUD_ACK_WAIT_S=str(lease_s)) as load:
        hunt, began = Hunt(load, random.Random(seed), PAUSE_S), time.monotonic()
        while (left := kills - len(hunt.kills)) > 0:
            load.begin()
            for number in range(1, min(ROUND, left) + 1):
                await (hunt.some(1) if number % ALONE_EVERY else hunt.runner_alone(lease_s))
                if number % TOLD_EVERY == 0:
                    minutes = (time.monotonic() - began) / 60
                    done = f"{len(hunt.kills)} of {kills} kills, {len(load.sessions)} sessions"
                    _say(f"{minutes:5.1f} min: {done}")
            await load.rest()
            _say(f"log, tables and the provider's bill agree: {await check(load)}")
        await _sum_up(load, hunt, lease_s)


async def _sum_up(load: Load, hunt: Hunt, lease_s: float) -> None:
    _say("killed: " + ", ".join(f"{name} {times}" for name, times in hunt.by_target()))
    _say(f"sessions: {len(load.sessions)}, of which {len(load.failed)} ran out of attempts")
    took = recoveries(hunt.kills, (decode(entry.body) for entry in await whole_log(load.client.bus)))
    if took:
        alone = sum(kill.alone for kill in hunt.kills)
        _say(
            f"recovery of {len(took)} steps of {alone} skill-runners killed alone: "
            f"p50 {statistics.median(took):.1f} s, longest {max(took):.1f} s, allowed {lease_s + 1:g} s"
        )
        assert max(took) <= lease_s + 1


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
