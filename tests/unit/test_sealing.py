"""Sealed values: what they hide, who opens them, and what is left after an erasure."""

import json
import time
import unicodedata
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.commit import Commit
from shared.json import dumps
from shared.keyring import Keyring, normal
from shared.memory_vault import MemoryVault
from shared.personal import places
from shared.record_events import ContactImported
from shared.sealing import Tampered, is_sealed, people_in, redact, reveal, seal
from shared.subjects import contact

USER = UUID("00000000-0000-4000-8000-000000000001")
OTHER = UUID("00000000-0000-4000-8000-000000000002")
PERSON = UUID("00000000-0000-4000-8000-0000000000aa")
PERSONAL = {"type": "string", "x-personal": True}
PERSON_SCHEMA = {
    "type": "object",
    "properties": {
        "contact_id": {"type": "string"},
        "id": {"type": "string"},
        "name": PERSONAL,
        "email": {"anyOf": [PERSONAL, {"type": "null"}]},
        "outlet": {"type": "string"},
    },
}
CONTACTS = {
    "$defs": {"Person": PERSON_SCHEMA},
    "type": "object",
    "properties": {"contacts": {"type": "array", "items": {"$ref": "#/$defs/Person"}}},
}
ADA = {
    "contact_id": str(PERSON),
    "name": "Ada Example",
    "email": "ada@example.org",
    "outlet": "Radio Nowhere",
}


@pytest.fixture
def vault() -> MemoryVault:
    return MemoryVault()


async def test_personal_strings_are_sealed_and_others_stay(vault: MemoryVault):
    sealed = await seal(vault, USER, PERSON_SCHEMA, ADA)
    hidden = {name for name, value in sealed.items() if is_sealed(value)}
    assert (hidden, sealed["outlet"]) == ({"name", "email"}, "Radio Nowhere")


async def test_a_sealed_value_is_opened_again(vault: MemoryVault):
    value = {"contacts": [ADA, {"name": "Bo Example", "email": None}]}
    assert await reveal(vault, USER, await seal(vault, USER, CONTACTS, value)) == value


async def test_sealing_twice_changes_nothing(vault: MemoryVault):
    once = await seal(vault, USER, CONTACTS, {"contacts": [ADA]})
    assert await seal(vault, USER, CONTACTS, once) == once


async def test_the_same_value_is_never_sealed_alike(vault: MemoryVault):
    first, second = [await seal(vault, USER, PERSONAL, "Ada Example") for _ in range(2)]
    assert first["c"] != second["c"]


@pytest.mark.parametrize("part", ["n", "c"])
async def test_a_changed_sealed_value_is_noticed(vault: MemoryVault, part: str):
    sealed = await seal(vault, USER, PERSON_SCHEMA, ADA)
    changed = bytearray(b64decode(sealed["name"][part]))
    changed[-1] ^= 1
    sealed["name"][part] = b64encode(changed).decode()
    with pytest.raises(Tampered):
        await reveal(vault, USER, sealed)


async def test_a_value_moved_to_another_person_is_noticed(vault: MemoryVault):
    other = await seal(vault, USER, PERSON_SCHEMA, ADA | {"contact_id": str(uuid4())})
    sealed = await seal(vault, USER, PERSON_SCHEMA, ADA)
    sealed["name"]["$sealed"] = other["name"]["$sealed"]
    with pytest.raises(Tampered):
        await reveal(vault, USER, sealed)


async def test_what_one_user_sealed_opens_nothing_for_another(vault: MemoryVault):
    sealed = await seal(vault, USER, PERSON_SCHEMA, ADA)
    assert (await reveal(vault, OTHER, sealed))["name"] == "[erased]"


async def test_a_person_known_to_both_users_is_sealed_apart(vault: MemoryVault):
    sealed = await seal(vault, USER, PERSON_SCHEMA, ADA)
    await seal(vault, OTHER, PERSON_SCHEMA, ADA)
    with pytest.raises(Tampered):
        await reveal(vault, OTHER, sealed)


