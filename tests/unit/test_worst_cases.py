"""Nobody holds up all others with a single message, whatever it is full of."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import ValidationError

from campaigns.columns import CONTACTS
from campaigns.csvfile import read
from campaigns.imports import Import
from campaigns.replies import category_of
from campaigns.requests import CreateCampaign, PlanRelease
from shared.commands import RunSession
from shared.message import Message
from shared.schema import problems

LIMIT = 2_500_000
pytestmark = pytest.mark.usefixtures("steady")


@contextmanager
def soon(seconds: float = 2.0) -> Iterator[None]:
    """On a slow machine too; what is meant took hours."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < seconds


@pytest.mark.parametrize("columns", [",a", ",email"])
def test_a_header_of_a_hundred_thousand_columns_is_read(columns: str):
    with soon():
        (record,) = read(f"name,email{columns * 100_000}\nAnn\n", CONTACTS).records
    assert record.cells == {"name": "Ann", "email": ""}


def test_short_rows_below_a_wide_header_cost_what_they_hold():
    with soon(4):
        assert len(read("name" + ",a" * 100_000 + "\n" + "Ann\n" * 50_000, CONTACTS).records) == 50_000


@pytest.mark.parametrize("words", ["a" * 5000, "@" * 5000, "a@" * 2500, "a " * 2500])
def test_a_long_reply_is_taken_for_something(words: str):
    category_of("learn first")
    with soon():
        for _ in range(100):
            category_of(words)


@pytest.mark.parametrize(
    ("model", "field", "items"),
    [
        (RunSession, "steps", "1"),
        (RunSession, "steps", "{}"),
        (CreateCampaign, "genres", "1"),
        (PlanRelease, "links", "1"),
        (Import, "rows", "1"),
        (Import, "rows", "{}"),
    ],
)
def test_of_a_list_of_wrong_things_the_first_is_told(model: type[Message], field: str, items: str):
    many = LIMIT // (len(items) + 1)
    with soon(1), pytest.raises(ValidationError) as refused:
        model.model_validate_json(f'{{"{field}": [{",".join([items] * many)}]}}')
    assert len([one for one in refused.value.errors() if one["loc"][:1] == (field,)]) <= 3


@pytest.mark.parametrize("items", [1, {"name": 1, "tags": [1, 1, 1]}])
def test_of_a_large_value_the_first_fault_is_told(items: object):
    tags = {"type": "array", "items": {"type": "string"}}
    one = {"type": "object", "properties": {"name": {"type": "string"}, "tags": tags}}
    with soon(1):
        (found,) = problems({"type": "array", "items": one}, [items] * 200_000)
    assert found.path.startswith("[0]")
