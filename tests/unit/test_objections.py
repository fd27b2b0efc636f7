"""A skill that writes to people is kept from those who objected, wherever its input names them."""

from typing import Any
from uuid import UUID

import pytest

from controls import work
from shared.definitions import SkillConfig, SkillDefinition
from skill_runner import objections
from skill_runner.failure import Failure
from skill_runner.objections import Objections

ADA, BEN = UUID(int=1, version=4), UUID(int=2, version=4)
WRITES = SkillDefinition(
    name="write",
    category="generation",
    provider="anthropic",
    input_schema={},
    output_schema={},
    config=SkillConfig(writes_to_people=True),
    hash="h" * 64,
)
READS = WRITES.model_copy(update={"config": SkillConfig()})


def sealed(person: UUID) -> dict[str, str]:
    return {"$sealed": str(person), "n": "", "c": ""}


class Known:
    """Contacts of whom Ben has objected; `away` says how often nobody can tell before."""

    def __init__(self, away: float = 0) -> None:
        self.away = away

    async def objected(self, _user: UUID, people: set[UUID], _log_seq: int) -> set[UUID]:
        if self.away > 0:
            self.away -= 1
            raise ConnectionRefusedError
        return people & {BEN}


async def refused(value: Any, definition: SkillDefinition = WRITES, *, away: float = 0) -> str | None:
    asked = work(skill="write", skill_hash=definition.hash, pool="anthropic", input=value)
    try:
        await Objections(Known(away)).check(asked, definition, value)
    except Failure as failure:
        return f"{failure.code} {failure.message}"
    return None


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"contacts": [{"id": str(ADA)}, {"id": str(BEN).upper()}]}, "contacts[1]"),
        ({"contact_id": str(BEN), "topic": "news"}, ""),
        ({"contacts": [{"outlet": "Tees Sample FM", "email": sealed(BEN)}]}, "contacts[0].email"),
        ({"contact_name": sealed(BEN)}, "contact_name"),
    ],
)
async def test_who_objected_is_found_by_an_id_or_by_what_is_sealed_for_them(value: Any, where: str):
    told = await refused(value)
    assert told is not None
    assert told.startswith(f"invalid_input {where or 'contact_id'}: is suppressed or erased")


async def test_others_are_written_to_and_a_skill_that_writes_to_nobody_is_not_asked():
    assert await refused({"contacts": [{"id": str(ADA)}, {"outlet": "Tees Sample FM"}]}) is None
    assert await refused({"contacts": [{"id": str(BEN)}]}, READS, away=float("inf")) is None


async def test_while_nobody_can_tell_nobody_is_written_to(monkeypatch: pytest.MonkeyPatch):
    assert "contacts[0]" in (await refused({"contacts": [{"id": str(BEN)}]}, away=2) or "")
    monkeypatch.setattr(objections, "WAIT_S", 0.2)
    assert (await refused({"contacts": [{"id": str(ADA)}]}, away=float("inf")) or "").startswith(
        "tables_away"
    )
