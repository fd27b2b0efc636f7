"""One of the lanes of a rebuild (`lanes`): it maps its ranges of the log, and writes each in turn."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing
from uuid import UUID

from msgspec import Struct, convert

from projector import pages
from projector.beside import NEXT
from projector.database import connected
from projector.entry import Reading
from projector.filling import MOST, fill
from projector.lines import Lines, told
from projector.live import OUTAGES
from projector.projection import Projection
from shared.bus import Bus
from shared.refusal import Refusal

NAME = "projector-rebuild"


class Left(Exception):  # noqa: N818 - it is the end
    """Nobody is there any more for whom to rebuild."""


class Order(Struct, frozen=True):
    """Fill up to a sequence, as the `lane`th `of` so many; the tables' checkpoint is of `epoch`."""

    lane: int
    of: int
    upto: int
    epoch: UUID
    nats_url: str
    database_url: str

    def ranges(self) -> Iterator[tuple[int, int]]:
        """Yield its ranges: after which sequence each begins, and the last of it."""
        for after in range(self.lane * MOST, self.upto, self.of * MOST):
            yield after, min(after + MOST, self.upto)


async def attend(end: socket.socket) -> None:
    """Do as is told until nobody is there; what it breaks off at is said, and ends it."""
    with closing(Lines(*await asyncio.open_unix_connection(sock=end))) as lines:
        while heard := await lines.hear():
            try:
                await _fill(lines, convert(heard, Order))
            except Left:
                return
            except (Refusal, *OUTAGES) as error:
                await lines.tell(told(error))
                await _heard_out(lines)
                return


async def _heard_out(lines: Lines) -> None:
    """Stay until nobody is there: to be told more by whom one has left would take what was said from them."""
    while await lines.hear():
        pass


async def _fill(lines: Lines, order: Order) -> None:
    bus = await Bus.connect(order.nats_url, name=NAME, give_up=True)
    try:
        async with connected(order.database_url, NEXT) as connection:
            projection = Projection(connection, order.epoch, 0)

            async def write(batch: list[Reading]) -> None:
                """Wait for the turn where a range begins, and say how far it is; then others have theirs."""
                ahead = projection.ahead(batch)
                before = batch[0].entry.seq - 1
                if before % MOST == 0:
                    await _turn(lines, before)
                    await projection.follow(before)
                filled = await pages.filled(connection)
                await projection.write(batch, ahead)
                await lines.tell({"written": projection.seq})
                await pages.look(connection, filled)

            await fill(bus, order.ranges(), write)
    finally:
        await bus.close()


async def _turn(lines: Lines, after: int) -> None:
    """Wait until all others have written up to a sequence."""
    heard = await lines.hear()
    if heard is None:
        raise Left
    if heard != {"turn": after}:
        raise ValueError(f"a lane heard {', '.join(heard)}")
