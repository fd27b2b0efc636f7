"""Skills and agents from their files: every dialect, every fault with its line, no bomb goes off."""

import re
import time
from pathlib import Path
from typing import Any

import pytest

from shared.definitions import SkillConfig
from shared.schema import problems
from skillmodules import SKILLS
from totalaud.skillfiles import Loaded, load

RUN = "def run(given, context):\n    return {}\n"
GOOD = "name: {name}\ncategory: research\nprovider: openai\n"


def folder(tmp_path: Path, **files: str | bytes) -> Path:
    """Write files; `scout__find_people_yaml` is scout/find-people.yaml, `_py` keeps its underscores."""
    for name, content in files.items():
        path, _, suffix = name.replace("__", "/").rpartition("_")
        path = path if suffix == "py" else path.replace("_", "-")
        file = tmp_path / f"{path}.{suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path


def loaded(tmp_path: Path, **files: str | bytes) -> Loaded:
    return load(folder(tmp_path, **files))


def schema_of(tmp_path: Path, fields: str, types: str = "") -> dict[str, Any]:
    lines = "".join(f"  {line}\n" for line in fields.strip("\n").splitlines())
    found = loaded(
        tmp_path,
        types_yaml=types or "Unused:\n  x: any\n",
        a__s_yaml=GOOD.format(name="s") + "input:\n" + lines,
    )
    assert found.problems == []
    return found.skills[0].input_schema


def told(found: Loaded, root: Path) -> list[str]:
    return [str(problem).removeprefix(f"{root}/") for problem in found.problems]


@pytest.mark.parametrize(
    ("written", "field", "required"),
    [
        ("string", {"type": "string"}, True),
        ("number", {"type": "number"}, True),
        ("integer", {"type": "integer"}, True),
        ("boolean", {"type": "boolean"}, True),
        ("date", {"type": "string", "format": "date"}, True),
        ("datetime", {"type": "string", "format": "date-time"}, True),
        ("uuid", {"type": "string", "format": "uuid"}, True),
        ("object", {"type": "object"}, True),
        ("any", {}, True),
        ("enum[a, b]", {"type": "string", "enum": ["a", "b"]}, True),
        ("enum[NO, 1.10]", {"type": "string", "enum": ["NO", "1.10"]}, True),
        ("string[]", {"type": "array", "items": {"type": "string"}}, True),
        ("string[][]", {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}, True),
        ("Person", {"$ref": "#/$defs/Person"}, True),
        ("Person[]", {"type": "array", "items": {"$ref": "#/$defs/Person"}}, True),
        ("integer?", {"type": ["integer", "null"]}, False),
        ("string[]?", {"type": ["array", "null"], "items": {"type": "string"}}, False),
        ("enum[a]?", {"type": ["string", "null"], "enum": ["a", None]}, False),
        ("Person?", {"anyOf": [{"$ref": "#/$defs/Person"}, {"type": "null"}]}, False),
        ("integer?[]", {"type": "array", "items": {"type": ["integer", "null"]}}, True),
    ],
)
def test_the_short_dialect_compiles(tmp_path: Path, written: str, field: dict[str, Any], required: bool):
    schema = schema_of(tmp_path, f"x: {written}", "Person:\n  name: string\n")
    assert schema["properties"]["x"] == field
    assert schema["required"] == (["x"] if required else [])


def test_the_long_dialect_compiles(tmp_path: Path):
    schema = schema_of(
        tmp_path,
        """
plain:
  type: string
  description: What it is
  personal: true
chosen:
  enum: [NO, yes]
  default: NO
many:
  type: array
  items: enum[a, b]
  required: false
deep:
  type: array
  items:
    type: array
    items: integer
limit:
  type: integer
  default: 20
version:
  type: string
  public: true
  default: 1.10
""",
    )
    assert schema["properties"] == {
        "plain": {"type": "string", "description": "What it is", "x-personal": True},
        "chosen": {"type": "string", "enum": ["NO", "yes"], "default": "NO"},
        "many": {"type": ["array", "null"], "items": {"type": "string", "enum": ["a", "b"]}},
        "deep": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
        "limit": {"type": "integer", "default": 20},
        "version": {"type": "string", "default": "1.10"},
    }
    assert schema["required"] == ["plain", "deep"]


