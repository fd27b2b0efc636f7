"""What a driver does: sessions on demand, told and answered by lines of JSON on its standard streams.

    {"do": "flood", "seconds": 4, "in_flight": 50}    → {"sessions": 2310, "began": 17.2, "ended": 21.3}
    {"do": "run", "sessions": 300, "in_flight": 50}   → the same
    {"do": "pace", "seconds": 5, "per_s": 62.5}       → the same, at so many a second
    {"do": "one_by_one", "sessions": 100}             → {"ms": [3.9, …]}

Times are of the machine's monotonic clock, the same in all processes. A driver ends when its input is closed.
Standard library only: peers run this in environments of their own.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from bench.work import Document, document

RunOne = Callable[[Document], Awaitable[None]]
Json = dict[str, Any]
LONGEST_S = 120.0


async def serve(run_one: RunOne) -> None:
    """Answer until the input is closed; `run_one` returns once one session is done."""
    numbers = itertools.count(1)
    say({"ready": True})
    async for told in lines():
        match told:
            case {"do": "flood", "seconds": float() | int() as seconds, "in_flight": int() as in_flight}:
                say(await _many(run_one, _until(numbers, time.monotonic() + seconds), in_flight))
            case {"do": "run", "sessions": int() as sessions, "in_flight": int() as in_flight}:
                say(await _many(run_one, itertools.islice(numbers, sessions), in_flight))
            case {"do": "pace", "seconds": float() | int() as seconds, "per_s": float() | int() as per_s}:
                say(await _paced(run_one, itertools.islice(numbers, int(seconds * per_s)), per_s))
            case {"do": "one_by_one", "sessions": int() as sessions}:
                say({"ms": [await _timed(run_one, next(numbers)) for _ in range(sessions)]})
            case _:
                raise ValueError(f"not understood: {told}")


def say(told: Json) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


async def _many(run_one: RunOne, numbers: Iterator[int], in_flight: int) -> Json:
    """Keep so many in flight until the numbers end, then wait for the last."""
    done = 0

    async def keep_on() -> None:
        nonlocal done
        for number in numbers:
            await _one(run_one, number)
            done += 1

    began = time.monotonic()
    async with asyncio.TaskGroup() as lanes:
        for _ in range(in_flight):
            lanes.create_task(keep_on())
    return {"sessions": done, "began": began, "ended": time.monotonic()}


async def _paced(run_one: RunOne, numbers: Iterator[int], per_s: float) -> Json:
    """Begin so many a second, whatever becomes of those before, then wait for the last."""
    began = time.monotonic()
    done = 0
    async with asyncio.TaskGroup() as lanes:
        for done, number in enumerate(numbers, 1):
            lanes.create_task(_one(run_one, number))
            await asyncio.sleep(began + done / per_s - time.monotonic())
    return {"sessions": done, "began": began, "ended": time.monotonic()}


def _until(numbers: Iterator[int], end: float) -> Iterator[int]:
    while time.monotonic() < end:
        yield next(numbers)


async def _timed(run_one: RunOne, number: int) -> float:
    began = time.perf_counter()
    await _one(run_one, number)
    return round((time.perf_counter() - began) * 1000, 3)


async def _one(run_one: RunOne, number: int) -> None:
    async with asyncio.timeout(LONGEST_S):
        await run_one(document(number))


async def lines() -> AsyncIterator[Json]:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    async for line in reader:
        yield json.loads(line)
