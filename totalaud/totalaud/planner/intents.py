"""Which question is asked: the only one whose words are there, and what else may stand in it."""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from totalaud.planner import rules as r
from totalaud.planner import typos
from totalaud.planner import words as w
from totalaud.planner.names import OWN, Reading
from totalaud.planner.question import Intent, Unreadable
from totalaud.planner.vocabulary import Vocabulary

COMPARING = {
    mark: re.compile(
        rf"\b(?:(?:which|what) (?:(?:one )?of (?:my|our|the|all) )?|(?:by|per|each|every) )(?:{said})\b"
    )
    for mark, said in (
        (r.CAMPAIGNS_COMPARED, "campaigns?"),
        (r.RELEASES_COMPARED, "|".join(sorted(w.RELEASE))),
    )
}
RELEASES = {one for one in w.RELEASE if one.endswith("s")}
GROUP = re.compile(
    rf"\b(?:which|what) (?:(?:one )?of (?:my|our|the) )?"
    rf"(?:{'|'.join(word for word, group in w.GROUPS.items() if group != 'weekday')})\b"
)
GOES = re.compile(r"\bhow(?:s|'s| is| are| am) (?:we|i|it|things) (?:doing|going)\b")
NOBODY = {*w.RELEASE, *w.CAMPAIGN, *w.GROUPS} - w.OUTLETS
WHO = re.compile(rf"\bwhom?\b|\bwhich (?!(?:{'|'.join(sorted(NOBODY))})\b)")
WHO_LIKES = re.compile(r"^who\b.* (?:likes|loves|plays|covers)\b")
NO_ORDER = re.compile(
    r"(?:who|whom|whose|which|when|where|why|did|has|have|had|was|were|should|shall|is|are|am|does)\b"
    r"|(?:do|must|shall|need) (?:i|we)\b|(?:can|could|may) (?:i|we) (?!(?:please )?(?:have|get)\b)"
    r"|how(?:'?s)? (?!about\b)"
    r"|what(?:'?s)? (?!(?:do|should|would|can|could|to|about)\b)"
)
SEEN = re.compile(
    r"(?:show|find|list|locate|see|open|read)(?: me)? (?:my|the|our) (?:pitch|e-?mail|pressrelease)"
)
ALREADY = "'totalaud session list' has what was written; “Write a pitch …” writes another"
ADVICE = re.compile(r"how (?:to|(?:do|should|would|can|could) (?:i|we|you|one))\b")
NO_ADVICE = (
    "I write pitches and press releases, and say when to send them, not how it is done: "
    "“Write a pitch for my new single to BBC Radio 6” writes one"
)
FOR_A_RELEASE = re.compile(
    rf"\b(?:for|fits?) (?:my|our|the|an?) (?:\w+ )?(?:{'|'.join(sorted(w.RELEASE))})\b"
)
ANY_ANSWERS = re.compile(
    rf"^(?!.*\b(?:{'|'.join(sorted(w.ASKED))})\b).*\bany (?:{'|'.join(sorted(w.ANSWERS))})\b"
)
WRITTEN: frozenset[Intent] = frozenset({"pitch", "press"})


def marks(
    plain: str, reading: Reading, people: AbstractSet[str], vocabulary: Vocabulary, *, address: bool
) -> set[str]:
    """Return words for what the names in a question say of it, beside the words that are there."""
    named = reading.meant({"genres", "regions"}, people)
    own = {frozenset(name.items()) for name in named if not set(OWN).isdisjoint(name)}
    several = {one for one in own if {"campaign", "release"} & set(dict(one))}
    of_artists = bool(w.PEERS & {*reading.said}) or any("artist" in name for name in reading.names.values())
    told = {
        r.SOMEBODY: WHO.search(plain),
        r.TO_SOMEBODY: _written_to(reading, address=address),
        r.AN_OUTLET: any("outlet" in name for name in reading.names.values()),
        r.WHO_LIKES: WHO_LIKES.search(plain) and any("genres" in name for name in reading.names.values()),
        r.SEVERAL_NAMED: len(several) > 1,
        r.ANY_ANSWERS: ANY_ANSWERS.search(plain),
        r.HOW_IT_GOES: GOES.search(plain) and not w.COMPARE & {*reading.said},
        r.WHICH_GROUP: GROUP.search(plain) and not of_artists,
        r.FOR_A_RELEASE: FOR_A_RELEASE.search(reading.text()) or _for_a_name(reading),
    }
    marked = {mark for mark, holds in told.items() if holds} | _compared(plain, reading, vocabulary)
    return marked | ({"campaign", "release"} if own else set())


def _compared(plain: str, reading: Reading, vocabulary: Vocabulary) -> set[str]:
    """Return the mark of what is set beside its like: one's campaigns, or one's releases by theirs.

    Neither is, where others are spoken of, or numbers that no campaign has.
    """
    said = {*reading.said}
    if said & (w.RIVALS | w.MEASURED):
        return set()
    listed = vocabulary.several_campaigns and not said & w.PEOPLE
    if COMPARING[r.CAMPAIGNS_COMPARED].search(plain) or (listed and "campaigns" in said):
        return {r.CAMPAIGNS_COMPARED}
    if COMPARING[r.RELEASES_COMPARED].search(plain) or (listed and said & RELEASES and said & w.COMPARE):
        return {r.RELEASES_COMPARED}
    return set()


