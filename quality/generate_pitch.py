"""Unsupported claims in pitches on a hundred fact sheets a seed, with a writer who plants one trap in each.

What is planted is known, so a pitch is false if its trap is still in it, whatever the checks say. The
baseline is the same writer without checks. Honest texts of the same writer show false alarms.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

from quality.harness import Bench
from quality.judged import Answer, Writer, tried
from quality.planted.sheets import TRAPS, Case, sentences
from quality.row import Row

Json = dict[str, Any]

POLITE = (
    "I know you hear a lot of new music, so I will not take up much of your time.",
    "I have followed what you play for a while and thought of you when I heard the mix.",
    "It is warm, simple and rather short, and it grows with every listen.",
)
ASKS = ("Would you like to hear it?", "May I send you the files?", "Could this be something for {}?")


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    writer = Writer(_input, _trapped, _honest, _is_false)
    return list(tried(bench.definition("generate-pitch"), writer, seeds).rows())


def _input(case: Case) -> Json:
    contact = {"name": "[[name]]", "outlet": case.outlet, "genres": [case.genre]}
    return {"contact": contact, "artistInfo": case.artist, "release": case.release, "max_words": 150}


def _honest(case: Case, draw: Random) -> Json:
    return _pitch(case, sentences(case, draw), draw)


def _trapped(case: Case, draw: Random) -> Answer:
    """Return a pitch with one trap in it, and the trap."""
    planted = TRAPS[draw.choice(sorted(TRAPS))](case, draw)
    told = sentences(case, draw)
    told.insert(draw.randrange(1, len(told) + 1), planted)
    return _pitch(case, told, draw), planted


def _pitch(case: Case, told: Sequence[str], draw: Random) -> Json:
    ask = draw.choice(ASKS).format(case.outlet)
    polite = " ".join(draw.sample(POLITE, 2))
    body = f"Hi [[name]],\n\n{' '.join(told)}\n\n{polite} {ask}\n\nBest wishes\n{case.name}"
    return {
        "subject": f"{case.title} by {case.name}",
        "subject_options": [f"New {case.genre} for {case.outlet}", f"{case.name}: {case.title}"],
        "body": body,
        "facts_used": [fact["id"] for fact in case.facts],
    }


def _is_false(answer: Answer) -> bool:
    pitch, planted = answer
    return planted is not None and planted in pitch["body"]
