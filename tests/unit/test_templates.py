"""Templates move data, and what can be wrong with them is found before step 1."""

import time
from typing import Any

import pytest

from orchestrator.template_paths import (
    TemplateError,
    copied,
    is_whole,
    of_own,
    pick,
    put,
    references,
    resolve,
)
from orchestrator.templates import MOST_TEMPLATES, CheckedStep, check, target
from shared.refusal import Refusal

SEALED = {"$sealed": "0b5f1d3a-6f0e-4f0e-9b51-0c9d7a1c2b3d", "n": "bm9uY2U=", "c": "Y2lwaGVy"}
TEXT = {"type": "string"}
CONTACT = {
    "type": "object",
    "properties": {"name": {"type": "string", "x-personal": True}, "outlet": {"type": ["string", "null"]}},
    "required": ["name"],
}
CONTACTS = {"type": "array", "items": CONTACT}


def fields(*required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": True,
    }


RESEARCH_IN = fields("query", query=TEXT, genres={"type": "array", "items": TEXT}, limit={"type": "integer"})
RESEARCH_OUT = fields("contacts", contacts=CONTACTS, total={"type": "integer"}, note=TEXT)
PITCH_IN = fields("contacts", contacts=CONTACTS, title=TEXT, greeting={"type": "string", "x-personal": True})


def steps(*inputs: dict[str, Any], ids: tuple[str | None, ...] = ()) -> list[CheckedStep]:
    """Research in every step but the last, which pitches; a single one researches."""
    last = len(inputs)
    return [
        CheckedStep(
            number,
            ids[number - 1] if ids else None,
            input_,
            PITCH_IN if number == last > 1 else RESEARCH_IN,
            RESEARCH_OUT,
        )
        for number, input_ in enumerate(inputs, 1)
    ]


def refused(*inputs: dict[str, Any], own: dict[str, Any] | None = None, **more: Any) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        check(steps(*inputs, **more), own or {})
    return refusal.value


ASK = {"query": "synthpop"}


def test_a_whole_template_keeps_the_type_and_inside_a_text_it_becomes_text():
    scope = {"step1": {"contacts": [{"name": "A"}], "total": 1, "ok": True, "none": None}}
    value = {
        "list": "{{step1.contacts}}",
        "first": "{{ step1.contacts[0].name }}",
        "text": "{{step1.total}} of {{step1.contacts}}, {{step1.ok}}{{step1.none}}",
        "inside": ["{{step1.total}}", {"deep": ["n {{step1.total}}"]}],
        "same": [1, None, "no {braces}"],
    }
    assert resolve(value, scope) == {
        "list": [{"name": "A"}],
        "first": "A",
        "text": '1 of [{"name":"A"}], true',
        "inside": [1, {"deep": ["n 1"]}],
        "same": [1, None, "no {braces}"],
    }


def test_what_is_filled_in_is_never_read_as_a_template_again():
    assert resolve("{{input.x}}!", {"input": {"x": "{{step1.secret}}"}}) == "{{step1.secret}}!"


@pytest.mark.parametrize(
    "text",
    [
        "{{step1.contacts",
        "{{ 1+1 }}",
        "{{}}",
        "{{step1.contacts.}}",
        "{{step1[x]}}",
        "{{step1[-1]}}",
        "{{step1['a']}}",
        "{{step1.a()}}",
        "{{step1.a|upper}}",
        "{{{{step1.a}}}}",
        "{{ {{step1.a}}",
    ],
)
def test_anything_but_a_path_is_malformed(text: str):
    with pytest.raises(TemplateError) as error:
        references({"a": [text]})
    assert error.value.field == "input.a[0]"


@pytest.mark.parametrize("text", ["{{" * 200_000, "{{step1.a}}" + "{{ " * 100_000])
def test_templates_that_are_never_closed_take_no_time(text: str):
    begun = time.process_time()
    with pytest.raises(TemplateError, match="not closed"):
        references({"a": text})
    assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    "path", ["__class__", "keys", "contacts.append", "contacts[9]", "total.real", "contacts.0"]
)
def test_data_is_reached_by_keys_and_indexes_only(path: str):
    with pytest.raises(TemplateError):
        resolve({"a": f"{{{{step1.{path}}}}}"}, {"step1": {"contacts": [], "total": 1}})


