"""NATS may take a share of the disk that does not shrink, and is started anew after the disk was full."""

import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from totalaud.stack.process import Program
from totalaud.stack.room import ENOUGH, NEARLY_NONE, Room, may_take
from totalaud.stack.server import Server


class Idle:
    """A kind of server that does nothing for a minute."""

    name = "idle"
    ready_within_s = 60.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def prepare(self) -> Program:
        args = (sys.executable, "-S", "-c", "import time; time.sleep(60)")
        return Program(self.name, args, {}, self._folder)

    async def answers(self, _pid: int) -> bool:
        return True

    async def lives(self, pid: int) -> bool:
        return await self.answers(pid)

    def passes(self, _last_words: str) -> bool:
        return False


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(Idle(tmp_path), tmp_path)
    await server.start()
    yield server
    await server.stop()


def test_what_lies_there_counts_beside_three_quarters_of_what_is_free(tmp_path: Path):
    (tmp_path / "streams").mkdir()
    before = may_take(tmp_path)
    (tmp_path / "streams" / "1.blk").write_bytes(bytes(100_000_000))
    assert may_take(tmp_path) > before - shutil.disk_usage(tmp_path).total // 100
    assert may_take(tmp_path) >= 100_000_000


class Watched:
    """A server watched on a disk that has `free` bytes left."""

    def __init__(self, server: Server, store: Path) -> None:
        self.free = ENOUGH
        self.said: list[str] = []
        self._server = server
        self._room = Room(server, store, self.said.append, lambda _: self.free)

    async def look(self) -> None:
        await self._room.look()

    @property
    def runs(self) -> bool:
        return self._server.child is not None and self._server.child.code is None


@pytest.fixture
def watched(server: Server, tmp_path: Path) -> Watched:
    server.child.log.write_text("[ERR] no space left on device, in an earlier life\n")
    return Watched(server, tmp_path)


async def test_with_room_nothing_happens(watched: Watched):
    await watched.look()
    assert (watched.said, watched.runs) == ([], True)


async def test_a_full_disk_is_told_once_and_waited_for(watched: Watched):
    watched.free = NEARLY_NONE - 1
    await watched.look()
    await watched.look()
    assert (len(watched.said), watched.runs) == (1, True)
    watched.free = ENOUGH
    await watched.look()
    assert ("started anew" in watched.said[1], watched.runs) == (True, False)


@pytest.mark.parametrize("words", ["write 1.blk: no space left on device", "file resource limits exceeded"])
async def test_words_of_nats_tell_it_too(watched: Watched, server: Server, words: str):
    with server.child.log.open("a") as log:
        log.write(f"[ERR] {words}\n")
    await watched.look()
    assert (len(watched.said), watched.runs) == (2, False)


async def test_a_log_that_was_removed_to_make_room_hides_nothing(watched: Watched, server: Server):
    watched.free = NEARLY_NONE - 1
    await watched.look()
    server.child.log.unlink()
    watched.free = ENOUGH
    await watched.look()
    assert (len(watched.said), watched.runs) == (2, False)
