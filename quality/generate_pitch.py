"""Unsupported claims in pitches on a hundred fact sheets a seed, with a writer who plants one trap in each.

The writer stands in for a model that invents: half of the time its repair plants another trap, else it is
honest. What is planted is known, so a pitch is false if its trap is still in it, whatever the checks say. The
baseline is the same writer without checks. Honest texts of the same writer show false alarms.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

from quality.harness import Bench
from quality.judged import Answer, Functions
from quality.planted.sheets import TODAY, TRAPS, Case, drawn, sentences
from quality.row import Row, interval

Json = dict[str, Any]

SKILL = "generate-pitch"
SHEETS, HONEST = 100, 100
REPAIR_INVENTS = 0.5
POLITE = (
    "I know you hear a lot of new music, so I will not take up much of your time.",
    "I have followed what you play for a while and thought of you when I heard the mix.",
    "It is warm, simple and rather short, and it grows with every listen.",
)
ASKS = ("Would you like to hear it?", "May I send you the files?", "Could this be something for {}?")


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """Let the writer write, with checks and without."""
    skill = Functions(bench.definition(SKILL))
    naive, ours, alarms, kept = [], [], [], []
    for seed in seeds:
        raw = false = bad = alarm = 0
        for number in range(SHEETS):
            case, draw = drawn(seed, number), Random(f"{seed}/{number}")
            given = skill.brief(_input(case), TODAY)
            trapped, planted = _trapped(case, draw)
            raw += _false(trapped, planted)
            taken, still = skill.taken(given, (trapped, planted), _repair(case, draw))
            false += _false(taken, still)
            bad += any(not one["passed"] for one in skill.check(given, taken))
        for number in range(HONEST):
            case, draw = drawn(seed, SHEETS + number), Random(f"honest/{seed}/{number}")
            honest = _pitch(case, sentences(case, draw), draw)
            alarm += not skill.passes(skill.brief(_input(case), TODAY), honest)
        naive.append(raw / SHEETS)
        ours.append(false / SHEETS)
        kept.append(1 - bad / SHEETS)
        alarms.append(alarm / HONEST)
    low, high = interval(ours)
    alarm_low, alarm_high = interval(alarms)
    return [
        Row(SKILL, "share with a planted claim", _mean(naive), _mean(ours), low, high, "0, baseline > 0",
            passed=not any(ours) and min(naive) > 0),
        Row(SKILL, "constraints kept", None, _mean(kept), *interval(kept), "1", passed=min(kept) == 1),
        Row(SKILL, "false alarms, honest texts", None, _mean(alarms), alarm_low, alarm_high, "≤ 0.02",
            passed=_mean(alarms) <= 0.02),
    ]  # fmt: skip


def _repair(case: Case, draw: Random) -> Answer:
    if draw.random() < REPAIR_INVENTS:
        return _trapped(case, draw)
    return _pitch(case, sentences(case, draw), draw), None


def _input(case: Case) -> Json:
    contact = {"name": "[[name]]", "outlet": case.outlet, "genres": [case.genre]}
    return {"contact": contact, "artistInfo": case.artist, "release": case.release, "max_words": 150}


def _trapped(case: Case, draw: Random) -> tuple[Json, str]:
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


def _false(pitch: Json, planted: str | None) -> bool:
    return planted is not None and planted in pitch["body"]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
