"""How long it takes until a killed runner's step moves again, by the log."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from kills.hunt import Kill
from shared.commit import Commit
from shared.events import AttemptLost, AttemptRequested, AttemptStarted, StepCompleted

AT_ONCE_S = 0.5


def recoveries(kills: Iterable[Kill], commits: Iterable[Commit]) -> list[float]:
    """Return the seconds for each step of the runners that were killed alone.

    A paid attempt moves when its lease ends. A free one moves when another runner begins it, as its report
    tells; what begins at once was still in the queue.
    """
    found: list[float] = []
    alone = [kill for kill in kills if kill.alone]
    requested: dict[UUID, datetime] = {}
    runners: dict[UUID, int] = {}
    for commit in commits:
        for event in commit.events:
            match event:
                case AttemptRequested():
                    requested[event.attempt_id] = commit.at
                case AttemptStarted():
                    runners[event.attempt_id] = int(event.runner.rsplit("-", 2)[1])
                case AttemptLost():
                    pid = runners[event.attempt_id]
                    found += [_since(kill, commit.at) for kill in alone if kill.pid == pid]
                case StepCompleted() if event.attempt_id not in runners:
                    begun, asked = event.started_at, requested[event.attempt_id]
                    found += [_since(kill, begun) for kill in alone if asked < kill.at < begun]
                case _:
                    pass
    return [seconds for seconds in found if seconds > AT_ONCE_S]


def _since(kill: Kill, at: datetime) -> float:
    return (at - kill.at).total_seconds()
