"""What makes two questions the same question, and what never does."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from controls import NOW, USER, failure, report, work
from shared.definitions import SkillDefinition
from shared.keyring import Keyring
from shared.memory_vault import MemoryVault
from shared.models import load
from shared.schema import prepare
from shared.sealing import blind, seal
from shared.vault import Erased
from skill_runner.answerers import Answerers
from skill_runner.cache import Looked, is_template
from skill_runner.cache_key import KeyParts

OTHER = UUID(int=2, version=4)
PERSON = UUID(int=3, version=4)
PERSONAL = {"type": "object", "properties": {"id": {}, "name": {"type": "string", "x-personal": True}}}
DEFAULTED = {
    "type": "object",
    "properties": {"query": {}, "limit": {"default": 20}, "genres": {"default": []}},
}
VAULT = MemoryVault(Keyring(bytes(32)))

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
inputs = st.dictionaries(texts, values, max_size=4)


def key(value: dict[str, Any], user: UUID = USER, **changes: Any) -> str:
    asked = work(user=user, attempt_id=uuid4(), input=value, **changes.pop("work", {}))
    parts = KeyParts(asked, value, [], None, 7, NOW)
    return VAULT._keyring.ids.fingerprint(parts._replace(**changes).told())


def turned(value: Any) -> Any:
    """The same value, its fields in the opposite order, its whole numbers spelt as the other type."""
    match value:
        case bool():
            return value
        case int() if abs(value) < 2**53:
            return float(value)
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {name: turned(inner) for name, inner in reversed(value.items())}
        case list():
            return [turned(inner) for inner in value]
        case _:
            return value


@given(inputs)
def test_neither_the_order_of_fields_nor_the_spelling_of_numbers_matters(value: dict[str, Any]):
    assert key(turned(value)) == key(value)


@given(inputs)
def test_neither_escapes_nor_spaces_in_the_json_matter(value: dict[str, Any]):
    escaped = json.loads(json.dumps(value, ensure_ascii=True, indent=2))
    assert key(escaped) == key(json.loads(json.dumps(value, ensure_ascii=False)))


@given(inputs, inputs)
def test_other_inputs_have_other_keys(one: dict[str, Any], other: dict[str, Any]):
    assert (key(one) == key(other)) == same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(5, 5.5), ([1], [2]), ([1, 2], [2, 1]), (1, True), (0, False), (1, "1"), (None, ""), ([], {})],
    ids=str,
)
def test_values_that_differ_a_little_have_other_keys(one: Any, other: Any):
    assert key({"query": one}) != key({"query": other})


@given(inputs, st.uuids(version=4), st.uuids(version=4))
def test_two_users_never_have_the_same_key(value: dict[str, Any], one: UUID, other: UUID):
    assert (key(value, one) == key(value, other)) == (one == other)


@given(st.integers(1, 50), st.lists(texts, max_size=2))
def test_a_default_that_is_written_out_is_the_same_question(limit: int, genres: list[str]):
    full = {"query": "dj", "limit": limit, "genres": genres}
    sparse = {
        name: inner
        for name, inner in full.items()
        if inner != DEFAULTED["properties"][name].get("default", "none")
    }
    assert key(prepare(DEFAULTED, sparse)[0]) == key(full)


@pytest.mark.parametrize(
    "changes",
    [
        {"work": {"skill_hash": "another"}},
        {"work": {"skill": "find-more"}},
        {"answerer": {"model": "a-model"}},
        {"data": 8},
        {"data": None},
        {"now": datetime(2026, 11, 2, tzinfo=UTC)},
        {"warnings": ["colour is not known and was left out"]},
    ],
    ids=str,
)
def test_what_may_change_the_answer_changes_the_key(changes: dict[str, Any]):
    assert key({"query": "dj"}, **changes) != key({"query": "dj"})


def test_the_attempt_and_the_hour_do_not_matter():
    assert key({}, now=NOW.replace(hour=23), work={"attempt": 2, "step": 3}) == key({})


async def blinded(vault: MemoryVault, name: str, person: UUID = PERSON, user: UUID = USER) -> Any:
    sealed = await seal(vault, user, PERSONAL, {"id": str(person), "name": name})
    return await blind(vault, user, sealed)


@given(texts, texts)
async def test_a_sealed_value_is_the_same_for_the_same_text_of_the_same_person_only(one: str, other: str):
    vault = MemoryVault()
    assert await blinded(vault, one) == await blinded(vault, one)
    assert (await blinded(vault, one) == await blinded(vault, other)) == (one == other)
    assert (await blinded(vault, one))["name"]["h"] != (await blinded(vault, one, OTHER))["name"]["h"]
    assert (await blinded(vault, one))["name"]["h"] != (await blinded(vault, one, user=OTHER))["name"]["h"]


async def test_nothing_personal_is_in_a_blinded_value_and_nobody_can_make_it_again_without_the_key():
    vault = MemoryVault()
    before = await blinded(vault, "Mara Canaryname")
    assert "Canary" not in json.dumps(before)
    sealed = await seal(vault, USER, PERSONAL, {"id": str(PERSON), "name": "Mara Canaryname"})
    await vault.erase(USER, PERSON)
    with pytest.raises(Erased):
        await blind(vault, USER, sealed)


@pytest.mark.parametrize(
    "output",
    [{"meta": {"basis": "template"}}, {"pitches": [{"body": "b"}, {"meta": {"basis": "template"}}]}],
    ids=["whole", "part"],
)
def test_a_template_is_told_wherever_it_stands(output: dict[str, Any]):
    assert is_template(output)
    assert not is_template({"meta": {"basis": "own_data"}, "text": "template", "basis": ["template"]})


def test_a_result_is_kept_under_the_key_that_was_looked_up_and_a_failure_or_a_template_is_not():
    good = report().report
    assert Looked("key").kept(good) == replace(good, cache_key="key")
    for other in (failure().report, replace(good, output={"meta": {"basis": "template"}})):
        assert Looked("key").kept(other) == other
    assert Looked().kept(good) == good


def _skill(**changes: Any) -> SkillDefinition:
    return SkillDefinition(
        name="write",
        category="generation",
        input_schema={},
        output_schema={},
        hash="h",
        **({"provider": "anthropic"} | changes),
    )


@pytest.mark.parametrize(
    ("env", "changes"),
    [
        ({"ANTHROPIC_API_KEY": "k"}, {}),
        ({"ANTHROPIC_BASE_URL": "http://one.example.org"}, {}),
        ({"ANTHROPIC_BASE_URL": "http://two.example.org"}, {}),
        ({}, {"provider": "openai"}),
        ({}, {"model": "small"}),
    ],
    ids=str,
)
def test_another_model_or_place_is_another_answerer(env: dict[str, str], changes: dict[str, Any]):
    local = Answerers(load(), {}, "http://127.0.0.1:1").of(_skill())
    assert Answerers(load(), env, "http://127.0.0.1:1").of(_skill(**changes)) != local


def test_neither_an_alias_nor_the_local_model_s_port_is_part_of_the_answerer():
    one = Answerers(load(), {}, "http://127.0.0.1:1").of(_skill(model="medium"))
    assert (
        Answerers(load(), {}, "http://127.0.0.1:2").of(_skill(model=load()["anthropic"].tiers["medium"]))
        == one
    )


def test_a_key_of_a_provider_is_in_no_answerer():
    assert "secret" not in str(Answerers(load(), {"ANTHROPIC_API_KEY": "secret"}, None).of(_skill()))


def test_a_function_has_no_answerer():
    assert Answerers(load(), {}, None).of(_skill(provider="custom")) is None


def same(one: Any, other: Any) -> bool:
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
        case list(), list():
            return len(one) == len(other) and all(map(same, one, other))
        case _:
            return isinstance(one, bool) == isinstance(other, bool) and one == other
