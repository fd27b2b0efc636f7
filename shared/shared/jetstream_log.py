"""The log on JetStream: one commit is one message on one literal subject, guarded by its sequence."""

import asyncio

from nats.errors import MaxPayloadError, NoRespondersError
from nats.js.errors import APIError

from shared.bus import Bus
from shared.commit import Commit, decode
from shared.json import dumps
from shared.log import Conflict, Past, Recorded, TooLarge
from shared.subjects import Aggregate

CONFLICTS = {10071, 10164}
TOO_LARGE = 10054
PAGE = 1000
EXPECTED = "Nats-Expected-Last-Subject-Sequence"
DIRECT_GET = "$JS.API.DIRECT.GET.EVT"
HEADER_ROOM = 512


class JetStreamLog:
    """The stream EVT; see `shared.log.Log` for what it promises."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def load(self, aggregate: Aggregate, after: int = 0) -> Past:
        recorded: list[Recorded] = []
        start, more = after + 1, True
        while more:
            page, more = await self._page(aggregate.subject, start)
            recorded += page
            if page:
                start = page[-1].seq + 1
        return Past(tuple(recorded))

    async def _page(self, subject: str, start: int) -> tuple[list[Recorded], bool]:
        client = self._bus.client
        inbox = client.new_inbox()
        subscription = await client.subscribe(inbox)
        found: list[Recorded] = []
        try:
            ask = {"batch": PAGE, "next_by_subj": subject, "seq": start}
            await client.publish(DIRECT_GET, dumps(ask), reply=inbox)
            while True:
                message = await subscription.next_msg(timeout=5)
                headers = message.headers or {}
                match headers.get("Status"):
                    case None:
                        found.append(Recorded(int(headers["Nats-Sequence"]), decode(message.data)))
                    case "204":
                        return found, int(headers.get("Nats-Num-Pending", "0")) > 0
                    case "404":
                        return found, False
                    case "503":
                        raise NoRespondersError
                    case status:
                        raise RuntimeError(f"direct get answered {status}")
        finally:
            await subscription.unsubscribe()

    async def append(self, aggregate: Aggregate, commit: Commit, *, expected: int) -> int:
        body = commit.encode(aggregate)
        if len(body) + HEADER_ROOM > self._bus.max_payload:
            raise TooLarge(len(body), self._bus.max_payload)
        try:
            ack = await self._bus.publish(aggregate.subject, body, headers={EXPECTED: str(expected)})
        except MaxPayloadError:
            raise TooLarge(len(body), self._bus.max_payload) from None
        except APIError as error:
            if error.err_code == TOO_LARGE:
                raise TooLarge(len(body), self._bus.max_payload) from None
            if error.err_code not in CONFLICTS:
                raise
            return await self._mine(aggregate, commit, expected)
        except TimeoutError:
            await asyncio.sleep(0)
            return await self._mine(aggregate, commit, expected)
        return ack.seq

    async def _mine(self, aggregate: Aggregate, commit: Commit, expected: int) -> int:
        """Tell a lost race from a lost answer: the commit may be there."""
        for recorded in (await self.load(aggregate, expected)).recorded:
            if recorded.commit.commit_id == commit.commit_id:
                return recorded.seq
        raise Conflict

    async def last_seq(self) -> int:
        return int((await self._bus.client.jetstream().stream_info("EVT")).state.last_seq)
