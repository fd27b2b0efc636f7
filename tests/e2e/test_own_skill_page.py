"""The page “Write your own skill” works as it stands: every block of it is written or run, in its order."""

import asyncio
import os
import re
import shutil
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

import pytest
import yaml

from asking import totalaud
from rig import ROOT, SAMPLE, client_of, environment
from sites import LOOPBACK, Site, running, says
from skill_runner.context import Context, SkillError

PAGE = (ROOT / "docs" / "write-your-own-skill.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, flags=re.DOTALL)
NEW_YAML, NEW_TYPE, AI_YAML = [text for kind, text in BLOCKS if kind == "yaml"]
FUNCTION, FETCHING, UNIT_TEST, TABLE_TEST, SESSION, AI_FUNCTIONS, AI_TEST = [
    text for kind, text in BLOCKS if kind == "python"
]
COMMANDS = [line[2:].split() for kind, text in BLOCKS if kind == "console" for line in text.splitlines()]
LEFT_OUT = shutil.ignore_patterns("__pycache__", "e2e", "chaos")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A checkout of which only the skills and the tests' helpers are there, with the page's files written."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("skills", "tests", "quality"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "e2e", "chaos")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    write(folder / "skills")
    (folder / "tests" / "unit" / "test_count_outlets.py").write_text(UNIT_TEST)
    (folder / "tests" / "integration" / "test_count_outlets_skill.py").write_text(TABLE_TEST)
    (folder / "tests" / "unit" / "test_thank_contact.py").write_text(AI_TEST)
    return folder


def write(skills) -> None:
    (skills / "scout" / "count-outlets.yaml").write_text(NEW_YAML)
    (skills / "scout" / "count_outlets.py").write_text(FUNCTION)
    (skills / "coach" / "thank-contact.yaml").write_text(AI_YAML)
    (skills / "coach" / "thank_contact.py").write_text(AI_FUNCTIONS)
    with (skills / "types.yaml").open("a") as types:
        types.write(f"\n{NEW_TYPE}")
    agent = skills / "scout" / "agent.yaml"
    agent.write_text(agent.read_text().rstrip("\n") + "\n  - count-outlets\n")


async def command(folder, words) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", {"totalaud": "totalaud.cli"}.get(words[0], words[0]), *words[1:]),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": "."},
        stdout=-1,
        stderr=-2,
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


def test_the_page_has_the_blocks_that_are_tried_here():
    assert [words[:2] for words in COMMANDS] == [
        ["totalaud", "skills"],
        ["pytest", "-q"],
        ["pytest", "-q"],
        ["totalaud", "skills"],
        ["totalaud", "skill"],
        ["pytest", "-q"],
        ["totalaud", "skills"],
        ["totalaud", "skill"],
    ]
    assert yaml.safe_load(NEW_YAML)["name"] == "count-outlets"


@pytest.mark.parametrize("words", [*COMMANDS[:3], COMMANDS[5]], ids=" ".join)
async def test_its_checks_and_tests_pass(checkout, words):
    code, out = await command(checkout, words)
    assert code == 0, out


@pytest.mark.parametrize("status", [200, 503])
def test_its_fetching_function_reads_what_a_site_answers(status):
    found: dict = {}
    exec(FETCHING, found)
    with running(Site()) as site:
        site.answers["/latest.json"] = says(b'[{"title": "Tide Tables"}]', status)
        context = Context(
            uuid4(), datetime.now(UTC), tables=None, log_seq=0, wait_s=0,
            fetch_allow=f"{LOOPBACK}:{site.port}",
        )  # fmt: skip
        there = SimpleNamespace(
            fetch=lambda _url, **limits: context.fetch(site.url("/latest.json"), **limits)
        )
        if status == 200:
            assert found["latest"](there) == ["Tide Tables"]
        else:
            with pytest.raises(SkillError, match="status 503"):
                found["latest"](there)


async def test_the_skill_runs_on_the_stack(stack):
    write(stack.skills)
    async with await client_of(stack, uuid4()) as client:
        report = await client.records.load("contacts", SAMPLE.read_bytes())
        await client.tables.caught_up(report["seq"])
        for words in (*COMMANDS[3:5], *COMMANDS[6:]):
            given = [*words[1:-1], str(stack.skills)] if words[1] == "skills" else words[1:]
            told = await totalaud(stack, client.user, *given)
            assert told.code == 0, told.err
        place = stack.place
        with environment(
            TOTALAUD_NATS_URL=place.nats_url,
            TOTALAUD_DATABASE_URL=place.database_url,
            TOTALAUD_MASTER_KEY_FILE=str(place.master_key_file),
        ):
            found: dict = {}
            exec(SESSION, found)
            assert isinstance(await found["asked"](), list)
