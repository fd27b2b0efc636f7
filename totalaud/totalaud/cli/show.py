"""How things look: tables and lines for people, one JSON document for scripts."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from totalaud.cli.table import UNBOUNDED, Table, cell
from totalaud.record import as_json

if TYPE_CHECKING:
    from rich.console import Console

NARROWEST = 40
LEAST_USD = 0.0001
SHORT_S = 59.995
UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
NOTHING, UNKNOWN = "$0", "unknown price"
NEAR = timedelta(days=180)


def console() -> "Console":
    """Return the terminal, or plain text where there is none: of a table there each row is one line.

    One too narrow for any table wraps the lines by itself.
    """
    from totalaud.cli.terminal import Terminal

    fits = os.environ.get("COLUMNS") or (sys.stdout and sys.stdout.isatty())
    made = Terminal(highlight=False, emoji=False, soft_wrap=False, width=None if fits else UNBOUNDED)
    made.width = max(made.width, NARROWEST)
    return made


def say(out: "Console", line: str, style: str = "") -> None:
    """Write a line as it stands: the terminal may wrap it, we do not."""
    out.print(line, style=style, markup=False, soft_wrap=True)


def document(value: Any) -> None:
    """Write one JSON document on one line."""
    sys.stdout.write(as_json(value) + "\n")
    sys.stdout.flush()


def moment(at: datetime, clock: str = "%H:%M") -> str:
    """Write a time in a table's few letters, as clocks here show it; of one far away the year."""
    far = abs(datetime.now(UTC) - at) > NEAR
    return at.astimezone().strftime("%Y-%m-%d" if far else f"%m-%d {clock}")


def duration(ms: float | None) -> str | None:
    """Write milliseconds as a reader takes them in."""
    if ms is None:
        return None
    seconds = ms / 1000
    if seconds < SHORT_S:
        return f"{ms:.0f} ms" if round(ms) < 1000 else f"{seconds:.2f} s"  # noqa: PLR2004 - one second
    whole = round(seconds)
    at = next(at for at, (_, length) in enumerate(UNITS) if whole >= length)
    (unit, length), (part, least) = UNITS[at : at + 2]
    return f"{whole // length} {unit} {whole % length // least} {part}"


def price(row: Mapping[str, Any]) -> str:
    """Write what was paid, in a table's few letters, or that nothing had to be; + where more is in doubt."""
    if row.get("cache_hit"):
        return "cached"
    paid = _paid(row)
    if row.get("simulated") and paid == NOTHING:
        paid = f"{NOTHING} (sim.)"
    return f"{paid}+" if row.get("in_doubt_usd") and paid != UNKNOWN else paid


def money(row: Mapping[str, Any]) -> str:
    """Write what was paid, and may have been; what simulated texts would have cost stands beside it."""
    paid, listed, doubt = _paid(row), row.get("list_price_usd"), row.get("in_doubt_usd")
    if row.get("simulated") and paid != UNKNOWN:
        how = "simulated" if paid == NOTHING else "in part simulated"
        paid = f"{paid} ({how}; list price {dollars(listed)})" if listed else f"{paid} ({how})"
    return f"{paid}, up to {dollars(doubt)} more in doubt" if doubt else paid


def _paid(row: Mapping[str, Any]) -> str:
    paid = row.get("cost_usd")
    return UNKNOWN if paid is None or row.get("unpriced_calls") else dollars(paid)


def dollars(amount: float) -> str:
    """Write US dollars to four places; what is too little for them is not nothing."""
    if not amount:
        return NOTHING
    return f"${amount:.4f}" if amount >= LEAST_USD / 2 else f"<${LEAST_USD}"


def cached(row: Mapping[str, Any]) -> str:
    """Write that a result was there already, and what that saved."""
    saved, listed = row.get("saved_usd"), row.get("saved_list_price_usd")
    if saved is None:
        return "cached, saved an unknown price"
    if not saved and listed:
        return f"cached (sim.), saved $0 (list {dollars(listed)})"
    return f"cached, saved {dollars(saved)}"


def hits(result: Mapping[str, Any]) -> str:
    """Write how many steps of a result were there already; nothing where none was."""
    if not result["cache_hits"]:
        return ""
    return f"{result['cache_hits']} of {len(result['outputs'])} steps {cached(result)}"


