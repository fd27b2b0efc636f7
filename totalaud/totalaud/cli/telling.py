"""Events as sentences, for whoever watches a session or waits for it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from totalaud.cli.plain import echo
from totalaud.cli.show import cached, dollars, duration, money
from totalaud.logged import Logged

Json = Mapping[str, Any]
HOLD_UP = ("AttemptDeferred", "SessionWaiting", "RetryScheduled", "AttemptLost")
MOMENT_S = 0.5


class Teller:
    """Knows the steps' skills, what attempts may cost at most and what stopped one, from what it has told."""

    def __init__(self) -> None:
        self._skills: dict[int, str] = {}
        self._most: dict[str, float | None] = {}
        self._stopped_by = ""
        self._why = ""

    def lines(self, commit: Logged) -> list[str]:
        """Return a line for each event worth one."""
        told = [line for event in commit.events if (line := self.tell(event))]
        clock = datetime.fromisoformat(commit.at).astimezone().strftime("%H:%M:%S")
        return [f"{clock}  {line}" for line in told]

    def tell(self, event: Json) -> str | None:
        """Return a sentence without a clock; None for what no reader waits for."""
        for step in event.get("steps", ()):
            self._skills[step["number"]] = step["skill"]
        match event["type"]:
            case "SessionStarted":
                steps = ", ".join(step["skill"] for step in event["steps"])
                return f"{event.get('agent') or 'a skill alone'} starts: {steps}"
            case "SessionRetried":
                return f"goes on from step {event['from_step']}"
            case "SessionCompleted":
                return "completed"
            case "SessionFailed" | "SessionRefused":
                return f"{'failed' if event.get('step') else 'refused'}{self._because(event)}"
            case "SessionBudgetSet":
                limit = event["budget"].get("limit_usd")
                return f"budget is now ${limit}" if limit is not None else "budget has no limit now"
            case "SessionCancelled":
                return f"cancelled{': ' + event['reason'] if event.get('reason') else ''}"
            case _:
                sentence = self._step(event)
                return sentence and f"{self._name(event)} {sentence}"

    def _step(self, event: Json) -> str | None:
        match event["type"]:
            case "StepHandedOff":
                return f"is handed from {event['from_agent']} to {event['to_agent']}"
            case "AttemptRequested":
                return "begins" if event["attempt"] == 1 else f"begins, attempt {event['attempt']}"
            case "AttemptDeferred":
                return f"waits for its turn: {event['message']} ({event['code']})"
            case "AttemptStarted":
                self._most[event["attempt_id"]] = _number(event.get("reserved_usd"))
                return None
            case "ModelCalled" if event["outcome"] != "passed":
                why = ", ".join(event.get("failed_checks", ()))
                return f"asked {event['model']}: {event['outcome'].replace('_', ' ')}{why and f' ({why})'}"
            case "StepCompleted":
                how = _saved(event["cached"]) if event.get("cached") else _spent(event.get("usage"))
                warned = "".join(f"; {warning}" for warning in event.get("warnings", ()))
                return f"completed in {duration(event['duration_ms'])}{how}{warned}"
            case "AttemptFailed":
                self._why = ""
                return f"attempt failed{self._because(event['error'])}"
            case "AttemptLost":
                most = self._most.get(event["attempt_id"])
                doubt = f", up to {dollars(most)} in doubt" if most else ""
                return f"attempt lost: its skill-runner is gone{doubt}"
            case "AttemptStopped":
                self._stopped_by = event["scope"]
                asked = event.get("asked_usd")
                may = "has no known price" if asked is None else f"may cost ${asked}"
                return f"{may}: the budget of the {event['scope']} (${event['limit_usd']}) does not allow it"
            case "SessionWaiting" if event["on"] == "budget" and self._stopped_by == "day":
                return (
                    "waits for money: the next day (UTC) has its own, 'totalaud budget set --day' raises it"
                )
            case "SessionWaiting" if event["on"] == "budget":
                return "waits for money: 'totalaud budget set' raises the limit"
            case "SessionWaiting":
                return "may have been paid for without an answer: 'totalaud session retry' calls again"
            case "RetryScheduled":
                return "will be tried again"
            case "StepFailed":
                return f"failed{self._because(event)}"
            case "AttemptReportedLate":
                return f"late report counted{_spent(event.get('usage'))}"
            case _:
                return None

    def _because(self, error: Json) -> str:
        """Say why; of what an attempt failed by, its step and its session need the code only."""
        known, self._why = self._why, error["message"]
        return f" ({error['code']})" if known == self._why else f": {self._why} ({error['code']})"

    def _name(self, event: Json) -> str:
        number = event.get("step")
        return f"step {number} {self._skills.get(number or 0, '')}".rstrip()


class HeldUp:
    """Tells what holds a session up, once nothing has come after it for a moment: history is not told."""

    def __init__(self) -> None:
        self._teller = Teller()
        self._soon: asyncio.TimerHandle | None = None

    def hear(self, commit: Logged) -> None:
        """Take each commit, from the session's first on."""
        if self._soon:
            self._soon.cancel()
        lines = self._teller.lines(commit)
        if any(event["type"] in HOLD_UP for event in commit.events):
            tell = partial(echo, "\n".join(lines), err=True)
            self._soon = asyncio.get_running_loop().call_later(MOMENT_S, tell)


def _spent(usage: Json | None) -> str:
    if not usage:
        return ""
    numbers = {name: _number(usage.get(name)) for name in ("cost_usd", "list_price_usd", "in_doubt_usd")}
    tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
    return f", {tokens} tokens, {money({**usage, **numbers})}"


def _saved(hit: Json) -> str:
    return f", {cached({name: _number(hit.get(name)) for name in ('saved_usd', 'saved_list_price_usd')})}"


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
