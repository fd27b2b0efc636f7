"""What turns a question round or makes it depend on something: refused, whatever else could be read."""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from totalaud.planner import words as w
from totalaud.planner.names import Reading
from totalaud.planner.question import Intent, Unreadable
from totalaud.planner.vocabulary import Vocabulary

IS_OUT = re.compile(r"(\S+) (?:(?:is|are|being) (?:out|off)|aside)\b")
PHRASE = re.compile(
    r"\b(?:(?:rather|other) than|(?:aside|apart) from|instead of|save for|free of|stay away from|non-\w+|w o)"
    r"(?!\S)"
)
NOUN = re.compile(r"\b(?:a|the|my|our|your|this|next|new) (drop|cut|bar)\b")
BETWEEN = w.words("out the my our all any on about of away from for too")
NEGATED = "I cannot read “{}”: say what is wanted, not what is not"
AGAIN = re.compile(r"\bonce (?:more|again)\b")
DEPENDS = "I cannot follow a condition such as “{}”: say what is wanted without it"


def refuse_negation(reading: Reading, vocabulary: Vocabulary) -> None:
    """Refuse what says whom or what to leave out; a name may hold such words, as titles do."""
    found = sorted(word for _, word in reading.rest() if word in w.NEGATIONS)
    found += PHRASE.findall(reading.text())
    found += _left_out(reading, vocabulary)
    if found:
        raise Unreadable(NEGATED.format(found[0]))


def refuse_condition(intent: Intent, reading: Reading, unknown: Iterable[str]) -> None:
    """Refuse a condition; where something is written, also when it is to be done."""
    conditions: AbstractSet[str] = w.CONDITIONS | (w.BEFORE_WRITING if intent == "pitch" else set[str]())
    said = AGAIN.sub("", reading.text()).split()
    found = [word for word in unknown if word in conditions and word in said]
    if found:
        raise Unreadable(DEPENDS.format(found[0]))


def _left_out(reading: Reading, vocabulary: Vocabulary) -> list[str]:
    """Return words such as drop where they govern what narrows an answer: drop radio, leave out the BBC."""
    narrow = {*w.CHANNELS, *w.PLATFORMS}.union(*w.TONES.values(), *vocabulary.kinds.values())
    found, nouns = list[str](), NOUN.findall(reading.text())
    for index, word in enumerate(reading.said):
        if word not in w.LEFT_OUT or reading.used[index] or word in nouns:
            continue
        between = BETWEEN - {"for", "on", "about"} if word == "drop" else BETWEEN
        after = range(index + 1, len(reading.said))
        next_ = next((one for one in after if reading.said[one] not in between or reading.used[one]), None)
        if next_ is not None and (reading.used[next_] or reading.said[next_] in narrow):
            found.append(word)
    return found + [at[0] for at in IS_OUT.finditer(reading.text()) if at[1] in narrow]
