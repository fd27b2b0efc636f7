"""A session's events are read a page at a time, however much has happened."""

from typing import Any, cast
from uuid import UUID, uuid5

from controls import NOW, SESSION, USER
from orchestrator.commands import ANSWER_BYTES, Commands, Sent
from shared.commit import Commit
from shared.events import SessionCancelled
from shared.json import dumps
from shared.log import MemoryLog, Past
from shared.subjects import Aggregate, session

LARGE = 1_500_000
COUNT = 8


class Counted(MemoryLog):
    """Counts how much is read at once at most."""

    most = 0

    async def load(self, aggregate: Aggregate, after: int = 0) -> Past:
        return self._counted(await super().load(aggregate, after))

    async def page(self, aggregate: Aggregate, after: int, *, most: int, most_bytes: int) -> Past:
        return self._counted(await super().page(aggregate, after, most=most, most_bytes=most_bytes))

    def _counted(self, past: Past) -> Past:
        self.most = max(self.most, sum(len(one.commit.to_json()) for one in past.recorded))
        return past


async def test_a_page_of_events_reads_no_more_of_a_large_history_than_it_answers():
    log, seq, seqs = Counted(), 0, []
    for number in range(COUNT):
        event = SessionCancelled(reason="x" * LARGE)
        commit = Commit(commit_id=uuid5(SESSION, str(number)), at=NOW, events=(event,))
        seqs.append(seq := await log.append(session(USER, SESSION), commit, expected=seq))
    log.most = 0
    nobody = cast("Any", None)
    commands = Commands(nobody, nobody, nobody, nobody, log)
    found, more, start = [], True, 0
    while more:
        body = dumps({"session_id": str(SESSION), "from_seq": start})
        sent = Sent(UUID(str(USER)), "session", "events", body, None, "test")
        answer = (await commands.handle(sent)).answer
        found += [commit["seq"] for commit in answer["commits"]]
        more, start = answer["more"], answer["next_seq"]
    assert found == seqs
    assert log.most < ANSWER_BYTES + 2 * LARGE


async def test_a_page_that_is_asked_for_at_length_is_answered():
    nobody = cast("Any", None)
    commands = Commands(nobody, nobody, nobody, nobody, MemoryLog())
    body = dumps({"session_id": str(SESSION)}) + b" " * 100_000
    answer = (await commands.handle(Sent(USER, "session", "events", body, None, "test"))).answer
    assert (answer["commits"], answer["more"]) == ([], False)
