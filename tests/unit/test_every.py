"""What is done again and again beside a block."""

import asyncio

from nats.errors import ConnectionClosedError

from sim.loop import VirtualLoop
from skill_runner.every import Every


async def times(block_s: float, *, fails: bool = False) -> int:
    done = 0

    async def act() -> None:
        nonlocal done
        done += 1
        if fails:
            raise ConnectionClosedError

    async with Every(2.0, act):
        await asyncio.sleep(block_s)
    ended = done
    await asyncio.sleep(20)
    assert done == ended
    return done


def test_a_short_block_needs_nothing():
    assert VirtualLoop().run(times(1.9)) == 0


def test_a_long_block_is_accompanied_to_its_end_and_no_further():
    assert VirtualLoop().run(times(7)) == 3


def test_while_nats_is_away_it_is_tried_again():
    assert VirtualLoop().run(times(7, fails=True)) == 3
