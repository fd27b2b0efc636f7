"""The sweep: what is outstanding is dispatched again, what was paid is settled; what was lost is found."""

import asyncio

from orchestrator.claims import Claims
from orchestrator.follow import Follow
from orchestrator.open_sessions import OUTAGES, OpenSessions
from orchestrator.passed_over import Floors, floors
from orchestrator.settling import Settling
from shared.bus import Bus
from shared.logs import get_logger
from shared.subjects import Aggregate
from shared.within import set_within

EVERY_S = 60.0
SOON_S = 0.5
AGAIN_S = 1.0
UNTOLD_S = 10.0


class Sweep:
    """Runs at start, after a reconnect, every minute, and soon after one of these.

    A dispatch was lost, a commit may or may not be stored, money could not be settled, or a budget was set.
    That it waits is told every ten seconds, not at once: at a start what it needs comes up beside it.
    """

    def __init__(
        self,
        bus: Bus,
        follow: Follow,
        claims: Claims,
        settling: Settling,
        open_sessions: OpenSessions,
    ) -> None:
        self._bus = bus
        self._follow = follow
        self._claims = claims
        self._settling = settling
        self._open_sessions = open_sessions

    async def run(self) -> None:
        self._bus.on_reconnect(self._reconnected)
        since: float | None = None
        while True:
            self._follow.sweep_wanted.clear()
            try:
                await self.sweep()
            except OUTAGES as outage:
                now = asyncio.get_running_loop().time()
                since = now if since is None else since
                if now - since >= UNTOLD_S:
                    since = now
                    get_logger().warning("the sweep waits", reason=type(outage).__name__)
                await asyncio.sleep(AGAIN_S)
                continue
            since = None
            if await set_within(self._follow.sweep_wanted, EVERY_S):
                await asyncio.sleep(SOON_S)

    async def sweep(self) -> None:
        """Dispatch and settle everything outstanding.

        A history that cannot be read, or not be gone on with, keeps no other one waiting.
        """
        async with self._open_sessions.held() as found:
            done_up_to = await floors(self._bus) if found else {}
            for aggregate in found:
                try:
                    await self._look_after(aggregate, done_up_to)
                except OUTAGES:
                    raise
                except Exception:  # noqa: BLE001 - it is one history's own
                    get_logger().exception("a history is not looked after", subject=aggregate.subject)

    async def _look_after(self, aggregate: Aggregate, done_up_to: Floors) -> None:
        if aggregate.noun == "ledger":
            await self._settling.sweep(aggregate.uuid)
        else:
            await self._claims.resume(aggregate, await self._follow.outstanding(aggregate, done_up_to))

    async def _reconnected(self) -> None:
        await self._follow.renew_all()
        self._follow.look_again()
