"""Text in which every numeral is a claim: what stands there, how much exactly, and which rows it rests on.

Words are typed here and hold no numeral; figures, names and sentences from elsewhere come in as claims. So
none can stand in a report that nobody answers for.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from string import Formatter
from typing import Any

from library.figures import tenths

NUMERAL = re.compile(r"\d+(?:[.,:]\d+)*")
MARKUP = re.compile(r"[\\`*\[\]<>|~]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w]+;)")
BLOCK = re.compile(r"(?:#{1,6}|[+-]|\d{1,9}[.)])(?= )")
BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
LONGEST_NAME, MOST_WORDS = 40, 8
ELLIPSIS = "…"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some letters of a text; with `ref` they are a claim."""

    text: str
    value: float | None = None
    ref: str | None = None


Text = tuple[Piece, ...]
Part = Piece | Text


def say(sentence: str, **parts: Part) -> Text:
    """Fill `{names}` of a sentence; ValueError where a numeral is typed into it."""
    pieces: list[Piece] = []
    for words, name, _, _ in Formatter().parse(sentence):
        if any(letter.isnumeric() for letter in words):
            raise ValueError(f"a numeral that is no claim: {words}")
        part = parts[name] if name else ()
        pieces += [Piece(words)] if words else []
        pieces += [part] if isinstance(part, Piece) else part
    return tuple(pieces)


def number(value: float, ref: str, *, places: int = 0) -> Piece:
    return Piece(f"{value:.{places}f}", float(value), ref)


def percent(share: float, ref: str) -> Piece:
    """Write a share in percent to one place, without the sign; `value` stays the share."""
    return Piece(tenths(share), float(share), ref)


def rate(given: Json, ref: str) -> Text:
    """Write a `Rate` as 6.3 % (2.1-16.8), with a dash for a span."""
    mean, low, high = (percent(given[name], ref) for name in ("mean", "lo", "hi"))
    return say("{mean} % ({low}–{high})", mean=mean, low=low, high=high)


def named(name: Any, ref: str, longest: int = LONGEST_NAME) -> Piece:
    """Write a name or a date as it is recorded, on one line, shortened, its Markdown without effect."""
    plain = BLANK.sub(" ", str(name)).strip()
    words = plain.split(" ")
    short = " ".join(words[:MOST_WORDS])[:longest].rstrip()
    return Piece(escaped(short if short == plain else short + ELLIPSIS), ref=ref)


def quoted(sentence: str, ref: str) -> Text:
    """Take a sentence from elsewhere: each of its numerals is a claim."""
    plain = escaped(BLANK.sub(" ", sentence).strip())
    pieces, at = [], 0
    for found in NUMERAL.finditer(plain):
        pieces += [Piece(plain[at : found.start()]), Piece(found[0], _value(found[0]), ref)]
        at = found.end()
    return tuple(one for one in (*pieces, Piece(plain[at:])) if one.text)


def escaped(text: str) -> str:
    """Have Markdown show a text as it is: no marks within a line, and no heading or list made of it."""
    plain = MARKUP.sub(r"\\\g<0>", text)
    begins = BLOCK.match(plain)
    return f"{plain[: begins.end() - 1]}\\{plain[begins.end() - 1 :]}" if begins else plain


def flat(text: Text) -> str:
    return "".join(one.text for one in text)


def joined(texts: Iterable[Text], between: str = " ") -> Text:
    """Put texts in a row."""
    pieces: list[Piece] = []
    for text in texts:
        pieces += [Piece(between)] if pieces else []
        pieces += text
    return tuple(pieces)


def words(text: Text) -> int:
    return len(flat(text).split())


def claims_of(texts: Iterable[Text]) -> list[Json]:
    """Return the claims as a reader meets them."""
    return [_claim(one) for text in texts for one in text if one.ref is not None]


def _claim(one: Piece) -> Json:
    value = {} if one.value is None else {"value": one.value}
    return {"text": one.text, **value, "ref": one.ref}


def _value(numeral: str) -> float | None:
    try:
        return float(numeral)
    except ValueError:
        return None
