"""What the command line says of a PostgreSQL that is away, or does not let it in: one line, no password."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from servers import read_only
from shared.bus import Bus
from totalaud.cli.main import FAILED, call
from totalaud.database import unreachable
from totalaud.errors import Unreachable
from totalaud.stack import preparation

VARIABLE = "TOTALAUD_DATABASE_URL"
READER = "00000000-0000-4000-8000-000000000001"
COMMANDS = [["provision"], ["session", "list"], ["reader", "add", READER], ["backup"], ["budget", "ledger"]]
Spoil = Callable[[str], str]


def elsewhere(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:1"))


def with_another_password(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.username}:mistyped@{parts.hostname}:{parts.port}"))


def of_another_name(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path="/mistyped"))


def of_a_stranger(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"stranger:known@{parts.hostname}:{parts.port}"))


SPOILT = {
    elsewhere: "no PostgreSQL answers at 127.0.0.1:1 (ConnectionRefusedError)",
    with_another_password: "refuses this name and password",
    of_another_name: "has no database of this name",
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize(("spoil", "why"), SPOILT.items(), ids=lambda one: getattr(one, "__name__", ""))
async def test_a_command_says_why_in_one_line(
    *,
    spoil: Spoil,
    why: str,
    command: list[str],
    bus: Bus,
    nats_url: str,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("TOTALAUD_NATS_URL", nats_url)
    monkeypatch.setenv(VARIABLE, spoil(postgres_url))
    folder = [str(tmp_path / "backup")] if command == ["backup"] else []
    words = [*command, *folder, "--data", str(tmp_path)]
    assert await asyncio.to_thread(call, words) == FAILED
    (line,) = capsys.readouterr().err.splitlines()
    assert why in line
    assert line.endswith(f": see {VARIABLE} (unreachable)")
    assert not [secret for secret in ("mistyped", urlsplit(postgres_url).password) if str(secret) in line]


@pytest.fixture
async def stranger(postgres_url: str) -> AsyncIterator[None]:
    """A role that may log in, and nothing else."""
    owner = await asyncpg.connect(postgres_url)
    await owner.execute("CREATE ROLE stranger LOGIN PASSWORD 'known'")
    yield
    await owner.execute("DROP ROLE stranger")
    await owner.close()


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize(
    ("spoil", "why"), [*SPOILT.items(), (of_a_stranger, "does not let this name do that")]
)
async def test_a_start_says_it_too(spoil: Spoil, why: str, postgres_url: str):
    with pytest.raises(Unreachable) as refused:
        await preparation.migrate(spoil(postgres_url))
    assert why in str(refused.value)


def test_whoever_set_no_server_is_asked_whether_the_stack_is_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    told = str(unreachable("postgresql://ada:secret@127.0.0.1:1/totalaud", OSError()))
    assert told.startswith("no PostgreSQL answers at 127.0.0.1:1 (OSError): is 'totalaud up' running?")


def test_a_postgres_without_room_is_told_as_such_and_not_as_one_that_is_away():
    told = str(unreachable("postgresql://ada:secret@127.0.0.1:1/totalaud", asyncpg.DiskFullError()))
    assert told == "PostgreSQL at 127.0.0.1:1 has no room on its disk: make room there"


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (asyncpg.TooManyConnectionsError(), "takes no more connections: "),
        (asyncpg.ObjectNotInPrerequisiteStateError("it is closed"), "does not do that now (it is closed): "),
    ],
)
def test_a_postgres_that_is_there_is_not_told_as_one_that_does_not_answer(error: Exception, why: str):
    told = str(unreachable("postgresql://ada:secret@127.0.0.1:1/totalaud", error))
    assert told.startswith(f"PostgreSQL at 127.0.0.1:1 {why}")


async def test_a_start_on_a_postgres_that_takes_no_changes_says_so(postgres_url: str):
    async with read_only(postgres_url):
        with pytest.raises(Unreachable, match="takes no changes now: "):
            await preparation.migrate(postgres_url)
