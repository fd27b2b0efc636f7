"""What tells bad luck from a message that never works."""

import asyncpg
import pytest
from nats.errors import ConnectionClosedError

from shared.failures import Failures, is_outage
from shared.refusal import Refusal


def raised(error: Exception) -> Exception:
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def raised_elsewhere(error: Exception) -> Exception:
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def counted(failures: Failures, *errors: Exception, seq: int = 1) -> list[int]:
    return [failures.count(seq, error) for error in errors]


def test_the_same_failure_in_the_same_place_is_counted():
    assert counted(Failures(), *(raised(ValueError(text)) for text in "abc")) == [1, 2, 3]


def test_another_failure_or_another_place_is_counted_anew():
    failures = Failures()
    errors = raised(ValueError()), raised(KeyError()), raised(KeyError()), raised_elsewhere(KeyError())
    assert counted(failures, *errors) == [1, 1, 2, 1]


def test_each_message_has_a_count_of_its_own():
    failures = Failures()
    assert counted(failures, raised(ValueError())) == [1]
    assert counted(failures, raised(ValueError()), seq=2) == [1]


def test_what_went_well_is_forgotten():
    failures = Failures()
    counted(failures, raised(ValueError()), raised(ValueError()))
    failures.forget(1)
    failures.forget(2)
    assert counted(failures, raised(ValueError())) == [1]


def test_an_outage_counts_for_nothing():
    failures = Failures()
    assert counted(failures, raised(ValueError()), raised(TimeoutError()), raised(ValueError())) == [1, 0, 2]


def test_of_ten_thousand_and_one_the_first_is_forgotten():
    failures, error = Failures(), raised(ValueError())
    for seq in range(10_001):
        failures.count(seq, error)
    assert [failures.count(seq, error) for seq in (1, 10_000, 0)] == [2, 2, 1]


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (ConnectionClosedError(), True),
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (asyncpg.CannotConnectNowError(), True),
        (asyncpg.InterfaceError("closed"), True),
        (Refusal("unavailable", None, "the vault is away"), True),
        (Refusal("invalid", "steps", "no steps"), False),
        (ValueError("bad"), False),
    ],
)
def test_what_is_away_is_told_from_what_is_bad(error: Exception, outage: bool):
    assert is_outage(error) == outage
