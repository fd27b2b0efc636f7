"""Prompts without people."""

import time
from uuid import UUID

import pytest

from shared.definitions import SkillDefinition
from skill_runner.prompts import Placeholders, fill, invented, system_prompt, user_message
from skillmodules import SKILLS
from totalaud.skillfiles import load

JANE, JOE = (UUID(int=number, version=4) for number in (1, 2))


def sealed(person: UUID, nonce: str = "AAAA") -> dict[str, str]:
    return {"$sealed": str(person), "n": nonce, "c": "BBBB"}


def definition(**changes: object) -> SkillDefinition:
    given = {
        "name": "generate-pitch",
        "category": "generation",
        "provider": "anthropic",
        "input_schema": {},
        "output_schema": {},
        "hash": "h",
    }
    return SkillDefinition.model_validate({**given, **changes})


def test_a_sealed_value_becomes_a_placeholder_named_after_its_field() -> None:
    hidden = Placeholders()
    assert hidden.hide({"contact_name": sealed(JANE), "genre": "synthpop"}) == {
        "contact_name": "[[name]]",
        "genre": "synthpop",
    }


def test_several_people_have_several_placeholders() -> None:
    hidden = Placeholders()
    shown = hidden.hide([{"name": sealed(JANE)}, {"name": sealed(JOE)}, {"name": sealed(JANE)}])
    assert [item["name"] for item in shown] == ["[[name]]", "[[name_2]]", "[[name]]"]


def test_thousands_of_people_are_hidden_in_no_time() -> None:
    people = [
        {"name": sealed(UUID(int=number)), "name_2": sealed(UUID(int=number), "C")} for number in range(4000)
    ]
    begun, hidden = time.process_time(), Placeholders()
    shown = hidden.hide(people)
    assert len({item[field] for item in shown for field in item}) == len(hidden.shown_in(shown)) == 8000
    assert time.process_time() - begun < 2


def test_nothing_sealed_is_left_in_the_message() -> None:
    shown = Placeholders().hide({"contacts": [{"deep": {"notes": [sealed(JANE)]}}]})
    assert "$sealed" not in user_message(shown)


def test_names_come_back_wherever_the_placeholder_stands() -> None:
    plain = {"[[name]]": "Jane Example"}
    answer = {"body": "Hi [[name]], dear [[name]]!", "facts": ["[[name]]"], "score": 1}
    assert fill(answer, plain) == {
        "body": "Hi Jane Example, dear Jane Example!",
        "facts": ["Jane Example"],
        "score": 1,
    }


def test_a_name_that_looks_like_a_placeholder_is_not_filled_again() -> None:
    assert fill("[[name]]", {"[[name]]": "[[email]]", "[[email]]": "jane@example.org"}) == "[[email]]"


def test_an_unknown_placeholder_stays() -> None:
    assert fill("Hi [[who]]", {}) == "Hi [[who]]"


def test_the_only_person_is_known_and_of_two_none() -> None:
    one, two = Placeholders(), Placeholders()
    one.hide({"name": sealed(JANE), "email": sealed(JANE, "CCCC")})
    two.hide([sealed(JANE), sealed(JOE)])
    assert (one.only_person(), two.only_person()) == (str(JANE), None)


def test_instructions_are_the_system_prompt_and_without_them_name_and_description() -> None:
    instructed = system_prompt(definition(config={"instructions": "Write a pitch."}))
    plain = system_prompt(definition(description="Personal outreach messages."))
    assert instructed.startswith("Write a pitch.\n")
    assert "generate pitch" in plain
    assert "Personal outreach messages." in plain


def test_a_placeholder_that_was_never_given_is_noticed() -> None:
    message = '{"note": "[[link]]"}'
    assert invented({"body": "Hi [[name]] [[link]]"}, message, {}) is True
    assert invented({"body": "Hi [[name]] [[link]]"}, message, {"[[name]]": "Jane"}) is False


def test_the_placeholders_there_are_are_told() -> None:
    assert system_prompt(definition(), ["[[name]]", "[[email]]"]).endswith(
        "The placeholders are: [[name]], [[email]]."
    )


def test_the_rules_hold_no_placeholder_that_a_model_could_copy() -> None:
    assert "[[" not in system_prompt(definition())


@pytest.mark.parametrize(
    ("skill", "given"),
    [
        ("generate-pitch", ["angle", "tone", "max_words"]),
        ("write-press-release", ["locale", "quote", "min_words", "max_words"]),
        ("write-summary", ["voice", "max_words"]),
    ],
)
def test_a_shipped_prompt_speaks_of_what_the_input_wants_of_the_text(skill: str, given: list[str]) -> None:
    (shipped,) = [one for one in load(SKILLS).skills if one.name == skill]
    assert [name for name in given if name not in (shipped.config.instructions or "")] == []