def test_a_sealed_value_moves_whole_but_not_into_a_text():
    scope = {"step1": {"name": SEALED, "all": [{"name": SEALED}]}}
    assert resolve("{{step1.name}}", scope) == SEALED
    for inside in ("Dear {{step1.name}}", "{{step1.all}}!"):
        with pytest.raises(TemplateError, match="personal"):
            resolve({"a": inside}, scope)


def test_the_workflow_that_is_right_passes():
    check(
        steps(
            {"query": "{{input.query}}", "genres": ["a"]},
            {"contacts": "{{find.contacts}}", "title": "{{step1.total}} found"},
            ids=("find", None),
        ),
        {"query": "synthpop"},
    )


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{step3.contacts}}", "there is no step3 before this step; did you mean step1?"),
        ("{{step2.contacts}}", "step2 is this step itself"),
        ("{{stp1.contacts}}", "did you mean step1?"),
        ("{{outputs.contacts}}", "there are: step1, find, input"),
        ("{{step1.contcts}}", "step1 has no contcts there; there are: contacts, note, total"),
        ("{{step1.contacts.name}}", "step1 has no name there; it has no fields"),
        ("{{step1.__class__}}", "step1 has no __class__ there"),
        ("{{input.contacts}}", "the session has no input"),
        ("{{step1.contacts", "not closed"),
    ],
)
def test_a_reference_to_what_is_not_there_is_refused_with_what_was_meant(template: str, said: str):
    refusal = refused(ASK, {"contacts": template}, ids=("find", None))
    assert (refusal.code, refusal.field) == ("bad_template", "steps[1].input.contacts")
    assert said in refusal.message


def test_a_later_step_cannot_be_used():
    refusal = refused({"query": "{{step2.note}}"}, {"contacts": []})
    assert refusal.message == (
        "steps[0].input.query: {{step2.note}}: step2 comes later: a step can use the steps before it"
    )


@pytest.mark.parametrize(
    ("field", "template", "reason"),
    [
        ("contacts", "{{step1.total}}", "a whole number does not fit a list of object"),
        ("title", "{{step1.contacts}}", "does not fit a string"),
        ("contacts", "all {{step1.total}}", "a string does not fit a list"),
    ],
)
def test_what_can_never_fit_is_refused_before_step_1(field: str, template: str, reason: str):
    refusal = refused(ASK, {"contacts": [], field: template})
    assert (refusal.code, refusal.field) == ("type_mismatch", f"steps[1].input.{field}")
    assert reason in refusal.message


def test_a_personal_value_inside_a_text_is_refused():
    refusal = refused(ASK, {"contacts": [], "title": "for {{step1.contacts[0].name}}"})
    assert refusal.code == "bad_template"
    assert "personal" in refusal.message


def test_what_a_personal_field_gets_of_the_session_s_input_is_refused_inside_any_text():
    own = {"who": "Jane Example", "people": [{"name": "Jane Example", "outlet": "NME"}]}
    for text in ("Dear {{input.who}}", "to {{input.people[0].name}}", "to {{input.people}}"):
        given = {"contacts": "{{input.people}}", "greeting": "{{input.who}}", "title": text}
        for inputs, place in (((ASK, given), 1), (({"query": text}, given | {"title": "a"}), 0)):
            refusal = refused(*inputs, own=own)
            assert (refusal.code, "personal" in refusal.message) == ("bad_template", True)
            assert refusal.field.startswith(f"steps[{place}].input.")
    text = "{{step1.note}} of {{input.people[0].outlet}}, {{input.who}}"
    check(steps(ASK, {"contacts": "{{input.people}}", "title": text}), own)


def test_a_personal_field_takes_no_mixture():
    assert refused(ASK, {"contacts": [], "greeting": "Dear {{step1.note}}"}).code == "bad_template"
    check(steps(ASK, {"contacts": [], "greeting": "{{step1.contacts[0].name}}"}), {})


