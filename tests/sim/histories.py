"""What the histories of a log say by now, folded as they grow, each event once; by the true `evolve`."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from orchestrator.evolve import evolve as evolve_session
from orchestrator.ledger import Ledger, fold
from orchestrator.session import Session
from shared.events import AnyEvent
from shared.subjects import Aggregate
from sim.streams import Stream, aggregate_of

State = TypeVar("State")
Life = list[tuple[State, AnyEvent, State]]


class History(Generic[State]):
    """One aggregate: its state, and of each event what it came upon and what it left."""

    def __init__(self, evolve: Callable[[State, AnyEvent], State], state: State) -> None:
        self.state = state
        self.life: Life[State] = []
        self._evolve = evolve
        self._commits = 0

    def follow(self, log: Stream, subject: str) -> None:
        """Take in what is new since the last look."""
        stored = log.by_subject.get(subject, ())
        if len(stored) == self._commits:
            return
        for message in stored[self._commits :]:
            for event in message.commit.events:
                before, self.state = self.state, self._evolve(self.state, event)
                self.life.append((before, event, self.state))
        self._commits = len(stored)


class Histories:
    def __init__(self, log: Stream) -> None:
        self._log = log
        self._known: dict[str, History[Any]] = {}

    def session(self, aggregate: Aggregate) -> History[Session]:
        return self._followed(aggregate, lambda: History(evolve_session, Session()))

    def ledger(self, aggregate: Aggregate) -> History[Ledger]:
        return self._followed(aggregate, lambda: History(_evolve_ledger, Ledger()))

    def open(self) -> list[Aggregate]:
        """Return those that may wait for something: sessions that have not ended, and all ledgers."""
        found = [aggregate_of(subject) for subject in sorted(self._log.by_subject)]
        return [one for one in found if one.noun == "ledger" or not self.session(one).state.ended]

    def _followed(self, aggregate: Aggregate, begun: Callable[[], History[State]]) -> History[State]:
        known = self._known.get(aggregate.subject)
        if known is None:
            known = self._known[aggregate.subject] = begun()
        known.follow(self._log, aggregate.subject)
        return known


def _evolve_ledger(ledger: Ledger, event: AnyEvent) -> Ledger:
    return fold((event,), ledger)
