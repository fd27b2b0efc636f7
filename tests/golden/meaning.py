"""What a stored history means today: the session that the decider sees, and the rows of the read model."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from orchestrator.evolve import fold as fold_session
from orchestrator.session import outstanding
from projector.fold import fold as fold_rows
from projector.tables import names
from shared.commit import decode
from shared.direct_get import Entry
from shared.json import canonical
from shared.subjects import Aggregate

FOLDER = Path(__file__).parent
Json = dict[str, Any]


def recorded(file: Path) -> Iterator[Entry]:
    """Read `{"subject", "commit"}` lines; the line number is the sequence."""
    for seq, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        told = json.loads(line)
        yield Entry(seq, told["subject"], canonical(told["commit"]))


def sessions(entries: Iterable[Entry]) -> dict[str, Json]:
    """Return what later decisions will know, by subject."""
    events: dict[str, list[Any]] = {}
    for entry in entries:
        if Aggregate.parse(entry.subject).noun in ("session", "execution"):
            events.setdefault(entry.subject, []).extend(decode(entry.body).events)
    return {subject: _plain(_known(fold_session(found))) for subject, found in events.items()}


def rows(entries: Iterable[Entry]) -> dict[str, Json]:
    """Return the read model's rows, by table and key, without columns that are empty."""
    tables = fold_rows(entries).tables
    return {
        table: _plain(
            {
                str(key): {name: value for name, value in row.items() if value not in (None, [], {})}
                for key, row in tables[table].items()
            }
        )
        for table in names()
        if tables[table]
    }


def _known(session: Any) -> Json:
    waiting = outstanding(session)
    kept = {str(step): list(one.finished.items) for step, one in session.kept.items()}
    return {
        **({"kept": kept} if kept else {}),
        "status": session.status,
        "current": session.current,
        "outputs": {str(number): output for number, output in session.outputs.items()},
        "attempts": {str(number): count for number, count in session.attempts.items()},
        "tries": session.tries,
        "failed_step": session.failed_step,
        "reported": sorted(map(str, session.reported)),
        "commands": sorted(session.commands),
        "work": [str(asked.attempt_id) for asked in waiting.work],
        "timers": [(str(timer.at), str(timer.attempt_id)) for timer in waiting.timers],
    }


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))
