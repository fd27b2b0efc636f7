"""The local stack's rules that need no server."""

import asyncio
import errno
import fcntl
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE
from uuid import UUID

import psutil
import pytest

from shared.refusal import Refusal
from shared.secret import secret
from shared.settings import Settings, ack_wait_s
from totalaud.cli.main import call
from totalaud.connection import Connection
from totalaud.errors import Unreachable
from totalaud.stack import accounts, environment, orphans, paths, ports, preparation, reach, supervisor
from totalaud.stack.local import LocalStack
from totalaud.stack.lock import DataLock, InUse
from totalaud.stack.nats import Nats, its_cores
from totalaud.stack.parts import MODEL, PartKind
from totalaud.stack.postgres import Postgres
from totalaud.stack.process import Child, Program
from totalaud.stack.server import NotReady, Server
from totalaud.stack.supervisor import Keeper, pause_after

USER = UUID("00000000-0000-4000-8000-000000000001")


def place(nats_url: str = "nats://totalaud:secret@127.0.0.1:20001") -> environment.Place:
    return environment.Place(
        nats_url, "postgresql://totalaud:secret@127.0.0.1:20002/totalaud", "", Path("key")
    )


def test_pauses_double_up_to_five_seconds():
    pauses = [0.0]
    for _ in range(7):
        pauses.append(pause_after(pauses[-1], lived_s=0.1))
    assert pauses[1:] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_a_steady_life_is_followed_by_a_short_pause():
    assert pause_after(5.0, lived_s=60) == 0.2


def test_a_small_file_that_a_full_disk_does_not_take_is_named_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device") as told:
        paths.stack_id(tmp_path)
    assert (told.value.filename, [*tmp_path.iterdir()]) == (str(tmp_path / "id"), [])


