"""Tells what was measured: who answers and how soon, who will, what rises and falls, who is alike."""

from totalaud.told.figures import Json, Lines, meta, percent, rate, who
from totalaud.told.lines import all_wrapped, and_more, counted, some, wrapped

MOST_GROUPS = MOST_PREDICTED = MOST_OUTLETS = 10
HOPED = {"replied": "answer", "positive": "be interested", "placed": "place it"}
MOST_REASONS = 2
DAILY = ("streams", "listeners")
CHANCE = 0.05
QUARTERS = (("p25_days", "a quarter"), ("median_days", "half"), ("p75_days", "three quarters"))
KINDS = ("interested", "placed", "declined", "objected", "auto", "other")


def answers(output: Json) -> Lines:
    groups = output.get("groups") or []
    lines = ["Who answers, the most promising first:"] if groups else ["No outcome is known yet."]
    for one in groups[:MOST_GROUPS]:
        likely = (
            f"; drawn to what all share {percent(one['shrunk'])} %, best with probability {one['p_best']:.2f}"
        )
        alone = len(groups) == 1
        lines += wrapped(f"{one['key']}: {rate(one['rate'])}{'' if alone else likely}", "  ", "    ")
    lines += and_more(len(groups), MOST_GROUPS)
    if len(groups) > 1 and output.get("alike_p") is not None:
        apart = "they do differ" if output["alike_p"] <= CHANCE else "that may be chance"
        lines += wrapped(
            f"If all answered alike, as much would differ with probability {output['alike_p']:.2f}: {apart}."
        )
    return [*lines, *_waiting(output["time_to_reply"]), *_kinds(output["categories"]), *meta(output)]


def _waiting(times: Json) -> Lines:
    said = [f"{share} within {times[name]:.1f}" for name, share in QUARTERS if times.get(name) is not None]
    if not said:
        return []
    return wrapped(
        f"Of the answers came {', '.join(said)} days; {percent(times['plateau'])} % answer in the end."
    )


def _kinds(categories: Json) -> Lines:
    if not any(categories.values()):
        return []
    told = (f"{name} {categories[name]}" for name in KINDS if name in categories)
    return wrapped("Replies: " + ", ".join(told))


def chances(output: Json) -> Lines:
    found, card = output.get("predictions") or [], output["model"]
    lines = [f"Likely to {HOPED[card['outcome']]}, the likeliest first:"] if found else []
    for number, one in enumerate(found[:MOST_PREDICTED], 1):
        lines += wrapped(f"{number}. {who(one)}: {_chance(one)}", "", "   ")
        lines += all_wrapped((str(by["why"]) for by in one["factors"][:MOST_REASONS]), "   ", "     ")
    whole = output["expected"]
    if len(found) > MOST_PREDICTED:
        lines.append(f"   and {max(len(found), whole['n']) - MOST_PREDICTED} more")
    if whole["n"] > 1:
        lines += wrapped(f"Of all {whole['n']} together {_chance({**whole, 'p': whole['mean']})}.")
    if card.get("brier_skill") is not None:
        skill = card["brier_skill"]
        better = f"{percent(abs(skill))} % {'worse' if skill < 0 else 'better'} than one rate for all"
        lines += wrapped(f"Tried on {card['n_validated']} older pitches: {better}.")
    return lines + meta(output)


def _chance(one: Json) -> str:
    return "{} % ({}\u2013{})".format(*(percent(one[name]) for name in ("p", "lo", "hi")))


def trends(output: Json) -> Lines:
    """Tell what moves first, then what does not, then what is too short to say."""
    found = output.get("trends") or []
    order = ("rising", "falling", "flat", "insufficient")
    lines = [] if found else ["Nothing is there that could rise or fall."]
    for one in sorted(found, key=lambda each: order.index(each["direction"])):
        what = f"{one['metric'].replace('_', ' ')}{' a day' if one['metric'] in DAILY else ''}"
        lines += wrapped(f"{one['key']}, {what}: {_moves(one)}", "  ", "    ")
    return lines + meta(output)


def _moves(one: Json) -> str:
    if one["direction"] == "insufficient":
        return f"not enough data, {counted(one['needed'], 'more week')} needed"
    share = one["metric"].endswith("rate")
    slope, low, high = (
        f"{100 * one[name] if share else one[name]:z.1f}" for name in ("slope_per_week", "lo", "hi")
    )
    unit = " points" if share else ""
    weeks = f" over {len(one['points'])} weeks" if one.get("points") else ""
    return f"{one['direction']}{weeks}, {slope}{unit} a week ({low} to {high}), q {one['q_value']:.3f}"


def alike(output: Json) -> Lines:
    lines = wrapped(str(output["summary"]))
    for number, one in enumerate(output.get("similar") or (), 1):
        basis = ", ".join(one["shared_genres"] or one["basis"])
        lines += wrapped(f"{number}. {one['name']}, {one['similarity']:.2f}: {basis}", "", "   ")
        if outlets := one.get("outlets"):
            lines += wrapped(f"covered by {some(outlets, MOST_OUTLETS)}", "   ", "     ")
    gaps = output.get("gaps") or ()
    told = (f"{gap['outlet']} covered {', '.join(gap['covered'])}, and not you" for gap in gaps)
    lines += all_wrapped(told, "- ", "  ")
    about = output.get("meta") or {}
    none = about.get("basis") == "insufficient" and not about.get("warnings")
    return lines + (["! no other artist is recorded that is near"] if none else meta(output))
