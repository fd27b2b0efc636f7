"""The log on JetStream: one commit is one message on one literal subject, guarded by its sequence."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.errors import APIError, NotFoundError

from shared.bus import Bus
from shared.commit import Commit, decode
from shared.direct_get import ALL, MOST_SUBJECTS, Entry, read_lasts, read_page
from shared.log import Conflict, Past, Recorded, TooLarge, of_another_user, read_into
from shared.subjects import Aggregate
from shared.unawaited import failed

CONFLICTS = {10071, 10164}
TOO_LARGE = 10054
EXPECTED = "Nats-Expected-Last-Subject-Sequence"
ENDS, SOMETHING, NOTHING = "Totalaud-Ends", "1", "0"
HEADER_ROOM = 512
ALONE_S = 10.0
TRIES, AGAIN_S = 100, 0.02
LEADER_S = 1.0


class JetStreamLog:
    """The stream EVT; see `shared.log.Log` for what it promises."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._newest = _Newest(bus)

    async def load(self, aggregate: Aggregate, after: int = 0) -> Past:
        last = await self.at_least(aggregate)
        for _ in range(TRIES):
            past = await self._read(aggregate, after)
            if max(past.seq, after) >= last:
                return past
            await asyncio.sleep(AGAIN_S)
        raise NatsTimeout

    async def at_least(self, aggregate: Aggregate) -> int:
        upto = await self._newest.seq()
        found = await self._lasts([aggregate.subject], upto) if upto else []
        return max((entry.seq for entry in found), default=0)

    async def _lasts(self, subjects: Sequence[str], upto: int) -> list[Entry]:
        """Read last commits by a copy that goes up to a sequence, which others may be behind.

        A copy that has none of them does not tell how far it goes: it is asked for the commit there too. What
        is too large for one answer is asked for in parts.
        """
        asked, wanted = list(subjects), set(subjects)
        for _ in range(TRIES):
            lasts = await read_lasts(self._bus, "EVT", asked)
            if lasts.more and len(subjects) > 1:
                half = len(subjects) // 2
                return [*await self._lasts(subjects[:half], upto), *await self._lasts(subjects[half:], upto)]
            if lasts.upto >= upto:
                return [entry for entry in lasts.entries if entry.subject in wanted]
            if not lasts.entries and len(asked) == len(subjects):
                newest = await read_page(self._bus, "EVT", ALL, upto, most=1)
                asked += [entry.subject for entry in newest.entries]
                if newest.entries:
                    continue
            await asyncio.sleep(AGAIN_S)
        raise NatsTimeout

    async def _read(self, aggregate: Aggregate, after: int) -> Past:
        recorded: list[Recorded] = []
        more = True
        while more:
            page = await read_page(self._bus, "EVT", aggregate.subject, after + 1)
            read_into(recorded, ((entry.seq, entry.body) for entry in page.entries))
            more = page.more
            after = recorded[-1].seq if recorded else after
        return Past(tuple(recorded))

    async def page(self, aggregate: Aggregate, after: int | datetime, *, most: int, most_bytes: int) -> Past:
        start = after + 1 if isinstance(after, int) else after
        page = await read_page(self._bus, "EVT", aggregate.subject, start, most=most, max_bytes=most_bytes)
        recorded: list[Recorded] = []
        read_into(recorded, ((entry.seq, entry.body) for entry in page.entries))
        return Past(tuple(recorded), page.more)

    async def lasts(self, aggregates: Sequence[Aggregate]) -> dict[Aggregate, Recorded]:
        by_subject = {aggregate.subject: aggregate for aggregate in aggregates}
        subjects = list(by_subject)
        found: dict[Aggregate, Recorded] = {}
        upto = await self._newest.seq() if subjects else 0
        for start in range(0, len(subjects), MOST_SUBJECTS):
            for entry in await self._lasts(subjects[start : start + MOST_SUBJECTS], upto):
                found[by_subject[entry.subject]] = Recorded(entry.seq, decode(entry.body))
        return found

    async def is_of_another_user(self, aggregate: Aggregate) -> bool:
        of_any_user = f"evt.*.{aggregate.noun}.{aggregate.id}"
        found = await read_lasts(self._bus, "EVT", [of_any_user])
        return of_another_user(aggregate, [entry.subject for entry in found.entries])

    async def append(self, aggregate: Aggregate, commit: Commit, *, expected: int) -> int:
        body = commit.encode(aggregate)
        if len(body) + HEADER_ROOM > self._bus.max_payload:
            raise TooLarge(len(body), self._bus.max_payload)
        headers = {EXPECTED: str(expected), ENDS: SOMETHING if commit.ends else NOTHING}
        try:
            return await self._published(aggregate.subject, body, headers)
        except APIError as error:
            if error.err_code == TOO_LARGE:
                raise TooLarge(len(body), self._bus.max_payload) from None
            if error.err_code not in CONFLICTS:
                raise
            if (seq := await self._mine(aggregate, commit, expected)) is None:
                raise Conflict from None
        except TimeoutError:
            if (seq := await self._mine(aggregate, commit, expected)) is None:
                raise
        return seq

    async def _published(self, subject: str, body: bytes, headers: dict[str, str]) -> int:
        """Publish once more where no answer came: a NATS that stood still may have the first one before it.

        What it answers then tells of both. To read the log would tell nothing: it is read beside the queue.
        """
        try:
            return (await self._bus.publish(subject, body, headers=headers)).seq
        except TimeoutError:
            return (await self._bus.publish(subject, body, headers=headers)).seq

    async def _mine(self, aggregate: Aggregate, commit: Commit, expected: int) -> int | None:
        """Tell a lost race from a lost answer: return where the commit is, None if it is not there."""
        past = await self.load(aggregate, expected)
        return next((one.seq for one in past.recorded if one.commit.commit_id == commit.commit_id), None)

    async def last_seq(self) -> int:
        return int((await self._bus.client.jetstream().stream_info("EVT")).state.last_seq)


class _Newest:
    """How far the log is; who asks while one waits for the answer to an earlier question shares the next.

    That there is no other copy of it is believed for a while: nearly always there never is.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._asking = asyncio.Lock()
        self._next: asyncio.Task[int] | None = None
        self._alone_until = 0.0

    async def seq(self) -> int:
        """Return the sequence where the log's leader has it; 0 where nobody else has a copy of it."""
        if time.monotonic() < self._alone_until:
            return 0
        if self._next is None:
            self._next = asyncio.create_task(self._ask())
            self._next.add_done_callback(failed)
        return await asyncio.shield(self._next)

    async def _ask(self) -> int:
        async with self._asking:
            self._next = None
            try:
                info = await self._bus.client.jetstream(timeout=LEADER_S).stream_info("EVT")
            except NotFoundError:
                raise NoRespondersError from None
            if info.cluster and info.cluster.replicas:
                return int(info.state.last_seq)
            self._alone_until = time.monotonic() + ALONE_S
            return 0


def kept_out_by(refused: APIError) -> int:
    """Return the sequence of the message that kept another one out; 0 where NATS does not tell."""
    last = (refused.description or "").rpartition(": ")[2]
    return int(last) if last.isdecimal() else 0
