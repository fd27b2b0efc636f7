"""The command line: what it reads, what it writes, how it ends."""

import importlib.metadata
import io
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from nats.errors import TimeoutError as NatsTimeout
from rich.console import Console

import totalaud
from shared.refusal import Refusal
from totalaud.cli import budget, operate, reading, show
from totalaud.cli.app import app
from totalaud.cli.failure import describe, sentence
from totalaud.cli.main import call
from totalaud.cli.operate import standing
from totalaud.cli.options import hoist
from totalaud.cli.skills import listed
from totalaud.cli.table import UNBOUNDED, Table
from totalaud.cli.telling import Teller
from totalaud.cli.terminal import Terminal
from totalaud.errors import Unreachable, WorkflowFailed
from totalaud.stack.lock import DataLock
from totalaud.stack.server import NotReady

ID = "7a1c5b0e-6f1a-4a53-9c1d-2f4f1b8f0c11"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in ("TOTALAUD_NATS_URL", "TOTALAUD_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    return


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["session", "list", "--json"], ["--json", "session", "list"]),
        (["run", "--user", "u", "-f", "x"], ["--user", "u", "run", "-f", "x"]),
        (["up", "--data=/d"], ["--data=/d", "up"]),
        (["skill", "x", "--", "--json"], ["skill", "x", "--", "--json"]),
        (["session", "list", "--json", "--data"], ["--json", "--data"]),
    ],
)
def test_global_options_may_stand_anywhere(given: list[str], meant: list[str]):
    assert hoist(given) == meant


def test_help_comes_at_once():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "totalaud.cli", "--help"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent_s < 1, "it is a quarter of a second of the processor"


@pytest.mark.parametrize("group", [[], *([group.name] for group in app.registered_groups)])
def test_what_a_command_does_is_said_whole_on_80_columns(
    group: list[str], capsys: pytest.CaptureFixture[str]
):
    assert call([*group, "--help"]) == 0
    commands = capsys.readouterr().out.split("Commands:\n")[1].splitlines()
    assert commands
    assert not [line for line in commands if line.endswith("...")]


def commands() -> Iterator[list[str]]:
    yield from ([str(one.name)] for one in app.registered_commands)
    for group in app.registered_groups:
        assert group.typer_instance
        yield from ([str(group.name), str(one.name)] for one in group.typer_instance.registered_commands)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_no_option_is_explained_by_a_name_of_python_s(words: list[str], capsys: pytest.CaptureFixture[str]):
    assert call([*words, "--help"]) == 0
    usage, _, options = capsys.readouterr().out.partition("Options:\n")
    assert not re.search(r"<(str|int|float|path)>|list\[| range>", options)
    assert not re.search(r"[{[][a-z]", usage.partition("\n")[0])


def test_it_says_which_release_it_is(capsys: pytest.CaptureFixture[str]):
    assert call(["--version"]) == 0
    assert capsys.readouterr().out == f"totalaud {importlib.metadata.version('totalaud')}\n"


def test_help_does_not_import_servers_libraries():
    heavy = "('nats', 'asyncpg', 'pydantic', 'rich')"
    code = f"import sys, totalaud.cli.app; print([name for name in {heavy} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"


def test_nothing_is_loaded_before_an_interruption_is_caught():
    program = (
        "import sys; before = set(sys.modules); import totalaud.cli.main; print(*set(sys.modules) - before)"
    )
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(Path(totalaud.__file__).parent.parent)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert set(loaded.stdout.split()) == {"totalaud", "totalaud.cli", "totalaud.cli.main"}


def test_an_interruption_while_code_is_loaded_is_no_fault(monkeypatch: pytest.MonkeyPatch):
    class Interrupted:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "totalaud.cli.app":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "totalaud.cli.app")
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    assert call(["--help"]) == 130


def test_the_package_lists_what_it_offers():
    assert dir(totalaud) == sorted(totalaud.__all__)
    assert all(hasattr(totalaud, name) for name in totalaud.__all__)


