"""Tells contacts: whom a search found and how they were ranked, and how many are not shown."""

from collections.abc import Mapping, Sequence
from typing import Any

from totalaud.told.figures import Json, Lines, meta, rate
from totalaud.told.lines import all_wrapped, counted, wrapped

DAY = 10


def contacts(output: Json) -> Lines:
    found = output.get("contacts") or []
    if not found:
        return ["Nobody fits.", *meta(output)]
    lines = [f"{how_many(output)}, the best fit first:"]
    for number, contact in enumerate(found, 1):
        lines += _contact(number, contact)
    return lines + meta(output)


def how_many(output: Json) -> str:
    """Count contacts, and of how many these are where more were found."""
    shown, total = len(output["contacts"]), _total(output)
    return f"{shown} of {total} contacts" if total > shown else counted(shown, "contact")


def not_looked_at(skill: str, output: Any) -> Lines:
    """Say so, where a search found more contacts than it gave to the steps after it."""
    found, total = output.get("contacts"), _total(output)
    if skill != "research-contacts" or not isinstance(found, list) or total <= len(found):
        return []
    return wrapped(f"note: {total} contacts fit, {len(found)} of them were looked at")


def _total(output: Json) -> int:
    total = output.get("total")
    return total if isinstance(total, int) else 0


def ranked_in(number: int, skills: Sequence[str], outputs: Mapping[int, Any]) -> int | None:
    """Return the later step whose answer has every contact of this one; None where none has."""
    found = _ids(outputs[number])
    ranked = (later for later in sorted(outputs) if later > number and skills[later - 1] == "score-contacts")
    return next((later for later in ranked if found and found <= _ids(outputs[later])), None)


def widened(output: Any) -> Lines:
    said = output.get("widened") if isinstance(output, Mapping) else None
    return all_wrapped(f"note: {line}" for line in said) if isinstance(said, list) else []


def _contact(number: int, contact: Json) -> Lines:
    what = ", ".join(str(contact[name]) for name in ("outlet", "role", "type") if contact.get(name))
    score = contact.get("relevance_score")
    head = f"{number}. {contact.get('name') or contact.get('outlet') or 'no name'}"
    lines = wrapped(f"{head}{'' if score is None else f', {score:.2f}'}: {what}", "", "   ")
    if contact.get("email"):
        lines += wrapped(str(contact["email"]), "   ", "   ")
    parts = contact.get("score_parts") or ()
    told = (f"{one['points']:.2f} of {one['of']:.2f} {one['name']}: {one['why']}" for one in parts)
    lines += all_wrapped(told, "   ", "     ")
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
    so_far = f"answered {counts} pitches" if known["n"] else "no pitch to them is old enough to tell"
    return f"expected to answer {share}; {so_far}"


def _ids(output: Any) -> set[str]:
    """Return the ids of an answer's contacts; none where one of them has none."""
    contacts = output.get("contacts") if isinstance(output, Mapping) else None
    found = contacts if isinstance(contacts, list) else []
    ids = [one.get("id") for one in found if isinstance(one, Mapping)]
    return set() if None in ids else set(map(str, ids))