def test_an_ordinary_users_data_is_in_their_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(paths, "is_root", lambda: False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert paths.data_dir() == tmp_path / ".local" / "share" / "totalaud"


def test_xdg_data_home_is_honoured_when_it_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(paths, "is_root", lambda: False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert paths.data_dir() == tmp_path / "totalaud"


def test_an_account_without_a_home_is_told_how_to_name_a_data_folder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(paths, "is_root", lambda: False)
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(FileNotFoundError, match="no home folder: name a folder for data with --data"):
        paths.data_dir()


async def test_a_folder_that_takes_no_data_is_named_with_the_reason_and_the_way_out(tmp_path: Path):
    (tmp_path / "file").touch()
    stack = LocalStack(tmp_path / "file" / "data", tmp_path)
    with pytest.raises(
        NotReady, match=r"in .*/file/data: .*Not a directory.*: choose another --data"
    ) as told:
        await stack.start()
    assert "Errno" not in str(told.value)


async def test_a_nats_server_that_does_not_answer_is_named_with_the_reason_and_the_setting(
    monkeypatch: pytest.MonkeyPatch,
):
    url = f"nats://nobody:secret@127.0.0.1:{ports.free_port()}"
    monkeypatch.setenv("TOTALAUD_NATS_URL", url)
    with pytest.raises(Unreachable) as told:
        await preparation.provision(url)
    why = str(told.value)
    assert re.fullmatch(r"no NATS server answers at 127\.0\.0\.1:\d+ \([a-z ]+\): see TOTALAUD_NATS_URL", why)


@pytest.mark.parametrize("left", [b"", b"first", b"\xff\xfe"])
def test_a_damaged_id_is_told_by_its_file_and_not_taken_for_another_one(left: bytes, tmp_path: Path):
    (tmp_path / "id").write_bytes(left)
    with pytest.raises(Refusal, match=f"{tmp_path}/id holds no id of a data folder"):
        paths.stack_id(tmp_path)


async def test_a_data_folder_whose_name_cannot_be_written_down_is_refused(tmp_path: Path):
    stack = LocalStack(tmp_path / os.fsdecode(b"caf\xe9"), tmp_path)
    with pytest.raises(NotReady, match=r"name is not in UTF-8.*: choose another --data"):
        await stack.start()


async def test_a_data_folder_whose_name_the_locale_takes_for_another_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """NATS reads UTF-8: it would keep the log in a folder beside, which no other locale finds."""
    monkeypatch.setattr(os, "fsencode", lambda name: os.fspath(name).encode("latin-1"))
    stack = LocalStack(tmp_path / "Büro".encode().decode("latin-1"), tmp_path)
    with pytest.raises(NotReady, match="or the locale is not: choose another --data"):
        await stack.start()
    assert list(tmp_path.iterdir()) == []


def test_a_root_without_an_account_for_postgresql_is_told_in_one_line_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(paths, "is_root", lambda: True)
    monkeypatch.setattr(accounts, "CANDIDATES", ("nobody-of-this-name",))
    assert call(["up", "--data", str(tmp_path)]) == 1
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("error: PostgreSQL cannot run as root, and none of the accounts")
    assert told.endswith("exists here: run as an ordinary user, or set TOTALAUD_DATABASE_URL (file)")


def test_the_skills_of_the_checkout_are_found_and_may_be_chosen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.delenv("TOTALAUD_SKILLS", raising=False)
    assert paths.skills_dir().name == "skills"
    monkeypatch.setenv("TOTALAUD_SKILLS", str(tmp_path))
    assert paths.skills_dir() == tmp_path


def test_what_is_made_once_stays_and_is_private(tmp_path: Path):
    first = paths.master_key_file(tmp_path).read_text()
    assert paths.master_key_file(tmp_path).read_text() == first
    assert len(bytes.fromhex(first)) == 32
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600
    assert paths.user_id(tmp_path) == paths.user_id(tmp_path)


def test_copies_of_the_master_key_that_killed_writers_have_left_are_removed_and_no_other(tmp_path: Path):
    kept = (".master.key.original", ".master.key.0123abcd.old", ".user.0123abcd")
    for name in (*kept, ".master.key.0123abcd", ".master.key.new.0123abcd"):
        (tmp_path / name).write_text("12" * 32)
    paths.master_key_file(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {*kept, "master.key"}


def test_a_disk_that_knows_no_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.raises(NotReady, match=f"{tmp_path}: No locks available: choose another --data"):
        LocalStack(tmp_path, tmp_path)._locked()


def test_what_two_make_at_once_is_what_the_first_of_them_has_made(tmp_path: Path):
    def overtaken() -> str:
        return "second" if paths.made_once(tmp_path / "user", lambda: "first") else ""

    assert paths.made_once(tmp_path / "user", overtaken) == "first"
    assert (tmp_path / "user").read_text() == "first\n"
    assert [*tmp_path.iterdir()] == [tmp_path / "user"]


def test_what_is_made_once_is_made_on_a_disk_without_links_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    assert paths.made_once(tmp_path / "user", lambda: "ada") == "ada"
    assert [*tmp_path.iterdir()] == [tmp_path / "user"]


@pytest.mark.parametrize("data", [b"ada\n", b"\xff\xfe", bytes(37)])
def test_a_user_that_is_none_is_told_by_its_file(data: bytes, tmp_path: Path):
    (tmp_path / "user").write_bytes(data)
    with pytest.raises(Refusal, match=f"{tmp_path}/user holds no UUID"):
        paths.user_id(tmp_path)


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path):
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o750)
    paths.make_folder(mine / "new" / "newer")
    assert stat.S_IMODE(mine.stat().st_mode) == 0o750


def test_a_port_in_use_is_replaced_and_a_free_one_is_kept(tmp_path: Path):
    kept = ports.kept_port(tmp_path / "port")
    assert ports.kept_port(tmp_path / "port") == kept
    assert ports.FIRST <= kept < ports.LAST


def test_no_port_is_given_to_two_processes_before_either_listens():
    many = 240
    code = f"from totalaud.stack import ports; print(*(ports.free_port() for _ in range({many}))); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=PIPE, stdout=PIPE, text=True) as other:
        assert other.stdout
        theirs = {int(port) for port in other.stdout.readline().split()}
        ours = {ports.free_port() for _ in range(many)}
        other.communicate("\n")
    assert (len(theirs), len(ours), theirs & ours) == (many, many, set())


def test_a_process_that_was_given_a_port_ends_without_a_complaint():
    code = "from totalaud.stack import ports; ports.free_port()"
    ended = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, check=True)
    assert ended.stderr == b""


@pytest.mark.parametrize("left", [b"", b"\n", b"four", b"99999", b"\xff\xfe"])
def test_a_port_that_a_full_or_damaged_disk_left_unreadable_is_chosen_anew(left: bytes, tmp_path: Path):
    (tmp_path / "port").write_bytes(left)
    chosen = ports.kept_port(tmp_path / "port")
    assert ports.FIRST <= chosen < ports.LAST
    assert ports.kept_port(tmp_path / "port") == chosen


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path):
    held = DataLock(tmp_path)
    with pytest.raises(InUse, match=str(os.getpid())):
        DataLock(tmp_path)
    held.release()
    DataLock(tmp_path).release()


