"""What steps answered as a person reads it: at most 80 columns wide; rates with their intervals."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from totalaud.told.dated import opportunities, timing
from totalaud.told.figures import meta, percent, rate
from totalaud.told.lines import WIDTH, counted, wrapped
from totalaud.told.measured import alike, answers, chances, trends
from totalaud.told.plainly import anything
from totalaud.told.texts import pitches, press, summary

Json = Mapping[str, Any]
Lines = list[str]
DAY = 10
MOST_DUE = 10
FUNNEL = ("sent", "bounced", "replied", "positive", "placed", "declined", "pending")
OTHER_FORM = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
ESCAPED = re.compile(r"\\([\\`*\[\]<>|])")


def answer(skills: Sequence[str], outputs: Sequence[Any]) -> Lines:
    """Tell each step's output in its own words; found contacts only where no step tells them again."""
    steps = [one for one in zip(skills, outputs, strict=True) if isinstance(one[1], Mapping)]
    blocks = [_words(*step) for step in steps if not _told_later(step[0], skills)]
    front = chain.from_iterable(_widened(output) for _, output in steps)
    return [*front, *chain.from_iterable([*block, ""] for block in blocks)][:-1]


def told(skill: str, output: Any) -> Lines:
    """Tell all that one step answered."""
    return [*(_widened(output) if skill in TELLERS else ()), *_words(skill, output)]


def told_step(number: int, skills: Sequence[str], outputs: Mapping[int, Any]) -> Lines:
    """Tell all that a step of several answered; contacts that a later step ranks are told there alone."""
    skill, output = skills[number - 1], outputs[number]
    later = _ranked_in(number, skills, outputs)
    if skill != "research-contacts" or later is None:
        return told(skill, output)
    many = counted(len(output["contacts"]), "contact")
    return [*_widened(output), f"{many}, told in step {later}, where they are ranked", *meta(output)]


def _ranked_in(number: int, skills: Sequence[str], outputs: Mapping[int, Any]) -> int | None:
    """Return the later step whose answer has every contact of this one; None where none has."""
    found = _ids(outputs[number])
    ranked = (later for later in sorted(outputs) if later > number and skills[later - 1] == "score-contacts")
    return next((later for later in ranked if found and found <= _ids(outputs[later])), None)


def _ids(output: Any) -> set[str]:
    """Return the ids of an answer's contacts; none where one of them has none."""
    contacts = output.get("contacts") if isinstance(output, Mapping) else None
    ids = [one.get("id") for one in contacts or () if isinstance(one, Mapping)]
    return set() if None in ids else set(map(str, ids))


def _words(skill: str, output: Any) -> Lines:
    """Tell an output in the skill's own words, or plainly where it has not the form that these are for.

    The log keeps what older versions answered, and a skill of one's own may have the name of one of ours.
    """
    tell: Callable[[Any], Lines] = TELLERS.get(skill, anything)
    try:
        return tell(output)
    except OTHER_FORM:
        return anything(output)


def _widened(output: Any) -> Lines:
    said = output.get("widened") if isinstance(output, Mapping) else None
    return list(chain.from_iterable(wrapped(f"note: {line}") for line in said or ()))


def _contacts(output: Json) -> Lines:
    found = output.get("contacts") or []
    if not found:
        return ["Nobody fits.", *meta(output)]
    lines = [f"{counted(len(found), 'contact')}, the best fit first:"]
    for number, contact in enumerate(found, 1):
        lines += _contact(number, contact)
    return lines + meta(output)


def _contact(number: int, contact: Json) -> Lines:
    what = ", ".join(str(contact[name]) for name in ("outlet", "role", "type") if contact.get(name))
    score = contact.get("relevance_score")
    head = f"{number}. {contact.get('name') or contact.get('outlet') or 'no name'}"
    lines = wrapped(f"{head}{'' if score is None else f', {score:.2f}'}: {what}", "", "   ")
    if contact.get("email"):
        lines += wrapped(str(contact["email"]), "   ", "   ")
    for part in contact.get("score_parts") or ():
        said = f"{part['points']:.2f} of {part['of']:.2f} {part['name']}: {part['why']}"
        lines += wrapped(said, "   ", "     ")
    if contact.get("history"):
        lines += wrapped(_history(contact["history"]), "   ", "     ")
    last = contact.get("last_contacted_at")
    source = contact.get("source_url") or contact.get("source") or "unknown"
    heard = f"last contacted {last[:DAY]}" if last else "never contacted"
    return lines + wrapped(f"{heard}; source {source}", "   ", "     ")


