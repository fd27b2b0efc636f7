"""The most that calls can cost, known before they are made: a token is at least one byte.

The input is counted in bytes, an answer is as long as it may be: too much for most texts, never too little.
"""

import json
from collections.abc import Iterable
from decimal import Decimal

from shared.subjects import Pool
from skill_runner.chats.chat import Question
from skill_runner.pricing import price

FRAME_TOKENS = 64
LONGEST_WRONG = 4_000
REPEATED = 4
MOST_LETTERS = 16


def most_usd(provider: Pool, question: Question) -> Decimal | None:
    """Return the most that one call can cost; None where the model has no known price.

    A repair repeats what was asked and answered, that as far as `repeated`, and says in LONGEST_WRONG bytes
    what was wrong.
    """
    asked = len(question.system.encode()) + len(question.user.encode()) + len(json.dumps(question.schema))
    longest = _longest(question)
    again = REPEATED * longest + LONGEST_WRONG + FRAME_TOKENS if question.repairs else 0
    return price(provider, question.model, asked + FRAME_TOKENS + again, longest, question.settings)


def repeated(question: Question, answer: str) -> str:
    """Return as much of an answer as its repair repeats: another model may take each byte for a token."""
    return answer.encode(errors="replace")[: REPEATED * _longest(question)].decode(errors="ignore")


def is_too_long(question: Question, answer: str) -> bool:
    """Tell an answer of more letters than so many tokens have, which the server was to stop before."""
    return len(answer) > MOST_LETTERS * _longest(question)


def _longest(question: Question) -> int:
    """Return how long an answer may be, by the skill or by the model's settings: what is more."""
    return max(question.max_tokens, question.capped or 0)


def summed(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Add up; with one unknown amount the sum is unknown."""
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