def test_named_types_may_contain_each_other_and_only_used_ones_come_along(tmp_path: Path):
    types = "Person:\n  name: string\n  boss: Person?\n  job: Job?\nJob:\n  title: string\nOther:\n  x: any\n"
    schema = schema_of(tmp_path, "people: Person[]", types)
    assert schema["$defs"].keys() == {"Person", "Job"}
    value = {"people": [{"name": "A", "boss": {"name": "B", "boss": None, "job": {"title": 7}}}]}
    assert [problem.path for problem in problems(schema, value)] == ["people[0].boss.job.title"]


def test_a_missing_schema_allows_anything_and_a_missing_version_is_1(tmp_path: Path):
    (skill,) = loaded(tmp_path, a__s_yaml=GOOD.format(name="s")).skills
    assert (skill.input_schema, skill.output_schema, skill.version) == ({}, {}, "1")
    assert skill.enabled
    assert not skill.is_beta


def test_a_version_is_text_and_switches_are_honoured(tmp_path: Path):
    text = GOOD.format(name="s") + "version: 1.10\nenabled: false\nis_beta: true\nconfig:\n  timeout_s: 2.5\n"
    (skill,) = loaded(tmp_path, a__s_yaml=text).skills
    assert (skill.version, skill.enabled, skill.is_beta, skill.timeout_s) == ("1.10", False, True, 2.5)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("cache_s: 0", "'cache_s': Input should be greater than or equal to 1"),
        ("cache_s: 86401", "'cache_s': Input should be less than or equal to 86400"),
        ("cache_s: soon", "'cache_s': Input should be a valid integer"),
        ("cohort: true", "'cohort' tells how long a result is kept: it needs 'cache_s'"),
    ],
)
def test_for_how_long_a_result_serves_is_checked(tmp_path: Path, settings: str, reason: str):
    text = GOOD.format(name="s") + f"config:\n  {settings}\n"
    (fault,) = told(loaded(tmp_path, a__s_yaml=text), tmp_path)
    assert reason in fault


def test_a_file_with_five_faults_gives_five_lines(tmp_path: Path):
    text = """name: s
categry: research
category: reserch
provider: antropic
input:
  who: strin
  list: enum[]
config:
  timeout_s: soon
  max_attempt: 3
"""
    assert told(loaded(tmp_path, a__s_yaml=text), tmp_path) == [
        "a/s.yaml:2: unknown key 'categry'; did you mean 'category'?",
        "a/s.yaml:3: unknown category 'reserch'; did you mean 'research'?",
        "a/s.yaml:4: unknown provider 'antropic'; did you mean 'anthropic'?",
        "a/s.yaml:6: unknown type 'strin'; did you mean 'string'?",
        "a/s.yaml:7: an enum lists its values, as in enum[a, b]",
        "a/s.yaml:9: 'timeout_s': Input should be a valid number, unable to parse string as a number",
        "a/s.yaml:10: unknown key of config 'max_attempt'; did you mean 'max_attempts'?",
    ]


