"""What is no message of ours is told by field and rule, never by value."""

from typing import Any

import pytest
from pydantic import ValidationError

from campaigns.requests import RecordOutreach, SetArtist
from shared.commands import RunSession, SetBudget
from shared.message import Message, Unreadable
from shared.refusal import refuse_invalid
from shared.usage import Usage
from shared.work import Answer, Report

SECRET = "Zzyzx"
NONE_OF_THEM = "verdict: is not one of the values allowed"


@pytest.mark.parametrize(
    ("kind", "body", "code", "told"),
    [
        (Answer, b'{"verdict": "run"}', "missing_field", "lease_s: is missing"),
        (
            Answer,
            b'{"verdict": "Zzyzx", "lease_s": 1}',
            "invalid",
            NONE_OF_THEM,
        ),
        (Usage, b'{"provider": "p", "model": 7}', "invalid", "model: Expected `str`, got `int`"),
        (Report, b'{"user": "Zzyzx"}', "invalid", "user: Invalid UUID"),
        (Report, b'["Zzyzx"]', "invalid", "Expected `object`, got `array`"),
        (Report, b"Zzyzx", "malformed_json", "it is not JSON"),
        (Report, b'"\xff', "malformed_json", "it is not JSON"),
    ],
)
def test_what_cannot_be_read_is_told_without_a_value(kind, body: bytes, code: str, told: str):
    with pytest.raises(Unreadable) as refused:
        kind.from_json(body)
    assert (refused.value.code, str(refused.value)) == (code, told)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("command", "body", "field", "rule"),
    [
        (
            SetBudget,
            {"scope": "session", "limit_usd": 1},
            "session_id",
            "names the session whose budget is set, and only then is given",
        ),
        (
            RecordOutreach,
            {
                "campaign": "Debut",
                "event": "sent",
                "at": "2026-11-01T00:00:00Z",
                "email": "jane@example.org",
                "category": "interested",
            },
            "category",
            "only a reply has one",
        ),
    ],
)
def test_a_rule_over_several_fields_names_the_one_to_change(
    command: type[Message], body: dict[str, Any], field: str, rule: str
):
    with pytest.raises(ValidationError) as invalid:
        command.model_validate(body)
    refusal = refuse_invalid(invalid.value)
    assert (refusal.code, refusal.field, refusal.message) == ("invalid", field, f"{field}: {rule}")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": ""}, "name: must not be empty"),
        ({"name": 5}, "name: must be text"),
        ({"name": "x" * 1000}, "name: must have at most 200 letters"),
        ({"name": "Neon Harbour", "mine": "perhaps"}, "mine: must be true or false"),
        ({}, "name: is required"),
    ],
)
def test_a_rule_is_told_in_plain_words(body: dict[str, Any], said: str):
    with pytest.raises(ValidationError) as invalid:
        SetArtist.model_validate(body)
    assert refuse_invalid(invalid.value).message == said


def test_a_place_in_a_list_is_named_as_templates_name_it():
    with pytest.raises(ValidationError) as invalid:
        RunSession.model_validate({"agent": "scout", "steps": [{"skill": "a", "input": {}}, {"skill": "b"}]})
    refusal = refuse_invalid(invalid.value)
    assert (refusal.code, refusal.field) == ("missing_field", "steps[1].input")
    assert refusal.message.startswith("steps[1].input: ")


@pytest.mark.parametrize(
    ("step", "field", "said"),
    [
        ({"skil": "a", "input": {}}, "steps[0].skil", "there is no such field, did you mean skill?"),
        ({"skill": "a", "inptu": {}}, "steps[0].inptu", "there is no such field, did you mean input?"),
        ({"skill": "a", "colour": 1}, "steps[0].colour", "there is no such field"),
        ({"skill": "a", "input": {}, "colour": 1}, "steps[0].colour", "there is no such field"),
    ],
)
def test_a_misspelt_field_is_told_rather_than_the_one_that_is_missing_for_it(
    step: dict[str, Any], field: str, said: str
):
    with pytest.raises(ValidationError) as invalid:
        RunSession.model_validate({"agent": "scout", "steps": [step]})
    refusal = refuse_invalid(invalid.value)
    assert (refusal.code, refusal.field) == ("unknown_field", field)
    assert refusal.message == f"{field}: {said}"


def test_an_unknown_field_elsewhere_does_not_hide_the_missing_one():
    with pytest.raises(ValidationError) as invalid:
        RunSession.model_validate({"agent": "scout", "steps": [{"skill": "a"}], "inptu": {}})
    assert refuse_invalid(invalid.value).field == "steps[0].input"