def test_a_missing_field_and_a_wrong_literal_are_told_with_path_and_rule():
    missing = refused({"genres": ["x"]})
    assert (missing.code, missing.field) == ("missing_field", "steps[0].input.query")
    wrong = refused({"query": "q", "genres": ["x", 7], "limit": "canary"})
    assert wrong.code == "invalid"
    assert "steps[0].input.genres[1] must be a string" in wrong.message
    assert "steps[0].input.limit must be a whole number" in wrong.message
    assert "canary" not in wrong.message


def test_of_many_wrong_literals_five_are_told_and_the_rest_counted():
    for wrong, told in ((5, ""), (6, "; and 1 more"), (8, "; and 3 more")):
        refusal = refused({"query": "q", "genres": list(range(wrong))})
        assert refusal.message.count("must be a string") == 5
        assert refusal.message.endswith("genres[4] must be a string" + told)


def test_a_rule_of_the_whole_input_is_told_of_the_input():
    schema = {"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
    with pytest.raises(Refusal) as refusal:
        check([CheckedStep(1, None, {}, schema, {})], {})
    assert refusal.value.field == "steps[0].input"


def test_a_template_in_a_list_counts_as_right_until_it_is_known():
    check(steps(ASK, {"contacts": ["{{step1.contacts[0]}}", {"name": "{{step1.note}}"}]}), {})
    assert (
        refused({"query": "q", "genres": ["{{input.n}}"]}, own={"n": 7}).field == "steps[0].input.genres[0]"
    )


def test_what_the_session_gives_is_checked_like_a_literal():
    assert refused({"query": "{{input.q}}"}, own={"q": 7}).field == "steps[0].input.query"
    assert "the session's input has no q" in refused({"query": "{{input.q}}"}, own={"p": 7}).message
    assert "the session's input has no [1]" in refused({"query": "{{input.q[1]}}"}, own={"q": ["a"]}).message
    check(steps({"query": "{{input.q[0]}}"}), {"q": ["a"]})


def test_sealed_literals_satisfy_anything():
    check(steps(ASK, {"contacts": [{"name": SEALED}], "greeting": SEALED}), {})
    check(steps({"query": "{{input.q}}"}), {"q": SEALED})


def test_what_takes_the_sessions_input_again_and_again_is_refused():
    own = {"q": "x" * 1_000_000}
    check(steps({"query": "{{input.q}}" * 10}), own)
    refusal = refused({"query": "{{input.q}}" * 17}, own=own)
    assert (refusal.code, refusal.field) == ("too_large", "steps[0].input.query")


def test_more_templates_than_anybody_writes_by_hand_are_refused():
    own = {"q": "x"}
    check(steps({"query": "{{input.q}}" * MOST_TEMPLATES}), own)
    refusal = refused({"query": "{{input.q}}" * (MOST_TEMPLATES + 1)}, own=own)
    assert (refusal.code, refusal.field) == ("too_large", "steps[0].input.query")


def test_a_skill_alone_names_its_fields_without_a_step():
    with pytest.raises(Refusal) as refusal:
        check(steps({}), {}, alone=True)
    assert refusal.value.field == "input.query"


def test_paths_are_picked_put_and_aimed():
    data = {"a": [{"b": 1}, {"b": 2}]}
    assert pick(data, ("a", 1, "b")) == 2
    assert put(copied(data), ("a", 1, "b"), 3) == {"a": [{"b": 1}, {"b": 3}]}
    assert put(copied(data), (), 3) == 3
    assert data["a"][1]["b"] == 2
    (found,) = references({"contacts": [{"name": "{{input.who}}"}]})
    assert target(PITCH_IN, found)["x-personal"]
    assert target(PITCH_IN, references({"zzz": "{{input.who}}"})[0]) == {}


@pytest.mark.parametrize(
    "text", ["Jane {{input.name}}", "{{input.name}} ", "Jane", "{{", "{{input.name}}{{input.name}}"]
)
def test_what_has_more_in_it_than_one_template_is_a_text(text: str):
    """A text is sealed where nobody has said that it is public, a template is not."""
    assert not is_whole(text)
    assert is_whole("{{ input.name }}")


def test_of_a_skill_s_own_input_only_what_looks_like_a_template_is_taken_from_it():
    assert of_own({"text": "Dear {{name}}", "deep": [{"a": "{{"}], "plain": "Jane", "many": 3}) == {
        "text": "{{input.text}}",
        "deep": "{{input.deep}}",
    }
