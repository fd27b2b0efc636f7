"""No numeral comes into a report but as a claim."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.claimed_text import Piece, claims_of, flat, joined, named, number, quoted, rate, say
from library.csvtext import csv_text, neutral
from library.markdown import Heading, Items, Table, head, markdown, texts
from library.rates import wilson
from quality.numerals import unclaimed

ROWS = "pitches: campaign_id = 1; log 7"


@pytest.mark.parametrize("typed", ["3 of {n}", "half: ½ {n}", "{n} of ٣"])
def test_a_numeral_cannot_be_typed_into_a_sentence(typed):
    with pytest.raises(ValueError, match="no claim"):
        say(typed, n=number(1, ROWS))


def test_a_rate_is_three_claims_with_their_exact_shares():
    text = rate(wilson(3, 48), ROWS)
    assert flat(text) == "6.3 % (2.1–16.8)"  # noqa: RUF001
    mean, low, _ = claims_of([text])
    assert mean == {"text": "6.3", "value": 3 / 48, "ref": ROWS}
    assert low["value"] == wilson(3, 48)["lo"]


def test_every_numeral_of_a_quoted_sentence_is_a_claim():
    claims = claims_of([quoted("lift 2.0, q < 0.001, at 12:30 on 3 days", ROWS)])
    assert [(one["text"], one.get("value")) for one in claims] == [
        ("2.0", 2.0),
        ("0.001", 0.001),
        ("12:30", None),
        ("3", 3.0),
    ]


def test_a_name_is_one_line_shortened_and_no_markup():
    assert named("Vol. 2 |\n[x](y) `<b>`", ROWS).text == r"Vol. 2 \| \[x\](y) \`\<b\>\`"
    assert named("_Low_ Tide~ &amp; snake_case", ROWS).text == r"\_Low\_ Tide\~ \&amp; snake_case"
    assert named("word " * 30, ROWS).text == "word word word word word word word word…"
    assert len(named("w" * 90, ROWS).text) == 41


@pytest.mark.parametrize(
    ("name", "told"),
    [("1. Single", r"1\. Single"), ("# Glass", r"\# Glass"), ("- Tide", r"\- Tide"), ("+44", "+44")],
)
def test_a_name_at_the_beginning_makes_no_heading_or_list_of_its_line(name, told):
    assert named(name, ROWS).text == told
    assert [one["text"] for one in claims_of([quoted(name, ROWS)])] == [n for n in ("1", "44") if n in name]


@given(st.lists(st.text(max_size=30), max_size=6))
def test_whatever_names_and_sentences_hold_no_numeral_is_left_unclaimed(given_texts):
    blocks = [
        Heading(say("Names")),
        Items([(named(one, ROWS),) for one in given_texts]),
        Table([head("", "said"), *([(named(one, ROWS),), quoted(one, ROWS)] for one in given_texts)]),
    ]
    assert unclaimed(markdown(blocks), claims_of(texts(blocks))) == []


def test_a_numeral_that_no_claim_answers_for_is_found():
    assert unclaimed("3 of 48 and 5 more", [{"text": "3"}, {"text": "48"}]) == ["5"]
    assert unclaimed("3 of 48", [{"text": "48"}, {"text": "3"}])


def test_texts_in_a_row_keep_their_claims_in_order():
    text = joined([(Piece("a"),), (number(1, ROWS),), (number(2, ROWS),)], ", ")
    assert flat(text) == "a, 1, 2"
    assert [one["text"] for one in claims_of([text])] == ["1", "2"]


def test_tables_are_aligned_with_figures_to_the_right():
    table = Table([head("", "sent"), [say("now"), (number(7, ROWS),)]])
    assert table.lines() == ["|     | sent |", "| --- | ---: |", "| now |    7 |"]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "  =1", "\uff1d1"])
def test_what_a_spreadsheet_would_run_becomes_text(cell):
    assert neutral(cell).startswith("'")
    assert csv_text(["name"], [[cell]]).splitlines()[1].lstrip('"').startswith("'")


def test_numbers_stay_numbers_and_nothing_stays_nothing():
    assert csv_text(["a", "b", "c"], [[-1.5, None, 3]]).splitlines()[1] == "-1.5,,3"
