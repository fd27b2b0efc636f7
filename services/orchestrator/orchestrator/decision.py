"""What a command leads to: events, and the session as they leave it; nobody has to fold them again."""

from typing import NamedTuple

from orchestrator.evolve import fold
from orchestrator.session import Session
from shared.events import AnyEvent


class Decision(NamedTuple):
    """The events so far (none: nothing to do) and the session after them."""

    session: Session
    events: tuple[AnyEvent, ...] = ()

    def then(self, *events: AnyEvent) -> "Decision":
        return Decision(fold(events, self.session), self.events + events)