def test_one_bad_file_costs_that_file_only(tmp_path: Path):
    found = loaded(
        tmp_path,
        a__bad_yaml="name: [",
        a__good_yaml=GOOD.format(name="good"),
        a__agent_yaml="name: a-agent\ndomain: d\nskills:\n  - good\n  - bad\n",
    )
    assert [skill.name for skill in found.skills] == ["good"]
    assert [agent.skills for agent in found.agents] == [("good", "bad")]
    assert [problem.file.name for problem in found.problems] == ["bad.yaml"]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[" * 30_000, 1, "nested deeper than 64"),
        ("{a: " * 7_000, 1, "nested deeper than 64"),
        ("[a," * 21_000, 1, "nested deeper than 64"),
        ("x: [" + "a," * 32_000, 1, "more than 4000 names and values"),
        ("{" + "a: b," * 13_000, 1, "more than 4000 names and values"),
        ("a: b\n" * 13_000, 2000, "more than 4000 names and values"),
        ("name: s\ninput:\n  x: string" + "[]" * 30_000, 3, "at most 8 '[]' and '?'"),
        ("name: s\ninput:\n  x: string" + "?" * 60_000, 3, "at most 8 '[]' and '?'"),
        ("name: s\ninput:\n  x: " + "y" * 60_000, 3, "unknown type 'yyy"),
        ("a: &x [1]\nb: *x\n", 1, "anchors are not read"),
        ("a: *x\n", 1, "aliases are not read"),
        ("name: s\ncategory: !!python/object/apply:os.system [id]\n", 2, "tags are not read"),
        ("x" * 70_000, 1, "the file has 70000 bytes"),
        ("name: s\nname: t\n", 2, "'name' is here twice, first in line 1"),
        ("name: s\n---\nname: t\n", 2, "one document"),
        ("- a\n", 1, "must hold a mapping"),
        ("", 1, "must hold a mapping"),
        ("name: s\n? [a]\n: b\n", 2, "a name must be text"),
        ("name: s\n\tcategory: x\n", 2, "not YAML"),
        ("name: s\ncategory: \x00\n", 2, "a character that YAML does not allow"),
        (b"name: s\ncategory: \xff\n", 2, "not UTF-8"),
        ('name: "\\UFFFFFFFF"\n', 1, "no character"),
        ('name: s\nmodel: "\\ud800"\n', 2, "half of a surrogate pair"),
        ('name: s\nmodel: "\\0"\n', 2, "NUL"),
        ("name: s\ninput: {x: enum[a, b]}\n", 2, "needs quotes"),
        ("name: s\ninput: {x: string?, y: string}\n", 2, "needs quotes"),
    ],
)
def test_what_could_hurt_or_mislead_is_a_problem_with_its_line(
    tmp_path: Path, text: str | bytes, line: int, said: str
):
    began = time.process_time()
    found = loaded(tmp_path, a__s_yaml=text, a__good_yaml=GOOD.format(name="good"))
    assert [skill.name for skill in found.skills] == ["good"]
    assert any(problem.line == line and said in problem.message for problem in found.problems)
    assert time.process_time() - began < 1
    assert max(len(problem.message) for problem in found.problems) < 500


def test_many_defaults_beside_many_types_are_checked_in_no_time(tmp_path: Path):
    chain = "".join(f"T{n}:\n  a: T{n + 1}[]\n" for n in range(900)) + "T900:\n  a: any\n"
    fields = "".join(f"  f{n}: {{type: integer, default: x}}\n" for n in range(600))
    began = time.process_time()
    found = loaded(tmp_path, types_yaml=chain, a__s_yaml=GOOD.format(name="s") + "input:\n  z: T0\n" + fields)
    assert told(found, tmp_path)[0] == "a/s.yaml:6: the default of 'f0' must be a whole number"
    assert time.process_time() - began < 2


def test_an_alias_bomb_is_refused_at_its_first_anchor(tmp_path: Path):
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
    found = loaded(tmp_path, a__s_yaml="l0: &l0 [lol]\n" + levels)
    assert told(found, tmp_path) == ["a/s.yaml:1: anchors are not read: write the value out"]


def test_a_name_in_two_files_names_both(tmp_path: Path):
    found = loaded(tmp_path, a__s_yaml=GOOD.format(name="s"), b__t_yaml=GOOD.format(name="s"))
    assert found.skills == []
    assert told(found, tmp_path) == [
        f"a/s.yaml:1: the skill 's' is also in {tmp_path}/b/t.yaml",
        f"b/t.yaml:1: the skill 's' is also in {tmp_path}/a/s.yaml",
    ]


@pytest.mark.parametrize(
    ("python", "said"),
    [
        (
            None,
            "a/find-it.yaml:3: a custom skill needs its Python file: no readable find_it.py is beside it",
        ),
        ("x = 1\n", "a/find_it.py:1: there is no function 'run(input, context)'"),
        ("\nasync def run(a, b): ...\n", "a/find_it.py:2: 'run' is a plain function, not an async one"),
        ("def run(a): ...\n", "a/find_it.py:1: 'run' takes two arguments: run(input, context)"),
        ("\n\ndef run(:\n", "a/find_it.py:3: not Python: invalid syntax"),
        ("(" * 5000, "a/find_it.py:1: not Python: too many nested parentheses"),
    ],
)
def test_a_custom_skill_needs_a_python_file_that_runs(tmp_path: Path, python: str | None, said: str):
    files = {"a__find_it_yaml": "name: find-it\ncategory: research\nprovider: custom\n"}
    if python is not None:
        files["a__find_it_py"] = python
    assert told(loaded(tmp_path, **files), tmp_path) == [said]


