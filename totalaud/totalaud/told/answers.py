"""What steps answered as a person reads it: at most 80 columns wide; rates with their intervals."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from shlex import quote
from typing import Any

from totalaud.told.dated import opportunities, timing
from totalaud.told.figures import Json, Lines, amount, meta, percent, rate, who
from totalaud.told.lines import WIDTH, all_wrapped, and_more, some, wrapped
from totalaud.told.measured import alike, answers, chances, trends
from totalaud.told.people import contacts, how_many, not_looked_at, ranked_in, widened
from totalaud.told.plainly import anything
from totalaud.told.texts import pitches, press, summary

MOST_DUE = 10
MOST_OUTLETS = 5
FILE = "--input @FILE"
FUNNEL = ("sent", "bounced", "replied", "positive", "placed", "declined", "pending")
OTHER_FORM = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
ESCAPED = re.compile(r"\\([\\`*\[\]<>|~_&#+.)-])")


def answer(skills: Sequence[str], outputs: Sequence[Any]) -> Lines:
    """Tell each step's output in its own words; found contacts only where no step tells them again."""
    steps = [one for one in zip(skills, outputs, strict=True) if isinstance(one[1], Mapping)]
    blocks = [_words(*step) for step in _cited_once(steps) if not _told_later(step[0], skills)]
    front = chain.from_iterable([*widened(output), *not_looked_at(skill, output)] for skill, output in steps)
    return [*front, *chain.from_iterable([*block, ""] for block in blocks)][:-1]


def _cited_once(steps: Iterable[tuple[str, Json]]) -> Iterator[tuple[str, Json]]:
    """Leave out the published figures that a step before has cited."""
    cited = list[Any]()
    for skill, output in steps:
        found = output.get("references") if skill in TELLERS else None
        yield skill, {**output, "references": []} if found and found in cited else output
        cited.append(found)


def told(skill: str, output: Any) -> Lines:
    """Tell all that one step answered."""
    return [*(widened(output) if skill in TELLERS else ()), *_words(skill, output)]


def told_step(number: int, skills: Sequence[str], outputs: Mapping[int, Any]) -> Lines:
    """Tell all that a step of several answered; contacts that a later step ranks are told there alone."""
    skill, output = skills[number - 1], outputs[number]
    later = ranked_in(number, skills, outputs)
    if skill != "research-contacts" or later is None:
        return told(skill, output)
    where = f"told in step {later}, where they are ranked"
    short = _or_plainly(lambda found: [f"{how_many(found)}, {where}", *meta(found)], output)
    return [*widened(output), *short]


def _words(skill: str, output: Any) -> Lines:
    """Tell an output in the skill's own words."""
    return _or_plainly(TELLERS.get(skill, anything), output)


def _or_plainly(tell: Callable[[Any], Lines], output: Any) -> Lines:
    """Tell an output in its words, or plainly where it has not the form that these are for.

    The log keeps what older versions answered, and a skill of one's own may have the name of one of ours.
    """
    try:
        return tell(output)
    except OTHER_FORM:
        return anything(output)


def _patterns(output: Json) -> Lines:
    found = output.get("patterns") or []
    lines = ["What is answered more often, and what is not known:"] if found else ["No pattern can be shown."]
    lines += all_wrapped((str(one.get("text") or one["rule"]) for one in found), "- ", "  ")
    return lines + meta(output) + _references(output)


def _benchmark(output: Json) -> Lines:
    lines = wrapped(str(output["verdict"]))
    if cohort := output.get("cohort"):
        figures = ", ".join(f"{name} {cohort[name]:.3f}" for name in ("p10", "p50", "p90"))
        lines += wrapped(f"among {cohort['n']} artists: {figures}", "  ", "  ")
    if output["you"]["n"]:
        lines += wrapped(f"you: {rate(output['you'])}", "  ", "  ")
    return lines + [line for line in meta(output) if line[2:] not in lines] + _references(output)


def _references(output: Json) -> Lines:
    lines: Lines = []
    for one in output.get("references") or []:
        value = f"{percent(one['value'])} %" if one["value"] <= 1 else f"{one['value']:g}"
        cited = f"published, not yours: {one['label']} {value} ({one['source']}, {one['year']})"
        lines += wrapped(cited, "  ", "    ")
    return lines


def _actions(output: Json) -> Lines:
    found = output.get("actions") or []
    lines = ["Next:"] if found else ["No next step is proposed."]
    for number, one in enumerate(found, 1):
        due = f", due {one['due']}" if one.get("due") else ""
        lines += wrapped(f"{number}. {one['title']}{due}, {one['effort_min']} min", "", "   ")
        lines += all_wrapped((f"because: {row['why']}" for row in one.get("evidence") or ()), "   ", "     ")
        if command := one.get("command"):
            lines += _outlets(command["input"].get("contacts") or [])
            lines.append(f"   with: {_typed(command)}")
    if any(line.endswith(FILE) for line in lines):
        lines += wrapped("FILE: the action's command.input, as --json tells it.")
    return lines + meta(output)


