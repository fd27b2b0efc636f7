"""A skill that writes to people is kept from those who objected, wherever its input names them."""

from typing import Any
from uuid import UUID

import pytest

from controls import USER, work
from shared.definitions import SkillConfig, SkillDefinition
from shared.keyring import Ids, Keyring
from shared.memory_vault import MemoryVault
from shared.sealing import seal
from shared.vault import Unavailable, Vault
from skill_runner import objections
from skill_runner.failure import Failure
from skill_runner.objections import Objections, marked

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
PROPOSES = WRITES.model_copy(update={"config": SkillConfig(proposes_people=True)})


def sealed(person: UUID) -> dict[str, str]:
    return {"$sealed": str(person), "n": "", "c": ""}


class Known:
    """Contacts of whom Ben has objected; `away` says how often nobody can tell before."""

    def __init__(self, away: float = 0, ben: UUID = BEN) -> None:
        self.away = away
        self.ben = ben

    async def objected(self, _user: UUID, people: set[UUID], _log_seq: int) -> set[UUID]:
        if self.away > 0:
            self.away -= 1
            raise ConnectionRefusedError
        return people & {self.ben}


class AwayAtFirst(MemoryVault):
    """One that no answer comes from when it is asked first."""

    asked = False

    async def ids(self) -> Ids:
        if not self.asked:
            self.asked = True
            raise Unavailable
        return await super().ids()


async def failed(
    value: Any,
    definition: SkillDefinition = WRITES,
    *,
    away: float = 0,
    vault: Vault | None = None,
    ben: UUID = BEN,
) -> Failure | None:
    asked = work(skill="write", skill_hash=definition.hash, pool="anthropic", input=value)
    try:
        objections = Objections(Known(away, ben), vault or MemoryVault(Keyring(bytes(32))))
        await objections.check(asked, definition, value)
    except Failure as failure:
        return failure
    return None


async def refused(value: Any, definition: SkillDefinition = WRITES, **given: Any) -> str | None:
    failure = await failed(value, definition, **given)
    return failure and f"{failure.code} {failure.message}"


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


@pytest.mark.parametrize(
    "contact",
    [
        {"email": "ben@example.org"},
        {"email": "Fictional Ben <BEN@example.org>"},
        {"email": "Fictional, Ben <ben@example.org>"},
        {"email": "mailto:ben@example.org"},
        {"email": "ada@example.org; ben@example.org"},
        {"email": "ada@example.org ben@example.org"},
        {"email": "ben@example.org;"},
        {"email": "Fictional Ada <ada@example.org>\nFictional Ben <ben@example.org>"},
        {"email": "ben@example.org | ada@example.org"},
        {"email": "ben@example.org, Fictional Ada <ada@example.org>"},
        {"id": str(UUID(int=9, version=4)), "email": "ben@example.org"},
    ],
)
async def test_who_objected_is_found_by_an_address_however_it_is_written_and_beside_any_id(
    contact: dict[str, str],
):
    vault = MemoryVault(Keyring(bytes(32)))
    text = {"type": "string", "x-personal": True}
    schema = {"properties": {"contacts": {"items": {"properties": {"name": text, "email": text}}}}}
    value = await seal(vault, USER, schema, {"contacts": [{"name": "Fictional Ben", **contact}]})
    told = await refused(value, vault=vault, ben=(await vault.ids()).person_of(USER, "ben@example.org"))
    assert (told or "").startswith("invalid_input contacts[0].email: is suppressed")
    assert await refused(value, vault=vault) is None


async def test_a_skill_that_proposes_people_is_told_which_of_them_objected():
    vault = MemoryVault(Keyring(bytes(32)))
    written = (await vault.ids()).person_of(USER, "ben@example.org")
    value = {
        "contacts": [
            {"id": str(written).upper()},
            {"email": "Ben <ben@example.org>", "scores": [{"points": 1}]},
            {"id": str(ADA), "suppressed": False, "email": "ada@example.org"},
            {"addresses": ["ada@example.org", "ben@example.org"]},
            {"name": sealed(written)},
        ],
        "criteria": {},
    }
    objections = Objections(Known(ben=written), vault)
    asked = work(skill="write", skill_hash=PROPOSES.hash, input=value)
    plain = {**value, "contacts": [*value["contacts"][:4], {"name": "Ben"}]}
    found = marked(plain, await objections.marks(asked, PROPOSES, value, plain))
    shut = [one.pop("suppressed", None) for one in found["contacts"]]
    assert shut == [True, True, False, True, True]
    assert found["contacts"][1] == value["contacts"][1]
    assert marked(plain, await objections.marks(asked, READS, value, plain)) is plain
    await objections.check(asked, PROPOSES, value)


async def test_others_are_written_to_and_where_nobody_is_named_or_written_to_nothing_is_asked():
    assert await refused({"contacts": [{"id": str(ADA)}, {"outlet": "Tees Sample FM"}]}) is None
    assert await refused({"contacts": [{"id": str(BEN)}]}, READS, away=float("inf")) is None
    assert await refused({"topic": "news"}, away=float("inf")) is None


async def test_while_nobody_can_tell_nobody_is_written_to_and_it_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
):
    assert "contacts[0]" in (await refused({"contacts": [{"id": str(BEN)}]}, away=2) or "")
    monkeypatch.setattr(objections, "WAIT_S", 0.2)
    failure = await failed({"contacts": [{"id": str(ADA)}]}, away=float("inf"))
    assert failure is not None
    assert (failure.code, failure.retryable) == ("tables_away", True)


async def test_a_vault_that_is_away_is_waited_for():
    assert "contact_id" in (await refused({"contact_id": str(BEN)}, vault=AwayAtFirst()) or "")
