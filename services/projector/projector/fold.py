"""A second way to the same tables, in memory and without SQL, to compare with: no service runs it."""

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from projector.changes import (
    Add,
    Alter,
    Cancel,
    Change,
    CloseAlone,
    Doubt,
    Ensure,
    File,
    FileAgain,
    Refold,
    Remove,
    Row,
    Skip,
)
from projector.columns import key, new_row
from projector.derived import derive
from projector.entry import Reading, read
from projector.pitches import pitch
from projector.runs import outstanding
from projector.steps import step_row
from projector.tables import metadata, names
from shared.direct_get import Entry

Record = dict[str, Any]
Table = dict[UUID | str, Record]


class _Unfit(Exception):  # noqa: N818 - a verdict on a change
    pass


class Fold:
    """`tables` by name and key; `parked` holds the subjects that could not be stored."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {name: {} for name in names()}
        self.parked: set[str] = set()
        self._attempts: dict[UUID | str, set[UUID | str]] = {}
        self._before: list[tuple[str, UUID | str, Record | None]] = []

    def take(self, reading: Reading) -> None:
        """Apply one commit whole, or park its subject."""
        subject = reading.entry.subject
        if subject in self.parked:
            return
        self._before.clear()
        try:
            for change in reading.changes:
                self._apply(change)
            fits = reading.fault is None
        except _Unfit:
            fits = False
        if not fits:
            self._undo()
            self.parked.add(subject)
            if reading.aggregate is not None and reading.aggregate.noun in ("session", "execution"):
                self._apply(outstanding(reading.aggregate))

    def _undo(self) -> None:
        for table, row_key, record in reversed(self._before):
            if record is None:
                self.tables[table].pop(row_key, None)
            else:
                self.tables[table][row_key] = record

    def _apply(self, change: Change) -> None:
        match change:
            case Alter(row, values, amounts):
                old = self._own(row)
                counted = {name: old[name] + amount for name, amount in amounts.items()}
                self._put(row, {**old, **values, **counted}, old)
            case Add(row, values):
                if row.key in self.tables[row.table]:
                    raise _Unfit(row.table)
                self._put(row, new_row(row.table, values))
            case Ensure(row, values):
                if row.key not in self.tables[row.table]:
                    self._put(row, new_row(row.table, values))
            case Remove(row):
                if (found := self._found(row)) is not None:
                    self._store(row.table, row.key, None, found)
            case Skip(session):
                self._each(
                    "agent_session_steps", {"session_id": session.key}, ("pending",), {"status": "skipped"}
                )
            case Cancel(session, at):
                steps = {"session_id": session.key}
                end = {"status": "cancelled"}
                self._each("agent_session_steps", steps, ("running",), {**end, "completed_at": at})
                self._each("agent_session_steps", steps, ("pending",), end)
                open_ = {"agent_session_id": session.key, "execution_id": None}
                self._close(open_, _cancelled("session", at))
            case CloseAlone(execution_id, user, at):
                alone = {"execution_id": execution_id, "user_id": user}
                self._close(alone, _cancelled("skill", at))
            case Doubt(session):
                self._count_doubt(session)
            case File(attempt, session):
                beside = self.tables["agent_sessions"].get(session.uuid)
                if beside is not None and beside["user_id"] == attempt.user:
                    own = self._own(attempt)
                    self._put(attempt, {**own, "agent_session_id": session.uuid}, own)
            case FileAgain(attempt, execution_id):
                first = {"execution_id": execution_id, "attempt": 1, "user_id": attempt.user}
                rows = self.tables["skill_executions"].values()
                filed = next((one["agent_session_id"] for one in rows if first.items() <= one.items()), None)
                own = self._own(attempt)
                self._put(attempt, {**own, "agent_session_id": filed}, own)
            case Refold():
                self._refold(change)

    def _count_doubt(self, session: Row) -> None:
        before = self._own(session)
        executions = self.tables["skill_executions"]
        known = (executions[one] for one in self._attempts.get(session.key, ()))
        ended = [one for one in known if one["execution_id"] is None and one["status"]]
        total = Decimal(0)
        for number in range(1, (before["total_steps"] or 0) + 1):
            of_step = (one["in_doubt_usd"] or 0 for one in ended if one["step_number"] == number)
            doubt = sum(of_step, Decimal(0))
            step = self._own(step_row(session.key, session.user, number))
            self._store("agent_session_steps", step["id"], {**step, "in_doubt_usd": doubt}, step)
            total += doubt
        self._store(session.table, session.key, {**before, "in_doubt_usd": total}, before)

    def _refold(self, change: Refold) -> None:
        row = change.pitch
        between = {
            "user_id": row.user,
            "campaign_id": change.campaign_id,
            "contact_id": change.contact_id,
        }
        found = pitch(one for one in self.tables["outreach"].values() if between.items() <= one.items())
        before = self.tables[row.table].get(row.key)
        if before is not None and self._found(row) is None:
            return
        told = None if found is None else {**between, **found, "id": row.key}
        self._store(row.table, row.key, told, before)

    def _put(self, row: Row, values: Record, before: Record | None = None) -> None:
        """Store values that are nobody else's, in place of what was there."""
        for column, table in _referring(row.table):
            referred = values.get(column)
            if referred is not None and referred not in self.tables[table]:
                raise _Unfit(f"{row.table}.{column}")
        derive(row.table, values)
        values[key(row.table)] = row.key
        self._store(row.table, row.key, values, before)

    def _store(self, table: str, row_key: UUID | str, record: Record | None, before: Record | None) -> None:
        self._before.append((table, row_key, before))
        if record is None:
            self.tables[table].pop(row_key, None)
        else:
            self.tables[table][row_key] = record
            if table == "skill_executions" and record["agent_session_id"] is not None:
                self._attempts.setdefault(record["agent_session_id"], set()).add(row_key)

    def _own(self, row: Row) -> Record:
        found = self._found(row)
        if found is None:
            raise _Unfit(row.table)
        return found

    def _found(self, row: Row) -> Record | None:
        """Return the row, unless it is another user's."""
        found = self.tables[row.table].get(row.key)
        if found is None or row.user is None or row.user == self._user(row.table, found):
            return found
        return None

    def _user(self, table: str, record: Record) -> UUID | None:
        if table == "agent_session_steps":
            record = self.tables["agent_sessions"][record["session_id"]]
        user: UUID | None = record["user_id"]
        return user

    def _close(self, which: Record, ended: Record) -> None:
        unclaimed, nothing = {**which, "runner": None}, {"tokens_used": 0, "cost_usd": 0}
        self._each("skill_executions", unclaimed, (None,), ended | nothing)
        self._each("skill_executions", which, (None,), ended)

    def _each(self, table: str, where: Record, statuses: tuple[str | None, ...], values: Record) -> None:
        for row_key, record in list(self.tables[table].items()):
            if record["status"] in statuses and all(record[name] == value for name, value in where.items()):
                self._store(table, row_key, {**record, **values}, record)


def fold(entries: Iterable[Entry]) -> Fold:
    """Fold a whole log, from its first sequence on."""
    folded = Fold()
    for entry in entries:
        folded.take(read(entry))
    return folded


@cache
def _referring(table: str) -> tuple[tuple[str, str], ...]:
    """Return which columns name a row of which other table."""
    return tuple(
        (column.name, key.column.table.name)
        for column in metadata.tables[table].columns
        for key in column.foreign_keys
    )


def _cancelled(what: str, at: Any) -> Record:
    return {
        "status": "error",
        "error_code": "cancelled",
        "error_message": f"the {what} was cancelled",
        "completed_at": at,
    }
