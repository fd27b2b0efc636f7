"""What the histories of a log say by now, folded as they grow."""

from collections.abc import Callable
from typing import Any

from orchestrator.evolve import fold as fold_session
from orchestrator.ledger import Ledger
from orchestrator.ledger import fold as fold_ledger
from orchestrator.session import Session
from shared.events import AnyEvent
from shared.subjects import Aggregate
from sim.streams import Stream, aggregate_of


class Histories:
    def __init__(self, log: Stream) -> None:
        self._log = log
        self._known: dict[str, tuple[int, Any]] = {}

    def events(self, aggregate: Aggregate, after: int = 0) -> list[AnyEvent]:
        """Return what happened after so many commits."""
        stored = self._log.by_subject.get(aggregate.subject, [])
        return [event for message in stored[after:] for event in message.commit.events]

    def session(self, aggregate: Aggregate) -> Session:
        found: Session = self._latest(aggregate, fold_session)
        return found

    def ledger(self, aggregate: Aggregate) -> Ledger:
        found: Ledger = self._latest(aggregate, fold_ledger)
        return found

    def open(self) -> list[Aggregate]:
        """Return those that may wait for something: sessions that have not ended, and all ledgers."""
        found = [aggregate_of(subject) for subject in sorted(self._log.by_subject)]
        return [one for one in found if one.noun == "ledger" or not self.session(one).ended]

    def _latest(self, aggregate: Aggregate, fold: Callable[..., Any]) -> Any:
        """Fold what is new since the last look."""
        seen, state = self._known.get(aggregate.subject, (0, None))
        commits = len(self._log.by_subject.get(aggregate.subject, ()))
        if commits > seen or state is None:
            state = fold(self.events(aggregate, seen), state)
            self._known[aggregate.subject] = commits, state
        return state
