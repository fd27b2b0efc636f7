"""Reads a question: names first, then the one intent whose words are there; it never guesses."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from totalaud.planner import words as w
from totalaud.planner.question import Intent, Question, Unread, Window
from totalaud.planner.vocabulary import Vocabulary, key

MOST_WORDS = 60
MOST_UNUSED = 2
LONGEST_NAME = 8
HOURS = re.compile(r"(\d+(?:\.\d+)?)\s*(?:h|hrs?|hours?)\s*(?:a|per|each|every|/)\s*(?:week|wk)\b")
MONEY = re.compile(r"[£$€]\s*(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)\s*(?:pounds|dollars|euros|gbp|usd|eur)\b")
WORD = re.compile(r"[^\W_]+(?:[-&'][^\W_]+)*")
US = re.compile(r"\b([Ff]ind|[Tt]ell|[Ss]how|[Gg]ive|[Gg]et|for|like) us\b")
FIXED = (
    ("press release", "pressrelease"),
    ("playlist curator", "playlist"),
    ("r & b", "r&b"),
)


@dataclass
class _Reading:
    """The words still to be explained, those before each kept for what governs it."""

    text: list[str]
    used: list[bool] = field(default_factory=list)

    def take(self, known: Mapping[str, str]) -> list[str]:
        """Find known names, the longest first, and take their words."""
        found: list[tuple[int, str]] = []
        for length in range(min(LONGEST_NAME, len(self.text)), 0, -1):
            for index in range(len(self.text) - length + 1):
                part = slice(index, index + length)
                name = known.get(key("".join(self.text[part])))
                if name is not None and not any(self.used[part]):
                    found.append((index, name))
                    self.used[part] = [True] * length
        return list(dict.fromkeys(name for _, name in sorted(found)))

    def rest(self) -> list[tuple[str, str]]:
        """Return the words that no name took, each with the word before it."""
        before = ["", *self.text]
        return [(before[i], word) for i, word in enumerate(self.text) if not self.used[i]]


def understood(text: str, vocabulary: Vocabulary) -> Question | Unread:
    """Return the question's slots, or why it cannot be read."""
    plain = _plain(text)
    plain, hours = _number(HOURS, plain)
    plain, budget = _number(MONEY, plain)
    plain, window = _window(plain)
    said = WORD.findall(plain)
    if refusal := _not_a_question(said):
        return refusal
    names = _Reading([word.replace("'", "") for word in said], [False] * len(said))
    own = (vocabulary.campaigns, vocabulary.releases, vocabulary.outlets)
    campaigns, releases, outlets = (names.take(_own(some, vocabulary)) for some in own)
    genres, regions = names.take(vocabulary.genres), names.take(vocabulary.places)
    intent = _intent(
        {word for _, word in names.rest()}
        | ({"campaign"} if campaigns else set())
        | ({"release"} if releases else set()),
        vocabulary,
    )
    found = _found(intent, names, vocabulary)
    if isinstance(found, Unread):
        return found
    question = replace(
        found,
        genres=tuple(genres),
        regions=tuple(regions),
        window=window,
        hours_per_week=hours,
        budget=budget,
    )
    named = _named(question, outlets, campaigns, releases)
    return named if isinstance(named, Unread) else _narrowed(named)


def _found(intent: Intent | Unread, names: _Reading, vocabulary: Vocabulary) -> Question | Unread:
    """Explain every word that is left, by the words of the intent."""
    if isinstance(intent, Unread):
        return intent
    rest = names.rest()
    said = {word for _, word in rest}
    kinds = [kind for kind, others in vocabulary.kinds.items() if said & set(others)]
    unknown = [(before, word) for before, word in rest if word not in _known(intent, vocabulary)]
    if time := sorted(said & w.NO_WINDOW):
        return Unread(f"I can look at the last 7 days, at 28 days or at all of it, not at “{time[0]}”")
    if governed := [word for before, word in unknown if before in w.GOVERN]:
        return Unread(f"I do not know “{governed[0]}”")
    if len(unknown) > MOST_UNUSED or (unknown and intent == "find" and not said & w.LOOK):
        return Unread("I do not know these words: " + ", ".join(word for _, word in unknown[:5]))
    if len(kinds) > 1 and intent in {"find", "timing"}:
        return Unread(f"one kind of contact at a time: {' or '.join(kinds)}")
    return Question(
        intent=intent,
        type=kinds[0] if len(kinds) == 1 else None,
        release_type=next((w.RELEASE_TYPES[word] for _, word in rest if word in w.RELEASE_TYPES), None),
        cohort=bool(said & w.PEERS),
        channels=tuple(dict.fromkeys(one for _, word in rest for one in w.CHANNELS.get(word, ()))),
        platform=next((w.PLATFORMS[word] for _, word in rest if word in w.PLATFORMS), None),
        audience=next((w.AUDIENCES[word] for _, word in rest if word in w.AUDIENCES), None),
        detail=next((w.DETAILS[word] for _, word in rest if word in w.DETAILS), None),
        unused=tuple(word for _, word in unknown),
    )