def intent_of(plain: str, said: set[str], vocabulary: Vocabulary) -> Intent:
    """Return the only intent whose words are there; nothing is written for who asks of it."""
    fitting = [name for name, rules in r.RULES.items() if any(_fits(rule, said) for rule in rules)]
    if WRITTEN.intersection(fitting) and SEEN.match(plain):
        raise Unreadable(ALREADY)
    if NO_ORDER.match(plain):
        if WRITTEN.intersection(fitting) and ADVICE.match(plain):
            raise Unreadable(NO_ADVICE)
        fitting = [name for name in fitting if name not in WRITTEN]
    kinds = w.PEOPLE.union({r.AN_OUTLET, r.WHO_LIKES}, *vocabulary.kinds.values())
    if not fitting and said & kinds and not said & w.WRITE:
        fitting = ["whom" if r.FOR_A_RELEASE in said and r.AN_OUTLET not in said else "find"]
    weaker = {weak for name in fitting for weak in r.STRONGER.get(name, ())}
    weaker |= {"next"} if said & w.FOLLOW_UP else set()
    fitting = [name for name in fitting if name not in weaker]
    if len(fitting) > 1:
        raise Unreadable(f"one question at a time: this asks for {' and '.join(fitting)}")
    if fitting:
        return fitting[0]
    strange = sorted(said - r.EVERY - r.MARKS)
    raise Unreadable(f"this is not one of the questions I can answer{typos.meant(strange, vocabulary)}")


def _written_to(reading: Reading, *, address: bool) -> bool:
    """Tell whether an outlet or an address follows a word for writing: pitch to Radio X, email Radio X.

    Where neither is named, whether the sentence begins with one: pitch to folk blogs in Leeds.
    """
    if not address and not any("outlet" in name for name in reading.names.values()):
        return next((word in w.PITCH for word in reading.said if word not in w.FILLERS), False)
    for index, word in enumerate(reading.said):
        if "outlet" in reading.names.get(index, ()) or (address and word == "contact"):
            before: Sequence[str] = reading.said[:index]
            before = before[:-1] if before[-1:] == ["to"] else before
            if before and before[-1] in w.PITCH:
                return True
    return False


def _for_a_name(reading: Reading) -> bool:
    """Tell whether a release or artist follows for, that is no genre or place as well."""
    said = ((reading.said[index - 1 : index], set(name)) for index, name in reading.names.items())
    return any(
        before == ["for"] and slots & {"release", "artist"} and not slots & {"genres", "regions"}
        for before, slots in said
    )


def _fits(rule: Iterable[frozenset[str]], said: set[str]) -> bool:
    return all(group & said for group in rule)


def known(intent: Intent, vocabulary: Vocabulary) -> set[str]:
    """Return every word that may stand in such a question."""
    rules = (group for rule in r.RULES[intent] for group in rule)
    own: dict[str, Iterable[str]] = {
        "find": w.LOOK.union(w.PEOPLE, w.CAMPAIGN, w.COVER, {"know", "many", "works"}),
        "whom": w.LOOK.union(w.PEOPLE, w.OUTLETS, w.RELEASE, w.PITCH, w.COVER),
        "pitch": w.RELEASE.union(w.LOOK, w.PEOPLE, w.COVER, *w.TONES.values()),
        "patterns": w.CAMPAIGN | w.PEERS | {"replies", "reply", "success", "similar"},
        "next": {"first", "today", "left"},
        "plan": {*w.CHANNELS, *w.WRITE, "hours", "budget"},
        "hashtags": {*w.PLATFORMS, *w.LOOK, *w.WRITE, *w.RELEASE},
        "press": w.RELEASE,
        "timing": {*w.PITCH, *w.RELEASE, "pitches", "emails", "week"},
        "opportunities": {
            *w.LOOK,
            *w.RELEASE,
            *w.OPENINGS,
            "free",
            "budget",
            "under",
            "max",
            "apply",
            "open",
            "coming",
        },
        "performance": w.CAMPAIGN.union(w.LOOK, w.RELEASE, w.PEOPLE, {"did", "due", "things"}),
        "report": {*w.CAMPAIGN, *w.RELEASE, *w.LOOK, *w.WRITE, *w.AUDIENCES, *w.DETAILS, *w.DOING},
        "similar": {*w.PEERS, *w.LOOK, "mine", "main"},
        "trends": {*w.LOOK, *w.DOING, *w.MEASURED, "mine", "numbers", "count", "counts"},
        "answers": {
            *w.CAMPAIGN,
            *w.RELEASE,
            *w.PEOPLE,
            *w.LOOK,
            *w.DOING,
            *w.ANSWERS,
            *w.GROUPS,
            *w.COMPARE,
            *w.WORKS,
            "each",
            "got",
            "every",
            "than",
            "per",
            "usually",
        },
        "predict": w.CAMPAIGN.union(w.LOOK, w.PEOPLE, w.ANSWERS, w.OUTCOMES, w.SUCCESS, w.RELEASE, {"many"}),
    }
    kinds = (word for words in vocabulary.kinds.values() for word in words)
    return {*w.FILLERS, *own.get(intent, ()), *kinds}.union(*rules)
