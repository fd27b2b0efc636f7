"""What a word that is not known may have been meant to be: told, never taken."""

from collections.abc import Iterable
from difflib import get_close_matches

from totalaud.planner import words as w
from totalaud.planner.rules import EVERY
from totalaud.planner.vocabulary import Vocabulary, key

SHORTEST = 5
ALIKE = 0.8


def meant(words: Iterable[str], vocabulary: Vocabulary) -> str:
    """Return a question for the first word that is nearly a known one; nothing where none is.

    Another form of a plain word, such as answering, is no slip.
    """
    said = (EVERY - w.FILLERS - w.NEGATIONS - w.ACTS - w.NO_WINDOW).union(*vocabulary.kinds.values())
    own = (
        vocabulary.genres,
        vocabulary.places,
        vocabulary.campaigns,
        vocabulary.releases,
        vocabulary.artists,
    )
    known = {name: written for names in own for name, written in names.items()} | {one: one for one in said}
    for word in words:
        if len(word) < SHORTEST or word in EVERY:
            continue
        for near in get_close_matches(key(word), known, n=1, cutoff=ALIKE):
            if near not in said or not (word.startswith(near) or near.startswith(word)):
                return f": did you mean “{known[near]}”?"
    return ""
