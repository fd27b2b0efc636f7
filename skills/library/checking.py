"""Results of checks on an answer, as the engine wants them; `why` tells the model what to mend."""

import re
from collections.abc import Collection, Iterable
from typing import Any

from library import claims, factsheet, prose

Json = dict[str, Any]
ASKING = re.compile(
    r"\b(?:please|let (?:me|us) know|get in touch|drop (?:me|us) a line|write back|get back to)\b",
    re.IGNORECASE,
)
HIDDEN_NAME_WORDS = 3


def passed(name: str, *, ok: bool, why: str) -> Json:
    return {"name": name, "passed": ok, "why": "" if ok else why}


def length(name: str, text: str, low: int, high: int) -> Json:
    """Count words; a hidden name is one word at the least and three at the most."""
    count, hidden = prose.count(text), len(prose.PLACEHOLDER.findall(text))
    ok = low <= count and count + hidden * (HIDDEN_NAME_WORDS - 1) <= high
    return passed(name, ok=ok, why=f"it has {count} words, {low} to {high} are wanted")


def facts(found: Iterable[claims.Claim]) -> Json:
    told = list(found)
    return passed("facts", ok=not told, why=claims.told(told))


def facts_used(cited: Iterable[str], given: Iterable[Json], text: str) -> Json:
    unused = factsheet.not_used(cited, given, text)
    return passed("facts used", ok=not unused, why=f"the text does not tell: {', '.join(unused)}")


def placeholders(text: str, known: Collection[str], needed: Collection[str] = ()) -> Json:
    there = set(prose.PLACEHOLDER.findall(text))
    ok = there <= set(known) and set(needed) <= there
    return passed("placeholders", ok=ok, why=f"use {', '.join(needed) or 'none'}, and no other placeholder")


def one_question(text: str, names: Iterable[str]) -> Json:
    """Count the sentences that ask for something."""
    worded = [name for name in names if any(map(str.isalnum, name))]
    masked = prose.without_names(prose.without_links(text), worded)
    asks = [
        part for part in prose.sentences(masked) if part.rstrip('"”’)').endswith("?") or ASKING.search(part)
    ]
    return passed("one ask", ok=len(asks) == 1, why=f"{len(asks)} sentences ask for something, one should")
