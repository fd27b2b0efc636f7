"""The commands on records: what is asked of the service, and how lists and reports look."""

import io
from datetime import UTC, date, datetime
from pathlib import Path
from time import process_time
from typing import Any
from uuid import UUID

import pytest
import typer
from rich.console import Console

from shared.refusal import Refusal
from totalaud.cli import records_shown
from totalaud.cli.loading import report_lines
from totalaud.cli.main import call
from totalaud.cli.reading import texts
from totalaud.cli.table import UNBOUNDED
from totalaud.connection import Connection
from totalaud.records import Records

USER = UUID(int=7, version=4)
NOTHING = {"imported": 0, "unchanged": 0, "duplicates": 0, "failed": 0, "total": 0, "seq": 0, "ignored": []}


class Service:
    """A door that keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []

    async def ask(self, _user: UUID, noun: str, verb: str, body: Any, **_: Any) -> dict[str, Any]:
        self.asked.append((noun, verb, body))
        return {**NOTHING, "imported": 1, "errors": [], "repeated": []}


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def records(service: Service) -> Records:
    return Records(service, None, None, USER)  # type: ignore[arg-type]


async def test_what_is_not_given_is_not_asked(records: Records, service: Service):
    await records.set_artist("Nobody", genres=["synthpop"], mine=False)
    await records.create_campaign("Spring", release=None)
    assert service.asked == [
        ("artist", "set", {"name": "Nobody", "genres": ["synthpop"], "mine": False}),
        ("campaign", "create", {"name": "Spring"}),
    ]


async def test_a_text_in_place_of_a_list_is_not_taken_apart(records: Records, service: Service):
    await records.set_artist("Nobody", genres="pop")
    assert service.asked == [("artist", "set", {"name": "Nobody", "genres": "pop"})]


async def test_a_contact_is_named_by_address_or_id(records: Records, service: Service):
    await records.record_outreach("Spring", "ada@example.org", "sent", "2026-05-01T10:00:00Z")
    await records.suppress(USER)
    await records.unsuppress("a@example.org")
    assert service.asked == [
        (
            "outreach",
            "record",
            {
                "campaign": "Spring",
                "event": "sent",
                "at": "2026-05-01T10:00:00Z",
                "email": "ada@example.org",
            },
        ),
        ("contacts", "suppress", {"contact_id": str(USER)}),
        ("contacts", "unsuppress", {"email": "a@example.org"}),
    ]


async def test_a_release_has_its_kind_under_the_commands_name(records: Records, service: Service):
    await records.plan_release("Nobody", "Nothing", "ep", "2026-05-01", links=("https://example.org",))
    assert service.asked[0][2] == {
        "artist": "Nobody",
        "title": "Nothing",
        "type": "ep",
        "date": "2026-05-01",
        "links": ["https://example.org"],
    }


async def test_a_large_file_is_tried_and_sent_in_pieces_that_all_name_the_artist(
    records: Records, service: Service
):
    rows = "".join(f"2026-01-01,streams,{n}\n" for n in range(4500))
    report = await records.load("streams", b"day,metric,value\n" + rows.encode(), artist="Nobody")
    asked = [(body["artist"], body["dry_run"]) for _, _, body in service.asked]
    assert asked == [("Nobody", True)] * 3 + [("Nobody", False)] * 3
    assert report["imported"] == 3


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\r\n"])
async def test_a_calendar_goes_whole_and_as_such(mark: bytes, records: Records, service: Service):
    await records.load("opportunities", mark + b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", dry_run=True)
    assert service.asked[0][2].keys() == {"ics", "dry_run"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
async def test_a_calendar_is_read_in_the_usual_encodings(encoding: str, records: Records, service: Service):
    text = "begin:vcalendar\r\nSUMMARY:Caf\u00e9\r\nend:vcalendar\r\n"
    await records.load("opportunities", text.encode(encoding))
    assert service.asked[0][2]["ics"] == text


async def test_opportunities_that_are_no_calendar_are_a_table(records: Records, service: Service):
    await records.load("opportunities", b"title,kind\nOpen call,festival\n")
    assert service.asked[0][2]["csv"].startswith("title,kind\n")


def test_a_report_tells_each_fault_by_its_line():
    errors = [
        {"line": 3, "field": "at", "message": "has no offset"},
        {"line": 9, "field": None, "message": "x"},
    ]
    report = {**NOTHING, "failed": 2, "errors": errors, "ignored": ["mood"], "dry_run": True}
    assert report_lines(report, "o.csv") == [
        "o.csv:3: at: has no offset",
        "o.csv:9: x",
        "columns that mean nothing here: mood",
        "would be: 0 imported, 0 unchanged, 0 duplicates, 2 failed",
    ]


def test_a_report_of_outreach_names_the_campaigns_that_it_begins():
    report = {**NOTHING, "errors": [], "created": ["Autumn", "Spring"]}
    assert report_lines(report, "o.csv")[0] == "campaigns begun: Autumn, Spring"
    assert report_lines(report | {"dry_run": True}, "o.csv")[0] == "campaigns would begin: Autumn, Spring"


def test_a_report_of_contacts_says_whose_objection_is_recorded_though_the_row_failed():
    report = {**NOTHING, "errors": [], "objections": [3, 9]}
    told = "objections in rows that failed are recorded all the same: lines 3, 9"
    assert report_lines(report, "c.csv")[0] == told
    assert "would be recorded" in report_lines(report | {"dry_run": True}, "c.csv")[0]


def test_a_report_of_outreach_says_whose_answers_object():
    report = {**NOTHING, "errors": [], "created": [], "objections": [4]}
    told = "objections in answers are recorded, their contacts suppressed: lines 4"
    assert report_lines(report, "o.csv")[0] == told


def test_attributes_are_pairs_of_text():
    assert texts(["hook=a=b", "length="], "--attribute") == {"hook": "a=b", "length": ""}
    with pytest.raises(typer.BadParameter, match="key=value"):
        texts(["=b"], "--attribute")
    with pytest.raises(typer.BadParameter, match=r"'hook' is given twice$"):
        texts(["hook=a", "hook=b"], "--attribute")


ID = str(UUID(int=9, version=4))
ROWS: dict[str, dict[str, Any]] = {
    "contacts": {
        "id": ID, "name": "Fictional Ada", "email": "ada@example.org", "outlet": "Radio Nowhere",
        "role": "presenter", "type": "radio", "genres": ["synthpop"], "regions": ["UK"],
        "suppressed": True, "erased": False,
    },
    "artists": {
        "id": ID, "name": "Nobody", "genres": ["synthpop"], "mine": False, "facts": [{}, {}],
        "location": None, "mbid": None,
    },
    "releases": {
        "id": ID, "artist": None, "title": "Nothing", "type": "ep", "date": date(2026, 5, 1), "isrc": None,
        "links": [],
    },
    "campaigns": {
        "id": ID, "name": "Spring", "artist": "Nobody", "goal": "radio", "closed_at": None, "sent": 12,
        "replied": 3, "placed": 1, "contacts": 14, "release": None, "genres": [],
        "created_at": datetime(2026, 5, 1, tzinfo=UTC),
    },
    "outreach": {
        "id": ID, "at": datetime(2026, 5, 1, 12, tzinfo=UTC), "campaign": "Spring", "contact": None,
        "event": "bounced", "corrected": True,
    },
    "opportunities": {
        "id": ID, "title": "Open call", "kind": "festival", "deadline": None, "cost": 12.5, "currency": "EUR",
    },
    "coverage": {
        "id": ID, "date": None, "artist": "Björk", "outlet": "Radio Nowhere",
        "title": "A review of a record that nobody made",
    },
}  # fmt: skip


def shown(noun: str, width: int) -> str:
    return "\n".join(lines(noun, [ROWS[noun]], width))


def lines(noun: str, rows: list[dict[str, Any]], width: int = UNBOUNDED) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(records_shown.listed(noun, rows, width))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("noun", ROWS)
@pytest.mark.parametrize("width", [80, 200])
def test_every_list_fits_the_terminal_and_hides_no_end(noun: str, width: int):
    told = shown(noun, width)
    assert max(map(len, told.splitlines())) <= width
    assert "…" not in told


@pytest.mark.parametrize("noun", ROWS)
def test_a_wide_terminal_shows_more(noun: str):
    wide, narrow = shown(noun, 200).splitlines()[0].split(), shown(noun, 80).splitlines()[0].split()
    assert [name for name in wide if name in narrow] == narrow
    assert len(wide) > len(narrow)


@pytest.mark.parametrize("noun", ROWS)
@pytest.mark.parametrize("many", [0, 1])
def test_a_list_that_goes_to_no_terminal_looks_as_on_a_wide_one(noun: str, many: int):
    rows = [ROWS[noun], ROWS[noun] | {"name": "美咲", "title": "美咲"}][: 2 * many]
    assert lines(noun, rows) == lines(noun, rows, UNBOUNDED - 1)


def test_each_row_of_a_list_that_goes_to_no_terminal_is_one_line():
    row = ROWS["contacts"] | {"outlet": "Radio\nNowhere\t\x1b[2J"}
    _, _, told = lines("contacts", [row])
    assert "Radio Nowhere ␛[2J" in told


def test_a_list_of_ten_thousand_is_written_in_a_second():
    rows = [ROWS["contacts"]] * 10_000
    began = process_time()
    assert len(lines("contacts", rows)) == 10_002
    assert process_time() - began < 5


def test_what_a_terminal_has_no_room_for_is_left_out_and_not_folded():
    row = ROWS["contacts"] | {"genres": ["synthpop", "indie", "new wave", "dream pop"], "role": None}
    for width in range(80, 200, 5):
        told = lines("contacts", [row] * 3, width)
        assert len(told) == 2 + 3
        assert "ada@example.org" in told[2]
    assert ID in told[2]
    assert told[2].count(" - ") == 1


def test_an_address_stays_whole_to_be_copied():
    row = ROWS["contacts"] | {"name": "Fictional Templeton-Sample", "email": "templeton.sample@example.org"}
    out = io.StringIO()
    Console(file=out, width=80).print(records_shown.listed("contacts", [row], 80))
    assert "templeton.sample@example.org" in out.getvalue()


@pytest.mark.parametrize("cost", ["1234567", "123456.5", "100", "0.01"])
def test_what_something_costs_is_told_in_full(cost: str):
    row = ROWS["opportunities"] | {"cost": float(cost), "currency": "KRW"}
    out = io.StringIO()
    Console(file=out, width=80).print(records_shown.listed("opportunities", [row], 80))
    assert f" {cost} KRW" in out.getvalue()


def test_tables_say_what_a_flag_means():
    assert "suppressed" in shown("contacts", 200)
    assert "bounced (corrected)" in shown("outreach", 200)
    assert "12.5 EUR" in shown("opportunities", 80)
    assert "open" in shown("campaigns", 80)
    assert "to compare with" in shown("artists", 200)


@pytest.mark.parametrize(
    "words",
    [
        ["releases", "plan", "Nobody", "Nothing"],
        ["streams", "import", "nosuch.csv"],
        ["outreach", "record", "Spring", "ada@example.org", "sent", "--attribute", "x"],
        ["contacts", "list", "--limit", "0"],
    ],
)
def test_a_wrong_call_ends_with_2(words: list[str], tmp_path: Any, capsys: pytest.CaptureFixture[str]):
    assert call([*words, "--data", str(tmp_path)]) == 2
    assert "Usage: totalaud" in capsys.readouterr().err


async def test_without_the_key_an_address_names_nobody():
    from totalaud.opening import Opener

    with pytest.raises(Refusal, match="named by its id"):
        await Opener(Connection("", "", Path())).person_of(USER, "ada@example.org")
