"""The local stack starts whole, keeps running, and leaves nothing behind."""

import asyncio
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

import standin
from servers import data_folder, fresh_database, running_nats, running_postgres
from shared.bus import Bus
from shared.refusal import Refusal
from totalaud.stack import elsewhere, environment, paths
from totalaud.stack.local import LocalStack
from totalaud.stack.lock import InUse
from totalaud.stack.nats import Nats
from totalaud.stack.parts import Part
from totalaud.stack.postgres import Postgres
from totalaud.stack.server import NotReady, Server

READY = "and look at it"


@pytest.fixture(autouse=True)
def _own_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOTALAUD_NATS_URL", raising=False)
    monkeypatch.delenv("TOTALAUD_DATABASE_URL", raising=False)


@pytest.fixture(scope="module")
def _initialised() -> Iterator[Path]:
    """A folder whose PostgreSQL is initialised already, so that most tests start warm."""
    with data_folder() as data:
        yield data


@pytest.fixture
def data(_initialised: Path) -> Path:
    return _initialised


@pytest.fixture
async def stack(data: Path) -> AsyncIterator[LocalStack]:
    async with standin.stack_of(data) as stack:
        yield stack


def living(data: Path) -> dict[int, str]:
    """Every process of this data folder that still does anything."""
    mark = environment.mark(data)
    found = {}
    for process in psutil.process_iter():
        try:
            carried = mark.items() <= process.environ().items()
            ours = carried or str(data) in " ".join(process.cmdline())
            if ours and process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid():
                found[process.pid] = process.name()
        except psutil.Error:
            continue
    return found


async def eventually(holds: Callable[[], bool], within_s: float = 10.0) -> bool:
    deadline = time.monotonic() + within_s
    while not (held := holds()) and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    return held


def started(*args: str, **options: Any) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(args, **options)


