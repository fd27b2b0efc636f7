"""Plans as lines of text, at most 80 columns wide."""

import json
from decimal import Decimal
from typing import Any

from totalaud.planner.draft import Plan
from totalaud.planner.prices import Cost
from totalaud.told.lines import all_wrapped, counted, wrapped


def plan_lines(plan: Plan) -> list[str]:
    """Return agent, steps with their inputs and expected cost, and what else there is to know."""
    lines = [f"Plan: {plan.agent}, {counted(len(plan.steps), 'step')}, {cost(_sum(plan))}"]
    for number, step in enumerate(plan.steps, 1):
        lines += wrapped(f"{number}. {step.skill}: {step.why} ({cost(step.cost)})", "  ", "     ")
        given = (f"{name}: {_short(value)}" for name, value in step.input.items())
        lines += all_wrapped(given, "       ", "         ")
    return lines + all_wrapped((f"note: {note}" for note in plan.notes), "  ", "    ")


def cost(expected: Cost) -> str:
    if expected.free:
        return "$0"
    if expected.usd is None:
        return "price unknown"
    return f"at most about ${expected.usd:.2f} at list price"


def _short(value: Any) -> str:
    """Write a value in few letters; of what may be personal only how many there are."""
    match value:
        case str():
            return value
        case [dict(), *_]:
            outlets = ", ".join(sorted({str(one["outlet"]) for one in value if one.get("outlet")}))
            return f"{len(value)} at {outlets}" if outlets else str(len(value))
        case list():
            return ", ".join(map(str, value))
        case dict() if "name" in value or "title" in value:
            facts = f", {counted(len(value['facts']), 'fact')}" if value.get("facts") else ""
            when = f", {value['date']}" if value.get("date") else ""
            return f"{value.get('name') or value.get('title')}{facts}{when}"
        case dict():
            return "; ".join(f"{name} {_short(one)}" for name, one in value.items())
        case _:
            return json.dumps(value)


def _sum(plan: Plan) -> Cost:
    costs = [step.cost for step in plan.steps]
    calls = sum(one.calls for one in costs)
    usd = None if any(one.usd is None for one in costs) else sum(one.usd or 0.0 for one in costs)
    return Cost(usd, calls)


def over(plan: Plan, limit_usd: Decimal) -> str | None:
    """Return why a plan may cost more than a budget, None when it cannot."""
    total = _sum(plan)
    if unknown := [step.skill for step in plan.steps if step.cost.usd is None]:
        return f"nobody knows what {unknown[0]} costs, so no budget can hold it"
    if total.usd is not None and total.usd > limit_usd:
        return f"it may cost ${total.usd:.4f}, more than the budget of ${limit_usd:f}"
    return None
