"""Tells what has its day: opportunities with their deadlines, and times of the week."""

from totalaud.told.figures import Json, Lines, amount, meta, percent, rate, who
from totalaud.told.lines import all_wrapped, and_more, counted, wrapped

MOST_SLOTS, MOST_SENDS = 5, 20


def opportunities(output: Json) -> Lines:
    found = output.get("opportunities") or []
    shown = f", {len(found)} of {output['total']}" if output.get("total", 0) > len(found) else ""
    lines = [f"Open and fitting, the best first{shown}:"] if found else ["Nothing is open."]
    for number, one in enumerate(found, 1):
        lines += _opportunity(number, one)
    return lines + meta(output)


def _opportunity(number: int, one: Json) -> Lines:
    until = f", until {one['deadline']}" if one.get("deadline") else ""
    lines = wrapped(f"{number}. {one['title']}, {one['kind']}{until}, fit {one['fit']:.2f}", "", "   ")
    told = (_cost(one), *one.get("reasons", ()), one.get("url") or one.get("source"))
    return lines + all_wrapped((str(said) for said in told if said), "   ", "     ")


def _cost(one: Json) -> str | None:
    if one.get("cost") is None:
        return None
    return f"costs {amount(one['cost'])} {one.get('currency') or ''}".rstrip() if one["cost"] else "free"


def timing(output: Json) -> Lines:
    slots, sends = output.get("slots") or [], output.get("schedule") or []
    lines = (
        ["Times of the week, the likeliest best first:"]
        if slots
        else ["No time of the week is known to do better."]
    )
    for one in slots[:MOST_SLOTS]:
        share, _, counts = rate(one["expected"]).rpartition(", ")
        best = f"best with probability {one['p_best']:.2f}, {share} expected; answered so far {counts}"
        lines += wrapped(f"{one['weekday']} {one['hour_local']}:00: {best}", "  ", "    ")
    if slots:
        tried = f"{percent(output['exploration'])} % of pitches would go out at another time, to learn more"
        lines += wrapped(tried)
    lines += all_wrapped((f"{one['local']}: {who(one)}" for one in sends[:MOST_SENDS]), "  ", "    ")
    lines += and_more(len(sends), MOST_SENDS)
    if left := output.get("unscheduled"):
        lines += [f"{counted(len(left), 'contact')} without a time:"]
        lines += all_wrapped((f"{who(one)}: {one['reason']}" for one in left), "  ", "    ")
    return lines + meta(output)