def test_servers_see_no_key_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("PGHOST", "elsewhere")
    assert not {"OPENAI_API_KEY", "PGHOST"} & environment.plain(tmp_path).keys()
    assert environment.of_service(tmp_path, place(), tmp_path)["OPENAI_API_KEY"] == "sk-secret"


@pytest.mark.parametrize(("ours", "its"), [(1, 1), (2, 1), (3, 1), (4, 2), (64, 32)])
def test_nats_leaves_half_of_the_cores_to_the_services(ours: int, its: int):
    assert its_cores(ours) == its


async def test_nats_is_told_how_many_cores_are_its(tmp_path: Path):
    program = await Nats(tmp_path).prepare()
    assert program.env["GOMAXPROCS"] == str(its_cores(os.cpu_count() or 1))


def test_paths_that_services_are_told_count_from_where_the_stack_was_called(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOTALAUD_MODELS", "mine/models.yaml")
    monkeypatch.setenv("OPENAI_API_KEY_FILE", "/run/secrets/key")
    found = environment.of_service(tmp_path, place(), tmp_path)
    assert found["TOTALAUD_MODELS"] == f"{tmp_path}/mine/models.yaml"
    assert found["OPENAI_API_KEY_FILE"] == "/run/secrets/key"
    assert "TOTALAUD_NATS_CA" not in found


def test_the_master_key_lies_where_it_is_said_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOTALAUD_MASTER_KEY_FILE", "safe/key")
    assert paths.master_key_file(tmp_path / "data") == tmp_path / "safe" / "key"
    monkeypatch.delenv("TOTALAUD_MASTER_KEY_FILE")
    assert paths.master_key_file(tmp_path) == tmp_path / "master.key"
    assert (tmp_path / "master.key").is_file()


def test_a_file_of_a_secret_that_holds_none_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    file = tmp_path / "key"
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY_FILE", str(file))
    for content, told in ((b" \n", "is empty"), (b"\xff", "cannot be read: it is no text")):
        file.write_bytes(content)
        with pytest.raises(Refusal, match=told):
            secret("OPENAI_API_KEY")
    file.write_text("sk-secret\n")
    assert secret("OPENAI_API_KEY") == "sk-secret"


def test_the_lines_to_reach_a_stack_start_a_workflow_both_ways(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TOTALAUD_NATS_URL", raising=False)
    shown = "\n".join(reach.lines(place(), USER))
    assert shown.count(f"cmd.{USER}.session.run") == 2
    assert f"nats -s {place().nats_url} pub" in shown


def test_the_lines_to_reach_a_stack_may_be_pasted_wherever_the_checkout_lies(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("sys.executable", "/home/ada/my music/.venv/bin/python")
    assert "'/home/ada/my music/.venv/bin/python' - <<'END'" in reach.lines(place(), USER)


def test_the_credentials_of_a_named_server_are_not_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOTALAUD_NATS_URL", place().nats_url)
    monkeypatch.setenv("TOTALAUD_DATABASE_URL", place().database_url)
    assert "secret" not in "\n".join(reach.lines(place(), USER))


@pytest.mark.parametrize("given", ["soon", "0", "-1", "nan", "inf"])
def test_a_time_to_wait_that_is_none_is_refused_by_its_name(given: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOTALAUD_ACK_WAIT_S", given)
    with pytest.raises(Refusal, match=f"TOTALAUD_ACK_WAIT_S: '{given}' is not a number above 0"):
        ack_wait_s()


async def test_what_keeps_data_has_time_to_recover_it_and_to_write_it(tmp_path: Path):
    assert Nats.ready_within_s == Postgres.ready_within_s == 15 * PartKind.ready_within_s
    assert (await Nats(tmp_path).prepare()).grace_s == 30


async def test_a_service_is_not_killed_while_what_it_runs_has_its_grace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TOTALAUD_GRACE_S", "60")
    assert (await PartKind(MODEL, {}, tmp_path).prepare()).grace_s == 65


class Clumsy:
    """A kind of server that is not ready at once, and whose second start meets what nobody reckoned with."""

    name = "clumsy"
    ready_within_s = 60.0

    def __init__(self, folder: Path, ready: Callable[[], bool], fault: Exception | None = None) -> None:
        self.starts = 0
        self._fault = fault
        self._folder = folder
        self._ready = ready

    async def prepare(self) -> Program:
        self.starts += 1
        if self.starts == 2 and self._fault:
            raise self._fault
        return Program(
            self.name, (sys.executable, "-S", "-c", "import time; time.sleep(60)"), os.environ, self._folder
        )

    async def answers(self, _pid: int) -> bool:
        return self._ready()

    async def lives(self, pid: int) -> bool:
        return await self.answers(pid)

    def passes(self, _last_words: str) -> bool:
        return False


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (LookupError("nobody reckoned with this"), "clumsy: LookupError('nobody reckoned with this')"),
        (OSError(errno.EAGAIN, "too many processes"), "clumsy: [Errno 11] too many processes"),
    ],
)
async def test_what_a_new_start_fails_with_is_said_and_another_one_is_made(
    tmp_path: Path, fault: Exception, told: str
):
    said: list[str] = []
    clumsy = Clumsy(tmp_path, ready=lambda: True, fault=fault)
    keeper = Keeper(Server(clumsy, tmp_path), said.append)
    await keeper.start()
    await keeper.server.kill()
    async with asyncio.timeout(10):
        while "clumsy runs again" not in said:
            await asyncio.sleep(0.01)
    await keeper.stop()
    assert told in said


async def test_a_start_that_takes_long_is_said_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(supervisor, "STILL_S", 0.2)
    said: list[str] = []
    where = f"clumsy is not ready yet: see {tmp_path}/clumsy.log"
    keeper = Keeper(Server(Clumsy(tmp_path, ready=lambda: said.count(where) == 2), tmp_path), said.append)
    async with asyncio.timeout(20):
        await keeper.start()
    await keeper.stop()
    assert said[-2:] == [where] * 2


async def test_a_server_that_runs_and_answers_nothing_is_named_with_the_way_out_until_it_answers_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(supervisor, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(supervisor, "STANDS_STILL_S", 0.2)
    said: list[str] = []
    awake = asyncio.Event()
    awake.set()
    keeper = Keeper(Server(Clumsy(tmp_path, ready=awake.is_set), tmp_path), said.append)
    await keeper.start()
    assert keeper.server.child
    silent = (
        f"clumsy answers nothing: see {tmp_path}/clumsy.log; "
        f"'kill -9 {keeper.server.child.pid}' has it started again"
    )
    for turn, expected in (awake.clear, silent), (awake.set, "clumsy answers again"):
        turn()
        async with asyncio.timeout(10):
            while expected not in said:
                await asyncio.sleep(0.01)
    await keeper.stop()
    assert said == [silent, "clumsy answers again"]


async def test_a_service_keeps_its_port_as_long_as_nobody_else_has_it(tmp_path: Path):
    kind = PartKind(MODEL, {}, tmp_path)
    programs = [await kind.prepare() for _ in range(2)]
    (port,) = {program.env["TOTALAUD_HEALTH_PORT"] for program in programs}
    assert (tmp_path / "model-server.port").read_text().strip() == port
    with socket.create_server((ports.LOOPBACK, int(port))):
        assert (await kind.prepare()).env["TOTALAUD_HEALTH_PORT"] != port


async def test_a_child_that_ignores_its_end_is_killed_after_its_grace(tmp_path: Path):
    stubborn = Program(
        "stubborn", ("sh", "-c", "trap '' TERM; echo ready; sleep 60"), os.environ, tmp_path, grace_s=0.2
    )
    child = await Child.start(stubborn, tmp_path)
    while "ready" not in child.tail():
        await asyncio.sleep(0.01)
    await child.stop()
    assert child.code == -9


async def test_what_a_child_leaves_in_its_group_ends_with_it(tmp_path: Path):
    parent = Program("parent", ("sh", "-c", "sleep 60 & echo $!; exit 0"), os.environ, tmp_path)
    child = await Child.start(parent, tmp_path)
    await child.wait()
    async with asyncio.timeout(10):
        while (left := orphans.Orphan.serving(int(child.tail()), "sleep")) is None:
            await asyncio.sleep(0.01)
    await child.stop()
    await left.gone()
    assert not left.lives()


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("looks", [0, 1, 2])
async def test_an_orphan_that_ends_by_itself_meanwhile_is_no_error(
    looks: int, sleeper: "subprocess.Popen[bytes]"
):
    class Dying(orphans.Orphan):
        """One that ends after it was looked at so often."""

        looked = 0

        def lives(self) -> bool:
            alive = super().lives()
            self.looked += 1
            if self.looked == looks:
                self.end_by_itself()
            return alive

        def end_by_itself(self) -> None:
            sleeper.kill()
            sleeper.wait()

    dying = Dying(psutil.Process(sleeper.pid))
    if not looks:
        dying.end_by_itself()
    await dying.end(signal.SIGCONT)
    assert not dying.lives()


async def test_what_a_child_said_last_is_told_however_much_it_said_before(tmp_path: Path):
    script = "yes | head -c 6000000; echo; echo last words"
    child = await Child.start(Program("long", ("sh", "-c", script), os.environ, tmp_path), tmp_path)
    await child.wait()
    assert child.tail().splitlines()[-1] == "last words"


async def test_a_log_begins_anew_when_it_has_grown_big(tmp_path: Path):
    (tmp_path / "loud.log").write_bytes(b"x" * 5_000_001)
    child = await Child.start(Program("loud", ("echo", "hello"), os.environ, tmp_path), tmp_path)
    await child.wait()
    assert child.tail() == "hello"
    assert (tmp_path / "loud.log.1").stat().st_size == 5_000_001


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "ANTHROPIC_API_KEY_FILE", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"]
)
def test_a_provider_is_reached_once_it_has_a_key_or_an_address(name: str, monkeypatch: pytest.MonkeyPatch):
    for provider in environment.PROVIDERS:
        for end in ("API_KEY", "API_KEY_FILE", "BASE_URL"):
            monkeypatch.delenv(f"{provider}_{end}", raising=False)
    assert environment.reached() == []
    monkeypatch.setenv(name, "given")
    assert environment.reached() == [name.split("_", maxsplit=1)[0].lower()]


@pytest.mark.parametrize(
    ("told", "nats_url", "known"),
    [
        ({"providers": []}, "", frozenset()),
        ({"providers": ["openai"]}, "", frozenset({"openai"})),
        ({}, "", None),
        ({"providers": []}, "nats://example.org", None),
    ],
)
def test_only_the_stack_that_is_asked_says_whose_texts_can_cost_anything(
    told: dict[str, list[str]],
    nats_url: str,
    known: frozenset[str] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    kept = {"nats_url": "nats://127.0.0.1:1", "database_url": "postgresql://a:b@127.0.0.1:1/c"}
    (tmp_path / "connection.json").write_text(json.dumps(kept | told))
    monkeypatch.setenv("TOTALAUD_NATS_URL", nats_url)
    monkeypatch.delenv("TOTALAUD_DATABASE_URL", raising=False)
    assert Connection.find(tmp_path).providers == known


SAID = {
    "NATS_URL": "nats://a:1",
    "DATABASE_URL": "postgresql://b:2/c",
    "SKILLS": "mine",
    "MASTER_KEY_FILE": "key",
    "MASTER_KEY": "secret",
    "HEALTH_HOST": "::1",
    "HEALTH_PORT": "0",
    "ACK_WAIT_S": "86400",
    "CONCURRENCY": "1000",
    "LOCAL_MODEL_URL": "http://d:3/v1",
}


def test_a_service_does_as_its_environment_says_and_else_as_the_settings_say(
    monkeypatch: pytest.MonkeyPatch,
):
    for name in SAID:
        monkeypatch.delenv(f"TOTALAUD_{name}", raising=False)
    nats, postgres = "nats://127.0.0.1:4222", "postgresql://127.0.0.1:5432/totalaud"
    assert Settings.from_env() == Settings(
        nats, postgres, Path("skills"), None, None, "127.0.0.1", 0, 5.0, 16, None
    )
    for name, value in SAID.items():
        monkeypatch.setenv(f"TOTALAUD_{name}", value)
    assert Settings.from_env() == Settings(
        "nats://a:1", "postgresql://b:2/c", Path("mine"), Path("key"), "secret", "::1", 0, 86400.0, 1000,
        "http://d:3/v1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("ACK_WAIT_S", "0", "above 0, at most 86400"),
        ("ACK_WAIT_S", "86401", "above 0, at most 86400"),
        ("CONCURRENCY", "1001", "above 0, at most 1000"),
        ("CONCURRENCY", "many", "above 0, at most 1000"),
        ("HEALTH_PORT", "many", "of 0 or more, at most 65535"),
        ("HEALTH_PORT", "-1", "of 0 or more, at most 65535"),
        ("HEALTH_PORT", "65536", "of 0 or more, at most 65535"),
    ],
)
def test_a_number_out_of_range_is_refused_with_the_range(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, rule: str
):
    monkeypatch.setenv(f"TOTALAUD_{name}", value)
    with pytest.raises(Refusal) as refused:
        Settings.from_env()
    variable = f"TOTALAUD_{name}"
    assert (refused.value.field, refused.value.message) == (
        variable,
        f"{variable}: '{value}' is not a number {rule}",
    )
