"""A log that has lost its end is gone on with: what is remembered beyond it is forgotten."""

import asyncio
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from msgspec import structs

from controls import SESSION, USER, report, start
from orchestrator.asked import Cancel
from orchestrator.ledger import Reserve
from orchestrator.ledgers import Ledgers
from orchestrator.recording import record
from orchestrator.sessions import Sessions
from shared.log import MemoryLog
from shared.refusal import Refusal
from shared.subjects import session

OF = session(USER, SESSION)


def reserve(number: int) -> Reserve:
    return Reserve(UUID(int=number), "session", UUID(int=number), Decimal(1), date(2026, 11, 1))


def set_back(log: MemoryLog, to: MemoryLog) -> None:
    log.__dict__.update(to.__dict__)


async def test_a_session_goes_on_from_what_the_log_still_has():
    log, shorter = MemoryLog(), MemoryLog()
    sessions = Sessions(log)
    for each in (sessions, Sessions(shorter)):
        await each.decide(OF, start(3))
    for step in (1, 2):
        await sessions.decide(OF, report(step))
    set_back(log, shorter)
    async with asyncio.timeout(5):
        decided = await sessions.decide(OF, Cancel())
    assert (decided.known.seq, decided.known.session.status) == (2, "cancelled")
    assert await log.last_seq() == 2


async def test_a_report_that_the_log_has_not_got_to_is_not_refused_for_good():
    sessions = Sessions(MemoryLog())
    await sessions.decide(OF, start(1))
    with pytest.raises(Refusal) as refused:
        await record(sessions, structs.replace(report(1).report, seq=99))
    assert refused.value.code == "unavailable"


async def test_a_ledger_goes_on_from_what_the_log_still_has():
    log, shorter = MemoryLog(), MemoryLog()
    ledgers = Ledgers(log)
    for each in (ledgers, Ledgers(shorter)):
        await each.do(USER, reserve(1), "test")
    await ledgers.do(USER, reserve(2), "test")
    set_back(log, shorter)
    async with asyncio.timeout(5):
        known = await ledgers.do(USER, reserve(3), "test")
    assert set(known.ledger.open) == {UUID(int=1), UUID(int=3)}