async def test_after_an_erasure_only_that_person_is_unreadable(vault: MemoryVault):
    bo = {"contact_id": str(uuid4()), "name": "Bo Example"}
    sealed = await seal(vault, USER, CONTACTS, {"contacts": [ADA, bo]})
    await vault.erase(USER, PERSON)
    revealed = (await reveal(vault, USER, sealed))["contacts"]
    assert [one["name"] for one in revealed] == ["[erased]", "Bo Example"]


async def test_what_is_sealed_for_an_erased_person_holds_nothing(vault: MemoryVault):
    await vault.erase(USER, PERSON)
    sealed = await seal(vault, USER, PERSON_SCHEMA, ADA)
    assert sealed["name"] == {"$sealed": str(PERSON), "n": "", "c": ""}
    assert (await reveal(vault, USER, sealed))["name"] == "[erased]"


async def test_no_plain_text_is_in_the_bytes_of_a_commit(vault: MemoryVault):
    sealed = await seal(vault, USER, PERSON_SCHEMA, ADA)
    event = ContactImported(name=sealed["name"], email=sealed["email"], fingerprint="print")
    commit = Commit(commit_id=uuid4(), at=datetime.now(UTC), events=(event,))
    body = commit.encode(contact(USER, PERSON))
    assert not any(plain in body for plain in (b"Ada", b"ada@", b64encode(b"Ada Example")[:12]))


async def test_a_person_is_who_the_nearest_contact_id_says(vault: MemoryVault):
    schema = {"properties": {"pitch": {"properties": {"body": PERSONAL}}}}
    sealed = await seal(vault, USER, schema, {"contact_id": str(PERSON), "pitch": {"body": "Dear Ada"}})
    assert people_in(sealed) == {PERSON}


async def test_a_person_is_who_the_objects_own_id_says(vault: MemoryVault):
    sealed = await seal(vault, USER, PERSON_SCHEMA, {"id": str(PERSON), "name": "Ada Example"})
    assert people_in(sealed) == {PERSON}


async def test_a_contact_id_says_it_before_the_objects_own_id(vault: MemoryVault):
    sealed = await seal(vault, USER, PERSON_SCHEMA, {**ADA, "id": str(uuid4())})
    assert people_in(sealed) == {PERSON}


@pytest.mark.parametrize("more", [{}, {"id": "row-1"}, {"contact_id": "row-1"}, {"id": 1}])
async def test_without_an_id_the_text_itself_says_who_it_is(vault: MemoryVault, more: dict[str, Any]):
    sealed = await seal(vault, USER, PERSON_SCHEMA, {"name": " ada  EXAMPLE", **more})
    assert people_in(sealed) == {(await vault.ids()).person_of(USER, "Ada Example")}


@pytest.mark.parametrize("more", [{}, {"id": "row-1"}])
async def test_without_an_id_an_address_speaks_for_all_that_stands_beside_it(
    vault: MemoryVault, more: dict[str, Any]
):
    """Or what was typed of somebody beside their address would outlive their erasure."""
    value = {"email": "Ada <ADA@example.org>", "name": "Ada E.", "notes": ["met at a fair"], **more}
    schema = {"properties": dict.fromkeys(("email", "name", "notes"), PERSONAL)}
    ada = (await vault.ids()).person_of(USER, "ada@example.org")
    sealed = await seal(vault, USER, schema, value)
    assert people_in(sealed) == {ada}
    assert people_in(await seal(vault, USER, schema, {**sealed, "name": "Ada Ex."})) == {ada}


@pytest.mark.parametrize("email", ["by post", "ada@example.org, ben@example.org", "{{step1.email}}", None])
async def test_what_is_no_address_speaks_for_nobody(vault: MemoryVault, email: str | None):
    sealed = await seal(vault, USER, PERSON_SCHEMA, {"email": email, "name": "Ada Example"})
    assert people_in(sealed["name"]) == {(await vault.ids()).person_of(USER, "Ada Example")}


async def test_an_id_above_does_not_speak_for_what_is_inside(vault: MemoryVault):
    schema = {"properties": {"contact": PERSON_SCHEMA}}
    value = {"id": str(uuid4()), "contact": {"name": "Ada Example"}}
    assert people_in(await seal(vault, USER, schema, value)) == {
        (await vault.ids()).person_of(USER, "Ada Example")
    }