CHECK = "def check(given, answer):\n    return []\n"


@pytest.mark.parametrize(
    ("python", "said"),
    [
        ("", "a/write_it.py:1: there is no function 'check(given, answer)'"),
        (
            "def template(given):\n    return {}\n",
            "a/write_it.py:1: there is no function 'check(given, answer)'",
        ),
        (
            CHECK + "\ndef template():\n    return {}\n",
            "a/write_it.py:4: 'template' takes one argument: template(given)",
        ),
        (
            "def check(given):\n    return []\n",
            "a/write_it.py:1: 'check' takes two arguments: check(given, answer)",
        ),
        (
            "async def check(given, answer): ...\n",
            "a/write_it.py:1: 'check' is a plain function, not an async one",
        ),
        ("def check(given, answer)\n", "a/write_it.py:1: not Python: expected ':'"),
    ],
)
def test_the_python_file_of_a_skill_that_asks_a_model_has_what_the_engine_calls(
    tmp_path: Path, python: str, said: str
):
    found = loaded(tmp_path, a__write_it_yaml=GOOD.format(name="write-it"), a__write_it_py=python)
    assert told(found, tmp_path) == [said]


def test_a_skill_that_asks_a_model_says_which_functions_its_python_file_has(tmp_path: Path):
    python = CHECK + "def template(given):\n    return {}\ndef other():\n    pass\n"
    found = loaded(tmp_path, a__s_yaml=GOOD.format(name="s"), a__s_py=python)
    assert found.skills[0].functions == ("check", "template")
    assert found.skills[0].python_hash


def test_a_skill_that_asks_a_model_needs_no_python_file(tmp_path: Path):
    (skill,) = loaded(tmp_path, a__s_yaml=GOOD.format(name="s")).skills
    assert (skill.functions, skill.python_hash) == ((), None)


def test_the_fields_that_a_model_is_asked_for_are_those_of_an_answer(tmp_path: Path):
    written = "input:\n  people: any[]\noutput:\n  letters: Letter[]\n"
    config = "config:\n  for_each: people\n  into: letters\n  asks: [text, nmae]\n"
    found = loaded(
        tmp_path,
        types_yaml="Letter:\n  text: any\n  name: any\n",
        a__s_yaml=GOOD.format(name="s") + written + config,
    )
    assert told(found, tmp_path) == [
        "a/s.yaml:8: unknown field of the answer in 'asks' 'nmae'; did you mean 'name'?"
    ]


ASKED = "output:\n  text: any\n  words: integer\n  note: integer?\n  checks: any\n  meta: any\n"
COMPLETE = "def complete(given, answer):\n    return answer\n"


@pytest.mark.parametrize(
    ("python", "lacking"), [(None, ["words", "checks", "meta"]), ("", ["words"]), (COMPLETE, [])]
)
def test_a_field_that_nobody_fills_in_is_told_before_anybody_is_paid(
    tmp_path: Path, python: str | None, lacking: list[str]
):
    files = {} if python is None else {"a__s_py": CHECK + python}
    found = loaded(tmp_path, a__s_yaml=GOOD.format(name="s") + ASKED + "config:\n  asks: [text]\n", **files)
    lines = {"words": 6, "checks": 8, "meta": 9}
    assert told(found, tmp_path) == [
        f"a/s.yaml:{lines[name]}: nobody fills in '{name}': name it in 'asks', or add it in 'complete' in "
        "the Python file beside this"
        for name in lacking
    ]


def test_what_stands_beside_a_list_of_answers_comes_from_the_first_or_from_the_engine(tmp_path: Path):
    written = (
        "input:\n  people: any[]\noutput:\n  letters: Letter[]\n  text: any\n  meta: any\n  n: integer\n"
    )
    found = loaded(
        tmp_path,
        types_yaml="Letter:\n  text: any\n  words: integer\n",
        a__s_yaml=GOOD.format(name="s")
        + written
        + "config:\n  for_each: people\n  into: letters\n  asks: [text]\n",
        a__s_py=CHECK,
    )
    assert [problem.split("'")[1] for problem in told(found, tmp_path)] == ["words", "n"]


