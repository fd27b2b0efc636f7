"""Words that are not known but name something: nothing else is taken for what they name."""

import re
from itertools import takewhile

from totalaud.planner import words as w
from totalaud.planner.names import WHERE, WORD, Reading
from totalaud.planner.question import Intent

NAMED = (w.RELEASE | {"campaign", "artist", "band"}) - {"releases", "records"}
ARTICLES = w.words("the a an my our this that")
ABOUT = w.words("about for on")
TO = w.words("for to and or")
OURS = w.words("band artist launch")
PLATFORMS = w.PLATFORMS.keys() - {"x"}
IN = w.words("in into")
AFTER_LANGUAGE = w.words("and or please language")
EARLIER = w.words("last previous past old older")
ONE_RELEASE: frozenset[Intent] = frozenset({"pitch", "press", "plan", "hashtags"})


def capitals(text: str) -> set[str]:
    """Return the words that are written like names; none where most of a sentence is written so."""
    first, *others = WORD.findall(text) or [""]
    capital = {word.casefold() for word in others if word[0].isupper()}
    return capital if 2 * sum(word[0].isupper() for word in others) <= len([first, *others]) else set()


def named(intent: Intent, reading: Reading, unknown: set[str]) -> list[str]:
    """Return unknown words that a word before or after them makes a name, or what is to be written about."""
    found = list[str]()
    said = [word.replace("'", "") for word in reading.said]
    alone = intent == "press" and w.RELEASE.isdisjoint(said) and not reading.names
    for index, word in enumerate(said):
        if word not in unknown or reading.used[index]:
            continue
        before, after = said[index - 1] if index else "", said[index + 1] if index + 1 < len(said) else ""
        beside = (before in NAMED and word not in PLATFORMS) or (after == "campaign" and intent != "plan")
        a_name = (word in reading.capital and beside) or (word.isdigit() and before == "campaign")
        about = _governor(said[:index]) in (ABOUT if alone else {"about"})
        ours = word in OURS and after not in unknown
        told = about and not ours and not _describes(index, said, reading)
        if before in w.GOVERN or a_name or (told and (alone or intent == "pitch")):
            found.append(word)
    return found


def earlier(intent: Intent, reading: Reading) -> str | None:
    """Return what asks for a release that is out, where the next one would be taken."""
    pairs = zip(reading.said, reading.said[1:], reading.used, strict=False)
    found = (f"{one} {two}" for one, two, used in pairs if one in EARLIER and two in w.RELEASE and not used)
    return next(found, None) if intent in ONE_RELEASE else None


def place(reading: Reading) -> str | None:
    """Return a place of which a word alone is known: New England, my country."""
    for index, name in reading.names.items():
        where, before = reading.said[index - 2 : index] if index > 1 else ("", "")
        new = before == "new" and "regions" in name
        whose = before in ARTICLES and name.get("genres") == "country"
        if where in WHERE and (new or whose):
            return f"{before} {reading.said[index]}"
    return None


def language(reading: Reading) -> str | None:
    """Return a language that something is to be in; German blogs are named by where they are."""
    before = ("", *reading.said)
    after = (*reading.said[1:], "")
    for one, word, two in zip(before, reading.said, after, strict=False):
        if one in IN and word in w.LANGUAGES and (not two or two in w.GOVERN | AFTER_LANGUAGE):
            return word
    return None


def those_after(reading: Reading, count: str) -> bool:
    """Tell whether others than the best are asked for: the next ten, ten more."""
    return bool(
        re.search(rf"\b(?:next|other|further) {count}\b|\b{count} (?:more|others?)\b", reading.text())
    )


def readers(reading: Reading) -> list[str]:
    """Return whom a report is for: the label and the artist."""
    said = [
        (word, reading.said[:index]) for index, word in enumerate(reading.said) if not reading.used[index]
    ]
    found = (w.AUDIENCES[word] for word, before in said if word in w.AUDIENCES and _governor(before) in TO)
    return list(dict.fromkeys(found))


def _describes(index: int, said: list[str], reading: Reading) -> bool:
    """Tell whether a word only says what a release is like, or a part of it: my moving new single."""
    beyond = w.GOVERN - {"of"}
    after = takewhile(lambda at: said[at] not in beyond, range(index + 1, len(said)))
    return any(said[at] in w.RELEASE or reading.used[at] for at in after)


def _governor(before: list[str]) -> str:
    return next((word for word in reversed(before) if word not in ARTICLES), "")
