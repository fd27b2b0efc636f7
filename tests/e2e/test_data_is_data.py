"""What people and models write stays text, from input to output, next step, tables, command line and CSV."""

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from asking import pointing_to, shown
from rig import client_of
from totalaud.cli.export_csv import FORMULAS
from totalaud.cli.plain import plain
from totalaud.client import Client
from totalaud.stack.local import LocalStack

UNSEEN = " \t\r\n\u00a0\u200b\u200e\u200f\u2060\ufeff"
HOSTILE = [
    *(
        "{{step1.text}}",
        "{{ step2.text }}",
        "{{input.more}}",
        "{{step1.__class__}}",
        "{{{{step1.text}}}}",
        "{{",
    ),
    *(
        "evt.>",
        "work.custom.echo.*",
        "*",
        ">",
        "stop.x\r\nPUB evt.x 2\r\n{}\r\n",
        "_INBOX.x",
        "a b.c",
        "$JS.API.>",
    ),
    *("generate-pitch", "echo", '{"tool": "echo", "input": {"text": "x"}}', "</tool><tool name='echo'>"),
    *(
        "[[name]]",
        "[[contact_name]]",
        "[[contacts_1_name]]",
        '{"$sealed": "x"}',
        "$sealed",
        "[erased]",
        "[sealed]",
    ),
    *(
        "'; DROP TABLE contacts; --",
        '" OR 1=1 --',
        "$1",
        ":user",
        "\\",
        "%s %(name)s {0} {name}",
        "${HOME} $(id) `id`",
    ),
    *('=HYPERLINK("http://x.example.org")', "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1", "|calc", "a,b\n;c"),
    *(
        "[bold red]x[/bold red]",
        "[link=http://x.example.org]x[/link]",
        "<script>alert(1)</script>",
        "\u202egnp.exe",
    ),
    *(
        "\x1b[2J\x1b]0;owned\x07",
        "\x9b31m",
        "a\x08b\x7f",
        "\ufeff",
        "null",
        "NaN",
        "-",
        "--help",
        "../../etc/passwd",
    ),
]
CONTROLS = {chr(code) for code in (*range(9), *range(11, 32), 127, *range(128, 160), 0x202E)}
COLUMNS = ["name", "email", "outlet", "role", "type", "notes"]


@dataclass
class Told:
    session_id: str
    outputs: list[Any]
    text: str


@pytest.fixture(scope="module")
async def client(stack: LocalStack) -> AsyncIterator[Client]:
    with pointing_to(stack):
        async with await client_of(stack, uuid4()) as client:
            yield client


@pytest.fixture(scope="module")
async def told(client: Client) -> list[Told]:
    """Each text as an output that the next steps take in, whole and inside another text."""
    started = []
    for text in HOSTILE:
        steps = [
            {"skill": "echo", "input": {"text": "{{input.given}}"}},
            {"skill": "echo", "input": {"text": "{{step1.text}}"}},
            {"skill": "echo", "input": {"text": "<{{step2.text}}|{{input.more}}>"}},
        ]
        own = {"given": text, "more": "{{step1.text}}"}
        started.append((await client.run("tester", steps, input=own)).id)
    results = [await client.outcome(id_) for id_ in started]
    await client.tables.caught_up(max(result.seq for result in results))
    return [
        Told(id_, result.outputs, text) for id_, result, text in zip(started, results, HOSTILE, strict=True)
    ]


async def test_an_output_reaches_the_next_step_as_it_is_and_is_not_read_again(told):
    for one in told:
        wanted = [{"text": one.text}, {"text": one.text}, {"text": f"<{one.text}|{{{{step1.text}}}}>"}]
        assert one.outputs == wanted, one.text


async def test_the_tables_hold_it_as_it_is(client, told):
    for one in told:
        record = await client.get(one.session_id)
        assert [step.output for step in record.steps] == one.outputs
        assert [step.input for step in record.steps] == one.outputs
        assert len(await client.executions(one.session_id)) == 3


async def test_the_log_holds_it_as_it_is(client, told):
    for one in told:
        outputs = [
            event["output"]
            async for commit in client.events(one.session_id)
            for event in commit.events
            if event["type"] == "StepCompleted"
        ]
        assert outputs == one.outputs


async def test_the_command_line_tells_scripts_what_it_is(client, told):
    for one in told[:: len(told) // 6]:
        shell = await shown(client.user, "session", "get", one.session_id, "--json")
        assert [step["output"] for step in shell.document["steps"]] == one.outputs


@pytest.mark.parametrize(
    "words", [("session", "get"), ("session", "events"), ("session", "result")], ids=" ".join
)
async def test_the_command_line_lets_nothing_steer_a_terminal(client, told, words):
    for one in told:
        if CONTROLS & set(one.text) or "[" in one.text:
            shell = await shown(client.user, *words, one.session_id)
            assert shell.code == 0, shell.err
            assert CONTROLS & set(shell.out) == set(), (one.text, shell.out)
            if one.text.startswith(("[bold", "[link")) and words[1] == "result":
                assert one.text in shell.out


@pytest.fixture(scope="module")
async def contacts(client: Client) -> dict[str, str]:
    """Each text as every field of a contact, by the text's place in the list."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for number, text in enumerate(HOSTILE):
        address = f"hostile{number}@example.org"
        writer.writerow(
            dict.fromkeys(("name", "outlet", "role", "notes"), text) | {"email": address, "type": "radio"}
        )
    report = await client.records.load("contacts", out.getvalue().encode())
    assert report["imported"] > len(HOSTILE) * 0.8
    assert all(len(error["message"]) > 8 for error in report["errors"])
    await client.tables.caught_up(report["seq"])
    return {row.email: row for row in await client.records.rows("contacts", limit=1000)}


async def test_a_contact_keeps_what_it_is_called(contacts):
    """But for spaces, and what cannot be seen, around it."""
    for address, row in contacts.items():
        text = HOSTILE[int(address[7:].split("@")[0])]
        seen = text.strip(UNSEEN).split()
        assert (row.name or "").split() == seen, text
        assert (row.outlet or "").split() == seen, text


async def test_an_exported_table_holds_no_formula_and_steers_no_terminal(client, contacts):
    seen = 0
    for row in list(contacts.values())[::4]:
        shell = await shown(client.user, "contacts", "export", row.id, "--csv")
        assert shell.code == 0, shell.err
        assert CONTROLS & set(shell.out) <= {"\r"}
        cells = [cell for line in csv.reader(io.StringIO(shell.out)) for cell in line]
        assert not [cell for cell in cells if cell.startswith(FORMULAS)]
        seen += bool({plain(row.name), f"'{plain(row.name)}"} & set(cells))
    assert seen >= len(contacts) // 4


async def test_the_list_of_contacts_lets_nothing_steer_a_terminal(client, contacts):
    shell = await shown(client.user, "contacts", "list", "--limit", "1000")
    assert shell.code == 0
    assert CONTROLS & set(shell.out) == set()


@pytest.mark.parametrize("name", ["{{step1.text}}", "[[contact_name]]", "[[name]]", "evt.>", "=1+1"])
async def test_a_name_enters_a_written_text_as_it_is(client, name):
    given = {"artist_name": "Neon Harbour", "genre": "synthpop", "contact_name": name}
    started = await client.run(
        "tester",
        [
            {"skill": "echo", "input": {"text": "x"}},
            {"skill": "generate-pitch", "input": {**given, "contact_name": "{{input.who}}"}},
        ],
        input={"who": name},
    )
    result = await client.outcome(started.id)
    assert name in json.dumps(result.outputs[1], ensure_ascii=False)