def _named(
    question: Question, outlets: list[str], campaigns: list[str], releases: list[str]
) -> Question | Unread:
    """Fill in the names; only one of each makes sense."""
    for what, names in (("outlet", outlets), ("campaign", campaigns), ("release", releases)):
        if len(names) > 1:
            return Unread(f"one {what} at a time: {' or '.join(names)}")
    if question.intent == "find" and not question.genres and not question.regions:
        return Unread("name a genre or a place to look for")
    narrow = question.type and (question.genres or question.regions)
    if question.intent == "pitch" and not outlets and not narrow:
        return Unread("to whom? Name an outlet, such as BBC Radio 6 Music, or one of your contacts' outlets")
    if question.intent == "hashtags" and question.platform is None:
        return Unread("for which platform? " + ", ".join(sorted(set(w.PLATFORMS.values()))))
    return replace(
        question,
        outlet=next(iter(outlets), None),
        campaign=next(iter(campaigns), None),
        release=next(iter(releases), None),
    )


def _narrowed(question: Question) -> Question | Unread:
    """Refuse what the question's answer would silently leave out."""
    slots = w.SLOTS[question.intent]
    given = {
        "genres": question.genres,
        "regions": question.regions,
        "outlet": question.outlet,
        "campaign": question.campaign,
        "release": question.release,
        "window": question.window,
        "hours_per_week": question.hours_per_week,
        "budget": question.budget,
        "type": question.type if question.intent not in {"plan", "press", "hashtags", "report"} else None,
    }
    for slot, value in given.items():
        if value and slot not in slots:
            return Unread(f"the answer cannot be narrowed by {slot.replace('_', ' ')}")
    return question


def _intent(said: set[str], vocabulary: Vocabulary) -> Intent | Unread:
    """Return the only intent whose words are there."""
    fitting = [name for name, rules in w.RULES.items() if any(_fits(rule, said) for rule in rules)]
    kinds = w.PEOPLE.union(*vocabulary.kinds.values())
    if not fitting and said & kinds and not said & w.WRITE:
        fitting = ["find"]
    if len(fitting) > 1:
        return Unread(f"one question at a time: this asks for {' and '.join(fitting)}")
    return fitting[0] if fitting else Unread("this is none of the questions I can answer")


def _fits(rule: Iterable[frozenset[str]], said: set[str]) -> bool:
    return all(group & said for group in rule)


def _known(intent: Intent, vocabulary: Vocabulary) -> set[str]:
    """Return every word that may stand in such a question."""
    rules = (group for rule in w.RULES[intent] for group in rule)
    own: dict[str, Iterable[str]] = {
        "find": w.LOOK | w.PEOPLE | w.CAMPAIGN,
        "pitch": w.RELEASE | w.LOOK | w.PEOPLE,
        "patterns": w.CAMPAIGN | w.PEERS | {"replies", "reply", "success"},
        "plan": {*w.CHANNELS, *w.WRITE, "hours"},
        "hashtags": {*w.PLATFORMS, *w.LOOK, *w.WRITE, *w.RELEASE},
        "press": w.RELEASE,
        "timing": {*w.PITCH, "pitches", "week"},
        "opportunities": {*w.LOOK, *w.RELEASE},
        "performance": w.CAMPAIGN | w.LOOK,
        "report": {*w.CAMPAIGN, *w.LOOK, *w.WRITE, *w.AUDIENCES, *w.DETAILS},
    }
    kinds = (word for words in vocabulary.kinds.values() for word in words)
    return {*w.FILLERS, *own.get(intent, ()), *kinds}.union(*rules)


def _not_a_question(said: list[str]) -> Unread | None:
    bare = {word.replace("'", "") for word in said}
    if not said:
        return Unread("there is no question")
    if len(said) > MOST_WORDS:
        return Unread(f"that is too long: at most {MOST_WORDS} words")
    if negated := sorted(bare & w.NEGATIONS):
        return Unread(f"I cannot read “{negated[0]}”: say what is wanted, not what is not")
    if said[0].replace("'", "") in w.ACTS:
        return Unread(f"I answer questions; I do not {said[0]} anything")
    return None


def _own(names: Mapping[str, str], vocabulary: Vocabulary) -> dict[str, str]:
    """Leave out the user's names that are plain words of the grammar, such as a single called “Next”."""
    plain = w.FILLERS | w.RELEASE | w.CAMPAIGN | w.DOING | w.LOOK | w.WRITE | w.PITCH | w.PEOPLE
    plain = plain.union(*vocabulary.kinds.values())
    return {name: told for name, told in names.items() if name not in plain}


def _window(text: str) -> tuple[str, Window | None]:
    for window, phrases in w.WINDOWS.items():
        for phrase in phrases:
            if re.search(rf"\b{phrase}\b", text):
                return re.sub(rf"\b{phrase}\b", " ", text), cast("Window", window)
    return text, None


def _number(pattern: re.Pattern[str], text: str) -> tuple[str, float | None]:
    found = pattern.search(text)
    if found is None:
        return text, None
    return pattern.sub(" ", text, count=1), float(next(group for group in found.groups() if group))


def _plain(text: str) -> str:
    """Lower-case a text, its apostrophes and fixed phrases made one."""
    plain = " ".join(US.sub(r"\1 me", text.replace("\u2019", "'")).casefold().split())
    for said, one in FIXED:
        plain = plain.replace(said, one)
    return plain
