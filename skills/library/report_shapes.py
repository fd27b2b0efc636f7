"""The shape of a report: what is said to whom, in which order, and how much of it."""

from collections.abc import Callable, Iterable
from typing import Literal

from library import report_sentences as s
from library import report_tables as t
from library.claimed_text import Text, joined, words
from library.markdown import Block, Paragraph
from library.report_material import Material

Audience = Literal["artist", "pr", "label"]
Detail = Literal["brief", "detailed"]
Sentence = Callable[[Material], Text]
Section = Callable[[Material], list[Block]]

MOST_WORDS = 80
BRIEF: dict[Audience, tuple[Sentence, ...]] = {
    "artist": (s.sent, s.answered, s.placed, s.lacking, s.changed, s.coming, s.silent, s.following),
    "pr": (s.counts, s.lacking, s.answered_share, s.changed, s.coming, s.silent),
    "label": (s.ahead, s.counts, s.lacking, s.answered_share, s.changed, s.coming),
}
LED: dict[Audience, tuple[Section, ...]] = {
    "artist": (t.steps, t.silent_ones, t.funnel, t.shares, t.who, t.patterns),
    "pr": (t.funnel, t.shares, t.expected, t.who, t.said, t.silent_ones, t.patterns, t.steps),
    "label": (t.rivals, t.funnel, t.shares, t.expected, t.who, t.patterns, t.steps),
}


def shaped(of: Material, audience: Audience, detail: Detail) -> list[Block]:
    """Return the report's blocks: a few plain sentences, or these with all tables."""
    said = [text for sentence in BRIEF[audience] if (text := sentence(of))]
    if detail == "brief":
        return [Paragraph(joined(kept(said)))]
    led = [block for part in LED[audience] for block in part(of)]
    if audience == "artist":
        return [Paragraph(joined(said)), *led, *t.open_questions(of)]
    return [*led, *t.open_questions(of)]


def kept(said: Iterable[Text]) -> list[Text]:
    """Leave out what would make it longer than 80 words; the first sentences matter most."""
    shown: list[Text] = []
    left = MOST_WORDS
    for text in said:
        if words(text) <= left:
            shown.append(text)
            left -= words(text)
    return shown
