"""What the demo shows of a finished session."""

import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.constrain import Constrain
from rich.panel import Panel
from rich.text import Text

from totalaud.cli.table import Table
from totalaud.record import Record, as_json

Row = Mapping[str, Any]
SQL = (
    """SELECT status, current_step, total_steps, tokens_used, cost_usd, duration_ms
FROM agent_sessions WHERE id = $1""",
    """SELECT step_number, skill_name, status, left(output::text, 30) AS output
FROM agent_session_steps WHERE session_id = $1 ORDER BY step_number""",
    """SELECT outlet, genres, left(name->>'c', 24) AS sealed_name
FROM contacts WHERE NOT suppressed ORDER BY outlet LIMIT 5""",
)
PAGE = 80
NEXT = (
    "  totalaud up                      keep the stack running, with data of its own",
    "  totalaud contacts import FILE    your own contacts, sealed",
    "  totalaud run scout-agent --file workflow.yaml --watch",
    "  totalaud session list",
)


def contacts(output: Row) -> Iterable[Any]:
    """Yield the ranked contacts as a table."""
    found = output["contacts"]
    yield f"\n[bold]{len(found)} contacts found, the best first[/bold]"
    columns = ("name", "outlet", "role", "genres", "score")
    rows = [
        [*(each.get(column) for column in columns[:-1]), f"{each.get('relevance_score') or 0:.2f}"]
        for each in found
    ]
    yield Table(columns, rows, right=("score",))


def pitches(found: Row, output: Row, *, simulated: bool) -> Iterable[Any]:
    """Yield each pitch with its person's name."""
    label = " (simulated: no provider key is set, the local model wrote them)" if simulated else ""
    yield f"\n[bold]A pitch for each[/bold]{label}"
    names = {contact["id"]: contact["name"] for contact in found["contacts"]}
    for pitch in output["pitches"]:
        title = Text(f"{names.get(pitch['contact_id'])}: {pitch['subject']}")
        templated = pitch.get("basis") == "template"
        subtitle = "from the template" if templated else "simulated" if simulated else None
        framed = Panel.fit(Text(pitch["body"]), title=title, title_align="left", subtitle=subtitle)
        yield Constrain(framed, PAGE)


def next_steps() -> Iterator[str]:
    """Yield what to try; where the shell does not find `totalaud`, first what makes it do so."""
    yield from ("", "Try next:")
    if shutil.which("totalaud") is None:
        yield f"  . {shlex.quote(str(Path(sys.prefix) / 'bin' / 'activate'))}"
    yield from NEXT


def values(sql: str, session_id: str) -> list[Any]:
    return [UUID(session_id)] if "$1" in sql else []


def rows(found: list[dict[str, Any]]) -> Table:
    """Make a table of SQL rows, as they lie."""
    columns = tuple(found[0]) if found else ("no rows",)
    return Table(columns, [[_short(value) for value in Record.of(row).values()] for row in found])


def _short(value: Any) -> Any:
    return textwrap.shorten(as_json(value), 70) if isinstance(value, dict | list) else value
