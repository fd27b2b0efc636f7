"""The sweep: whatever is outstanding is dispatched again, so that nothing that was lost stays lost."""

import asyncio
from contextlib import suppress

from orchestrator.follow import Follow
from orchestrator.open_sessions import OUTAGES, OpenSessions
from orchestrator.sessions import Sessions
from shared.bus import Bus
from shared.logs import get_logger

EVERY_S = 60.0
SOON_S = 0.5
AGAIN_S = 1.0


class Sweep:
    """Runs at start, after a reconnect, soon after a dispatch was lost, and every minute."""

    def __init__(self, bus: Bus, sessions: Sessions, follow: Follow, open_sessions: OpenSessions) -> None:
        self._bus = bus
        self._sessions = sessions
        self._follow = follow
        self._open_sessions = open_sessions

    async def run(self) -> None:
        self._bus.on_reconnect(self._reconnected)
        while True:
            self._follow.lost_dispatch.clear()
            try:
                await self.sweep()
            except OUTAGES as outage:
                get_logger().warning("the sweep waits", reason=type(outage).__name__)
                await asyncio.sleep(AGAIN_S)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._follow.lost_dispatch.wait()
                await asyncio.sleep(SOON_S)

    async def sweep(self) -> int:
        """Dispatch everything outstanding; return how many sessions were looked at."""
        async with self._open_sessions.held() as found:
            for aggregate in found:
                known = await self._sessions.load(aggregate, fresh=True)
                await self._follow.outstanding(aggregate, known)
            return len(found)

    async def _reconnected(self) -> None:
        await self._follow.renew_all()
        self._follow.lost_dispatch.set()
