"""Slots of the week in which a pitch may go out: what is known of them, and how to choose among them."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from library.localtime import HOURS, WEEKDAYS, part_of_day
from library.shrinking import rate_draws

DRAWS = 2000
LAST_HOUR = 23
SHARPENED = 2.0
KEPT_FOR_OTHERS = 0.1
FEWEST_PITCHES, FEWEST_ANSWERS = 300, 20
PARTS = ("morning", "afternoon", "evening")
SLOT = re.compile(r"\s*([a-z]+)[\s,-]+([a-z]+|\d{1,2})(?::00)?\s*", re.IGNORECASE)


class Slot(NamedTuple):
    """An hour of a day of the week, as the contact's clock shows it; Monday is 0."""

    weekday: int
    hour: int

    @property
    def place(self) -> tuple[int, str]:
        """What is known by: the day of the week and the part of the day."""
        return self.weekday, part_of_day(self.hour)


class Seen(NamedTuple):
    """`answered` of `pitches` of one contact type in one place of the week."""

    weekday: int
    part: str
    kind: str
    pitches: int
    answered: int


class Known(NamedTuple):
    """Answers and pitches of each slot as counted, and draws of its rate among comparable ones."""

    answered: np.ndarray
    pitches: np.ndarray
    draws: np.ndarray


USUAL = tuple(Slot(day, HOURS[part]) for day in range(5) for part in PARTS)


def parsed(text: str) -> Slot | None:
    """Read `tuesday morning`, `tue 10` or `tue 10:00`; None for anything else."""
    found = SLOT.fullmatch(text)
    if found is None or len(found[1]) < len("mon"):
        return None
    days = [number for number, name in enumerate(WEEKDAYS) if name.startswith(found[1].lower())]
    when = found[2].lower()
    hour = int(when) if when.isdigit() else HOURS.get(when, LAST_HOUR + 1)
    return Slot(days[0], hour) if len(days) == 1 and hour <= LAST_HOUR else None


def known(seen: Sequence[Seen], slots: tuple[Slot, ...], rng: np.random.Generator) -> Known:
    """Estimate each slot's rate with contact types made comparable (indirect standardisation).

    A type that answers more often counts for more pitches, so that a slot is not praised for whom it was
    used for. Slots are drawn towards each other as far as they are alike; hours of one part of a day are
    known by the same pitches, and are one.
    """
    times = times_as_often(seen)
    places: dict[tuple[int, str], list[float]] = {}
    for one in seen:
        counts = places.setdefault((one.weekday, one.part), [0.0, 0.0, 0.0])
        counts[0] += one.answered
        counts[1] += one.pitches
        counts[2] += one.pitches * times[one.kind]
    different = list(dict.fromkeys(slot.place for slot in slots))
    answered, pitches, comparable = np.array([places.get(one, [0.0, 0.0, 0.0]) for one in different]).T
    draws = rate_draws(answered, np.maximum(comparable, answered), rng, draws=DRAWS)
    of = [different.index(slot.place) for slot in slots]
    return Known(answered[of], pitches[of], draws[:, of])


def times_as_often(seen: Sequence[Seen]) -> dict[str, float]:
    """Return how much more often each type answers than all together, drawn to 1 as if by 50 pitches."""
    answered, pitches = totals(seen)
    common, times = answered / max(pitches, 1), {}
    for kind in {one.kind for one in seen}:
        answered, pitches = totals([one for one in seen if one.kind == kind])
        times[kind] = (answered + 50 * common) / (pitches + 50) / max(common, 1e-9)
    return times


def totals(seen: Sequence[Seen]) -> tuple[int, int]:
    """Return how many pitches were answered, and how many there were."""
    return sum(one.answered for one in seen), sum(one.pitches for one in seen)


def enough(seen: Sequence[Seen]) -> bool:
    """Whether slots may be told apart at all; below it, all are equal."""
    answered, pitches = totals(seen)
    return pitches >= FEWEST_PITCHES and answered >= FEWEST_ANSWERS


def chances_of_best(draws: np.ndarray) -> np.ndarray:
    """Return how likely each slot is the best of all; those that are one share it, and all sum to 1."""
    best = draws == draws.max(axis=1, keepdims=True)
    return np.asarray((best / best.sum(axis=1, keepdims=True)).mean(axis=0))


def sharing(slots: tuple[Slot, ...]) -> np.ndarray:
    """Return how many slots are hours of the same part of a day as each, and share its chance."""
    return np.array([sum(one.place == slot.place for one in slots) for slot in slots])


def propensities(p_best: np.ndarray, shared_by: np.ndarray | float = 1.0) -> np.ndarray:
    """Return how likely each slot is to be chosen, by Thompson sampling (1933).

    Sharpened, which costs less while slots differ little (Chapelle, Li 2011); a tenth is kept for all alike,
    so that any policy can be judged by inverse weighting later (Horvitz, Thompson 1952).
    """
    sharp = (p_best * shared_by) ** SHARPENED / shared_by
    if not sharp.sum():
        return np.full(len(p_best), 1 / len(p_best))
    return (1 - KEPT_FOR_OTHERS) * sharp / sharp.sum() + KEPT_FOR_OTHERS / len(p_best)
