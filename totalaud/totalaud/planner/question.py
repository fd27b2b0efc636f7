"""What a question was understood to ask, and why another one was not."""

from dataclasses import dataclass, field
from typing import Literal

Intent = Literal[
    "find",
    "whom",
    "pitch",
    "performance",
    "report",
    "patterns",
    "next",
    "timing",
    "plan",
    "hashtags",
    "press",
    "opportunities",
    "similar",
    "trends",
    "answers",
    "predict",
]
Named = tuple[Literal["campaign", "release"], str]
Window = Literal["7d", "28d", "all"]
MOST_PITCHES = 5


@dataclass(frozen=True, slots=True)
class Question:
    """The slots that were filled; names are those known from the tables, never words of the question.

    `contact` is an e-mail address: it is looked up, and goes no further. `compared` are several of one's own.
    `span` is what `window` was called, `outlet_type` the kind of outlet that was said beside its name.
    `hidden` is a name that was read as plain words.
    """

    intent: Intent
    genres: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    type: str | None = None
    outlet: str | None = None
    outlet_type: str | None = None
    contact: str | None = field(default=None, repr=False)
    campaign: str | None = None
    release: str | None = None
    artist: str | None = None
    compared: tuple[Named, ...] = ()
    release_type: str | None = None
    window: Window | None = None
    span: str | None = None
    audience: str | None = None
    detail: str | None = None
    cohort: bool = False
    hours_per_week: float | None = None
    budget: float | None = None
    currency: str | None = None
    channels: tuple[str, ...] = ()
    platform: str | None = None
    group_by: str | None = None
    outcome: str | None = None
    tone: str | None = None
    kinds: tuple[str, ...] = ()
    limit: int | None = None
    unused: tuple[str, ...] = ()
    hidden: str | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A question that is not answered by a guess: `reason` says what was missing or not known."""

    reason: str


@dataclass(frozen=True, slots=True)
class Missing(Unread):
    """A question that was read, but for whose answer a record is not there yet."""


class Unreadable(Exception):  # noqa: N818 - an outcome
    """Ends the reading of a question; its sentence becomes that of `Unread`."""


EXAMPLES = (
    ("find", "Find me UK indie radio DJs who like synthpop"),
    ("whom", "Who should hear my new single?"),
    ("pitch", "Write a pitch for my new single to BBC Radio 6"),
    ("performance", "How is my campaign performing this week?"),
    ("report", "Give me a detailed report of my campaign for the label"),
    ("patterns", "What's working best for artists like me?"),
    ("next", "What should I do next?"),
    ("timing", "When should I send pitches to radio?"),
    ("plan", "Plan my new single, radio and blogs, 4 hours a week"),
    ("hashtags", "Suggest hashtags for my new single on Instagram"),
    ("press", "Write a press release for my new single"),
    ("opportunities", "Find opportunities for my new single"),
    ("similar", "Which artists are similar to mine?"),
    ("trends", "Which of my numbers are rising?"),
    ("answers", "What reply rate do I get by genre?"),
    ("answers", "Which of my campaigns did best?"),
    ("predict", "Which contacts are likely to answer my campaign?"),
)
