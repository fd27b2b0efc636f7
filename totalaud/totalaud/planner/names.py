"""Finds the names in a question, the longest first, and what each means to its intent."""

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import pairwise

from totalaud.planner import words as w
from totalaud.planner.vocabulary import Vocabulary, key, unaccented, without

WORD = re.compile(r"[^\W_]+(?:[-&'][^\W_]+)*|&")
COMMA = re.compile(r"[,;:!?()]|\s[-\u2013]\s")
LONGEST_NAME = 8
OWN = ("campaign", "release", "artist")
QUOTED = re.compile('["\u201c\u201d\u201e\u00ab]([^"\u201c\u201d\u201e\u00ab\u00bb]+)["\u201c\u201d\u00bb]')
SLOTS = (*OWN, "outlet", "genres", "regions")

WHERE = w.words("in from near around")

Meanings = Mapping[str, str]


@dataclass
class Reading:
    """The words still to be explained, those before each kept for what governs it.

    Those in `capital` are written as names are; `parts` has the places of those that follow a comma.
    """

    said: list[str]
    capital: AbstractSet[str] = frozenset()
    parts: AbstractSet[int] = frozenset()
    used: list[bool] = field(default_factory=list)
    names: dict[int, Meanings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.used = [False] * len(self.said)

    def take(self, known: Mapping[str, Meanings]) -> list[Meanings]:
        """Find known names, the longest first, and take their words; over a comma only what is left."""
        for whole in (True, False):
            for length in range(min(LONGEST_NAME, len(self.said)), 0, -1):
                for index in range(len(self.said) - length + 1):
                    part = slice(index, index + length)
                    name = _known(self.said[part], known)
                    if name is None or any(self.used[part]):
                        continue
                    if whole and self._parted(index, length) and not _with_comma(name):
                        continue
                    self.names[index] = name
                    self.used[part] = [True] * length
        return [self.names[index] for index in sorted(self.names)]

    def _parted(self, index: int, length: int) -> bool:
        return not self.parts.isdisjoint(range(index + 1, index + length))

    def meant(self, slots: AbstractSet[str], people: AbstractSet[str]) -> list[Meanings]:
        """Return the names in their order, as a place or genre where that fits better than one's own."""
        return [self._beside(index, slots, people) for index in sorted(self.names)]

    def _beside(self, index: int, slots: AbstractSet[str], people: AbstractSet[str]) -> Meanings:
        name = self.names[index]
        where = {slot: name[slot] for slot in ("regions",) if slot in name}
        about = {slot: name[slot] for slot in ("genres", "regions") if slot in name and slot in slots}
        after = next(
            (said for said, used in zip(self.said[index:], self.used[index:], strict=True) if not used), ""
        )
        if where and index and self.said[index - 1] in WHERE:
            return where
        return about if about and after in people else name

    def compared(self, slot: str) -> bool:
        """Tell whether a name of this slot stands for what is near to it or about it, not for itself."""
        before = (self.said[index - 1] for index, name in self.names.items() if index and slot in name)
        return not w.NEAR.isdisjoint(before)

    def drop(self, phrase: Sequence[str]) -> bool:
        """Take the words of a phrase where they stand; tell whether they do."""
        length = len(phrase)
        for index in range(len(self.said) - length + 1):
            part = slice(index, index + length)
            if self.said[part] == phrase and not any(self.used[part]):
                self.used[part] = [True] * length
                return True
        return False

    def text(self) -> str:
        """Return what no name took as one text, a comma for each word that one did."""
        return " ".join("," if used else word for word, used in zip(self.said, self.used, strict=True))

    def rest(self) -> list[tuple[str, str]]:
        """Return the words that no name took, each with the word before it; without apostrophes."""
        text = [word.replace("'", "") for word in self.said]
        before = ["", *text]
        return [(before[i], word) for i, word in enumerate(text) if not self.used[i]]


def quoted(text: str, vocabulary: Vocabulary) -> tuple[str, dict[str, Meanings]]:
    """Return the text with a plain word for each name in quotation marks, and what these may stand for.

    So a single called “Next Week” can be named.
    """
    known = _meanings(
        {
            "campaign": vocabulary.campaigns,
            "release": vocabulary.releases,
            "artist": vocabulary.artists,
            "outlet": vocabulary.outlets,
        }
    )
    found: dict[str, Meanings] = {}

    def in_its_place(at: re.Match[str]) -> str:
        if meanings := _known(WORD.findall(at[1].casefold()), known):
            found[word := f"quoted{len(found)}"] = meanings
            return f" {word} "
        return at[0]

    return QUOTED.sub(in_its_place, text), found


def hidden(said: str, vocabulary: Vocabulary) -> str | None:
    """Return a name of the user's that was read as plain words: several, or one that leaves something out."""
    names = (*vocabulary.campaigns.values(), *vocabulary.releases.values(), *vocabulary.artists.values())
    plain = _plain(vocabulary)
    told = (name for name in names if " " in name or name.casefold() in w.NEGATIONS)
    found = (name for name in told if f" {name.casefold()} " in f" {said} ")
    return next((name for name in found if key(name) in plain), None)


def nameable(vocabulary: Vocabulary) -> dict[str, Meanings]:
    """Return all that each name may stand for, by its key: a single may be called like its campaign."""
    plain = _plain(vocabulary)
    tables = {
        "campaign": without(plain, vocabulary.campaigns),
        "release": without(plain, vocabulary.releases),
        "artist": without(plain, vocabulary.artists),
        "outlet": without(plain, vocabulary.outlets),
        "genres": vocabulary.genres,
        "regions": vocabulary.places,
    }
    return _meanings(tables)


def meant(named: Iterable[Meanings], slots: AbstractSet[str]) -> dict[str, list[str]]:
    """Return the names by slot, each in the first that the intent has."""
    found: dict[str, dict[str, None]] = {slot: {} for slot in SLOTS}
    for meanings in named:
        slot = next((one for one in meanings if one in slots), next(iter(meanings)))
        found[slot][meanings[slot]] = None
    return {slot: list(names) for slot, names in found.items()}


def _meanings(tables: Mapping[str, Mapping[str, str]]) -> dict[str, Meanings]:
    known: dict[str, dict[str, str]] = {}
    for slot in SLOTS:
        for said, name in tables.get(slot, {}).items():
            known.setdefault(said, {})[slot] = name
    return dict(known)


def _with_comma(name: Meanings) -> bool:
    return any(COMMA.search(written) for written in name.values())


def parts(text: str) -> set[int]:
    """Return the places of the words that a comma or the like parts from the word before."""
    at = list(WORD.finditer(text))
    return {
        index
        for index, two in enumerate(pairwise(at), 1)
        if COMMA.search(text[two[0].end() : two[1].start()])
    }


def _known(words: Sequence[str], known: Mapping[str, Meanings]) -> Meanings | None:
    whole = "".join(words)
    for said in (key(whole), key(whole.removesuffix("'s"))):
        if found := known.get(said) or known.get(unaccented(said)[-1]):
            return found
    return None


def _plain(vocabulary: Vocabulary) -> AbstractSet[str]:
    """Return the plain words of the grammar, which hide names such as that of a single called “Next”."""
    spans = {key(phrase) for phrases in w.WINDOWS.values() for phrase in phrases}
    plain = (
        spans
        | w.NEGATIONS
        | w.FILLERS
        | w.RELEASE
        | w.CAMPAIGN
        | w.DOING
        | w.LOOK
        | w.WRITE
        | w.PITCH
        | w.PEOPLE
    )
    return plain.union(*vocabulary.kinds.values())