def test_nothing_running_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert call(["--data", str(tmp_path), "session", "list"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"error: nothing runs on {tmp_path}: start 'totalaud up'")
    assert told.err.count("\n") == 1


@pytest.mark.parametrize(("command", "folder"), [("up", "."), ("demo", "demo")])
def test_a_stack_that_runs_already_is_an_error_like_any_other(
    command: str, folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    data = tmp_path / folder
    data.mkdir(exist_ok=True)
    lock = DataLock(data)
    try:
        assert call([command, "--data", str(tmp_path)]) == 1
    finally:
        lock.release()
    told = capsys.readouterr().err
    assert told.startswith(f"error: totalaud runs on {data} already")
    assert told.endswith("choose another --data (servers)\n")


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff\xfe{}"])
def test_a_damaged_note_of_what_runs_is_named(
    data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "connection.json").write_bytes(data)
    assert call(["--data", str(tmp_path), "session", "list"]) == 1
    assert capsys.readouterr().err.startswith(
        f"error: {tmp_path}/connection.json was changed or damaged: start"
    )


def test_scripts_get_errors_as_a_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert call(["session", "get", ID, "--json", "--data", str(tmp_path)]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "unreachable"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["session", "list", "--data"], "Option '--data' requires an argument."),
        (
            ["session", "list", "--status", "done"],
            "Invalid value for '--status': 'done' is not one of 'pending', 'running'",
        ),
        (["run", "scout", "-f", "w.json", "--budget", "much"], "Invalid value for --budget: give US dollars"),
        (["run", "scout", "-f", "w.json", "--budget", ""], "Invalid value for --budget: give US dollars"),
        (
            ["ask", "How is my campaign doing?", "--budget", "much"],
            "Invalid value for --budget: give US dollars",
        ),
        (["session", "get", ID, "--min-seq=-1"], "Invalid value for '--min-seq'"),
        (["skill", "find", "-i", "query"], "Invalid value for --input: 'query': write it as key=value"),
        (["skill", "write", "--budget="], "Invalid value for --budget: give US dollars"),
        (["demo", "--json"], "what this shows is for people; for a script 'totalaud up' and"),
        (["up", "--json"], "what this shows is for people; a script finds the servers by"),
    ],
)
def test_a_wrong_option_is_named(words: list[str], told: str, capsys: pytest.CaptureFixture[str]):
    Path("w.json").write_text("[]")
    assert call(words) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["run"], ["nosuch"], ["skill"], ["run", "a", "-f", "nosuch.yaml", "--frobnicate"]]
)
def test_a_wrong_call_ends_with_2(words: list[str], capsys: pytest.CaptureFixture[str]):
    assert call(words) == 2
    assert "Usage: totalaud" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["run", "scout", "-f"],
        ["contacts", "import"],
        ["opportunities", "import"],
        ["streams", "import", "--artist=A"],
    ],
)
def test_a_missing_file_is_named(words: list[str], capsys: pytest.CaptureFixture[str]):
    assert call([*words, "nosuch.yaml"]) == 1
    assert capsys.readouterr().err == "error: nosuch.yaml: No such file or directory (file)\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "scout", "-f", "w.yaml", "--watch", "--no-wait"], "--watch or --no-wait, not both"),
        (["contacts", "export", ID, "--csv", "--json"], "--csv or --json, not both"),
    ],
)
def test_what_excludes_each_other_is_told(words: list[str], told: str, capsys: pytest.CaptureFixture[str]):
    assert call(words) == 2
    assert told in capsys.readouterr().err


def test_a_row_is_one_line_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delenv("COLUMNS")
    long = "a long name " * 30
    show.console().print(Table(["name", "id"], [[long, ID]]))
    assert [line.split() for line in capsys.readouterr().out.splitlines()][2:] == [[*long.split(), ID]]


