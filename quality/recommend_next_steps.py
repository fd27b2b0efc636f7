"""Whether the first thing recommended is the right one, in twelve planted situations on every seed."""

from collections.abc import Sequence
from typing import Any

from quality.harness import Bench
from quality.planted.situations import SITUATIONS, Desk, desk, stranger
from quality.row import Row, interval, mean, never

SKILL = "recommend-next-steps"
BAR, OF = 11, 12
FIXED_ORDER = (
    "follow_up",
    "send_drafts",
    "pitch_fitting",
    "rank_contacts",
    "clean_bounces",
    "answer_interested",
    "apply",
    "plan_release",
    "switch_template",
    "record_answers",
    "rest_contacts",
    "add_facts",
    "close_campaign",
)


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """Count right first actions, beside a fixed order of the same rules, and actions that rest on nothing."""
    right, fixed, baseless = [], [], 0
    for seed in seeds:
        hits = fixed_hits = 0
        for kind in SITUATIONS:
            at, actions = await recommended(bench, kind, seed)
            hits += is_right(actions[:1], kind, at)
            fixed_hits += is_right(sorted(actions, key=_fixed)[:1], kind, at)
            baseless += sum(not well_founded(action, at) for action in actions)
        right.append(hits)
        fixed.append(fixed_hits)
    what, bar = f"right first action, of {OF}", f"≥ {BAR} on each seed"
    return [
        Row(SKILL, what, mean(fixed), mean(right), *interval(right), bar, passed=min(right) >= BAR),
        never(SKILL, "actions without evidence", baseless),
    ]


async def recommended(bench: Bench, kind: str, seed: int) -> tuple[Desk, list[dict[str, Any]]]:
    """Load a situation beside a stranger's, and ask what to do."""
    at = desk(kind, seed)
    await bench.load(at.rows)
    await bench.load(stranger(kind, seed).rows)
    found = await bench.run(SKILL, {"limit": 50}, user=at.user)
    return at, found["actions"]


def is_right(first: list[dict[str, Any]], kind: str, at: Desk) -> bool:
    """Whether it is the planted thing, and points to planted rows where rows were planted."""
    if not first or first[0]["kind"] != kind:
        return False
    told = " ".join(one["ref"] for one in first[0]["evidence"])
    return not at.planted or any(one in told for one in at.planted)


def well_founded(action: dict[str, Any], at: Desk) -> bool:
    """Whether all that it points to are rows of the user's, or templates, and no traps."""
    known = {str(row["id"]) for rows in at.rows.values() for row in rows} | {"short", "story"}
    told = {ref for one in action["evidence"] for ref in one["ref"].split(", ")}
    return bool(told) and told <= known - at.traps


def _fixed(action: dict[str, Any]) -> int:
    return FIXED_ORDER.index(action["kind"])