def _history(known: Json) -> str:
    """Tell what was counted as counted, and what is drawn towards others' as an expectation."""
    if not str(known.get("method", "")).startswith("beta"):
        return f"answered {rate(known)}"
    share, _, counts = rate(known).rpartition(", ")
    return f"expected to answer {share}; answered {counts} pitches"


def _patterns(output: Json) -> Lines:
    found = output.get("patterns") or []
    lines = ["What is answered more often, and what is not known:"] if found else ["No pattern can be shown."]
    for one in found:
        lines += wrapped(str(one.get("text") or one["rule"]), "- ", "  ")
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
    cited = output.get("references") or []
    told = (
        f"published, not yours: {one['label']} {percent(one['value'])} % ({one['source']}, {one['year']})"
        if one["value"] <= 1
        else f"published, not yours: {one['label']} {one['value']:g} ({one['source']}, {one['year']})"
        for one in cited
    )
    return [line for said in told for line in wrapped(said, "  ", "    ")]


def _actions(output: Json) -> Lines:
    found = output.get("actions") or []
    lines = ["Next:"] if found else ["Nothing needs to be done."]
    for number, one in enumerate(found, 1):
        due = f", due {one['due']}" if one.get("due") else ""
        lines += wrapped(f"{number}. {one['title']}{due}, {one['effort_min']} min", "", "   ")
        for evidence in one.get("evidence") or ():
            lines += wrapped(f"because: {evidence['why']}", "   ", "     ")
        if command := one.get("command"):
            lines += wrapped(f"with: {command.get('skill') or command['door']}", "   ", "     ")
    return lines + meta(output)


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
        lines += [
            line for name in before for line in wrapped(f"{name} before: {rate(before[name])}", "  ", "    ")
        ]
    end = output["expected_eventual"]
    if funnel["pending"] and (end["lo"] > 0 or end["hi"] < 1):
        lines += wrapped(f"Answers are still coming in; expected in the end: {rate(end)}")
    return [*lines, *_followups(output), *meta(output)]


def _followups(output: Json) -> Lines:
    due = output["followups_due"]
    lines = [f"Follow-ups due: {output.get('followups_total', len(due)) or 'none'}"]
    for one in due[:MOST_DUE]:
        who = ", ".join(str(one[name]) for name in ("name", "outlet") if one.get(name))
        lines += wrapped(f"{who or one['contact_id']}: {one['days']} days of silence", "  ", "    ")
    more = output.get("followups_total", len(due)) - MOST_DUE
    return [*lines, f"  and {more} more"] if more > 0 else lines


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
        cost = f", {task['cost']:g}" if task["cost"] else ""
        lines += wrapped(
            f"{task['start']} to {task['due']} {mark} {task['title']} ({task['effort_h']:g} h{cost})",
            "",
            "  ",
        )
    if output["critical_path"]:
        lines += ["", "* has the least slack"]
    if output["infeasible"]:
        lines += ["", "What does not fit:"]
        lines += chain.from_iterable(wrapped(said, "- ", "  ") for said in output["infeasible"])
    return lines + meta(output)


def _hashtags(output: Json) -> Lines:
    found = output.get("hashtags") or []
    lines = wrapped(" ".join(one["tag"] for one in found)) if found else ["No hashtag fits."]
    for one in found:
        lines += wrapped(f"{one['tag']} ({one['kind']}): {one['why']}", "  ", "    ")
    return lines + meta(output)


def _told_later(skill: str, skills: Sequence[str]) -> bool:
    return skill == "research-contacts" and not {"score-contacts", "predict-success"}.isdisjoint(skills)


TELLERS: dict[str, Callable[[Json], Lines]] = {
    "research-contacts": _contacts,
    "score-contacts": _contacts,
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