def test_looking_at_a_python_file_does_not_run_it(tmp_path: Path):
    files = {
        "a__s_yaml": "name: s\ncategory: research\nprovider: custom\n",
        "a__s_py": f"open({str(tmp_path / 'ran')!r}, 'w')\n" + RUN,
    }
    assert loaded(tmp_path, **files).skills[0].python_hash
    assert not (tmp_path / "ran").exists()


def test_the_hash_covers_yaml_python_and_the_types_used(tmp_path: Path):
    files = {
        "types_yaml": "Used:\n  a: string\nUnused:\n  a: string\n",
        "a__s_yaml": "name: s\ncategory: research\nprovider: custom\ninput:\n  x: Used\n",
        "a__s_py": RUN,
    }

    def hash_with(**changed: str) -> str:
        return loaded(tmp_path, **files | changed).skills[0].hash

    first = hash_with()
    assert hash_with() == first
    assert hash_with(types_yaml="Used:\n  a: string\nUnused:\n  b: string\n") == first
    changed = [
        hash_with(types_yaml="Used:\n  b: string\n"),
        hash_with(a__s_yaml=files["a__s_yaml"] + "# more\n"),
        hash_with(a__s_py=RUN + "#\n"),
    ]
    assert len({first, *changed}) == 4


def test_free_text_without_a_mark_is_a_warning_and_with_marks_a_problem(tmp_path: Path):
    text = GOOD.format(name="s") + (
        "input:\n  a: string\n  b: string[]\n  c: enum[x]\n  d: date\n  e:\n    type: string\n"
        "  f:\n    type: string\n    public: true\n  g:\n    type: string[]\n    personal: true\n"
        "output:\n  n: integer\n"
    )
    root = folder(tmp_path, a__s_yaml=text)
    assert [warning.line for warning in load(root).warnings] == [5, 6, 9]
    assert load(root).problems == []
    assert [problem.line for problem in load(root, marks=True).problems] == [5, 6, 9]


def test_what_no_model_can_fill_is_a_warning_with_the_way_out(tmp_path: Path):
    types = "Deep:\n  more: object\nTree:\n  size: integer\n  below: Tree[]?\n"
    fields = (
        "output:\n  a: object\n  b: any?\n  c: Deep[]\n  d: Tree\n  e: integer\n"
        "  f:\n    type: array\n    items: object\n"
    )
    root = folder(
        tmp_path,
        types_yaml=types,
        a__all_yaml=GOOD.format(name="all") + fields,
        a__one_yaml=GOOD.format(name="one") + fields + "config:\n  asks: [d, e]\n",
        a__one_py=CHECK + "def complete(given, answer):\n    return answer\n",
    )
    found = load(root)
    assert found.problems == []
    assert [(warning.file.name, warning.line) for warning in found.warnings] == [
        ("all.yaml", line) for line in (5, 6, 7, 10)
    ]
    assert found.warnings[0].message.startswith("no model can fill 'a': a provider takes fields by name only")