async def test_whatever_lies_below_a_personal_place_is_sealed(vault: MemoryVault):
    sealed = await seal(vault, USER, {"properties": {"notes": PERSONAL}}, {"notes": ["a", {"b": "c"}]})
    assert redact(sealed) == {"notes": ["[sealed]", {"b": "[sealed]"}]}


@pytest.mark.parametrize("word", ["anyOf", "oneOf", "allOf"])
async def test_what_one_of_several_forms_marks_is_personal(vault: MemoryVault, word: str):
    schema = {"properties": {"who": {word: [{"type": "string"}, {"items": PERSONAL}, {"items": {}}]}}}
    assert redact(await seal(vault, USER, schema, {"who": ["Ada"]})) == {"who": ["[sealed]"]}


async def test_open_fields_and_tuples_are_walked_too(vault: MemoryVault):
    schema = {"additionalProperties": {"prefixItems": [{"type": "string"}], "items": PERSONAL}}
    assert redact(await seal(vault, USER, schema, {"any": ["a", "b", "c"]})) == {
        "any": ["a", "[sealed]", "[sealed]"]
    }


async def test_what_no_field_is_named_for_is_sealed_for_the_wary(vault: MemoryVault):
    value = {"contacts": [{**ADA, "nick": "Ada", "at": {"mail": ["a@example.org"]}}], "topic": "{{step1.x}}"}
    sealed = await seal(vault, USER, CONTACTS, value, keep=lambda text: text.startswith("{{"), wary=True)
    (contact,) = sealed["contacts"]
    assert {name for name, inner in contact.items() if is_sealed(inner)} == {"name", "email", "nick"}
    assert is_sealed(contact["at"]["mail"][0])
    assert sealed["topic"] == "{{step1.x}}"
    assert await reveal(vault, USER, sealed) == value


async def test_nobody_has_said_what_is_in_an_object_without_named_fields(vault: MemoryVault):
    for kind in ("object", ["object", "null"]):
        sealed = await seal(vault, USER, {"properties": {"a": {"type": kind}}}, {"a": {"b": "c"}}, wary=True)
        assert is_sealed(sealed["a"]["b"])


async def test_where_a_schema_says_nothing_or_speaks_for_all_fields_nothing_is_unknown(vault: MemoryVault):
    for schema in ({}, {"properties": {"a": {}}, "additionalProperties": {"type": "string"}}):
        assert await seal(vault, USER, schema, {"b": "c"}, wary=True) == {"b": "c"}


async def test_a_recursive_schema_is_walked_as_deep_as_the_value(vault: MemoryVault):
    schema = {"properties": {"name": PERSONAL, "of": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}}
    value = {"name": "Ada", "of": {"name": "Bo", "of": None}}
    assert redact(await seal(vault, USER, schema, value)) == {
        "name": "[sealed]",
        "of": {"name": "[sealed]", "of": None},
    }


async def test_a_template_may_be_kept(vault: MemoryVault):
    sealed = await seal(vault, USER, PERSONAL, "{{step1.name}}", keep=lambda text: text.startswith("{{"))
    assert sealed == "{{step1.name}}"


@pytest.mark.parametrize(
    "value",
    [
        {"$sealed": "nobody", "n": "", "c": ""},
        {"$sealed": str(PERSON), "n": 1, "c": ""},
        {"$sealed": str(PERSON)},
        "text",
    ],
)
async def test_what_only_looks_sealed_is_not(vault: MemoryVault, value: Any):
    assert not is_sealed(value)
    assert people_in([value]) == set()
    assert await reveal(vault, USER, value) == value


