"""How much of a pool's queue a user may fill: it gives out what came first, whoever waits behind it."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from msgspec import Struct, field

from shared.events import AttemptRequested
from shared.subjects import Aggregate, Pool

MOST: Mapping[Pool, int] = {"custom": 64, "openai": 16, "anthropic": 16}
Owner = tuple[UUID | None, Pool]


class Share(Struct):
    """What a user has in a pool's queue or with its runners, and what is kept back, the next one first."""

    out: OrderedDict[UUID, None] = field(default_factory=OrderedDict)
    kept: OrderedDict[UUID, Aggregate] = field(default_factory=OrderedDict)


class Shares:
    """Up to `most[pool]` attempts of a user are in a pool's queue at a time, the others are kept back here.

    Few of those that ask a model, which takes its time: who comes next waits for all that is in the queue.

    An attempt counts from when this process dispatches it until this process hears of its end. Another
    orchestrator may hear of that instead, so the counts may be too high: a queue that runs out is given more
    all the same, and the oldest attempts that count are forgotten. `wanted` is set when somebody's turn may
    have come.
    """

    def __init__(self, most: Mapping[Pool, int] = MOST) -> None:
        self.most = most
        self.wanted = asyncio.Event()
        self._shares: dict[Owner, Share] = {}
        self._owners: dict[UUID, Owner] = {}

    def admits(self, aggregate: Aggregate, asked: AttemptRequested) -> bool:
        """Tell whether an attempt may go now; one that may not is kept back.

        Later steps and attempts of sessions that have begun go before the first ones of others.
        """
        owner = aggregate.user, asked.pool
        share = self._shares.setdefault(owner, Share())
        if asked.attempt_id in share.out:
            return True
        if asked.attempt_id in share.kept:
            return False
        self._owners[asked.attempt_id] = owner
        begun = asked.step > 1 or asked.attempt > 1
        if len(share.out) < self.most[asked.pool] and (begun or not share.kept):
            share.out[asked.attempt_id] = None
            return True
        share.kept[asked.attempt_id] = aggregate
        share.kept.move_to_end(asked.attempt_id, last=not begun)
        self.wanted.set()
        return False

    def over(self, attempts: Iterable[UUID]) -> None:
        """Count out what nobody waits for any more."""
        for attempt_id in attempts:
            if (owner := self._owners.pop(attempt_id, None)) is None:
                continue
            share = self._shares[owner]
            share.out.pop(attempt_id, None)
            share.kept.pop(attempt_id, None)
            if share.kept:
                self.wanted.set()
            elif not share.out:
                del self._shares[owner]

    def pools(self) -> set[Pool]:
        """Return those for which something is kept back."""
        return {pool for (_, pool), share in self._shares.items() if share.kept}

    def next(self) -> Iterator[tuple[Aggregate, UUID]]:
        """Take out what may go, now that others are over."""
        for (_, pool), share in self._shares.items():
            while share.kept and len(share.out) < self.most[pool]:
                yield self._let_go(share, pool)

    def beyond(self, pool: Pool, room: int) -> Iterator[tuple[Aggregate, UUID]]:
        """Take out `room` attempts whatever is counted, of each user in turn: their queue runs out."""
        waiting = [share for (_, where), share in self._shares.items() if where == pool and share.kept]
        while waiting and room > 0:
            for share in waiting[:room]:
                yield self._let_go(share, pool)
            room -= len(waiting)
            waiting = [share for share in waiting if share.kept]

    def _let_go(self, share: Share, pool: Pool) -> tuple[Aggregate, UUID]:
        if len(share.out) >= self.most[pool]:
            forgotten, _ = share.out.popitem(last=False)
            del self._owners[forgotten]
        attempt_id, aggregate = share.kept.popitem(last=False)
        share.out[attempt_id] = None
        return aggregate, attempt_id
