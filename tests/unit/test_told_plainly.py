"""What a skill of one's own answered is told field by field, and never at a length that nobody reads."""

import pytest

from totalaud.told.answers import answer, told

RATE = {"k": 3, "n": 48, "mean": 0.0625, "lo": 0.0214, "hi": 0.1684, "method": "wilson"}
META = {"basis": "own_data", "n": 3, "sources": [], "warnings": ["only three were asked"]}


def plainly(output) -> list[str]:
    return told("a-skill-of-mine", output)


def test_each_field_has_its_line_and_each_row_of_a_list_too():
    output = {
        "funnel": {"sent": 48, "replied": 3},
        "reply_rate": RATE,
        "rows": [{"name": "x", "rate": RATE}, {"outlet": "Tees Valley FM", "contacts": 1, "notes": None}],
        "meta": META,
    }
    assert plainly(output) == [
        "funnel:",
        "  sent: 48",
        "  replied: 3",
        "reply rate: 6.3 % (2.1\u201316.8), 3 of 48",
        "rows:",
        "  - x; 6.3 % (2.1\u201316.8), 3 of 48",
        "  - outlet Tees Valley FM; contacts 1",
        "! only three were asked",
    ]
    assert answer(["a-skill-of-mine"], [output]) == plainly(output)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "none"),
        ([], "none"),
        ({}, "none"),
        (True, "yes"),
        (0.1 + 0.2, "0.3"),
        (1234567.5, "1234567.5"),
        (0.00001234, "1.23e-05"),
        (["a", 2, False], "a, 2, no"),
    ],
)
def test_a_value_is_written_as_people_write_it(value, said):
    assert plainly({"it": value}) == [f"it: {said}"]


@pytest.mark.parametrize("name", ["command", "references", "ics", "meta"])
def test_no_field_of_a_skill_of_one_s_own_is_left_out(name):
    assert plainly({name: "mine"}) == [f"{name}: mine"]


@pytest.mark.parametrize(
    ("other", "said"),
    [({"mean": 4.2, "lo": 3.5, "hi": 5}, "  mean: 4.2"), ({"note": "in May"}, "  note: in May")],
)
def test_what_only_looks_like_a_rate_is_told_field_by_field(other, said):
    assert said in plainly({"spread": {**RATE, **other}})


def test_rows_within_rows_are_told_below_them():
    output = {"rows": [{"artist": "A", "songs": [{"title": "T"}, {"title": "U"}], "text": "one\ntwo"}]}
    assert plainly(output) == [
        "rows:",
        "  - artist: A",
        "    songs:",
        "      - title T",
        "      - title U",
        "    text:",
        "      one",
        "      two",
    ]


def test_of_a_long_list_it_says_how_much_is_left_out_and_what_follows_is_told():
    lines = plainly({"outlets": [{"outlet": f"O{number}"} for number in range(100)], "total": 100})
    assert lines[60:] == ["  - outlet O59", "  and 40 more lines", "total: 100"]


def test_a_text_is_told_whole():
    assert len(plainly({"text": "line\n" * 100})) == 101


def test_what_is_deep_or_long_stays_readable():
    deep: dict = {"end": 1}
    for _ in range(300):
        deep = {"a": deep}
    assert all(len(line) <= 80 for line in plainly({"deep": deep, "long_text": "word " * 100}))
    assert len(plainly({"deep": deep})) < 60


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ({}, ["There is nothing in it."]),
        (None, ["output: none"]),
        ("text", ["output: text"]),
        ([{"a": 1}, [2, [3]]], ["output:", "  - a 1", "  - [2, [3]]"]),
    ],
)
def test_whatever_an_output_is_something_is_said(output, said):
    assert plainly(output) == said
