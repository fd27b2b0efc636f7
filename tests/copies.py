"""Copies of a cluster's log that are behind it, as any may be which NATS has answer."""

from collections.abc import Sequence
from typing import Any

import pytest

from shared import jetstream_log
from shared.bus import Bus
from shared.direct_get import Entry, Lasts, Page, read_lasts, read_page


class Copies:
    """The next answers are those of a copy that goes up to a sequence: `times` to each kind of question.

    Pages are asked for too in order to learn how far a copy goes, so there may be more of them.
    """

    def __init__(self) -> None:
        self.upto = 0
        self._left: dict[str, int] = {}

    def are_behind(self, upto: int, *, times: int = 1, pages: int | None = None) -> None:
        self.upto, self._left = upto, {"lasts": times, "page": times if pages is None else pages}

    def answer(self, kind: str) -> bool:
        left = self._left.get(kind, 0)
        self._left[kind] = max(0, left - 1)
        return left > 0


def copies(monkeypatch: pytest.MonkeyPatch) -> Copies:
    """Have the log be read from such."""
    made = Copies()

    async def page(*args: Any, **options: Any) -> Page:
        found = await read_page(*args, **options)
        return Page(_upto(made, found), more=False) if made.answer("page") else found

    async def lasts(bus: Bus, stream: str, subjects: Sequence[str]) -> Lasts:
        if not made.answer("lasts"):
            return await read_lasts(bus, stream, subjects)
        pasts = [_upto(made, await read_page(bus, stream, subject, 1)) for subject in subjects]
        found = [past[-1] for past in pasts if past]
        return Lasts(found, more=False, upto=made.upto if found else 0)

    monkeypatch.setattr(jetstream_log, "read_page", page)
    monkeypatch.setattr(jetstream_log, "read_lasts", lasts)
    return made


def _upto(made: Copies, page: Page) -> list[Entry]:
    return [entry for entry in page.entries if entry.seq <= made.upto]
