"""given(commands).when(command).then(events): the decider's words, without a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pytest

from controls import NOW, SUBJECT
from orchestrator.asked import Command
from orchestrator.decide import decide
from orchestrator.session import Session
from shared.events import AnyEvent
from shared.refusal import Refusal


@dataclass(frozen=True)
class Given:
    session: Session

    def when(self, command: Command, now: datetime = NOW) -> "When":
        return When(self.session, command, now)

    def and_then(self, *commands: Command, now: datetime = NOW) -> "Given":
        session = self.session
        for command in commands:
            session = decide(command, session, now, SUBJECT).session
        return Given(session)


@dataclass(frozen=True)
class When:
    session: Session
    command: Command
    now: datetime

    @property
    def events(self) -> Sequence[AnyEvent]:
        return decide(self.command, self.session, self.now, SUBJECT).events

    def then(self, *expected: AnyEvent) -> None:
        assert list(self.events) == list(expected)

    def then_happens(self, *types: type[AnyEvent]) -> Sequence[AnyEvent]:
        events = self.events
        assert [type(event) for event in events] == list(types)
        return events

    def nothing_happens(self) -> None:
        self.then()

    def is_refused(self, code: str, field: str = "session_id") -> None:
        with pytest.raises(Refusal) as refused:
            _ = self.events
        assert (refused.value.code, refused.value.field) == (code, field)


def given(*commands: Command, now: datetime = NOW) -> Given:
    """A session on which these commands were decided, one after the other."""
    return Given(Session()).and_then(*commands, now=now)
