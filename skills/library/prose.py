"""English prose in parts: words, sentences, links, what stands in quotation marks."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

PLACEHOLDER = re.compile(r"\[\[[A-Za-z0-9_]+\]\]")
MASK = "\N{BLACK SQUARE}"
WORD = re.compile(r"[^\W_]+(?:[’'&.-][^\W_]+)*")
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[.!?…][\"”’)])\s+|\n+|(?<=:)\s+")
LINK = re.compile(
    r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+\.[\w.-]+|(?<![\w@#])[@#]\w+"
    r"|\b[\w-]+(?:[.\u3002\uff0e\uff61][\w-]+)*[.\u3002\uff0e\uff61][^\W\d_][\w-]*[^\W_](?:/\S*)?",
    re.IGNORECASE,
)
ENDLESS = re.compile(r"\S{81,}")
QUOTED = re.compile(
    r"“([^“”]+)”|\"([^\"]+)\"|«([^«»]+)»|„([^„“”]+)[“”]|(?<!\w)‘([^‘’\n]+)’(?!\w)|(?<!\w)'([^'\n]+)'(?!\w)"
)
HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Mn", "Me"})
LATIN = frozenset("ßẞæÆøØłŁđĐðÐþÞœŒıħĦŋŊ")
TYPED = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " "})


class Standing(Protocol):
    """Whatever stands in a text from `start` to `end`: a span of it, a date, a number."""

    start: int
    end: int


class Span(NamedTuple):
    """A piece of a text and where it stands."""

    text: str
    start: int
    end: int


def tidy(text: str) -> str:
    """Make one line of a text, composed, with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def flat(text: str) -> str:
    """Return what two ways of typing the same have in common."""
    return tidy(text).translate(TYPED).casefold()


def words(text: str) -> list[str]:
    return WORD.findall(text)


def count(text: str) -> int:
    """Count words as a reader does; a hidden name is one."""
    return len([part for part in PLACEHOLDER.sub(MASK, text).split() if any(map(_counts, part))])


def sentences(text: str) -> list[str]:
    return [part for piece in SENTENCE_END.split(text) if (part := piece.strip())]


def links(text: str) -> Iterator[Span]:
    """Yield addresses, handles and hashtags, without the punctuation after them.

    What has a point in its midst is an address, whatever it ends in: there are too many domains to know them.
    """
    for found in LINK.finditer(text):
        link = found[0].rstrip(".,;:!?)]}\"'”’")
        yield Span(link, found.start(), found.start() + len(link))


def endless(text: str) -> Iterator[Span]:
    """Yield what no word is as long as: addresses, or nonsense."""
    for found in ENDLESS.finditer(text):
        yield Span(found[0].rstrip(".,;:!?)]}\"'”’"), found.start(), found.end())


def quoted(text: str) -> Iterator[Span]:
    """Yield what stands between quotation marks; the span has the marks too."""
    for found in QUOTED.finditer(text):
        inside = next(group for group in found.groups() if group is not None)
        yield Span(inside, found.start(), found.end())


def without_links(text: str) -> str:
    """Mask all addresses, and what is endless before: to look for addresses in that takes long."""
    return masked(short := masked(text, endless(text)), links(short))


def odd(letter: str) -> bool:
    """Tell a letter that English is not written with, and a sign that is not seen or lies upon others."""
    kind = unicodedata.category(letter)
    if kind in HIDDEN:
        return True
    plain = unicodedata.normalize("NFD", letter)[0]
    return (kind[0] == "L" or kind == "Nl") and not (plain.isascii() or plain in LATIN)


def masked(text: str, spans: Iterable[Standing]) -> str:
    """Put a black square in the place of each span."""
    parts, end = list[str](), 0
    for span in sorted(spans, key=lambda one: one.start):
        parts += [text[end : span.start], f" {MASK} "]
        end = span.end
    return "".join([*parts, text[end:]])


def without_names(text: str, names: Iterable[str]) -> str:
    """Mask every name where it stands as it is written, or in capitals, the longest first."""
    for name in sorted(set(names), key=lambda one: (-len(one), one)):
        for written in (name, name.upper()):
            left, right = (
                r"(?<!\w)" if written[:1].isalnum() else "",
                r"(?!\w)" if written[-1:].isalnum() else "",
            )
            text = re.sub(left + re.escape(written) + right, f" {MASK} ", text)
    return text


def _counts(letter: str) -> bool:
    return letter.isalnum() or letter == MASK
