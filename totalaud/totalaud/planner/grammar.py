"""Reads a question: names first, then the one intent whose words are there; it never guesses."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Literal

from totalaud.planner import strange, typos
from totalaud.planner import words as w
from totalaud.planner.addresses import taken
from totalaud.planner.amounts import amounts
from totalaud.planner.elsewhere import with_command
from totalaud.planner.intents import WRITTEN, intent_of, known, marks
from totalaud.planner.lacking import lacks, lacks_whom
from totalaud.planner.names import OWN, QUOTED, WORD, Reading, hidden, meant, nameable, parts, quoted
from totalaud.planner.phrases import plain as made_plain
from totalaud.planner.places import narrowest
from totalaud.planner.question import Intent, Question, Unread, Unreadable
from totalaud.planner.rules import CAMPAIGNS_COMPARED, COMPARED, RELEASES_COMPARED, SLOTS
from totalaud.planner.times import no_time, refuse_time, refuse_two_spans, window_of
from totalaud.planner.turned import refuse_condition, refuse_negation
from totalaud.planner.vocabulary import Vocabulary

MOST_WORDS, MOST_LETTERS = 60, 4_000
TOO_LONG = f"that is too long: at most {MOST_WORDS} words"
MOST_UNUSED = 2
COUNT = re.compile("[1-9][0-9]?|1[0-9][0-9]|200")
COST_ALONE = "an amount is the most that an application may cost, as in “under £50”, not what it brings"
NO_LANGUAGE = "I write in English, and know where somebody is, not what they speak: leave out “in {}”"
SLOT_NAMES = {
    "genres": "a genre",
    "regions": "a place",
    "type": "a kind of contact",
    "outlet": "an outlet",
    "contact": "an e-mail address",
    "campaign": "a campaign",
    "release": "a release",
    "artist": "an artist",
    "hours_per_week": "hours a week",
    "budget": "a budget",
    "channels": "channels",
    "platform": "a platform",
    "window": "a time",
}
TYPES_ASIDE = {"press", "hashtags"}
ASIDE: dict[str, Iterable[str]] = {"report": w.AUDIENCES, "opportunities": w.OPENINGS, "plan": w.CHANNELS}
NAMED: tuple[Literal["campaign", "release"], ...] = ("campaign", "release")


def understood(text: str, vocabulary: Vocabulary) -> Question | Unread:
    """Return the question's slots, or why it cannot be read, and which command tells it, if one does."""
    if len(text) > MOST_LETTERS:
        return Unread(TOO_LONG)
    name = hidden(" ".join(WORD.findall(QUOTED.sub(" ", text).casefold())), vocabulary)
    try:
        return replace(_understood(text, vocabulary), hidden=name)
    except Unreadable as why:
        named = f"; to name {name}, put it in quotation marks" if name else ""
        return Unread(with_command(f"{why}{named}", text))


def _understood(text: str, vocabulary: Vocabulary) -> Question:
    try:
        text, addresses = taken(text)
    except ValueError as error:
        raise Unreadable(f"what has an @ in it {error}") from None
    if len(addresses) > 1:
        raise Unreadable("one e-mail address at a time")
    text, names_quoted = quoted(text, vocabulary)
    plain, money = amounts(made_plain(text))
    said = WORD.findall(plain)
    reading = Reading(said, strange.capitals(text), parts(plain))
    reading.take(nameable(vocabulary) | names_quoted)
    for phrase in w.POLITE:
        reading.drop(phrase.split())
    _refuse_length(said)
    refuse_negation(reading, vocabulary)
    _refuse_act(said)
    window, span = window_of(reading)
    people = _people(vocabulary)
    implied = marks(plain, reading, people, vocabulary, address=bool(addresses))
    intent = intent_of(plain, {word for _, word in reading.rest()} | implied, vocabulary)
    refuse_two_spans(intent, reading, span)
    refuse_time(intent, plain, reading)
    if spoken := strange.language(reading):
        raise Unreadable(NO_LANGUAGE.format(spoken))
    names = meant(reading.meant(SLOTS[intent], people), SLOTS[intent]) | {"contact": addresses}
    if unknown := strange.place(reading):
        raise Unreadable(f"I do not know “{unknown}”")
    if release := not names["release"] and strange.earlier(intent, reading):
        raise Unreadable(f"which one is the {release}? Name it by its title")
    if intent == "find" and names["outlet"] and reading.compared("outlet"):
        raise Unreadable(f"I find who is at {names['outlet'][0]}, not who is like it or speaks of it")
    places = narrowest(names["regions"], plain, vocabulary.within)
    found = _found(intent, reading, vocabulary, names, implied)
    budget = money.budget
    if intent == "opportunities":
        is_gain = money.is_gain or (found.kinds == ("funding",) and not money.is_cost)
        if budget is not None and is_gain:
            raise Unreadable(COST_ALONE)
        budget = 0.0 if "free" in {word for _, word in reading.rest()} else budget
    question = replace(
        found,
        genres=tuple(names["genres"]),
        regions=tuple(places),
        window=window,
        span=span,
        hours_per_week=money.hours_per_week,
        budget=budget,
        currency=money.currency,
    )
    whole = _named(question, names)
    _refuse_narrowing(whole)
    return whole


