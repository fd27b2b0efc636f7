"""What becomes of an import's lines when one is refused, and when something is away."""

import pytest

from campaigns.reading import Batch, Done
from shared.refusal import Refusal
from shared.vault import Unavailable


async def doing(line: int) -> Done:
    if line == 2:
        raise Refusal("erased", "email", "the person was erased")
    if line == 4:
        raise Unavailable
    return Done(seq=line, happened=True)


async def test_what_is_refused_is_an_error_of_its_line_and_the_others_are_done():
    batch: Batch[int] = Batch(total=3)
    done = await batch.for_each([1, 2, 3], lambda line: line, doing)
    report = batch.report(done, dry_run=False)
    assert (report.imported, report.failed, report.seq) == (2, 1, 3)
    assert [(error.line, error.field) for error in report.errors] == [(2, "email")]


async def test_what_is_away_ends_the_import_as_a_whole():
    batch: Batch[int] = Batch(total=4)
    with pytest.raises(Unavailable):
        await batch.for_each([1, 2, 3, 4], lambda line: line, doing)
