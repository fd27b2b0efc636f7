"""What operators count of a service, in memory since it started, in the form that Prometheus reads.

Labels are words of ours: no name that somebody sent can be one.
"""

from collections import Counter

from shared.json import dumps
from shared.refusal import Refusal

BEFORE_THE_BODY = ("user", "subject", "Nats-Msg-Id")
UNKNOWN = "unknown"
_refusals: Counter[tuple[str, str]] = Counter()
_dead_letters: Counter[str] = Counter()


def refused(subject: str, refusal: Refusal) -> bytes:
    """Count a refusal of what came on the subject, and return its answer."""
    _refusals[_command(subject, refusal), refusal.code] += 1
    return dumps(refusal.body())


def buried(durable: str) -> None:
    """Count a dead letter."""
    _dead_letters[durable] += 1


def told(service: str) -> str:
    """Return the counts as text."""
    lines = [
        "# HELP totalaud_refusals_total Commands that were refused since the service started.",
        "# TYPE totalaud_refusals_total counter",
    ]
    for (command, code), times in sorted(_refusals.items()):
        labels = f'service="{service}",command="{command}",code="{code}"'
        lines.append(f"totalaud_refusals_total{{{labels}}} {times}")
    lines += [
        "# HELP totalaud_dead_letters_total Messages that could not be handled since the service started.",
        "# TYPE totalaud_dead_letters_total counter",
    ]
    for durable, times in sorted(_dead_letters.items()):
        lines.append(f'totalaud_dead_letters_total{{service="{service}",durable="{durable}"}} {times}')
    return "\n".join(lines) + "\n"


def _command(subject: str, refusal: Refusal) -> str:
    """Return the command as `noun.verb`; refused for address or headers, it is none that anybody knows."""
    match subject.split("."):
        case ["report" | "late" as kind, _]:
            return kind
        case ["ask" | "cmd", _, noun, verb] | ["ops", noun, verb] if refusal.field not in BEFORE_THE_BODY:
            return f"{noun}.{verb}"
        case _:
            return UNKNOWN