@pytest.mark.parametrize(("provider", "warned"), [("anthropic", [4]), ("openai", [])])
def test_more_optional_fields_than_anthropic_takes_are_a_warning(
    tmp_path: Path, provider: str, warned: list[int]
):
    few = "\n".join(f"  a{number}: integer?" for number in range(9))
    types = f"Song:\n{few}\nTree:\n  size: integer\n  below: Tree?\n"
    good = GOOD.replace("provider: openai", f"provider: {provider}")
    fields = f"output:\n  songs: Song[]\n  first: Song?\n  sure: Tree\n{few.replace('a8', 'other')}\n"
    root = folder(
        tmp_path,
        types_yaml=types,
        a__all_yaml=good.format(name="all") + fields,
        a__one_yaml=good.format(name="one")
        + fields
        + "config:\n  asks: [songs, first, sure, a0, a1, a2, a3]\n",
    )
    found = load(root)
    assert found.problems == []
    assert [(warning.file.name, warning.line) for warning in found.warnings] == [
        ("all.yaml", line) for line in warned
    ]
    assert all("there are 20:" in warning.message for warning in found.warnings)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("x:\n    type: string\n    personal: true\n    public: true", "either personal or public"),
        ("x:\n    type: integer\n    personal: true", "'x' is personal, and only text can be sealed"),
        ("x:\n    type: boolean?\n    personal: true", "'x' is personal, and only text can be sealed"),
        ("x:\n    type: number[][]?\n    personal: true", "'x' is personal, and only text can be sealed"),
        ("x:\n    typ: string", "did you mean 'type'?"),
        ("x:\n    type: integer\n    default: many", "the default of 'x' must be a whole number"),
        ("x:\n    type: integer\n    required: maybe", "'required' is true or false"),
        ("x:\n    type: array", "a list needs 'items'"),
        ("x:\n    description: what", "'x' needs a type"),
        ("x:\n    type: integer\n    description: [what, when]", "'description' of 'x' must be text"),
        ("x:\n    - string", "'x' needs a type"),
        ("x: Perso", "unknown type 'Perso'"),
        ("x: enum[a, a]", "each value once"),
        ("x?: string", "the mark is the type's, as in 'x: string?'"),
        ("x[]: string", "the mark is the type's, as in 'x: string[]'"),
        ("x: list[string]", "a list is written string[]"),
        ("x: string | null", "one that may be missing string?"),
        ("x: enum", "a choice enum[a, b]"),
    ],
)
def test_what_is_wrong_with_a_field_is_told(tmp_path: Path, field: str, said: str):
    found = loaded(tmp_path, a__s_yaml=GOOD.format(name="s") + f"input:\n  {field}\n")
    assert any(said in problem.message for problem in found.problems)
    assert found.skills == []


def test_types_that_cannot_be_read_are_the_one_thing_that_is_told(tmp_path: Path):
    found = loaded(
        tmp_path,
        types_yaml="Meta:\n  n: {type: integer?}\n",
        a__one_yaml=GOOD.format(name="one") + "input:\n  x: Meta\noutput:\n  y: Meta[]\n",
        a__two_yaml=GOOD.format(name="two") + "output:\n  y: Meta\n",
        a__sound_yaml=GOOD.format(name="sound"),
        a__agent_yaml="name: a\ndomain: b\nskills: [one, sound]\n",
    )
    assert [skill.name for skill in found.skills] == ["sound"]
    assert found.agents
    first, second = told(found, tmp_path)
    assert first.startswith("types.yaml:2: not YAML: ")
    assert second == "types.yaml:2: until then these skills are not read: one, two"


def test_a_faulty_type_costs_only_the_skills_that_use_it(tmp_path: Path):
    found = loaded(
        tmp_path,
        types_yaml="Bad:\n  x: strin\nGood:\n  x: string\n",
        a__one_yaml=GOOD.format(name="one") + "input:\n  x: Bad\n",
        a__two_yaml=GOOD.format(name="two") + "input:\n  x: Good\n",
    )
    assert [skill.name for skill in found.skills] == ["two"]
    assert [problem.file.name for problem in found.problems] == ["one.yaml", "types.yaml"]


def test_for_each_needs_lists_on_both_sides(tmp_path: Path):
    text = GOOD.format(name="s") + "input:\n  a: any[]\n  b: string\noutput:\n  c: object[]\nconfig:\n"
    assert loaded(tmp_path, a__s_yaml=text + "  for_each: a\n  into: c\n").problems == []
    for config in ("for_each: a", "for_each: b\n  into: c", "for_each: a\n  into: z"):
        assert loaded(tmp_path, a__s_yaml=text + f"  {config}\n").problems


@pytest.mark.parametrize("items", ["string", "any"])
def test_each_answer_of_a_model_has_named_fields(tmp_path: Path, items: str):
    text = GOOD.format(name="s") + f"input:\n  a: object[]\noutput:\n  c: {items}[]\n"
    found = loaded(tmp_path, a__s_yaml=text + "config:\n  for_each: a\n  into: c\n")
    (problem,) = found.problems
    assert (problem.line, "make the items of 'c' a type" in problem.message) == (8, True)