def test_a_list_of_ten_thousand_sessions_is_written_in_a_second(monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS")
    row = {"id": ID, "agent_name": "scout-agent", "status": "completed", "current_step": 3, "total_steps": 3}
    row |= {"cost_usd": 0.0, "created_at": datetime(2026, 11, 27, tzinfo=UTC)}
    began = time.process_time()
    show.console().print(show.sessions([row] * 10_000))
    assert len(capsys.readouterr().out.splitlines()) == 10_002
    assert time.process_time() - began < 5


@pytest.mark.parametrize(("encoding", "rule"), [("latin-1", "-"), ("utf-8", "─")])
def test_the_line_under_a_head_is_one_that_the_output_has(encoding: str, rule: str):
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    Console(file=out, width=UNBOUNDED).print(Table(["name"], [["Ada"]]))
    out.seek(0)
    assert out.read().split() == ["name", 4 * rule, "Ada"]


@pytest.mark.parametrize("columns", ["0", "1", "40", "60", "80"])
def test_a_terminal_of_any_width_hides_nothing(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("COLUMNS", columns)
    created, skill = datetime(2026, 11, 27, 7, 30, tzinfo=UTC), "a-skill-of-one-s-own-" + "x" * 43
    row = {"id": ID, "agent_name": "scout-agent", "status": "completed", "current_step": 3, "total_steps": 3}
    row |= {"tokens_used": 12345, "simulated": True, "cost_usd": 0.0, "duration_ms": 12345}
    step = {"step_number": 7, "skill_name": skill, "agent_name": "scout-agent", "status": "completed"}
    step |= {"duration_ms": 12345, "tokens_used": 12345, "simulated": True, "cost_usd": 0.0}
    show.console().print(show.sessions([{**row, "created_at": created}]))
    show.console().print(*show.session({**row, "created_at": created, "steps": [step]}), sep="\n")
    told = Counter(capsys.readouterr().out)
    shown = (ID, "scout", "completed 3/3", "$0 (sim.)", ID, "7", skill, "scout-agent", "12345")
    assert told >= Counter("".join(shown).replace(" ", ""))
    assert not told["\u2026"]


@pytest.mark.parametrize("letters", [22, 48, 60])
def test_a_long_name_leaves_room_for_what_stands_beside_it(
    letters: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("COLUMNS", "80")
    step = {"step_number": 7, "skill_name": "s" * letters, "agent_name": "scout-agent", "status": "completed"}
    step |= {"duration_ms": 12345, "tokens_used": 12345, "simulated": False, "cost_usd": 0.02}
    show.console().print(show.timeline([step]))
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("7")]
    assert line.split()[2:] == ["scout-agent", "completed", "12.35", "s", "12345", "$0.0200"]


def test_a_line_is_written_as_it_stands(capsys: pytest.CaptureFixture[str]):
    show.say(show.console(), "Subject: [bold]new[/bold] :fire: single")
    assert capsys.readouterr().out == "Subject: [bold]new[/bold] :fire: single\n"


def test_dead_letters_are_told_by_the_clocks_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    letter = {"at": "2026-11-28T22:29:14.5910250Z", "service": "orchestrator", "stream": "CMD", "seq": 1}
    show.console().print(operate.listed([{**letter, "reason": "it cannot be read"}]))
    monkeypatch.undo()
    time.tzset()
    assert "2026-11-29 07:29:14" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["run", "scout", "-f", "-"], ["contacts", "import", "-"]])
def test_a_closed_standard_input_is_named(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "stdin", None)
    assert call(words) == 2
    assert "standard input is closed" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_letters_that_standard_output_lacks_are_escaped(encoding: str):
    def written(code: str, *words: str) -> str:
        command = [sys.executable, "-c", code, *words]
        env = {**os.environ, "PYTHONIOENCODING": encoding}
        return subprocess.run(command, capture_output=True, env=env, check=False).stdout.decode(encoding)

    called = "from totalaud.cli.main import main; main()"
    table = "from totalaud.cli.encoding import *; escape_on_stdout(); from totalaud.cli.table import Table; "
    table += "from totalaud.cli import show; "
    name = "no Ü→😀"
    assert json.loads(written(called, "skills", "lint", name, "--json"))[0]["file"] == name
    seen = name.encode(encoding, "backslashreplace").decode(encoding)
    shown = seen.replace(r"\xdc", r"\u00dc").replace(r"\U0001f600", r"\ud83d\ude00")
    assert written(called, "skills", "lint", name) == f"{shown}:1: there is no such folder\n"
    assert shown in written(f"{table} show.console().print(Table(['name'], [[{name!r}]]))")