def _found(
    intent: Intent,
    reading: Reading,
    vocabulary: Vocabulary,
    names: Mapping[str, list[str]],
    implied: AbstractSet[str],
) -> Question:
    """Explain every word that is left, by the words of the intent.

    Where contacts are looked for, each word may be what tells them apart: there none is left out.
    """
    rest = reading.rest()
    left = [word for _, word in rest]
    said = set(left)
    typed = said.difference(ASIDE.get(intent, ()))
    kinds = [kind for kind, others in vocabulary.kinds.items() if typed & set(others)]
    looks_for = intent in {"find", "whom"} or (
        intent == "pitch" and not (names["outlet"] or names["contact"])
    )
    outlet_kinds = list[str]()
    if intent == "pitch" and names["outlet"]:
        outlet_kinds, kinds = kinds, _kinds_of_people(rest, vocabulary)
    is_list = looks_for or intent == "next"
    counts = [word for word in left if is_list and (COUNT.fullmatch(word) or word in w.NUMBERS)]
    compared = implied & COMPARED if intent == "answers" else set[str]()
    understood_here = {*known(intent, vocabulary), *counts[:1]}
    unknown = [word for word in left if word not in understood_here]
    if governed := strange.named(intent, reading, set(unknown)):
        whom = lacks_whom(intent, names)
        raise Unreadable(f"I do not know “{governed[0]}”{typos.meant(governed, vocabulary)}{whom}")
    if intent == "find" and counts and strange.those_after(reading, counts[0]):
        raise Unreadable(f"I show the best, not those after them: ask for more than {counts[0]}")
    refuse_condition(intent, reading, unknown)
    if intent in WRITTEN and (turned := _before_the_verb(left, unknown)):
        raise Unreadable(f"I do not know these words: {', '.join(turned)}")
    if len(unknown) > (0 if looks_for or intent in {"predict", "next"} else MOST_UNUSED):
        meant_by_them = typos.meant(unknown, vocabulary) + lacks_whom(intent, names)
        raise Unreadable(f"I do not know these words: {', '.join(unknown[:5])}{meant_by_them}")
    if len(kinds) > 1 and intent not in TYPES_ASIDE and not names["contact"]:
        raise Unreadable(f"one kind of contact at a time: {' or '.join(kinds)}")
    readers = strange.readers(reading)
    if intent == "report" and len(readers) > 1:
        raise Unreadable(f"one audience at a time: {' or '.join(readers)}")
    _refuse_several(intent, left, names, vocabulary, implied)
    tone = next((tone for tone, others in w.TONES.items() if said & others), None)
    return Question(
        intent=intent,
        type=kinds[0] if len(kinds) == 1 else None,
        outlet_type=outlet_kinds[0] if len(outlet_kinds) == 1 else None,
        release_type=_first(w.RELEASE_TYPES, left),
        cohort=bool(said & w.PEERS),
        channels=tuple(dict.fromkeys(one for word in left for one in w.CHANNELS.get(word, ()))),
        platform=_first(w.PLATFORMS, left),
        audience=next(iter(readers), None) or _first(w.AUDIENCES, left),
        detail=_first(w.DETAILS, left),
        group_by=_grouping(compared) or _first(w.GROUPS, left),
        outcome=_outcome(said) if intent == "predict" else None,
        tone=tone,
        kinds=tuple(_all(w.OPENINGS, left)) if intent == "opportunities" else (),
        limit=w.NUMBERS.get(counts[0]) or int(counts[0]) if counts else None,
        unused=(*unknown, *_other_tones(intent, left, tone)),
    )


def _all(table: Mapping[str, str], said: Iterable[str]) -> list[str]:
    """Return what the words of a table stand for, each once, in the order in which they were said."""
    return list(dict.fromkeys(table[word] for word in said if word in table))


def _first(table: Mapping[str, str], said: Iterable[str]) -> str | None:
    return next(iter(_all(table, said)), None)


def _people(vocabulary: Vocabulary) -> AbstractSet[str]:
    """Return the words for several people or outlets of a kind."""
    said = (one for words in vocabulary.kinds.values() for one in words if one.endswith("s"))
    return w.PEOPLE.union(w.PERSONS, said)


def _kinds_of_people(rest: list[tuple[str, str]], vocabulary: Vocabulary) -> list[str]:
    """Return which people at an outlet are meant: DJs, or press contacts; a radio station is what it is."""
    return [
        kind
        for kind, said in vocabulary.kinds.items()
        if any(
            (word in said and word in w.PERSONS) or (before in said and word in w.PEOPLE)
            for before, word in rest
        )
    ]