def _outlets(contacts: list[Json]) -> Lines:
    known = list(dict.fromkeys(one["outlet"] for one in contacts if one.get("outlet")))
    return wrapped(f"at: {some(known, MOST_OUTLETS)}", "   ", "     ") if known else []


def _typed(command: Json) -> str:
    """Write which command a person types for it, in one line, to be copied."""
    given: Json = command["input"]
    if skill := command.get("skill"):
        plain = all(isinstance(value, str) for value in given.values())
        named = [f"--input {name}={quote(value)}" for name, value in given.items()] if plain else [FILE]
        return " ".join(["totalaud skill", skill, *named])
    noun, _, verb = str(command["door"]).partition(".")
    whom = [quote(value) for value in given.values() if isinstance(value, str)]
    return " ".join([f"totalaud {noun.removesuffix('s')}s {verb}".rstrip(), *whom])


def _track(output: Json) -> Lines:
    funnel = output["funnel"]
    lines = wrapped(", ".join(f"{name} {funnel[name]}" for name in FUNNEL))
    before = {one["metric"]: one["rate"] for one in output["previous"] if one["rate"]["n"]}
    changes = {one["metric"]: one for one in output["change"]}
    for one in (one for one in output["rates"] if one["rate"]["n"]):
        metric = one["metric"]
        lines += wrapped(f"{metric}: {rate(one['rate'])}", "  ", "    ")
        if metric in before:
            lines += wrapped(f"before: {rate(before[metric])}", "    ", "      ")
        if change := changes.get(metric):
            verdict = change["verdict"].replace("_", " ")
            lines += wrapped(f"{verdict}, worse with probability {change['p_worse']:.2f}", "    ", "      ")
    if before and not funnel["sent"]:
        lines += all_wrapped((f"{name} before: {rate(one)}" for name, one in before.items()), "  ", "    ")
    end = output["expected_eventual"]
    if funnel["pending"] and (end["lo"] > 0 or end["hi"] < 1):
        lines += wrapped(f"Answers are still coming in; expected in the end: {rate(end)}")
    return [*lines, *_followups(output), *meta(output)]


def _followups(output: Json) -> Lines:
    due = output["followups_due"]
    total = output.get("followups_total", len(due))
    lines = [f"Follow-ups due: {total or 'none'}"]
    told = (f"{who(one)}: {one['days']} days of silence" for one in due[:MOST_DUE])
    return [*lines, *all_wrapped(told, "  ", "    "), *and_more(total, MOST_DUE)]


def _report(output: Json) -> Lines:
    """Tell a report as it is written: tables stand, sentences are wrapped."""
    lines = ESCAPED.sub(r"\1", str(output["markdown"])).splitlines()
    return list(chain.from_iterable(_of_report(line.removeprefix("## ")) for line in lines))


def _of_report(line: str) -> Lines:
    if line.startswith("|") and len(line) <= WIDTH:
        return [line]
    return wrapped(line, "", "  " if line.startswith("- ") else "")


def _plan(output: Json) -> Lines:
    lines = []
    for task in output["tasks"]:
        mark = "*" if task["id"] in output["critical_path"] else " "
        cost = f", {amount(task['cost'])}" if task["cost"] else ""
        lines += wrapped(
            f"{task['start']} to {task['due']} {mark} {task['title']} ({task['effort_h']:g} h{cost})",
            "",
            "  ",
        )
    if output["critical_path"]:
        lines += ["", "* has the least slack"]
    if output["infeasible"]:
        lines += ["", "What does not fit:"]
        lines += all_wrapped(output["infeasible"], "- ", "  ")
    return lines + meta(output)


def _hashtags(output: Json) -> Lines:
    found = output.get("hashtags") or []
    lines = wrapped(" ".join(one["tag"] for one in found)) if found else ["No hashtag fits."]
    lines += all_wrapped((f"{one['tag']} ({one['kind']}): {one['why']}" for one in found), "  ", "    ")
    return lines + meta(output)


def _told_later(skill: str, skills: Sequence[str]) -> bool:
    return skill == "research-contacts" and not {"score-contacts", "predict-success"}.isdisjoint(skills)


TELLERS: dict[str, Callable[[Json], Lines]] = {
    "research-contacts": contacts,
    "score-contacts": contacts,
    "generate-pitch": pitches,
    "write-press-release": press,
    "write-summary": summary,
    "track-campaign": _track,
    "generate-report": _report,
    "identify-patterns": _patterns,
    "benchmark-performance": _benchmark,
    "recommend-next-steps": _actions,
    "create-campaign-plan": _plan,
    "discover-opportunities": opportunities,
    "optimize-timing": timing,
    "analyze-responses": answers,
    "predict-success": chances,
    "track-trends": trends,
    "analyze-competition": alike,
    "suggest-hashtags": _hashtags,
}