def test_a_model_without_an_output_is_a_warning(tmp_path: Path):
    (warning,) = loaded(tmp_path, a__s_yaml=GOOD.format(name="s")).warnings
    assert "no model can answer" in warning.message


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import helper", "'helper' cannot be imported: shared code lies in library/"),
        ("from helper import x", "'helper' cannot be imported: shared code lies in library/"),
        ("from .helper import x", "'.helper' cannot be imported: shared code lies in library/"),
        ("from . import helper", "'.' cannot be imported: shared code lies in library/"),
        ("from library.lost import x", "there is no library/lost.py"),
        ("from library.inner.found import x", "there is no library/inner.py"),
        ("from library.found import x", None),
        ("import calendar", None),
        ("import somewhere_else", None),
    ],
)
def test_what_a_skill_cannot_import_is_told(tmp_path: Path, line: str, said: str | None):
    found = loaded(
        tmp_path,
        a__s_yaml="name: s\ncategory: research\nprovider: custom\n",
        a__s_py=f"def run(given, context):\n    {line}\n",
        a__helper_py="x = 1\n",
        a__calendar_py="x = 1\n",
        library__found_py="x = 1\n",
        library__inner__found_py="x = 1\n",
    )
    assert told(found, tmp_path) == ([f"a/s.py:2: {said}"] if said else [])


def test_a_fault_in_the_code_that_skills_share_is_told(tmp_path: Path):
    found = loaded(
        tmp_path,
        a__s_yaml="name: s\ncategory: research\nprovider: custom\n",
        a__s_py="from library.found import x\n\ndef run(given, context):\n    return x\n",
        library__found_py="x = 1\ny = [2\n",
        library__other_py="x = 1\n",
    )
    assert told(found, tmp_path) == ["library/found.py:2: not Python: '[' was never closed"]


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("name: s\ninput:\n\ta: string\n", 3, "a line begins with spaces, not with a tab"),
        ("name: s\ninput:\n  a: string\n   b: string\n", 4, "begin in the same column"),
        ("name: s\ndescription: Counts: all of it\n", 2, "a text that holds ': ' needs quotes"),
    ],
)
def test_what_is_no_yaml_is_told_with_what_it_mostly_is(tmp_path: Path, text: str, line: int, hint: str):
    (problem,) = loaded(tmp_path, a__s_yaml=text).problems
    assert (problem.line, hint in problem.message) == (line, True)


def test_one_of_goes_into_the_input_schema(tmp_path: Path):
    text = (
        GOOD.format(name="s") + "input:\n  a: any[]?\n  b: string?\n  c: any?\nconfig:\n  one_of: [[a, b]]\n"
    )
    found = loaded(tmp_path, a__s_yaml=text)
    assert found.problems == []
    schema = found.skills[0].input_schema
    for value in ({}, {"c": 1}, {"a": None}, {"a": None, "b": None}):
        assert [str(problem) for problem in problems(schema, value)] == ["needs a or b"]
    for value in ({"a": []}, {"b": ""}, {"a": None, "b": ""}):
        assert problems(schema, value) == []


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("[[a, d]]", "unknown field of the input in 'one_of' 'd'; there are: a, b"),
        ("[[a, bb]]", "unknown field of the input in 'one_of' 'bb'; did you mean 'b'?"),
        ("[[a]]", "each group in 'one_of' names two fields or more"),
        ("[a, b]", "'one_of[0]': Input should be a valid list"),
    ],
)
def test_a_faulty_one_of_is_told_at_its_line(tmp_path: Path, written: str, fault: str):
    text = GOOD.format(name="s") + f"input:\n  a: any?\n  b: any?\nconfig:\n  one_of: {written}\n"
    assert f"a/s.yaml:8: {fault}" in told(loaded(tmp_path, a__s_yaml=text), tmp_path)


@pytest.mark.parametrize(("model", "warned"), [("smal", 1), ("Medium", 1), ("small", 0), ("gpt-5.4-mini", 0)])
def test_a_model_size_that_is_written_wrong_is_a_warning(tmp_path: Path, model: str, warned: int):
    text = GOOD.format(name="s") + f"model: {model}\noutput:\n  n: integer\n"
    assert len(loaded(tmp_path, a__s_yaml=text).warnings) == warned


