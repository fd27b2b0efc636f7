"""Any order of commands, with duplicates and lateness, leaves a legal history."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from controls import NOW, SUBJECT, attempt_id, claim, failure, planned, report, start, usage
from orchestrator.asked import Cancel, Command, ExpireLease, Retry, WakeUp
from orchestrator.decide import decide
from orchestrator.evolve import fold
from orchestrator.session import Session, outstanding
from shared.events import (
    AnyEvent,
    AttemptRequested,
    SessionCancelled,
    SessionCompleted,
    SessionFailed,
    SessionRetried,
    SessionStarted,
)
from shared.refusal import Refusal

STEPS = 3
ENDS = (SessionCompleted, SessionFailed, SessionCancelled)
steps = st.integers(1, STEPS)
attempts = st.integers(1, 6)


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.session = Session()
        self.events: list[AnyEvent] = []
        self.now = NOW
        self.spent: dict[object, int] = {}

    def do(self, command: Command) -> bool:
        try:
            self.session, events = decide(command, self.session, self.now, SUBJECT)
        except Refusal:
            return False
        self.events += events
        return True

    @rule()
    def run(self) -> None:
        self.do(start(STEPS, pool="anthropic"))

    @rule(step=steps, attempt=attempts, cents=st.integers(0, 9))
    def succeed(self, step: int, attempt: int, cents: int) -> None:
        cents = self.spent.get(attempt_id(step, attempt), cents)
        if self.do(report(step, attempt, usage=usage(cents))):
            self.spent[attempt_id(step, attempt)] = cents

    @rule(step=steps, attempt=attempts, cents=st.integers(0, 9), retryable=st.booleans())
    def fail(self, step: int, attempt: int, cents: int, *, retryable: bool) -> None:
        cents = self.spent.get(attempt_id(step, attempt), cents)
        if self.do(failure(step, attempt, retryable=retryable, usage=usage(cents))):
            self.spent[attempt_id(step, attempt)] = cents

    @rule(step=steps, attempt=attempts, runner=st.sampled_from(["one", "two"]))
    def claim(self, step: int, attempt: int, runner: str) -> None:
        self.do(claim(step, attempt, runner))

    @rule(step=steps, attempt=attempts)
    def lose(self, step: int, attempt: int) -> None:
        self.do(ExpireLease(attempt_id(step, attempt)))

    @rule(seconds=st.floats(0, 5))
    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.do(WakeUp())

    @rule()
    def cancel(self) -> None:
        self.do(Cancel())

    @rule(step=steps)
    def retry(self, step: int) -> None:
        self.do(Retry(step, tuple(planned(n, pool="anthropic") for n in range(step, STEPS + 1))))

    @invariant()
    def the_history_rebuilds_the_session(self) -> None:
        assert fold(self.events) == self.session

    @invariant()
    def it_starts_once_and_ends_once_a_life(self) -> None:
        assert sum(isinstance(event, SessionStarted) for event in self.events) <= 1
        lives = 1 + sum(isinstance(event, SessionRetried) for event in self.events)
        ends = sum(isinstance(event, ENDS) for event in self.events)
        assert ends == (lives if self.session.ended else lives - 1)

    @invariant()
    def no_attempt_is_requested_after_the_end(self) -> None:
        over = False
        for event in self.events:
            if isinstance(event, ENDS):
                over = True
            elif isinstance(event, SessionRetried):
                over = False
            assert not (over and isinstance(event, AttemptRequested))

    @invariant()
    def no_attempt_is_requested_twice(self) -> None:
        asked = [event.attempt_id for event in self.events if isinstance(event, AttemptRequested)]
        assert len(asked) == len(set(asked))

    @invariant()
    def no_cost_is_lost_or_counted_twice(self) -> None:
        counted = [event.usage for event in self.events if getattr(event, "usage", None) is not None]
        assert sum((used.cost_usd for used in counted), Decimal()) == sum(
            (usage(cents).cost_usd for cents in self.spent.values()), Decimal()
        )

    @invariant()
    def a_running_session_waits_for_something(self) -> None:
        waiting = outstanding(self.session)
        if self.session.status == "running":
            assert waiting.work or waiting.timers
        if self.session.ended:
            assert not waiting.work
            assert not waiting.timers


Life.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
TestLife = Life.TestCase
