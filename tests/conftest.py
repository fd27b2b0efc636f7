"""What every test may ask for: a NATS of its own, a database of its own, a bus with the streams made."""

import gc
import signal
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any

import asyncpg
import hypothesis
import pytest
import structlog

from lastwords import LAST_WORDS
from rig import running_stack
from scheduling import ByFile, in_order
from servers import Rig, fresh_database, running_nats, running_postgres
from shared.bus import Bus
from shared.service import GARBAGE
from shared.streams import provision
from skillbench import skillbench
from totalaud.stack.local import LocalStack

ACK_WAIT_S = 2.0
hypothesis.settings.register_profile(
    "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


def pytest_configure() -> None:
    """Log tracebacks as they are, since drawing one with its locals takes a second, and heed signals.

    What tests start shall be ended by those that the suite itself ignores, as under `nohup` or `&`: a program
    inherits what is ignored, and not who listens.
    """
    *others, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*others, plain])
    for ignored in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(ignored) == signal.SIG_IGN:
            signal.signal(ignored, lambda *_: None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    in_order(items)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Have nobody look for garbage in what is imported: nearly all objects there are, and none is."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        report.sections += [(f"End of {name}", text) for name, text in LAST_WORDS.since(call.start)]
    return report


@pytest.fixture(scope="module", autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Commands that run in this process configure its logs: no other file's tests shall feel it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
async def nats() -> AsyncIterator[Rig]:
    """A fresh NATS without streams; `.url`, `.kill()`, `.start()`, `.restart()`."""
    async with running_nats() as rig:
        yield rig


@pytest.fixture
def nats_url(nats: Rig) -> str:
    return nats.url


@pytest.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    """A connection to the fresh NATS, all streams and durables made."""
    bus = await Bus.connect(nats_url, name="test")
    try:
        await provision(bus, ack_wait_s=ACK_WAIT_S)
        yield bus
    finally:
        await bus.close()


@pytest.fixture(scope="session")
async def _postgres() -> AsyncIterator[Rig]:
    async with running_postgres() as rig:
        yield rig


@pytest.fixture
async def postgres(_postgres: Rig) -> AsyncIterator[Rig]:
    """The one PostgreSQL of all tests; it is brought back for the next test when this one left it dead."""
    yield _postgres
    try:
        await (await asyncpg.connect(_postgres.url)).close()
    except (OSError, asyncpg.PostgresError):
        await _postgres.restart()


@pytest.fixture
async def postgres_url(postgres: Rig) -> AsyncIterator[str]:
    """A database of its own, empty."""
    async with fresh_database(postgres.url) as url:
        yield url


@pytest.fixture
def database_url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture(scope="session")
async def stack() -> AsyncIterator[LocalStack]:
    """One whole stack for all tests that do not break it."""
    async with running_stack() as stack:
        yield stack


@pytest.fixture
def steady() -> Iterator[None]:
    """CPU time is that of the test alone: garbage is looked for as a service does, not in what was there."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


__all__ = ["skillbench"]
