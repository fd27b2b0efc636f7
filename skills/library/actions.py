"""What could be done next, and in which order it pays: expected gain, less fatigue, less effort."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

ANSWERS_A_MINUTE = 0.002
NAMED = 5

Risk = Literal["cautious", "balanced"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Gain:
    """Answers to be expected from doing it now rather than a week later: on average, and cautiously."""

    mean: float
    low: float

    def times(self, factor: float) -> "Gain":
        return Gain(self.mean * factor, self.low * factor)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. `fatigue`: answers lost by writing too often. `estimated`: the gain may be shown."""

    kind: str
    title: str
    gain: Gain
    effort_min: int
    evidence: tuple[Json, ...]
    command: Json | None
    fatigue: float = 0.0
    due: date | None = None
    estimated: bool = True

    def worth(self, risk: Risk) -> float:
        gain = self.gain.low if risk == "cautious" else self.gain.mean
        return gain - self.fatigue - ANSWERS_A_MINUTE * self.effort_min

    def told(self) -> Json:
        gain = {"gain": round(self.gain.mean, 3), "gain_low": round(self.gain.low, 3)}
        return {
            "kind": self.kind,
            "title": self.title,
            **({} if self.due is None else {"due": self.due.isoformat()}),
            **(gain if self.estimated else {}),
            "effort_min": self.effort_min,
            "evidence": list(self.evidence),
            **({} if self.command is None else {"command": self.command}),
        }


def ranked(actions: Iterable[Action], risk: Risk) -> list[Action]:
    """Return what has evidence and is worth more than it costs, the most first."""
    worth = [action for action in actions if action.evidence and action.worth(risk) > 0]
    return sorted(worth, key=lambda action: (-action.worth(risk), action.kind, action.title))


def evidence(kind: str, ids: Sequence[Any], why: str) -> Json:
    """Point to rows by their ids, the first five of them by name."""
    return {"kind": kind, "ref": ", ".join(str(one) for one in ids[:NAMED]), "n": len(ids), "why": why}


def skill(name: str, given: Json) -> Json:
    """Return the command that runs a skill."""
    return {"door": "skill.execute", "skill": name, "input": given}


def record(door: str, given: Json) -> Json:
    """Return a command on a record, such as contacts.suppress."""
    return {"door": door, "input": given}
