"""JSON is read fast when it is good, and told apart exactly when it is not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.json import MAX_DEPTH, check, loads
from shared.refusal import Refusal

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**299), 10**299)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner)
    ),
    max_leaves=30,
)
BAD = {
    "a NUL": (r'{"a": {"b": ["x\u0000"]}}', "unstorable", "a.b[0]"),
    "a NUL in a key": (r'{"a": {"\u0000": 1}}', "unstorable", "a"),
    "half of a pair": (r'{"a": "\ud800"}', "unstorable", "a"),
    "a number beyond all bounds": ('{"a": 1e400}', "unstorable", "a"),
    "too many digits": (f'{{"a": 1{"0" * 300}}}', "unstorable", "a"),
    "thousands of digits": (f'{{"a": 1{"0" * 5000}}}', "malformed_json", None),
    "NaN": ('{"a": NaN}', "malformed_json", None),
    "Infinity": ('{"a": [-Infinity]}', "malformed_json", None),
    "no end": ('{"a": 1', "malformed_json", None),
    "no UTF-8": (b'{"a": "\xff"}', "malformed_json", None),
    "nothing": ("", "malformed_json", None),
}


@given(JSON)
def test_good_json_is_read_as_by_the_standard_library(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert loads(text) == loads(text.encode()) == json.loads(text)


@pytest.mark.parametrize(("text", "code", "field"), BAD.values(), ids=BAD)
def test_bad_json_is_refused_with_its_path(text, code, field):
    with pytest.raises(Refusal) as refused:
        loads(text)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a":\n 1', "Expecting ',' delimiter, line 2 column 3"),
        (b'{"a": "\xff"}', "it is not UTF-8"),
        (f"1{'0' * 5000}", "a number is out of range"),
    ],
)
def test_bad_json_is_told_what_is_wrong_and_where(text, why):
    with pytest.raises(Refusal) as refused:
        loads(text)
    assert refused.value.message == f"the body is not JSON: {why}"


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_is_bounded(opening):
    closing = {"[": "]"}.get(opening, "}")
    within, beyond = MAX_DEPTH, MAX_DEPTH + 1
    loads(opening * within + "1" + closing * within)
    with pytest.raises(Refusal, match="nested deeper"):
        loads(opening * beyond + "1" + closing * beyond)


def test_what_is_nested_beyond_reason_is_refused():
    with pytest.raises(Refusal):
        loads("[" * 100_000)


def test_text_in_any_script_is_storable():
    check({"naïve": ["日本", "🎵"]})


def test_a_lone_surrogate_is_not():
    with pytest.raises(Refusal) as refused:
        check({"a": ["\ud800"]})
    assert refused.value.field == "a[0]"