def hits_of(steps: Sequence[Mapping[str, Any]]) -> str | None:
    """Write the same of the rows of a session's steps."""
    found = [step for step in steps if step.get("cache_hit")]
    if not found:
        return None
    saved = [step["saved_usd"] for step in found]
    listed = sum(step["saved_list_price_usd"] or 0 for step in found)
    whole = {"saved_usd": None if None in saved else sum(saved), "saved_list_price_usd": listed}
    return f"{len(found)} of {len(steps)} steps {cached(whole)}"


def session(found: Mapping[str, Any]) -> Iterable[Any]:
    """Yield the renderables of one session with its steps."""
    from rich.table import Column
    from rich.table import Table as Grid
    from rich.text import Text

    head = Grid.grid("", Column(overflow="fold"), padding=(0, 2))
    facts = [
        ("session", found["id"]),
        ("agent", found["agent_name"]),
        ("status", found["status"]),
        ("waiting on", found.get("waiting_on")),
        ("error", _error(found)),
        ("tokens", found["tokens_used"]),
        ("cost", money(found)),
        ("reported late", _dollars(found.get("late_usd"))),
        ("budget", _budget(found)),
        ("cache", hits_of(found["steps"])),
        ("took", duration(found["duration_ms"])),
        ("created", found["created_at"]),
        ("trace", found.get("trace_id")),
    ]
    for name, value in facts:
        if value not in (None, ""):
            head.add_row(Text(name, style="dim"), cell(value))
    yield head
    yield timeline(found["steps"])
    for step in found["steps"]:
        for warning in step.get("warnings") or ():
            yield Text(f"! step {step['step_number']}: {warning}")
    if found.get("model_calls"):
        yield model_calls(found["model_calls"])


def _dollars(amount: float | None) -> str | None:
    return dollars(amount) if amount else None


def _budget(found: Mapping[str, Any]) -> str | None:
    limit = found.get("budget_usd")
    then = "waits" if found.get("budget_policy") == "wait" else "fails"
    return None if limit is None else f"{dollars(limit)}, a step that exceeds it {then}"


def timeline(steps: Iterable[Mapping[str, Any]]) -> Table:
    """Make the table of a session's steps."""
    rows = [
        (
            step["step_number"],
            step["skill_name"],
            step.get("agent_name"),
            step["status"],
            duration(step["duration_ms"]),
            step["tokens_used"],
            price(step),
        )
        for step in steps
    ]
    columns = ("#", "skill", "agent", "status", "duration", "tokens", "cost")
    return Table(columns, rows, right=("#", "duration", "tokens"), gap=1)


def model_calls(calls: Iterable[Mapping[str, Any]]) -> Table:
    """Make the table of what was asked of models, and what each call cost: nothing where no answer came."""
    rows = [
        (
            call["step_number"],
            None if call["item"] is None else call["item"] + 1,
            call["model"],
            call["purpose"],
            ": ".join([call["outcome"], ", ".join(call["failed_checks"] or ())]).removesuffix(": "),
            (call["input_tokens"] or 0) + (call["output_tokens"] or 0),
            price(call if call["input_tokens"] is not None else {**call, "cost_usd": 0}),
        )
        for call in calls
    ]
    columns = ("#", "item", "model", "call", "outcome", "tokens", "cost")
    return Table(columns, rows, right=("#", "item", "tokens"), gap=1)


def sessions(rows: Iterable[Mapping[str, Any]]) -> Table:
    """Make the table of a list of sessions."""
    cells = [
        (
            row["id"],
            row["agent_name"].removesuffix("-agent"),
            f"{_standing(row)} {row['current_step']}/{row['total_steps'] or 0}",
            price(row),
            moment(row["created_at"]),
        )
        for row in rows
    ]
    return Table(("session", "agent", "status", "cost", "created"), cells, gap=0)


def _standing(row: Mapping[str, Any]) -> str:
    """Write the status; one that runs may wait for somebody, for money or a word of theirs."""
    return "waits" if row.get("waiting_on") in ("budget", "in_doubt") else str(row["status"])


def _error(found: Mapping[str, Any]) -> str | None:
    if not found.get("error_message"):
        return None
    step = f"step {found['failed_step']}: " if found.get("failed_step") else ""
    return f"{step}{found['error_message']} ({found.get('error_code')})"
