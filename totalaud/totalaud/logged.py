"""Commits as a reader of the log sees them, and the pure merge of the live feed with what was asked for."""

from dataclasses import dataclass, field
from typing import Any

ENDS = {
    "SessionCompleted": "completed",
    "SessionFailed": "failed",
    "SessionCancelled": "cancelled",
    "SessionRefused": "refused",
}


@dataclass(frozen=True, slots=True)
class Logged:
    """One commit: its sequence in the log, when, and its events as JSON objects with a `type`."""

    seq: int
    commit_id: str
    at: str
    events: tuple[dict[str, Any], ...]
    traceparent: str | None = None

    @classmethod
    def of(cls, body: dict[str, Any], seq: int | None = None) -> "Logged":
        """Read what `session.events` answers, or a message of the feed with its sequence."""
        return cls(
            seq=body["seq"] if seq is None else seq,
            commit_id=str(body["commit_id"]),
            at=str(body["at"]),
            events=tuple(body["events"]),
            traceparent=body.get("traceparent"),
        )

    def as_dict(self) -> dict[str, Any]:
        return {"seq": self.seq, "commit_id": self.commit_id, "at": self.at, "events": list(self.events)}


@dataclass(slots=True)
class Merge:
    """Takes commits of one session from two sides; tells which are wanted, which are missing, and the end.

    It has to be given all: a session may have ended before what is wanted of it.
    """

    from_seq: int = 0
    ended: bool = field(default=False, init=False)
    newest: int = field(default=0, init=False)

    def lacks(self, previous: int) -> bool:
        """Tell whether the session's commit with sequence `previous` was not seen."""
        return previous > self.newest

    def take(self, commit: Logged) -> bool:
        """Tell whether the commit is new and wanted; a session that ended and was retried goes on."""
        if commit.seq <= self.newest:
            return False
        self.newest = commit.seq
        for event in commit.events:
            if event["type"] in ENDS:
                self.ended = True
            elif event["type"] == "SessionRetried":
                self.ended = False
        return commit.seq >= self.from_seq
