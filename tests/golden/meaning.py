"""What a stored history means today: what deciders know of it, and the rows of the read model."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from msgspec import NODEFAULT, Struct, structs
from pydantic import BaseModel

from campaigns import main as campaigns
from orchestrator.evolve import fold as fold_session
from orchestrator.ledger import fold as fold_ledger
from orchestrator.session import Session, outstanding
from projector.fold import fold as fold_rows
from projector.tables import names
from shared.commit import decode
from shared.direct_get import Entry
from shared.json import canonical
from shared.log import Past, Recorded
from shared.message import Stored
from shared.subjects import Aggregate

FOLDER = Path(__file__).parent
LIVES = {
    life.noun: life
    for life in (
        *(campaigns.CONTACT, campaigns.ARTIST, campaigns.RELEASE, campaigns.CAMPAIGN),
        *(campaigns.OPPORTUNITY, campaigns.COVERAGE),
    )
}
Json = dict[str, Any]


def recorded(file: Path) -> Iterator[Entry]:
    """Read `{"subject", "commit"}` lines; the line number is the sequence."""
    for seq, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        told = json.loads(line)
        yield Entry(seq, told["subject"], canonical(told["commit"]))


def sessions(entries: Iterable[Entry]) -> dict[str, Json]:
    """Return what later decisions will know of sessions, by subject."""
    return {subject: _plain(_known(session)) for subject, session in _sessions(entries)}


def purses(entries: Iterable[Entry]) -> dict[str, Json]:
    """Return what sessions have spent, may spend, and wait for."""
    return {subject: _plain(_spending(session)) for subject, session in _sessions(entries)}


def ledgers(entries: Iterable[Entry]) -> dict[str, Json]:
    """Return what is known of each user's money."""
    return {
        subject: _plain(structs.asdict(ledger) | {"commands": sorted(ledger.commands)})
        for subject, past in _pasts(entries)
        if Aggregate.parse(subject).noun == "ledger"
        for ledger in (fold_ledger(past.events),)
    }


def records(entries: Iterable[Entry]) -> dict[str, Json]:
    """Return what later decisions will know of the records of campaigns."""
    return {
        subject: _plain(life.evolve(life.nothing, past))
        for subject, past in _pasts(entries)
        if (life := LIVES.get(Aggregate.parse(subject).noun)) is not None
    }


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


RUNS = {"sessions": sessions, "purses": purses}
STATES = {"ledgers": ledgers, "records": records}
MEANINGS = {**RUNS, **STATES, "rows": rows}


def _pasts(entries: Iterable[Entry]) -> Iterator[tuple[str, Past]]:
    found: dict[str, list[Recorded]] = {}
    for entry in entries:
        found.setdefault(entry.subject, []).append(Recorded(entry.seq, decode(entry.body)))
    yield from ((subject, Past(tuple(past))) for subject, past in found.items())


def _sessions(entries: Iterable[Entry]) -> Iterator[tuple[str, Session]]:
    for subject, past in _pasts(entries):
        if Aggregate.parse(subject).noun in ("session", "execution"):
            yield subject, fold_session(past.events)


def _known(session: Session) -> Json:
    waiting = outstanding(session)
    kept = {str(step): list(one.finished.items) for step, one in session.kept.items()}
    return {
        **({"kept": kept} if kept else {}),
        "status": session.status,
        "current": session.current,
        "outputs": {str(number): output for number, output in session.outputs.items()},
        "attempts": {str(number): count for number, count in session.attempts.items()},
        "tries": session.tries,
        "failed_step": session.current if session.status == "failed" else None,
        "reported": sorted(map(str, session.reported)),
        "commands": sorted(id_ for _, id_ in session.commands),
        "work": [str(asked.attempt_id) for asked in waiting.work],
        "timers": [(str(timer.at), str(timer.attempt_id)) for timer in waiting.timers],
    }


def _spending(session: Session) -> Json:
    return {
        "waiting_on": session.waiting_on,
        "stopped_by": session.stopped and session.stopped.scope,
        "policy": session.budget and session.budget.policy,
        "limit": session.purse.limit,
        "spent": session.purse.spent,
        "reserved": session.purse.reserved,
        "doubtful": {id_: attempt.reserved for id_, attempt in session.doubtful.items()},
        "unreported": sorted(map(str, session.unreported)),
    }


def _set(value: Stored) -> Iterator[tuple[str, Any]]:
    """Yield the fields that are not at their default."""
    for field in structs.fields(value):
        inner = getattr(value, field.name)
        default = field.default if field.default_factory is NODEFAULT else field.default_factory()
        if inner != default:
            yield field.name, inner


def _plain(value: Any) -> Any:
    """Write it as JSON can hold it, in one order."""
    match value:
        case BaseModel():
            return _plain(value.model_dump(exclude_defaults=True))
        case Struct():
            return _plain(dict(_set(value)) if isinstance(value, Stored) else structs.asdict(value))
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case set() | frozenset():
            return sorted(_plain(inner) for inner in value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _plain(asdict(value))
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)