def test_lint_tells_scripts_of_warnings_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    skill = tmp_path / "coach" / "some.yaml"
    skill.parent.mkdir()
    skill.write_text(
        "name: some\ncategory: analysis\nprovider: openai\nmodel: small\noutput:\n  facts: object\n"
    )
    assert call(["skills", "lint", str(tmp_path), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["severity"], found["file"], found["line"]) == ("warning", str(skill), 6)
    assert "no model can fill" in found["message"]


@pytest.mark.parametrize("words", [["skills", "lint"], ["skills", "lint", "--json"], ["--help"]])
def test_a_reader_that_has_gone_is_told_from_a_failure(words: list[str], tmp_path: Path):
    (reading, writing), folder = os.pipe(), tmp_path / "none"
    os.close(reading)
    command = [sys.executable, "-m", "totalaud.cli", *words, *([str(folder)] if "lint" in words else [])]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")


def test_a_reader_that_has_gone_is_an_error_like_another_where_something_has_to_be_stopped_first():
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        Terminal(file=Gone()).print("nats runs")


@pytest.mark.parametrize(
    ("closed", "words", "code"),
    [
        (">&-", ["skills", "lint", "--json"], 0),
        (">&-", ["session", "get", ID, "--json"], 1),
        ("2>&-", ["session", "get", ID], 1),
        (">&- 2>&-", ["session", "get", ID, "--json"], 1),
    ],
)
def test_an_output_that_was_closed_from_the_start_is_given_to_nobody(
    closed: str, words: list[str], code: int, tmp_path: Path
):
    program = (sys.executable, "-m", "totalaud.cli", *words, "--data", str(tmp_path))
    shell = ("sh", "-c", f'"$0" "$@" {closed}', *program)
    ended = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("words", [["skills", "lint"], ["skills", "lint", "--json"]])
def test_an_output_that_takes_nothing_is_told_in_one_line(words: list[str], tmp_path: Path):
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "totalaud.cli", *words, str(tmp_path / "none")]
        env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=env)
    assert (ended.returncode, ended.stderr) == (1, "error: No space left on device (file)\n")


def test_a_file_steers_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "scout").mkdir()
    (tmp_path / "scout" / "bad.yaml").write_text('name: "a\\e]0;title\\a"\n')
    assert call(["skills", "lint", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "a␛]0;title␇" in told
    assert not {"\x1b", "\a"} & set(told)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), "No space left on device (file)"),
        (FileNotFoundError("no skills folder found"), "no skills folder found (file)"),
        (FileNotFoundError(2, "No such file", Path("a.csv")), "a.csv: No such file (file)"),
    ],
)
def test_a_fault_of_the_system_is_told_with_what_is_known(error: OSError, told: str):
    found = describe(error)
    assert found is not None
    assert sentence(found) == told


def test_a_workflow_may_be_yaml_json_or_a_list():
    steps = [{"skill": "find", "input": {"q": 1}}]
    for text in ("steps:\n- {skill: find, input: {q: 1}}", json.dumps({"steps": steps}), json.dumps(steps)):
        assert reading.workflow(text, "w")["steps"] == steps


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "w is not YAML at line 2"),
        ('{"steps": ', "w is not JSON"),
        ("just words", "a workflow is a list of steps"),
        ("steps: []\nstep: 1", "unknown field 'step'"),
        ("steps: []\nstep: 1\n5: 2", "unknown field 'step'"),
        ("steps: [research]", "step 1 has to be an object"),
        ("steps: []\ninput: 5", "'input' has to be an object"),
        (
            "steps:\n- {skill: x, input: {date: 2026-13-01}}",
            "w has a value that cannot be read: month must be",
        ),
        ("[" * 100_000, "w is nested too deep"),
        ("- " * 20_000, "w is nested too deep"),
    ],
)
def test_a_bad_workflow_says_what_is_wrong(text: str, told: str):
    with pytest.raises(typer.BadParameter, match=told):
        reading.workflow(text + "\n", "w")