@pytest.mark.parametrize(
    ("written", "also"),
    [
        (" Ada@Example.ORG ", "ada@example.org"),
        ("zoe@b\u00fccher.example", "zoe@xn--bcher-kva.example"),
        ("zoe@mail.BU\u0308CHER.example", "zoe@mail.XN--BCHER-KVA.example"),
        (
            "\u05e9\u05e8\u05d4|\u05e8\u05d3\u05d9\u05d5",
            "\u200f\u05e9\u05e8\u05d4\u200f|\u05e8\u05d3\u05d9\u05d5",
        ),
        (
            "Beyonc\u00e9 Ex\u00e4mple|Radio",
            "\ufeffBeyonce\u0301\u00a0Ex\u200bample|Radio".replace("am", "a\u0308m"),
        ),
    ],
)
def test_spellings_of_a_name_or_an_address_are_one_person(written: str, also: str):
    ring = Keyring(bytes(32))
    assert ring.ids.person_of(USER, written) == ring.ids.person_of(USER, also)


@pytest.mark.parametrize(
    "label", ["xn--a@", "xn--zzzzzzzzzz", "xn--99999999999999", "xn--", "xn--\u00fc", "xn--ib9a"]
)
def test_a_domain_that_stands_for_no_letters_is_somebody_all_the_same(label: str):
    ring = Keyring(bytes(32))
    assert ring.ids.person_of(USER, f"ada@{label}.org") != ring.ids.person_of(USER, "ada@example.org")


@given(st.text(alphabet="abcxyz0189-", max_size=60))
def test_whatever_a_domain_looks_like_it_can_be_written(label: str):
    assert normal(f"ada@xn--{label}.org").decode()


@given(st.text(max_size=200))
def test_words_are_folded_as_the_whole_text_would_be(text: str):
    text = text.encode(errors="ignore").decode()
    seen = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    whole = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    assert normal(text) == " ".join(whole.split()).encode()


@pytest.mark.parametrize("marks", ["\u0300\u0316", "\u0f73", "\u0300 \u0316 "])
def test_a_text_full_of_marks_is_somebody_in_no_time(marks: str):
    begun = time.process_time()
    Keyring(bytes(32)).ids.person_of(USER, "a" + marks * 400_000)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "written", ["Ada Example <Ada@example.org>", "mailto:ada@example.org", "ada@example.org"]
)
async def test_an_address_is_sealed_for_its_person_however_it_is_dressed_up(vault: MemoryVault, written: str):
    sealed = await seal(vault, USER, PERSONAL, written)
    assert people_in(sealed) == {(await vault.ids()).person_of(USER, "ada@example.org")}


def test_a_person_differs_by_user_and_by_master_key():
    ids = {
        Keyring(bytes([n]) * 32).ids.person_of(user, "ada@example.org")
        for n in (1, 2)
        for user in (USER, OTHER)
    }
    assert len(ids) == 4


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(LEAF, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=12)
SCHEMAS = st.recursive(
    st.sampled_from([{"type": "string"}, PERSONAL, {}]),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"items": inner}),
        st.fixed_dictionaries({"additionalProperties": inner}),
        st.lists(inner, min_size=1, max_size=3).map(lambda any_of: {"anyOf": any_of}),
    ),
    max_leaves=6,
)


@given(VALUES, SCHEMAS)
async def test_any_json_comes_back_as_it_was(value: Any, schema: dict[str, Any]):
    vault = MemoryVault()
    sealed = await seal(vault, USER, schema, value)
    assert await reveal(vault, USER, json.loads(dumps(sealed))) == value


@given(VALUES)
async def test_where_all_is_personal_no_text_is_left(value: Any):
    def texts(part: Any) -> list[str]:
        match part:
            case str():
                return [part]
            case list():
                return [text for inner in part for text in texts(inner)]
            case dict() if not is_sealed(part):
                return [text for inner in part.values() for text in texts(inner)]
            case _:
                return []

    assert texts(await seal(MemoryVault(), USER, {"x-personal": True}, value)) == []


def test_what_is_known_of_a_schema_does_not_grow_with_the_values():
    tree = {
        "type": "object",
        "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}, "name": {"x-personal": True}},
    }
    root = places(tree, wary=True)
    assert root.field("left").field("right").field("left") is root.field("left")
    assert root.field("nobody knows this") is root.field("nor this")
    assert root.field("name").personal
