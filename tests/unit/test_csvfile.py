"""Cutting a CSV file into messages."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.refusal import Refusal
from totalaud.contacts import add
from totalaud.csvfile import decode, pieces

HEADER = "name,notes\n"


def test_a_small_file_is_one_piece():
    (piece,) = pieces("name,notes\nAda,x\nBo,y")
    assert (piece.text, piece.rows, piece.offset) == ("name,notes\nAda,x\nBo,y\n", 2, 0)


def test_every_piece_begins_with_the_header():
    texts = [piece.text for piece in pieces("name,notes\nA,1\nB,2\nC,3\n", max_rows=2)]
    assert texts == ["name,notes\nA,1\nB,2\n", "name,notes\nC,3\n"]


def test_a_line_of_a_piece_is_found_again_in_the_file():
    text = 'name,notes\nA,1\nB,"two\nlines"\nC,3\nD,4\n'
    second = list(pieces(text, max_rows=2))[1]
    line_of_d = second.text.splitlines().index("D,4") + 1
    assert text.splitlines()[line_of_d + second.offset - 1] == "D,4"


def test_a_row_with_line_breaks_is_not_cut():
    text = 'name;notes\nA;"one\n\ntwo"\nB;x\n'
    assert [piece.rows for piece in pieces(text, max_rows=1)] == [1, 1]


def test_a_stray_quote_does_not_swallow_the_rest():
    assert [piece.rows for piece in pieces('name,notes\nA,7" single\nB,2\n', max_rows=1)] == [1, 1]


def test_a_piece_keeps_to_its_bytes():
    rows = "".join(f"contact {n},ü\n" for n in range(100))
    for piece in pieces(HEADER + rows, max_bytes=200):
        assert len(piece.text.encode()) <= 200


def test_a_row_that_fits_into_no_piece_is_refused_by_its_line():
    with pytest.raises(Refusal, match="line 3"):
        list(pieces(f"name,notes\nA,1\nB,{'x' * 300}\n", max_bytes=200))


def test_an_empty_file_is_sent_for_the_service_to_refuse():
    assert [piece.rows for piece in pieces("")] == [0]


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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_usual_encodings_are_read(encoding: str):
    assert decode("näme,nötes\n".encode(encoding)) == "näme,nötes\n"


def test_reports_of_pieces_are_added_up():
    first = {"imported": 2, "errors": [{"line": 3, "message": "x"}], "seq": 7, "ignored": ["colour"]}
    second = {"imported": 1, "errors": [{"line": 2, "message": "y"}], "seq": 0, "ignored": ["colour"]}
    total = add(add({}, first, 0), second, 10)
    assert (total["imported"], total["seq"], total["ignored"]) == (3, 7, ["colour"])
    assert [each["line"] for each in total["errors"]] == [3, 12]