def test_a_file_that_is_no_utf_8_is_told_by_its_line(tmp_path: Path):
    file = tmp_path / "w.yaml"
    file.write_bytes("steps:\n- skill: é".encode("latin-1"))
    with pytest.raises(typer.BadParameter, match=r"w\.yaml is not UTF-8 at line 2"):
        reading.file_text(str(file))


def test_inputs_are_json_where_they_can_be():
    assert reading.inputs(["q=UK radio", "n=3", 'g=["a"]']) == {"q": "UK radio", "n": 3, "g": ["a"]}
    assert reading.inputs(['{"q": "x"}']) == {"q": "x"}


def test_an_input_without_a_value_is_refused():
    with pytest.raises(typer.BadParameter, match="write it as key=value"):
        reading.inputs(["query"])


def test_an_input_that_is_given_twice_is_refused():
    with pytest.raises(typer.BadParameter, match="'genres' is given twice: write a list as genres="):
        reading.inputs(["genres=synthpop", "genres=indie"])


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_an_input_may_be_a_name_that_only_looks_like_a_number(name: str):
    assert reading.inputs([f"artist={name}"]) == {"artist": name}


@pytest.mark.parametrize(
    ("rebuilding", "rebuilt_seq", "said"),
    [(False, None, ""), (True, 0, "; a rebuild runs"), (True, 40, "; a rebuild runs, at sequence 40")],
)
def test_a_rebuild_is_told_with_how_far_it_is(rebuilding: bool, rebuilt_seq: int | None, said: str):
    found = {"seq": 78, "log_seq": 80, "lag": 2, "rebuilding": rebuilding, "rebuilt_seq": rebuilt_seq}
    assert standing(found) == f"sequence 78 of 80, 2 behind{said}"


def test_tables_that_are_ahead_of_a_log_without_its_end_are_said_to_be():
    found = {"seq": 80, "log_seq": 78, "lag": -2, "rebuilding": False, "rebuilt_seq": None}
    assert standing(found) == "sequence 80 of 78, 2 ahead of a log that has lost its end"


def test_an_error_names_its_field_once():
    told = describe(Refusal("unknown_skill", "steps[0].skill", "there is no skill 'x'"))
    assert told is not None
    assert sentence(told) == "steps[0].skill: there is no skill 'x' (unknown_skill)"
    told = describe(Refusal("missing_field", "input.q", "input.q is required"))
    assert told is not None
    assert sentence(told) == "input.q is required (missing_field)"


def test_what_a_process_said_at_its_end_comes_after_the_error():
    told = describe(NotReady("nats ended with code 1 before it answered:\nno room\n"))
    assert told
    assert sentence(told) == "nats ended with code 1 before it answered: (servers)\nno room"


def test_a_server_that_does_not_answer_in_time_is_no_fault_of_a_file():
    found = describe(NatsTimeout())
    assert found is not None
    assert sentence(found).startswith("no answer in time: do NATS and PostgreSQL run")
    assert found["code"] == "unreachable"


def test_a_failed_workflow_says_how_to_go_on():
    failed = WorkflowFailed(ID, failed_step=2, outputs=[1, None], code="timeout", message="too slow")
    told = describe(failed)
    assert told is not None
    assert sentence(told) == "step 2: too slow (timeout)"
    assert f"totalaud session retry {ID}" in told["next"]


def test_what_was_refused_is_not_said_to_go_on():
    refused = WorkflowFailed(
        ID, failed_step=None, outputs=[], code="missing_field", message="agent: is required"
    )
    told = describe(refused)
    assert told is not None
    assert told["next"] == [f"totalaud session get {ID}"]