def _other_tones(intent: Intent, left: Iterable[str], tone: str | None) -> list[str]:
    """Return words for tones beside the one that was taken."""
    others = {word for name, said in w.TONES.items() if tone and name != tone for word in said}
    return [word for word in left if word in others] if intent == "pitch" else []


def _grouping(compared: AbstractSet[str]) -> str | None:
    """Return what is set beside its like; a release is told by its campaigns."""
    return None if not compared else "release" if compared == {RELEASES_COMPARED} else "campaign"


def _before_the_verb(left: Sequence[str], unknown: Collection[str]) -> list[str]:
    """Return unknown words before the one for writing: they say what to do, those after it only how."""
    verb = next((index for index, word in enumerate(left) if word in w.WRITE | w.PITCH), 0)
    return [word for word in left[:verb] if word in unknown]


def _outcome(said: AbstractSet[str]) -> str | None:
    """Return what is hoped for: an answer, unless it is one of a kind."""
    kinds = [w.OUTCOMES[word] for word in said if word in w.OUTCOMES]
    return kinds[0] if kinds else "replied" if said & (w.ANSWERS | w.SUCCESS) else None


def _refuse_several(
    intent: Intent,
    said: Sequence[str],
    names: Mapping[str, list[str]],
    vocabulary: Vocabulary,
    implied: AbstractSet[str],
) -> None:
    """Refuse two of what the answer has one of; a release that is named needs no type."""
    slots: dict[str, tuple[bool, Mapping[str, str]]] = {
        "release": ("release_type" in SLOTS[intent] and not names["release"], w.RELEASE_TYPES),
        "platform": (intent == "hashtags", w.PLATFORMS),
        "detail": (intent == "report", w.DETAILS),
        "grouping": (intent == "answers", w.GROUPS),
        "outcome": (intent == "predict", w.OUTCOMES),
    }
    for what, (one, words) in slots.items():
        values = _all(words, said) if one else []
        if what == "grouping" and one and implied & COMPARED:
            values.append("campaign")
        if len(values) > 1:
            raise Unreadable(f"one {what} at a time: {' or '.join(values)}")
    chosen = names["campaign"] or names["release"]
    of_many = "which" in said or ("campaigns" in said and vocabulary.several_campaigns)
    many = CAMPAIGNS_COMPARED in implied or (of_many and not w.FOLLOW_UP & set(said))
    if intent in {"performance", "report"} and not chosen and many:
        raise Unreadable("I look at one campaign at a time: name it, or see 'totalaud campaigns list'")


def _named(question: Question, names: Mapping[str, list[str]]) -> Question:
    """Fill in the names; only one of each makes sense, unless several are compared."""
    several = [(what, name) for what in NAMED for name in names[what]]
    compared = several if question.group_by == "campaign" and len(several) > 1 else []
    for what in ("outlet", *OWN):
        if len(names[what]) > 1 and not compared:
            raise Unreadable(f"one {what} at a time: {' or '.join(names[what])}")
    outlet, contact, campaign, release, artist = (
        next(iter(names[what]), None) for what in ("outlet", "contact", *OWN)
    )
    whole = replace(
        question, outlet=outlet, contact=contact, campaign=campaign, release=release, artist=artist
    )
    if compared:
        whole = replace(whole, campaign=None, release=None, compared=tuple(compared))
    if lacking := lacks(whole):
        raise Unreadable(lacking)
    return whole


def _refuse_narrowing(question: Question) -> None:
    """Refuse what the question's answer would silently leave out."""
    slots = SLOTS[question.intent]
    if question.window and "window" not in slots:
        raise no_time(question.intent, question.span)
    if question.intent == "patterns" and not question.cohort:
        slots -= {"genres"}
    given = {
        "genres": question.genres,
        "regions": question.regions,
        "outlet": question.outlet,
        "contact": question.contact,
        "campaign": question.campaign,
        "release": question.release,
        "artist": question.artist,
        "hours_per_week": question.hours_per_week,
        "budget": question.budget,
        "type": question.type if question.intent not in TYPES_ASIDE else None,
    }
    for slot, value in given.items():
        if value and slot not in slots:
            others = sorted(SLOT_NAMES[one] for one in slots if one in SLOT_NAMES)
            can = f": {', '.join(others)} may be said"
            raise Unreadable(f"the answer cannot be narrowed by {slot.replace('_', ' ')}{can}")


def _refuse_length(said: list[str]) -> None:
    if not said:
        raise Unreadable("there is no question")
    if len(said) > MOST_WORDS:
        raise Unreadable(TOO_LONG)


def _refuse_act(said: list[str]) -> None:
    if said[0].replace("'", "") in w.ACTS:
        raise Unreadable(f"I answer questions; I do not {said[0]} anything")