@pytest.mark.parametrize(
    ("provider", "model", "other"),
    [
        ("openai", "claude-sonnet-5", "anthropic"),
        ("anthropic", "gpt-4o", "openai"),
        ("anthropic", "o3", "openai"),
    ],
)
def test_a_model_that_another_provider_has_is_a_warning_for_a_gateway_may_know_it(
    tmp_path: Path, provider: str, model: str, other: str
):
    text = GOOD.format(name="s").replace("provider: openai", f"provider: {provider}")
    found = loaded(tmp_path, a__s_yaml=f"{text}model: {model}\noutput:\n  n: integer\n")
    assert found.problems == []
    assert [warning.message for warning in found.warnings] == [
        f"'{model}' is a model of {other}: {provider} itself does not know it"
    ]


@pytest.mark.parametrize("model", ["house-model", "llama3:8b", "anthropic/claude-opus-5", "gpt-4o", "large"])
def test_a_model_that_nobody_names_goes_to_the_provider_as_it_is(tmp_path: Path, model: str):
    text = GOOD.format(name="s") + f"model: {model}\noutput:\n  n: integer\n"
    assert loaded(tmp_path, a__s_yaml=text).warnings == []


def test_an_agent_that_names_an_unknown_skill_is_a_problem(tmp_path: Path):
    found = loaded(
        tmp_path,
        a__find_it_yaml=GOOD.format(name="find-it"),
        a__agent_yaml="name: scout\ndomain: d\nskills:\n  - find-it\n  - find-tha\n",
        b__agent_yaml="name: coach\ndomain: d\nskills:\n  - find-it\n",
    )
    assert told(found, tmp_path) == ["a/agent.yaml:5: unknown skill 'find-tha'; did you mean 'find-it'?"]
    assert [agent.name for agent in found.agents] == ["coach-agent"]


def test_an_agent_s_name_is_bounded_as_it_is_stored(tmp_path: Path):
    long, longest = "n" * 59, "n" * 58
    (fault,) = loaded(tmp_path, a__agent_yaml=f"name: {long}\ndomain: d\nskills: []\n").problems
    assert fault.message.startswith(f"'{long}-agent' is no name: at most 64 ")
    found = loaded(tmp_path, a__agent_yaml=f"name: {longest}\ndomain: d\nskills: []\n")
    assert [agent.name for agent in found.agents] == [f"{longest}-agent"]


def test_nothing_is_passed_over_in_silence(tmp_path: Path):
    found = loaded(tmp_path, lost_yaml="name: s\n", a__s_yml="name: s\n")
    assert [problem.file.name for problem in found.problems] == ["s.yml", "lost.yaml"]
    assert load(tmp_path / "nowhere").problems[0].message == "there is no such folder"


def test_what_an_editor_hides_beside_a_file_is_none_of_it(tmp_path: Path):
    plain = GOOD.format(name="s").replace("openai", "custom")
    python = "from library.found import x\n\ndef run(given, context):\n    return x\n"
    before = loaded(tmp_path, a__s_yaml=plain, a__s_py=python, library__found_py="x = {}\n")
    for place in ("a/.#s.yaml", "a/.#agent.yaml", "library/.#found.py", ".#types.yaml"):
        (tmp_path / place).symlink_to("who@where.1234")
    (tmp_path / "library" / "._found.py").write_bytes(b"\0")
    (tmp_path / ".old").mkdir()
    (tmp_path / ".old" / "s.yaml").write_text(plain)
    found = load(tmp_path)
    assert (found.problems, found.skills) == ([], before.skills)


def test_our_own_skills_are_sound_and_every_free_text_is_marked():
    folder = Path(__file__).parents[2] / "skills"
    found = load(folder, marks=True)
    assert (found.problems, found.warnings) == ([], [])
    assert {skill.name for skill in found.skills} == {file.stem for file in folder.glob("*/*.yaml")} - {
        "agent"
    }
    assert {agent.name: agent.emoji for agent in found.agents} == {
        "scout-agent": "🔍", "coach-agent": "💬", "tracker-agent": "📊", "insight-agent": "💡"
    }  # fmt: skip


def test_the_page_on_skills_of_one_s_own_names_every_setting():
    page = (SKILLS.parent / "docs" / "write-your-own-skill.md").read_text()
    named = {*re.findall(r"`([a-z_]+)`", page), *re.findall(r"`([a-z_]+):", page)}
    assert {*SkillConfig.model_fields, "enabled", "is_beta"} - named == set()