def test_a_fault_of_ours_is_not_dressed_up():
    assert describe(KeyError("x")) is None
    assert describe(Unreachable("x")) is not None


def test_events_are_told_with_the_skill_they_are_about():
    teller = Teller()
    teller.tell({"type": "SessionStarted", "agent": "scout-agent", "steps": [{"number": 1, "skill": "find"}]})
    usage = {
        "input_tokens": 10,
        "output_tokens": 5,
        "cost_usd": "0",
        "list_price_usd": "0.02",
        "simulated": True,
    }
    told = teller.tell({"type": "StepCompleted", "step": 1, "duration_ms": 1234, "usage": usage})
    assert told == "step 1 find completed in 1.23 s, 15 tokens, $0 (simulated; list price $0.0200)"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"cost_usd": 0.0, "simulated": False}, "$0"),
        ({"cost_usd": 0.0123, "simulated": False}, "$0.0123"),
        ({"cost_usd": None}, "unknown price"),
        ({"cost_usd": 0.1, "unpriced_calls": 1}, "unknown price"),
        ({"cost_usd": 0.0, "simulated": True, "list_price_usd": 0.0}, "$0 (simulated)"),
        ({"cost_usd": 0.00004, "simulated": False}, "<$0.0001"),
        ({"cost_usd": 0.0123, "in_doubt_usd": 0.02}, "$0.0123, up to $0.0200 more in doubt"),
        ({"cost_usd": 0.0, "in_doubt_usd": 0.02}, "$0, up to $0.0200 more in doubt"),
        ({"cost_usd": None, "in_doubt_usd": 0.02}, "unknown price, up to $0.0200 more in doubt"),
    ],
)
def test_an_unknown_price_or_one_in_doubt_is_not_nothing(row: dict[str, Any], told: str):
    assert show.money(row) == told


def test_what_was_paid_beside_simulated_texts_is_told():
    row = {"cost_usd": 0.0123, "simulated": True, "list_price_usd": 0.02}
    assert show.money(row) == "$0.0123 (in part simulated; list price $0.0200)"
    assert (show.price(row), show.price({**row, "cost_usd": 0.0})) == ("$0.0123", "$0 (sim.)")


def test_an_account_shows_that_little_was_spent_and_not_nothing(capsys: pytest.CaptureFixture[str]):
    day = {"limit_usd": "0.00001", "spent_usd": "0.000012", "reserved_usd": "0", "left_usd": "0"}
    user = {"limit_usd": None, "spent_usd": "2.00001", "reserved_usd": "0.03", "left_usd": None}
    policy = {"policy": "fail"}
    found = {"today": "2026-11-28", "user": user | policy, "day": day | policy}
    show.console().print(budget.limits(found))
    *_, whole, of_day = capsys.readouterr().out.splitlines()
    assert whole.split()[2:6] == ["none", "$2.0000", "$0.0300", "-"]
    assert of_day.split()[2:6] == ["<$0.0001", "<$0.0001", "$0", "$0"]


