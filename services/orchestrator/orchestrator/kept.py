"""What of a step is paid for though it is not completed: no other attempt has to pay for it again."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from shared.events import AttemptFailed, AttemptReportedLate, AttemptRequested
from shared.work import Done


class Kept(Struct, frozen=True):
    """What an attempt had finished, and of what it was a part."""

    skill_hash: str
    input: Mapping[str, Any]
    finished: Done

    def done(self, asked: AttemptRequested) -> Done | None:
        """Return it if the attempt asks the same of the same version of its skill."""
        same = (self.skill_hash, self.input) == (asked.skill_hash, asked.input)
        return self.finished if same else None


def more(
    kept: Kept | None, asked: AttemptRequested, event: AttemptFailed | AttemptReportedLate
) -> Kept | None:
    """Return what is known after a report, the same if there is as much of the same already."""
    before = kept.done(asked) if kept else None
    if not event.items or (before is not None and len(before.items) >= len(event.items)):
        return kept
    return Kept(asked.skill_hash, asked.input, Done(partial=event.partial, items=event.items))
