"""What a reply's words are taken for: an objection, or what the examples are that they are most like.

No model is called. It is decided when the reply is recorded: afterwards the words are sealed, and nothing
has to open them for it. Complement naive Bayes (Rennie, Shih, Teevan, Karger 2003) over words, pairs of words
and pieces of words, learnt when first needed from `reply_examples.tsv`, which are fictional: whoever meets a
reply that is taken for something else adds a line. An answer taken for a machine's is lost: `auto` has to
lead by a margin.
"""

import math
import re
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import get_args

from campaigns.opt_out import asks_to_stop
from shared.record_events import ReplyCategory

READ = 4000
EXAMPLES = Path(__file__).with_name("reply_examples.tsv")
CATEGORIES: tuple[ReplyCategory, ...] = ("auto", "interested", "declined", "placed", "other")
PIECES = (3, 4, 5)
MARGIN = 0.15
LEAST_KNOWN = 0.4
QUOTATION = re.compile(
    r"^(on [^\n]{3,100} wrote:|"
    r"(am|le|el|il|op) [^\n]{0,40}\d[^\n]{0,60} (schrieb|a écrit|escribió|ha scritto|schreef)[^\n]{0,60}:|"
    r"-{2,} ?(original message|urspr)|_{10,}|(from|von|de|da) ?: )",
    re.MULTILINE,
)
ALIKE = (
    (re.compile(r"(?<!\S)\S+@\S+"), " address "),
    (re.compile(r"https?:\S+"), " link "),
    (re.compile(r"\d"), "0"),
)
WORD = re.compile(r"[\w']+|[?!]")

Weights = dict[str, tuple[float, ...]]


def category_of(words: str) -> ReplyCategory:
    """Return what the person's own words are taken for; `other` when they are like none of the examples.

    So are those of a language that no example is in: letters that two languages share say nothing.
    """
    if asks_to_stop(own(words)):
        return "objected"
    weights, said = _weights(), features(words)
    known = [weights[one] for one in said if one in weights]
    if not known or len(known) < LEAST_KNOWN * len(said):
        return "other"
    scores = [sum(column) / math.sqrt(len(known)) for column in zip(*known, strict=True)]
    automatic, *personal = scores
    if automatic > max(personal) + MARGIN:
        return "auto"
    return CATEGORIES[1 + personal.index(max(personal))]


def features(words: str) -> set[str]:
    """Return the words of a text, pairs and pieces of them; all digits are one, and so are all addresses."""
    said = own(words)
    for pattern, one in ALIKE:
        said = pattern.sub(one, said)
    found = WORD.findall(said)
    whole = f" {' '.join(found)} "
    pieces = {f"#{whole[at : at + size]}" for size in PIECES for at in range(len(whole) - size + 1)}
    return {*found, *(f"{one} {two}" for one, two in pairwise(found)), *pieces}


def labelled(text: str) -> list[tuple[ReplyCategory, str]]:
    """Read lines of a category and a reply, whose line breaks are written as a backslash and an n."""
    kinds = {str(kind): kind for kind in get_args(ReplyCategory)}
    lines = (line.split("\t", 1) for line in text.splitlines()[1:])
    return [(kinds[kind], reply.replace("\\n", "\n")) for kind, reply in lines]


@cache
def _weights() -> Weights:
    """Weigh each feature by how rarely the examples of all other categories have it.

    What is like an objection, but none of the phrases that are one, is taken for a refusal.
    """
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in CATEGORIES}
    for kind, reply in labelled(EXAMPLES.read_text(encoding="utf-8")):
        counts["declined" if kind == "objected" else kind].update(features(reply))
    everywhere = sum(counts.values(), Counter())
    columns = []
    for kind in CATEGORIES:
        total = everywhere.total() - counts[kind].total() + len(everywhere)
        column = [-math.log((many - counts[kind][one] + 1) / total) for one, many in everywhere.items()]
        usual = sum(column) / len(column)
        columns.append([weight / usual for weight in column])
    return dict(zip(everywhere, zip(*columns, strict=True), strict=True))


def own(words: str) -> str:
    """Return the words without what they quote, in small letters."""
    said = words[:READ].casefold().replace("\u2019", "'")
    said = QUOTATION.split(said, maxsplit=1)[0]
    return "\n".join(line for line in said.splitlines() if not line.startswith(">")).strip()