def test_no_amount_of_an_account_is_broken_in_two_on_80_columns(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    scope = {"limit_usd": "1234567.891", "spent_usd": "0", "reserved_usd": "0", "left_usd": "1234567.891"}
    scope["policy"] = "fail"
    show.console().print(budget.limits({"today": "2026-11-28", "user": scope, "day": scope}))
    assert capsys.readouterr().out.count("$1234567.8910 ") == 4


@pytest.mark.parametrize(
    ("ms", "told"),
    [
        (0, "0 ms"),
        (999.4, "999 ms"),
        (999.6, "1.00 s"),
        (59_990, "59.99 s"),
        (59_999, "1 min 0 s"),
        (200_000, "3 min 20 s"),
        (7_499_000, "2 h 4 min"),
        (2 * 86_400_000 + 3 * 3_600_000, "2 d 3 h"),
    ],
)
def test_a_duration_is_told_in_units_that_people_count_in(ms: float, told: str):
    assert show.duration(ms) == told


def test_a_plus_in_a_table_says_that_more_is_in_doubt():
    assert show.price({"cost_usd": 0.0123, "in_doubt_usd": 0.02}) == "$0.0123+"
    assert show.price({"cost_usd": None, "in_doubt_usd": 0.02}) == "unknown price"


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ({"outcome": "rate_limited", "input_tokens": None, "in_doubt_usd": 0.0}, "$0 "),
        ({"outcome": "timeout", "input_tokens": None, "in_doubt_usd": 0.02}, "$0+"),
        ({"outcome": "passed", "input_tokens": 9, "in_doubt_usd": 0.0}, "unknown price"),
    ],
)
def test_a_call_that_was_not_answered_is_of_no_unknown_price(
    call: dict[str, Any], told: str, capsys: pytest.CaptureFixture[str]
):
    row = {"step_number": 1, "item": None, "model": "a-model", "purpose": "first", "failed_checks": []}
    row |= {"output_tokens": call["input_tokens"], "cost_usd": None, **call}
    Console(width=80, highlight=False).print(show.model_calls([row]))
    assert told in capsys.readouterr().out.splitlines()[-1]


def test_a_lost_attempt_is_told_with_what_it_may_have_cost():
    teller = Teller()
    started = {"type": "AttemptStarted", "step": 1, "attempt_id": "a", "reserved_usd": "0.02"}
    assert teller.tell(started) is None
    lost = {"type": "AttemptLost", "step": 1, "attempt_id": "a"}
    assert teller.tell(lost) == "step 1 attempt lost: its skill-runner is gone, up to $0.0200 in doubt"
    lost["attempt_id"] = "of a page before"
    assert teller.tell(lost) == "step 1 attempt lost: its skill-runner is gone"


def test_why_an_attempt_failed_is_told_once_and_not_of_step_and_session_again():
    why = {"code": "skill_error", "message": "no such artist"}
    teller = Teller()
    told = [
        teller.tell({"type": "AttemptFailed", "step": 1, "error": why}),
        teller.tell({"type": "StepFailed", "step": 1, **why}),
        teller.tell({"type": "SessionFailed", "step": 1, **why}),
        teller.tell({"type": "AttemptFailed", "step": 1, "error": why}),
    ]
    assert told == [
        "step 1 attempt failed: no such artist (skill_error)",
        "step 1 failed (skill_error)",
        "failed (skill_error)",
        "step 1 attempt failed: no such artist (skill_error)",
    ]
    assert (
        Teller().tell({"type": "StepFailed", "step": 1, **why})
        == "step 1 failed: no such artist (skill_error)"
    )


def test_an_attempt_that_waits_for_its_provider_is_told_with_the_reason():
    why = {"code": "rate_limited", "message": "openai takes no more calls now"}
    deferred = {"type": "AttemptDeferred", "step": 1, "attempt_id": "a", **why}
    assert (
        Teller().tell(deferred) == "step 1 waits for its turn: openai takes no more calls now (rate_limited)"
    )


@pytest.mark.parametrize(("days", "told"), [(2, "%m-%d %H:%M"), (400, "%Y-%m-%d"), (-400, "%Y-%m-%d")])
def test_a_time_far_away_is_told_with_its_year_in_as_few_letters(days: int, told: str):
    at = datetime.now(UTC) - timedelta(days=days)
    assert show.moment(at) == at.astimezone().strftime(told)
    assert len(show.moment(at)) <= len("11-28 10:15")


@pytest.mark.parametrize(("scope", "told"), [("day", "the next day (UTC)"), ("user", "raises the limit")])
def test_what_waits_for_the_money_of_a_day_is_told_to_go_on_with_the_next(scope: str, told: str):
    teller = Teller()
    stopped = {"type": "AttemptStopped", "step": 1, "attempt_id": "a", "scope": scope, "limit_usd": "5"}
    teller.tell(stopped)
    assert told in str(teller.tell({"type": "SessionWaiting", "step": 1, "on": "budget"}))


