"""Whether every numeral of a report is a claim that is true, and whether a rebuild gives the same report.

Every shape of report is asked for. A log is folded as the projector folds it, then from zero by commits of
other sizes; its rows, and those of a larger world, are loaded in another order, and the same is asked again.
"""

import random
from collections.abc import Sequence
from typing import Any

from quality.generator import Truth, world
from quality.harness import Bench
from quality.numerals import NUMERAL, is_true, unclaimed
from quality.planted.logs import pitches_of, planted
from quality.row import Row, always, at_most, never

SKILL = "generate-report"
SHAPES = [(audience, detail) for audience in ("artist", "pr", "label") for detail in ("brief", "detailed")]
TABLES = ("contacts", "campaigns", "pitches", "snapshots")
MOST_WORDS = 80
SENDS = (0, 1, 40, 900)

Json = dict[str, Any]
Rows = dict[str, list[Json]]


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """Ask for every shape of report on worlds of several sizes, and on a planted log before and after."""
    shares, false, brief, same = [], 0, 0, []
    for seed in seeds:
        for sends in SENDS:
            for period in ("month", "all"):
                reports = await _reports(bench, _rows(seed, sends), period)
                shares += [_claimed(one) for one in reports.values()]
                false += sum(not is_true(claim) for one in reports.values() for claim in one["claims"])
                brief = max(
                    brief, *(_words(one) for (_, detail), one in reports.items() if detail == "brief")
                )
        same += await _rebuilt(bench, seed)
    return [
        always(SKILL, "numerals that are claims", shares),
        never(SKILL, "claims that are not their value", false),
        at_most(SKILL, "words of the longest brief", brief, MOST_WORDS),
        always(SKILL, "same report after a rebuild", same),
    ]


async def _reports(bench: Bench, rows: Rows, period: str) -> dict[tuple[str, str], Json]:
    """Return the first campaign's report in every shape."""
    act = rows["campaigns"][0]
    await _only(bench, rows)
    given = {"campaign_id": str(act["id"]), "period": period}
    return {
        (audience, detail): await bench.run(
            SKILL, {**given, "audience": audience, "detail": detail}, user=act["user_id"]
        )
        for audience, detail in SHAPES
    }


async def _rebuilt(bench: Bench, seed: int) -> list[float]:
    """Tell of each shape whether it comes out the same from tables that were made anew."""
    large = _rows(seed, SENDS[-1])
    pairs = [(_folded(seed, 0), _folded(seed, 1)), (large, large)]
    return [float(one) for first, again in pairs for one in await _same(bench, first, again, seed)]


async def _same(bench: Bench, first: Rows, again: Rows, seed: int) -> list[bool]:
    before = await _reports(bench, first, "all")
    chance = random.Random(seed)
    shuffled = {name: chance.sample(rows, len(rows)) for name, rows in again.items() if name != "campaigns"}
    after = await _reports(bench, {**shuffled, "campaigns": again["campaigns"]}, "all")
    return [before[shape] == after[shape] for shape in SHAPES]


def _folded(seed: int, other: int) -> Rows:
    """Return the rows of a planted log, folded by commits of one size or another."""
    log = planted(seed, 0)
    people = sorted({event.contact_id for event in log.events if hasattr(event, "contact_id")})
    contacts = [
        {"id": one, "user_id": log.user, "outlet": f"Outlet {place}", "type": ("radio", "blogger")[place % 2]}
        for place, one in enumerate(people)
    ]
    pitches = pitches_of(log, other)
    snapshots = [{"user_id": log.user, "seq": len(log.events)}]
    return {"campaigns": [log.campaign], "contacts": contacts, "pitches": pitches, "snapshots": snapshots}


async def _only(bench: Bench, rows: Rows) -> None:
    """Put these rows into tables that are empty."""
    await bench.execute(f"TRUNCATE {', '.join(TABLES)}")
    await bench.load(rows)


def _rows(seed: int, sends: int) -> Rows:
    made = world(seed, contacts=300, sends=sends, campaigns=6, truth=Truth(base=0.1, genre_match=3.0))
    made.rows["campaigns"][0]["name"] = "Vol. 2: 10 Songs"
    return {**made.rows, "snapshots": [{"user_id": made.user, "seq": 1000 + seed}]}


def _claimed(report: Json) -> float:
    every = len(NUMERAL.findall(report["markdown"]))
    return 1 - len(unclaimed(report["markdown"], report["claims"])) / every if every else 1.0


def _words(report: Json) -> int:
    return len(report["markdown"].split())
