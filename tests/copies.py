"""Copies of a cluster's log that are behind it, as any may be which NATS has answer."""

from collections.abc import Sequence
from typing import Any

import pytest

from shared import jetstream_log
from shared.bus import Bus
from shared.direct_get import Entry, Lasts, Page, read_lasts, read_page


class Copies:
    """The next `times` answers are those of a copy that goes up to a sequence."""

    def __init__(self) -> None:
        self.times = self.upto = 0

    def are_behind(self, upto: int, *, times: int = 1) -> None:
        self.upto, self.times = upto, times

    def answer(self) -> bool:
        answers = self.times > 0
        self.times -= answers
        return answers


def copies(monkeypatch: pytest.MonkeyPatch) -> Copies:
    """Have the log be read from such."""
    made = Copies()

    async def page(*args: Any, **options: Any) -> Page:
        found = await read_page(*args, **options)
        return Page(_upto(made, found), more=False) if made.answer() else found

    async def lasts(bus: Bus, stream: str, subjects: Sequence[str]) -> Lasts:
        if not made.answer():
            return await read_lasts(bus, stream, subjects)
        pasts = [_upto(made, await read_page(bus, stream, subject, 1)) for subject in subjects]
        found = [past[-1] for past in pasts if past]
        return Lasts(found, more=False, upto=made.upto if found else 0)

    monkeypatch.setattr(jetstream_log, "read_page", page)
    monkeypatch.setattr(jetstream_log, "read_lasts", lasts)
    return made


def _upto(made: Copies, page: Page) -> list[Entry]:
    return [entry for entry in page.entries if entry.seq <= made.upto]
