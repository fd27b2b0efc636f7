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

    def ending(self, before: str | None) -> str | None:
        """Return how a session has ended after this commit; None while it runs, as a retried one does."""
        for event in self.events:
            before = None if event["type"] == "SessionRetried" else ENDS.get(event["type"], before)
        return before

    def as_dict(self) -> dict[str, Any]:
        return {"seq": self.seq, "commit_id": self.commit_id, "at": self.at, "events": list(self.events)}


@dataclass(slots=True)
class Merge:
    """Takes commits of one session from two sides; tells which are wanted, which are missing, and the end.

    It has to be given all: a session may have ended before what is wanted of it.
    """

    from_seq: int = 0
    ended: str | None = field(default=None, init=False)
    newest: int = field(default=0, init=False)

    def lacks(self, previous: int) -> bool:
        """Tell whether the session's commit with sequence `previous` was not seen."""
        return previous > self.newest

    def take(self, commit: Logged) -> bool:
        """Tell whether the commit is new and wanted; a session that ended and was retried goes on."""
        if commit.seq <= self.newest:
            return False
        self.newest = commit.seq
        self.ended = commit.ending(self.ended)
        return commit.seq >= self.from_seq
