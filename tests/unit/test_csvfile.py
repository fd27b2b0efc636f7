"""Cutting a CSV file into messages."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.columns import CONTACTS
from campaigns.csvfile import Record, read
from shared.csvtext import decode
from shared.refusal import Refusal
from totalaud.csvfile import Piece, pieces
from totalaud.importing import COUNTS, add

HEADER = "name,notes\n"


def records(text: str) -> list[Record]:
    """Return what the service reads."""
    return list(read(text, CONTACTS).records)


def of_piece(piece: Piece) -> list[Record]:
    """Return what the service reads, by the lines of the file."""
    return [replace(one, line=piece.line(one.line)) for one in records(piece.text)]


@pytest.mark.parametrize("data", [b"PK\x03\x04\x14\x00", b"\xd0\xcf\x11\xe0\xa1\xb1" + bytes(500)])
def test_a_workbook_is_refused_with_the_way_out(data: bytes):
    with pytest.raises(Refusal, match="save the sheet as CSV"):
        decode(data)


@pytest.mark.parametrize("sign", [",", ";", "|"])
def test_a_header_of_more_columns_than_any_table_has_is_refused_before_each_is_looked_up(sign: str):
    with pytest.raises(Refusal, match="more than 150000 columns") as refused:
        records(f"email{sign * 2_000_000}\nada@example.org\n")
    assert refused.value.code == "unknown_header"
    assert records(f"email{sign * 99_999}\nada@example.org\n")[0].cells == {"email": "ada@example.org"}


def test_a_small_file_is_one_piece():
    (piece,) = pieces("name,notes\nAda,x\nBo,y")
    assert (piece.text, len(piece.rows), piece.line(3)) == ("name,notes\nAda,x\nBo,y\n", 2, 3)


def test_every_piece_begins_with_the_header():
    texts = [piece.text for piece in pieces("name,notes\nA,1\nB,2\nC,3\n", max_rows=2)]
    assert texts == ["name,notes\nA,1\nB,2\n", "name,notes\nC,3\n"]


def test_a_line_of_a_piece_is_found_again_in_the_file():
    text = 'name,notes\nA,1\nB,"two\nlines"\nC,3\nD,4\n'
    second = list(pieces(text, max_rows=2))[1]
    line_of_d = second.text.splitlines().index("D,4") + 1
    assert text.splitlines()[second.line(line_of_d) - 1] == "D,4"


def test_a_row_with_line_breaks_is_not_cut():
    text = 'name;notes\nA;"one\n\ntwo"\nB;x\n'
    assert [len(piece.rows) for piece in pieces(text, max_rows=1)] == [1, 1]


def test_a_stray_quote_does_not_swallow_the_rest():
    assert [len(piece.rows) for piece in pieces('name,notes\nA,7" single\nB,2\n', max_rows=1)] == [1, 1]


def test_a_quote_that_is_never_closed_costs_its_line_alone():
    text = 'name,notes\nA,1\n"B,2\n' + "C,3\n" * 50_000
    assert sum(len(piece.rows) for piece in pieces(text)) == 50_002


@pytest.mark.parametrize("above", ["sep=;\n", '"sep=;"\n', "# of 2026\n", "\n\n", "\ufeff\n# x\nsep=;\n"])
def test_every_piece_has_its_header_whatever_stands_above_it(above: str):
    text = f"{above}name;notes\nA;1\nB;2\nC;3\n"
    found = [record for piece in pieces(text, max_rows=1) for record in of_piece(piece)]
    assert [record.cells["name"] for record in found] == ["A", "B", "C"]
    assert found == records(text)


def test_a_column_called_by_a_number_sign_is_no_remark():
    assert records('"#";"name"\n1;A\n') == records("#;name\n1;A\n") == [Record(2, {"name": "A"})]


def test_a_first_column_without_a_name_is_no_part_of_the_next():
    assert records(";name\n0;A\n") == [Record(2, {"name": "A"})]


def test_a_piece_keeps_to_its_bytes():
    rows = "".join(f"contact {n},ü\n" for n in range(100))
    for piece in pieces(HEADER + rows, max_bytes=200):
        assert len(piece.text.encode()) <= 200


def test_a_row_that_fits_into_no_piece_is_refused_by_its_line():
    with pytest.raises(Refusal, match="line 3"):
        list(pieces(f"name,notes\nA,1\nB,{'x' * 300}\n", max_bytes=200))


def test_an_empty_file_is_sent_for_the_service_to_refuse():
    assert [len(piece.rows) for piece in pieces("")] == [0]


@given(
    rows=st.lists(st.lists(st.text(alphabet='ab"\n\r,; é', max_size=8), min_size=2, max_size=2), max_size=20),
    most=st.integers(1, 5),
)
def test_no_row_is_lost_doubled_or_changed(rows: list[list[str]], most: int):
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["name", "notes"], *rows])
    text = out.getvalue()
    read = [
        row
        for piece in pieces(text, max_rows=most)
        for row in list(csv.reader(io.StringIO(piece.text, newline="")))[1:]
    ]
    assert read == list(csv.reader(io.StringIO(text, newline="")))[1:]


@given(
    above=st.sampled_from(["", "sep=;\n", "# x\n\n"]),
    header=st.sampled_from(["name;notes", 'name;"a, b, c";notes', "#;name;notes"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    lines=st.lists(st.text(alphabet='ab"\n; ,', max_size=8), max_size=60),
    most=st.integers(1, 5),
)
def test_pieces_hold_what_the_whole_file_holds_broken_lines_too(
    above: str, header: str, end: str, lines: list[str], most: int
):
    text = "\n".join([above + header, *lines]).replace("\n", end)
    found = [one for piece in pieces(text, max_rows=most) for one in of_piece(piece)]
    assert found == records(text)


@given(
    lines=st.lists(st.text(alphabet='ab"\n; ,', max_size=6), max_size=40),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    most=st.integers(1, 5),
)
@example(lines=['"""', 'a"a', '"'], end="\n", most=2)
def test_rows_that_are_alike_stand_in_one_piece_and_none_is_lost(lines: list[str], end: str, most: int):
    text = "\n".join(["name;notes", *lines]).replace("\n", end)
    good = [one for one in records(text) if not one.faults]
    alike = {one.line: one.cells["name"].strip() or "none" for one in good}
    cut = [of_piece(piece) for piece in pieces(text, alike, max_rows=most)]
    found = [[one for one in piece if not one.faults] for piece in cut]
    assert sorted((one for piece in found for one in piece), key=lambda one: one.line) == good
    for which in set(alike.values()):
        many = [sum(alike[one.line] == which for one in piece) for piece in found]
        assert max(many) == min(sum(many), most)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_usual_encodings_are_read(encoding: str):
    assert decode("näme,nötes\n".encode(encoding)) == "näme,nötes\n"


def test_reports_of_pieces_are_added_up():
    first = {"imported": 2, "errors": [{"line": 3, "message": "x"}], "seq": 7, "ignored": ["colour"]}
    second = {"imported": 1, "errors": [{"line": 2, "message": "y"}], "seq": 0, "ignored": ["colour"]}
    none = dict.fromkeys(COUNTS, 0)
    first, second = {**none, **first, "objections": [3]}, {**none, **second, "objections": [2]}
    one, other = pieces(HEADER + "A,1\nB,2\nC,3\nD,4\n", max_rows=2)
    total = add(add({}, first, one), second, other)
    assert (total["imported"], total["seq"], total["ignored"]) == (3, 7, ["colour"])
    assert [each["line"] for each in total["errors"]] == total["objections"] == [3, 4]
