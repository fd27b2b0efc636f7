"""What makes two questions the same: the skill, the input, who answers, the data, the day, and who asks."""

from datetime import datetime
from typing import Any, NamedTuple

from shared.json import canonical
from shared.work import Work

USE = b"cache\0"


class KeyParts(NamedTuple):
    """`input` is complete, personal values in it blinded; `warnings` are those that its filling gave.

    `answerer` tells models apart, None for a function; `data` is the number of the last change of the records
    that the skill may read, None where it reads none.
    """

    work: Work
    input: dict[str, Any]
    warnings: list[str]
    answerer: dict[str, Any] | None
    data: int | None
    now: datetime

    def told(self) -> bytes:
        """Write it down, the same for all spellings; to be kept as a fingerprint only."""
        return USE + canonical(
            {
                "user": str(self.work.user),
                "skill": [self.work.skill, self.work.skill_hash],
                "input": plain(self.input),
                "warnings": self.warnings,
                "answerer": self.answerer,
                "data": self.data,
                "day": self.now.date().isoformat(),
            }
        )


def plain(value: Any) -> Any:
    """Return the value with one form for each number: 5.0 and 5e0 are 5."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {key: plain(inner) for key, inner in value.items()}
        case list():
            return [plain(inner) for inner in value]
        case _:
            return value
