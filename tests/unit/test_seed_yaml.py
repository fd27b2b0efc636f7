"""The specification's own YAML blocks and calls, as they stand."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from orchestrator.templates import CheckedStep, check
from shared.definitions import SkillDefinition
from shared.refusal import Refusal
from shared.schema import prepare, problems
from skillmodules import shipped
from totalaud.skillfiles import load

ROOT = Path(__file__).parents[2]
SEED = ROOT / "tests" / "seed"
RUN = "def run(given, context):\n    return {'contacts': []}\n"
GENRES, REGIONS = ["synthpop", "indie"], ["UK"]
ARTIST = {"name": "Neon Harbour", "genre": "synthpop"}


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A folder with the project's types and one agent's empty folder."""
    (tmp_path / "scout").mkdir()
    shutil.copy(ROOT / "skills" / "types.yaml", tmp_path)
    return tmp_path


def only(folder: Path, block: str, name: str, python: str | None = None) -> SkillDefinition:
    shutil.copy(SEED / block, folder / "scout" / f"{name}.yaml")
    if python is not None:
        (folder / "scout" / f"{name.replace('-', '_')}.py").write_text(python)
    found = load(folder)
    assert found.problems == []
    return found.skills[0]


def workflow() -> list[tuple[str, dict[str, Any]]]:
    query, genres, regions, criteria, artist_info = (
        "indie radio UK",
        GENRES,
        REGIONS,
        {"genres": GENRES},
        ARTIST,
    )
    return [
        ("research-contacts", {"query": query, "type": "radio", "genres": genres, "regions": regions}),
        ("score-contacts", {"contacts": "{{step1.contacts}}", "criteria": criteria}),
        ("generate-pitch", {"contacts": "{{step2.contacts}}", "artistInfo": artist_info}),
    ]


def checked(steps: list[tuple[str, dict[str, Any]]]) -> list[CheckedStep]:
    skills = shipped()
    return [
        CheckedStep(number, None, input_, skills[name].input_schema, skills[name].output_schema)
        for number, (name, input_) in enumerate(steps, 1)
    ]


def test_the_first_research_contacts_loads(alone: Path):
    skill = only(alone, "research-contacts.yaml", "research-contacts", RUN)
    assert (skill.category, skill.provider, skill.version) == ("research", "custom", "1")
    assert skill.input_schema["properties"]["type"] == {
        "type": "string",
        "enum": ["playlist", "radio", "journalist"],
    }
    assert skill.output_schema["properties"]["contacts"]["items"] == {"$ref": "#/$defs/Contact"}
    assert problems(skill.input_schema, {"query": "q", "type": "radio", "genres": GENRES}) == []


def test_generate_pitch_loads(alone: Path):
    skill = only(alone, "generate-pitch.yaml", "generate-pitch")
    assert (skill.provider, skill.model) == ("anthropic", "claude-sonnet-4-20250514")
    assert skill.output_schema["required"] == ["subject", "body", "tone"]


def test_the_second_research_contacts_has_no_schemas_and_is_bound_by_its_name(alone: Path):
    skill = only(alone, "research-contacts-custom.yaml", "research-contacts", RUN)
    assert (skill.input_schema, skill.output_schema) == ({}, {})
    assert skill.python_hash is not None


def test_the_workflow_is_accepted_by_the_shipped_skills():
    check(checked(workflow()), {})
    for step in checked(workflow()):
        assert prepare(step.input_schema, step.input)[1] == []


@pytest.mark.parametrize("template", ["{{step1.nosuch}}", "{{step3.contacts}}", "{{step1.total}}"])
def test_the_workflow_with_a_wrong_template_is_refused(template: str):
    steps = workflow()
    steps[1][1]["contacts"] = template
    with pytest.raises(Refusal) as refusal:
        check(checked(steps), {})
    assert refusal.value.field == "steps[1].input.contacts"


@pytest.mark.parametrize(
    ("skill", "input_"),
    [
        ("research-contacts", {"query": "q", "type": "radio", "genres": GENRES, "regions": REGIONS}),
        ("research-contacts", {"query": "indie radio UK"}),
        ("generate-pitch", {"artist_name": "Neon Harbour", "genre": "synthpop", "contact_name": "A. Sample"}),
        ("generate-pitch", {"contacts": [{"name": "A. Sample"}], "artistInfo": ARTIST}),
    ],
)
def test_the_shipped_skills_take_every_call_that_the_specification_shows(skill: str, input_: dict[str, Any]):
    assert problems(shipped()[skill].input_schema, input_) == []
    assert prepare(shipped()[skill].input_schema, input_)[1] == []


def test_the_shipped_pitch_answers_both_calls_with_the_fields_of_the_specification():
    pitch = shipped()["generate-pitch"].output_schema
    answer = {"subject": "s", "body": "b", "tone": "t"}
    more = {"subject_options": [], "word_count": 1, "facts_used": [], "basis": "model", "checks": []}
    about = {"basis": "model", "n": 0, "as_of": "2026-11-26T12:00:00+00:00", "sources": [], "warnings": []}
    whole = {**answer, "subject_options": [], "pitches": [{**answer, **more}], "meta": about}
    assert problems(pitch, whole) == []
    assert {"subject", "body", "tone"} <= set(pitch["required"])
