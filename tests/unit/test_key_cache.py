"""How long a key stays in memory, and which ones leave."""

from uuid import UUID

import pytest

from controls import USER
from shared import key_cache
from shared.key_cache import KeyCache

KEY, OTHER = bytes(32), bytes(31) + b"1"
ADA, BEN, CY = (UUID(int=number, version=4) for number in (11, 12, 13))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(key_cache.time, "monotonic", lambda: now[0])
    return now


def test_a_key_is_fresh_for_three_seconds_and_serves_an_outage_for_ten_minutes(clock: list[float]):
    cache = KeyCache()
    cache.keep(USER, {ADA: KEY})
    clock[0] += 3
    assert cache.fresh(USER, [ADA]) == {ADA: KEY}
    clock[0] += 0.1
    assert cache.fresh(USER, [ADA]) == {}
    assert cache.during_outage(USER, [ADA]) == {ADA: KEY}
    clock[0] += 596.9
    assert cache.during_outage(USER, [ADA]) == {ADA: KEY}
    clock[0] += 0.1
    assert cache.during_outage(USER, [ADA]) == {}


def test_a_key_that_is_read_again_is_fresh_again(clock: list[float]):
    cache = KeyCache()
    cache.keep(USER, {ADA: KEY})
    clock[0] += 4
    cache.keep(USER, {ADA: KEY})
    assert cache.fresh(USER, [ADA]) == {ADA: KEY}


def test_an_erased_person_stays_erased_however_long_ago(clock: list[float]):
    cache = KeyCache()
    cache.keep(USER, {ADA: KEY})
    cache.keep(USER, {ADA: None})
    clock[0] += 100_000
    assert cache.fresh(USER, [ADA]) == {ADA: None}


def test_a_key_that_was_read_before_its_erasure_does_not_come_back_after_it():
    cache = KeyCache()
    cache.keep(USER, {ADA: None})
    cache.keep(USER, {ADA: KEY, BEN: OTHER})
    assert cache.during_outage(USER, [ADA, BEN]) == {ADA: None, BEN: OTHER}


def test_another_user_has_other_keys():
    cache = KeyCache()
    cache.keep(USER, {ADA: KEY})
    assert cache.fresh(BEN, [ADA]) == {}


def test_a_key_that_is_dropped_is_not_known_and_the_others_are():
    cache = KeyCache()
    cache.keep(USER, {ADA: KEY, BEN: KEY})
    cache.drop(USER, [ADA, CY])
    assert cache.fresh(USER, [ADA, BEN, CY]) == {BEN: KEY}


def test_few_keys_are_kept_and_those_that_nobody_reads_leave_first():
    cache = KeyCache(at_most=2)
    cache.keep(USER, {ADA: KEY, BEN: KEY})
    cache.fresh(USER, [ADA])
    cache.keep(USER, {CY: KEY})
    assert cache.fresh(USER, [ADA, BEN, CY]) == {ADA: KEY, CY: KEY}
    cache.keep(USER, {ADA: KEY})
    cache.keep(USER, {BEN: KEY})
    assert cache.fresh(USER, [ADA, BEN, CY]) == {ADA: KEY, BEN: KEY}