class Up:
    """`standin.py DATA` as a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    @classmethod
    async def start(cls, data: Path, *, python: str = sys.executable, **options: Any) -> "Up":
        return cls(
            await asyncio.create_subprocess_exec(
                python,
                standin.__file__,
                str(data),
                start_new_session=True,
                **({"stdout": subprocess.PIPE} | options),
            )
        )

    async def until(self, text: str) -> None:
        assert self.process.stdout
        async with asyncio.timeout(30):
            while text not in (line := (await self.process.stdout.readline()).decode()):
                assert line, f"it ended after {self.lines}"
                self.lines.append(line)

    async def end(self, number: signal.Signals) -> int:
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        """Hear it to the end, or what it still says is left behind with its pipe."""
        async with asyncio.timeout(20):
            if self.process.stdout:
                self.lines += (await self.process.stdout.read()).decode().splitlines()
            return await self.process.wait()


async def test_a_stack_that_is_stopped_leaves_no_process(data: Path):
    async with standin.stack_of(data) as stack:
        assert {one.name for one in stack.status()} == {"nats", "postgres", "model-server", "stand-in"}
        assert (data / "connection.json").stat().st_mode & 0o777 == 0o600
    assert living(data) == {}
    assert not (data / "connection.json").exists()


async def test_a_stream_that_was_changed_by_hand_is_set_back_while_the_server_that_is_named_runs_alone(
    data: Path,
):
    async def limited(url: str, max_msgs: int) -> None:
        bus = await Bus.connect(url, name="test")
        js = bus.client.jetstream()
        await js.update_stream((await js.stream_info("DLQ")).config.evolve(max_msgs=max_msgs))
        await bus.close()

    async with standin.stack_of(data) as stack:
        url = stack.place.nats_url
        await limited(url, 5)
    with pytest.raises(Refusal, match=r"max_msgs is 5.*'nats stream edit', while NATS runs alone: ") as told:
        await standin.stack_of(data).start()
    alone = started(*shlex.split(told.value.message.rpartition("alone: ")[2]), stderr=subprocess.DEVNULL)
    await limited(url, -1)
    alone.terminate()
    alone.wait(20)
    async with standin.stack_of(data):
        pass


async def test_servers_that_are_stopped_in_their_tracks_live_no_more_and_to_ask_makes_no_database(data: Path):
    async with standin.stack_of(data) as stack:
        servers = [keeper.server for keeper in stack._keepers.values()]
        connection = await asyncpg.connect(stack.place.database_url, database="postgres")
        await connection.execute("DROP DATABASE totalaud WITH (FORCE)")
        await connection.close()
        for server in servers:
            assert server.child
            assert await server.kind.lives(server.child.pid), server.kind.name
            with stopped(server.child.pid):
                assert not await server.kind.lives(server.child.pid), server.kind.name
            assert await server.kind.lives(server.child.pid), server.kind.name
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await asyncpg.connect(stack.place.database_url)


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_a_started_stack_has_streams_and_a_vault(stack: LocalStack):
    bus = await Bus.connect(stack.place.nats_url, name="test")
    names = [one.config.name for one in await bus.client.jetstream().streams_info()]
    await bus.close()
    connection = await asyncpg.connect(stack.place.database_url)
    vault = await connection.fetchval("SELECT to_regclass('vault.keys') IS NOT NULL")
    await connection.close()
    assert (set(names), vault) == ({"EVT", "CMD", "WORK", "DLQ"}, True)


async def test_no_process_leaves_its_memory_on_the_disk_when_it_crashes(stack: LocalStack):
    limits = {one.name: Path(f"/proc/{one.pid}/limits").read_text().splitlines() for one in stack.status()}
    assert limits.keys() >= {"nats", "postgres"}
    assert {tuple(line.split()[4:6]) for lines in limits.values() for line in lines if "core" in line} == {
        ("0", "0")
    }


async def test_every_killed_process_is_started_again(stack: LocalStack):
    before = {one.pid for one in stack.status()}
    for one in stack.status():
        await stack.kill(one.name)
    assert await eventually(lambda: all(one.restarts and one.pid for one in stack.status()))
    assert not before & {one.pid for one in stack.status()}


async def test_a_halted_process_stays_down_until_it_is_resumed(stack: LocalStack):
    await stack.halt("postgres")
    assert [one.name for one in stack.status() if one.pid is None] == ["postgres"]
    await stack.resume("postgres")
    assert all(one.pid for one in stack.status())


async def test_a_second_stack_on_the_same_folder_is_told_who_holds_it(stack: LocalStack, data: Path):
    with pytest.raises(InUse, match=str(os.getpid())):
        await standin.stack_of(data).start()
    assert all(one.pid for one in stack.status())


async def test_named_servers_are_used_in_place_of_ours(monkeypatch: pytest.MonkeyPatch):
    async with (
        running_nats() as nats,
        running_postgres() as postgres,
        fresh_database(postgres.url) as database,
    ):
        monkeypatch.setenv("TOTALAUD_NATS_URL", nats.url)
        monkeypatch.setenv("TOTALAUD_DATABASE_URL", database)
        with data_folder() as data:
            async with standin.stack_of(data) as stack:
                assert {one.name for one in stack.status()} == {"model-server", "stand-in"}
                assert (stack.place.nats_url, stack.place.database_url) == (nats.url, database)


async def test_a_database_url_that_is_none_is_told_as_such_and_not_as_an_outage(
    monkeypatch: pytest.MonkeyPatch, data: Path
):
    monkeypatch.setenv("TOTALAUD_DATABASE_URL", "127.0.0.1/totalaud")
    with pytest.raises(Refusal, match="TOTALAUD_DATABASE_URL: not postgresql://"):
        async with standin.stack_of(data):
            pass
    assert living(data) == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_a_running_stack_in_order(data: Path, number: signal.Signals):
    up = await Up.start(data)
    await up.until(READY)
    assert await up.end(number) == 0
    assert living(data) == {}


async def test_it_tells_the_user_that_the_command_line_acts_as(data: Path):
    user = "00000000-0000-4000-8000-00000000000a"
    up = await Up.start(data, env=os.environ | {"TOTALAUD_USER": user})
    await up.until(f"acting as   {user}")
    await up.until(f"cmd.{user}.session.run")
    assert await up.end(signal.SIGINT) == 0


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "nats runs"),
        (signal.SIGTERM, "postgres runs"),
        (signal.SIGHUP, "model-server runs"),
        (signal.SIGINT, "stand-in runs"),
    ],
)
async def test_a_signal_during_the_start_leaves_no_process(data: Path, number: signal.Signals, moment: str):
    up = await Up.start(data)
    await up.until(moment)
    assert await up.end(number) == 0
    assert living(data) == {}


async def test_a_signal_before_the_tables_are_made_is_answered_by_the_end_alone():
    with data_folder() as data:
        for _ in range(3):
            up = await Up.start(data, stderr=subprocess.STDOUT)
            await up.until("postgres runs")
            told = len(up.lines)
            assert await up.end(signal.SIGINT) == 0
            assert [line for line in up.lines[told:] if not line.endswith(" runs")] == ["stopped"]


@pytest.mark.parametrize("delay_s", [0.1, 0.5])
async def test_a_signal_during_the_very_first_start_leaves_no_process(delay_s: float):
    with data_folder() as data:
        up = await Up.start(data)
        assert await eventually((data / "lock").exists)
        await asyncio.sleep(delay_s)
        await up.end(signal.SIGINT)
        assert living(data) == {}
        async with standin.stack_of(data) as stack:
            assert all(one.pid for one in stack.status())


async def test_a_password_of_postgres_that_was_lost_is_told_as_such(data: Path):
    async with standin.stack_of(data):
        pass
    file = data / "postgres.password"
    password = file.read_text()
    file.unlink()
    try:
        with pytest.raises(NotReady, match=f"{file} does not hold the password"):
            await standin.stack_of(data).start()
    finally:
        file.write_text(password)
    assert living(data) == {}


async def test_a_stack_whose_folder_is_moved_says_so_and_runs_at_the_new_place():
    with data_folder() as home:
        up = await Up.start(paths.make_folder(home / "here"))
        await up.until(READY)
        (home / "here").rename(home / "there")
        await up.until(f"{home / 'here'} was moved or removed")
        assert await up.ended() == 1
        assert not (home / "here").exists()
        async with standin.stack_of(home / "there") as stack:
            assert all(one.pid for one in stack.status())


async def test_a_folder_that_is_a_link_to_nothing_is_told_as_such(tmp_path: Path):
    (tmp_path / "data").symlink_to(tmp_path / "disk" / "data")
    with pytest.raises(NotReady, match=f"leads to {tmp_path / 'disk' / 'data'}, which is not there"):
        await standin.stack_of(tmp_path / "data").start()


async def test_a_stack_whose_terminal_is_gone_still_ends_in_order(data: Path):
    reading, writing = os.pipe()
    up = await Up.start(data, stdout=writing)
    os.close(writing)
    with os.fdopen(reading) as output:
        assert await eventually((data / "connection.json").exists)
        assert output.readline()
    assert await up.end(signal.SIGHUP) == 0
    assert living(data) == {}


async def test_a_service_too_quick_for_its_streams_is_started_once_more(data: Path, tmp_path: Path):
    tried = tmp_path / "tried"
    quick = f"import os, sys; os.path.exists({str(tried)!r}) or (open({str(tried)!r}, 'w'), sys.exit(1))\n"
    part = Part("quick", (sys.executable, "-S", "-c", quick + standin.SERVE))
    async with LocalStack(data, data / "skills", services=[part]) as stack:
        assert all(one.pid for one in stack.status())


async def test_a_service_that_cannot_start_is_named_with_its_last_words(data: Path):
    part = Part("hopeless", ("sh", "-c", "echo nothing works; sleep 2; exit 3"))
    with pytest.raises(NotReady, match=r"hopeless ended with code 3(?s:.*)nothing works"):
        await LocalStack(data, data / "skills", services=[part]).start()
    assert living(data) == {}


async def test_a_service_that_refuses_to_start_says_why_in_one_line(
    data: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TOTALAUD_MASTER_KEY", "too short")
    part = Part("orchestrator", (sys.executable, "-m", "orchestrator"))
    with pytest.raises(NotReady) as told:
        await LocalStack(data, data / "skills", services=[part]).start()
    assert str(told.value) == "orchestrator: TOTALAUD_MASTER_KEY must hold 32 bytes as base64 or hex"
    assert living(data) == {}


async def test_after_a_kill_the_next_start_recovers(data: Path):
    up = await Up.start(data)
    await up.until(READY)
    before = living(data)
    assert await up.end(signal.SIGKILL) == -signal.SIGKILL
    async with standin.stack_of(data) as stack:
        assert not before.keys() & living(data).keys()
        connection = await asyncpg.connect(stack.place.database_url)
        await connection.close()
    assert living(data) == {}


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells children of their parent's end"
)
async def test_a_killed_supervisor_takes_its_processes_along(data: Path):
    up = await Up.start(data)
    await up.until(READY)
    await up.end(signal.SIGKILL)
    assert await eventually(lambda: not living(data))


async def test_an_orphan_of_this_folder_is_ended_and_a_stranger_is_not(data: Path):
    mine, others = (
        started("sleep", "60", env={**os.environ, **mark})
        for mark in (environment.mark(data), {environment.MARK: "another"})
    )
    try:
        async with standin.stack_of(data):
            assert mine.wait(5) == -signal.SIGTERM
            assert others.poll() is None
    finally:
        for one in (mine, others):
            one.kill()
            one.wait()


async def test_a_copy_of_a_folder_is_started_beside_it_and_ends_none_of_its_processes(data: Path):
    async with standin.stack_of(data):
        pass
    with data_folder() as other:
        assert started("cp", "-a", data, other / "copy").wait() == 0
        async with standin.stack_of(data) as stack:
            before = stack.status()
            async with standin.stack_of(other / "copy") as second:
                assert not living(data).keys() & {one.pid for one in second.status()}
            assert stack.status() == before


async def test_a_pid_file_that_names_a_stranger_does_not_hold_postgres_up(data: Path):
    kind = Postgres(data, data / "logs")
    async with standin.stack_of(data):
        pass
    stranger = started("sleep", "60")
    try:
        (kind.files / "postmaster.pid").write_text(f"{stranger.pid}\n{kind.files}\n")
        server = Server(kind, data / "logs")
        await server.start()
        await server.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_postgres_without_a_supervisor_is_ended_before_ours_starts(data: Path):
    kind = Postgres(data, data / "logs")
    first = await kind.prepare()
    orphan = started(
        *first.args,
        env=dict(first.env),
        cwd=first.cwd,
        user=first.account.uid if first.account else None,
        group=first.account.gid if first.account else None,
        stderr=subprocess.DEVNULL,
    )
    pid_file = kind.files / "postmaster.pid"
    assert await eventually(lambda: pid_file.exists() and str(orphan.pid) in pid_file.read_text())
    server = Server(kind, data / "logs")
    await server.start()
    await server.stop()
    assert orphan.wait(5) == 0


@pytest.mark.skipif(not paths.is_root(), reason="an ordinary user runs PostgreSQL themselves")
async def test_root_keeps_postgres_elsewhere_when_its_account_cannot_reach_the_folder(tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    kind = Postgres(closed, closed / "logs")
    try:
        assert kind.files == paths.ROOT_DATA / "postgres" / paths.stack_id(closed) / "postgres"
        server = Server(kind, closed / "logs")
        await server.start()
        await server.stop()
        assert closed.stat().st_mode & 0o777 == 0o700
        assert not [left for left in elsewhere.left() if left.data == closed]
        shutil.rmtree(closed)
        assert [left.folder for left in elsewhere.left() if left.data == closed] == [kind.files.parent]
    finally:
        shutil.rmtree(kind.files.parent)


@pytest.mark.skipif(not paths.is_root(), reason="an ordinary user runs PostgreSQL themselves")
def test_a_copy_of_a_folder_whose_postgres_is_elsewhere_is_refused_that_one(tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    home = elsewhere.home(closed)
    try:
        shutil.copytree(closed, tmp_path / "copy")
        with pytest.raises(
            NotReady, match=f"copy is a copy of {closed}, whose tables and keys are in {home}"
        ):
            elsewhere.home(tmp_path / "copy")
        closed.rename(tmp_path / "moved")
        assert elsewhere.home(tmp_path / "moved") == home
    finally:
        shutil.rmtree(home)


@pytest.fixture
def folders() -> Iterator[tuple[Path, Path]]:
    """One that lets everybody pass, and one that lets nobody but root."""
    with data_folder() as base:
        open_to_all, closed = base / "open", base / "closed"
        open_to_all.mkdir(mode=0o711)
        closed.mkdir(mode=0o700)
        yield open_to_all, closed


def cluster_of(data: Path) -> Path:
    """Where its files are; they are made, as far as one can tell."""
    files = Postgres(data, data / "logs").files
    files.mkdir(exist_ok=True)
    (files / "PG_VERSION").write_text("18\n")
    return files


@pytest.mark.skipif(not paths.is_root(), reason="an ordinary user runs PostgreSQL themselves")
def test_a_cluster_that_is_elsewhere_goes_on_when_its_data_folder_is_moved_to_where_it_could_be_reached(
    folders: tuple[Path, Path],
):
    open_to_all, closed = folders
    files = cluster_of(closed / "data")
    try:
        assert files.is_relative_to(elsewhere.CLUSTERS)
        assert cluster_of((closed / "data").rename(open_to_all / "data")) == files
    finally:
        shutil.rmtree(files.parent)


@pytest.mark.skipif(not paths.is_root(), reason="an ordinary user runs PostgreSQL themselves")
def test_a_data_folder_that_is_moved_out_of_reach_of_its_cluster_s_account_is_refused(
    folders: tuple[Path, Path],
):
    open_to_all, closed = folders
    files = cluster_of(open_to_all / "data")
    moved = (open_to_all / "data").rename(closed / "data")
    with pytest.raises(NotReady, match=f"{closed} does not let it pass to .* {moved}/postgres"):
        Postgres(moved, moved / "logs")
    moved.rename(open_to_all / "data")
    assert cluster_of(open_to_all / "data") == files


@pytest.mark.skipif(not paths.is_root(), reason="an ordinary user runs PostgreSQL themselves")
async def test_root_starts_a_cluster_that_another_account_or_a_copy_has_made_its_own(data: Path):
    kind = Postgres(data, data / "logs")
    async with standin.stack_of(data):
        pass
    for owner in ("root", "nobody"):
        for file in (kind.files, *kind.files.rglob("*")):
            shutil.chown(file, owner)
        server = Server(kind, data / "logs")
        await server.start()
        await server.stop()


def test_a_data_folder_made_anew_at_the_same_place_leaves_the_old_cluster_over(tmp_path: Path):
    for name in ("first", "second", "unknown"):
        (tmp_path / name).mkdir()
    data = tmp_path / "data"
    data.mkdir()
    (data / "id").write_text("second\n")
    for name in ("first", "second"):
        (tmp_path / name / elsewhere.OWNER).write_text(f"{data}\n")
    [left] = elsewhere.left(tmp_path)
    first = tmp_path / "first"
    assert str(left) == f"left over: {first} holds tables and keys of {data}, which is gone: remove it"


async def test_the_port_stays_the_same_between_runs(data: Path):
    assert Nats(data).url == Nats(data).url


@pytest.mark.skipif(not paths.is_root(), reason="the other tests run as an ordinary user already")
async def test_an_ordinary_user_can_run_it_too():
    nobody = pwd.getpwnam("nobody")
    imports = os.pathsep.join(filter(None, sys.path))
    python = interpreter_for(nobody.pw_uid, imports)
    if python is None:
        pytest.skip("that user can reach no Python of this version here, or not this checkout")
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        up = await Up.start(
            Path(home) / "data",
            python=python,
            user=nobody.pw_uid,
            group=nobody.pw_gid,
            env={"HOME": home, "PATH": os.environ["PATH"], "PYTHONPATH": imports},
        )
        await up.until(READY)
        assert {psutil.Process(pid).uids().real for pid in living(Path(home) / "data")} == {nobody.pw_uid}
        assert await up.end(signal.SIGINT) == 0
        assert living(Path(home) / "data") == {}


def interpreter_for(uid: int, imports: str) -> str | None:
    """A Python of our version that runs our code for this user: the one we use may lie in a home folder."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        try:
            subprocess.run(
                [candidate, "-c", "import totalaud"],
                user=uid,
                env={"PYTHONPATH": imports},
                check=True,
                cwd="/",
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate
    return None
