"""The pages of the documentation refer to what is there, and leave out no table and no command."""

import re
from pathlib import Path

import pytest

from campaigns.main import routes
from projector.tables import names
from shared.log import MemoryLog
from shared.memory_vault import MemoryVault
from shared.subjects import RECORDS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")
CODE = re.compile(
    r'(?:Refusal|Failure|super\(\).__init__)\(\s*"([a-z_]+)",|code="([a-z_]+)"|give(?:_up|n_up)\([^")]*"([a-z_]+)"'
)
ONLY_AT_A_START = {
    *("master_key", "nats", "no_skills", "no_stream", "old_server", "pooler", "restoring", "secret"),
    *("stream_changed", "tls"),
}
OF_A_REBUILD = {"another_log", "another_release", "broken_off", "busy", "changed_tables", "encoding", "gap"}
NEVER_TOLD_TO_CLIENTS = {"tampered", "unknown_attempt"}
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def headings(page: Path) -> set[str]:
    """Return the anchors of a page, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_whatever_a_page_refers_to_is_there(page: Path):
    for target, anchor in LINK.findall(FENCED.sub("", page.read_text())):
        there = page.parent / target if target else page
        assert there.exists(), target
        assert not anchor or anchor in headings(there), f"{target}#{anchor}"


def test_each_page_is_to_be_found_from_the_first_one():
    found = {(ROOT / target).resolve() for target, _ in LINK.findall((ROOT / "README.md").read_text())}
    assert {page for page in PAGES if page.name != "README.md"} <= found


def test_every_table_is_told_of():
    page = (ROOT / "docs" / "interface.md").read_text().split("## Tables")[1]
    assert {name for name in names() if f"`{name}`" not in page} == set()


def test_every_command_on_records_is_told_of():
    page = (ROOT / "docs" / "records.md").read_text()
    commands = routes(MemoryLog(), MemoryVault())
    assert {command for command in commands if f"`{command}`" not in page} == set()


def errors() -> str:
    page = (ROOT / "docs" / "interface.md").read_text()
    return page.split("## Errors")[1].split("## Budgets")[0]


def sources(folder: str) -> list[str]:
    return [file.read_text() for file in (ROOT / folder).rglob("*.py")]


SERVICES = ["services/orchestrator", "services/skill-runner", "services/campaigns", "services/projector"]


@pytest.mark.parametrize("folder", [*SERVICES, "shared"])
def test_every_code_of_an_error_is_told_of(folder: str):
    codes = {code for text in sources(folder) for found in CODE.findall(text) for code in found if code}
    assert len(codes) > 8
    untold = {code for code in codes if f"`{code}`" not in errors()}
    assert untold <= ONLY_AT_A_START | OF_A_REBUILD | NEVER_TOLD_TO_CLIENTS


def test_every_code_that_is_told_of_is_one():
    told = {
        code
        for row in re.findall(r"^\| (`.*?) \|", errors(), re.MULTILINE)
        for code in re.findall("`([a-z_]+)`", row)
    }
    every = "".join(text for folder in [*SERVICES, "shared"] for text in sources(folder))
    missing = {code for code in told if f'"{code}"' not in every}
    assert missing - {f"unknown_{noun}" for noun in RECORDS} == set()


@pytest.mark.parametrize("folder", [*SERVICES, "shared"])
def test_every_module_is_to_be_found_from_the_first_page_of_its_package(folder: str):
    (page,) = (ROOT / folder).glob("*/__init__.py")
    modules = {file.stem for file in page.parent.glob("*.py") if not file.stem.startswith("__")}
    modules |= {file.parent.name for file in page.parent.glob("*/__init__.py")}
    listed = page.read_text().split("\n- ", 1)[1]
    assert sorted(re.findall("`([a-z_]+)`", listed)) == sorted(modules)


def test_every_setting_is_told_of_and_every_one_that_is_told_of_is_there():
    page = (ROOT / "OPERATIONS.md").read_text()
    table = page.split("## Settings")[1].split("`totalaud up` keeps")[0]
    every = "".join(text for folder in [*SERVICES, "shared", "totalaud"] for text in sources(folder))
    variable = r"(?:TOTALAUD|OTEL|OPENAI|ANTHROPIC)_[A-Z_]+[A-Z]"
    read = set(re.findall(rf'"({variable})"', every)) - {"TOTALAUD_STACK"}
    read = {name for name in read if name.removesuffix("_FILE") not in table}
    assert read - {"OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"} == set()
    told = {
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall(variable, row)
    }
    made = {f"{provider}_{what}" for provider in ("OPENAI", "ANTHROPIC") for what in ("API_KEY", "BASE_URL")}
    assert {name for name in told if f'"{name}"' not in every} - made == set()
