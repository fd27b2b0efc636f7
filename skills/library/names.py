"""Proper names in English text: capitalised words that are not capitalised for another reason."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from library.english import ENDINGS, NEUTRAL, ORDINARY, SHORTEST_WITH_ENDING, stem
from library.prose import WORD, sentences

OPENING = "\"“‘«('„"
TITLE_SHARE = 0.5
ARTICLES = frozenset({"the", "a", "an"})
OWN = re.compile(r"[’']s$|[’']$")


@dataclass(frozen=True, slots=True)
class Run:
    """Capitalised words that follow each other; `start` where the first would be capitalised anyway."""

    words: tuple[str, ...]
    start: bool


class Known:
    """The words of what was given, and their order."""

    def __init__(self, texts: Iterable[str]) -> None:
        texts = list(texts)
        told = [[part.casefold() for part in _parts(text)] for text in texts]
        self.words = {word for line in told for word in line} | {
            piece for line in told for word in line for piece in word.split("-")
        }
        self.small = {stem(part) for text in texts for part in _parts(text) if part == part.lower()}
        self._lines = [f" {' '.join(line)} " for line in told]

    def knows(self, words: Sequence[str]) -> bool:
        """Tell whether these words stand in what was given, in this order."""
        if len(words) == 1:
            return _known_word(words[0].casefold(), self.words)
        phrase = f" {' '.join(word.casefold() for word in words)} "
        return any(phrase in line for line in self._lines)


def unknown_names(text: str, known: Known, *, title: bool) -> list[str]:
    """Return the names of a text that were not given; of a title each word may be capitalised."""
    small = {part for part in _parts(text) if part == part.lower()}
    title = title and _is_title(text)

    def ordinary(word: str) -> bool:
        plain = _plain(word)
        if title:
            return plain in ORDINARY | NEUTRAL or stem(plain) in known.small
        return plain in ORDINARY | NEUTRAL | small or _looks_ordinary(word)

    named = (
        name
        for sentence in sentences(text)
        for run in runs(sentence)
        for name in _names(run, ordinary, title=title)
    )
    return [" ".join(name) for name in named if not (known.knows(name) or _harmless(name))]


def runs(sentence: str) -> Iterator[Run]:
    """Yield the capitalised words of one sentence, those together that only a space parts."""
    here: list[str] = []
    start, end, first = False, -1, True
    for at in WORD.finditer(sentence):
        capital = any(letter.isupper() for letter in at[0]) and not at[0][0].isdigit()
        opened = at.start() > 0 and sentence[at.start() - 1] in OPENING
        if here and not (capital and sentence[end : at.start()] == " "):
            yield Run(tuple(here), start)
            here = []
        if capital:
            start = start if here else (first or opened)
            here.append(OWN.sub("", at[0]))
            end = at.end()
        first = False
    if here:
        yield Run(tuple(here), start)


def _names(run: Run, ordinary: Callable[[str], bool], *, title: bool) -> Iterator[tuple[str, ...]]:
    words = list(run.words)
    if not title:
        if run.start and ordinary(words[0]):
            words.pop(0)
            while words and words[0].casefold() in ARTICLES:
                words.pop(0)
        if words:
            yield tuple(words)
        return
    part: list[str] = []
    for word in [*words, ""]:
        if word and not ordinary(word):
            part.append(word)
        elif part:
            yield tuple(part)
            part = []


def _harmless(name: tuple[str, ...]) -> bool:
    return len(name) == 1 and _plain(name[0]) in NEUTRAL | ORDINARY


def _looks_ordinary(word: str) -> bool:
    return (
        word.isalpha() and word[1:].islower() and len(word) >= SHORTEST_WITH_ENDING and word.endswith(ENDINGS)
    )


def _plain(word: str) -> str:
    """Take away what is contracted and the points of a P.S."""
    return re.split("['’]", word.casefold())[0].replace(".", "")


def _known_word(word: str, known: set[str]) -> bool:
    return word in known or all(part in known or part in ORDINARY for part in word.split("-"))


def _is_title(text: str) -> bool:
    words = [word for word in WORD.findall(text) if word[0].isalpha()]
    return bool(words) and sum(word[0].isupper() for word in words) > TITLE_SHARE * len(words)


def _parts(text: str) -> list[str]:
    return [OWN.sub("", word) for word in WORD.findall(text)]