def test_a_skill_that_is_not_done_yet_is_listed_as_such():
    row = {"version": "2", "category": "analysis", "provider": "custom", "model": None, "enabled": True}
    made = listed([{"name": "old", "is_beta": False, **row}, {"name": "new", "is_beta": True, **row}])
    assert [row[:2] for row in made.rows] == [("old", "2"), ("new", "2 (beta)")]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"saved_usd": 0.0123, "saved_list_price_usd": 0.0123}, "cached, saved $0.0123"),
        ({"saved_usd": 0.0, "saved_list_price_usd": None}, "cached, saved $0"),
        ({"saved_usd": 0.0, "saved_list_price_usd": 0.0123}, "cached (sim.), saved $0 (list $0.0123)"),
        ({"saved_usd": None}, "cached, saved an unknown price"),
    ],
)
def test_a_hit_says_what_it_saved(row: dict[str, Any], told: str):
    assert show.cached(row) == told


def test_a_session_says_what_its_hits_saved_in_all():
    hit = {"cache_hit": True, "saved_usd": 0.01, "saved_list_price_usd": 0.01}
    run = {"cache_hit": False, "saved_usd": None, "saved_list_price_usd": None}
    assert show.hits_of([run, hit, hit]) == "2 of 3 steps cached, saved $0.0200"
    assert show.hits_of([hit, {**hit, "saved_usd": None}]) == "2 of 2 steps cached, saved an unknown price"
    assert show.hits_of([run]) is None


def test_a_step_that_was_a_hit_shows_no_price_of_its_own():
    assert show.price({"cache_hit": True, "cost_usd": 0.0, "simulated": True}) == "cached"


def test_a_hit_is_told_while_it_is_watched():
    hit = {"type": "StepCompleted", "step": 1, "duration_ms": 4, "cached": {"saved_usd": "0.0123"}}
    assert Teller().tell(hit) == "step 1 completed in 4 ms, cached, saved $0.0123"


@pytest.mark.parametrize("agent", ["scout-agent", "tracker-agent"])
def test_a_session_takes_one_line_of_80(agent: str, capsys: pytest.CaptureFixture[str]):
    created = datetime(2026, 11, 27, 7, 30, tzinfo=UTC)
    row = {"id": ID, "agent_name": agent, "status": "completed", "current_step": 3, "total_steps": 3}
    row |= {"simulated": True, "cost_usd": 0.0, "created_at": created}
    step = {"step_number": 3, "skill_name": "recommend-next-steps", "agent_name": agent, "duration_ms": 12345}
    step |= {"status": "completed", "tokens_used": 12345, "simulated": True, "cost_usd": 0.0}
    for made in (show.sessions([row]), show.timeline([step])):
        Console(width=80, highlight=False).print(made)
        assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize(
    ("waiting_on", "told"), [("work", "running 1/3"), ("timer", "running 1/3"), ("budget", "waits 1/3")]
)
def test_a_list_tells_a_session_that_waits_for_somebody_from_one_that_runs(waiting_on: str, told: str):
    row = {"id": ID, "agent_name": "scout-agent", "status": "running", "current_step": 1, "total_steps": 3}
    row |= {"waiting_on": waiting_on, "cost_usd": 0.0, "created_at": datetime(2026, 11, 27, tzinfo=UTC)}
    assert [row[2] for row in show.sessions([row]).rows] == [told]


@pytest.mark.parametrize("width", [80, 200])
def test_a_table_hides_nothing(width: int, capsys: pytest.CaptureFixture[str]):
    rows = [(ID, "scout-agent", "completed", "a long error message that has to be folded somewhere")]
    Console(width=width, highlight=False).print(Table(("session", "agent", "status", "error"), rows))
    told = capsys.readouterr().out
    assert max(len(line.rstrip()) for line in told.splitlines()) <= width
    letters = "".join(told.split())
    assert "…" not in letters
    assert "\x1b" not in told
    assert all(part in letters for part in ("scout", "folded", "somewhere"))
