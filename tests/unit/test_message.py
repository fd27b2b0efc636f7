"""What is no message of ours is told by field and rule, never by value."""

import pytest

from shared.message import Unreadable
from shared.usage import Usage
from shared.work import Answer, Report

SECRET = "Zzyzx"
NONE_OF_THEM = "verdict: is not one of the values allowed"


@pytest.mark.parametrize(
    ("kind", "body", "code", "told"),
    [
        (Answer, b'{"verdict": "run"}', "missing_field", "lease_s: is missing"),
        (
            Answer,
            b'{"verdict": "Zzyzx", "lease_s": 1}',
            "invalid",
            NONE_OF_THEM,
        ),
        (Usage, b'{"provider": "p", "model": 7}', "invalid", "model: Expected `str`, got `int`"),
        (Report, b'{"user": "Zzyzx"}', "invalid", "user: Invalid UUID"),
        (Report, b'["Zzyzx"]', "invalid", "Expected `object`, got `array`"),
        (Report, b"Zzyzx", "malformed_json", "it is not JSON"),
        (Report, b'"\xff', "malformed_json", "it is not JSON"),
    ],
)
def test_what_cannot_be_read_is_told_without_a_value(kind, body: bytes, code: str, told: str):
    with pytest.raises(Unreadable) as refused:
        kind.from_json(body)
    assert (refused.value.code, str(refused.value)) == (code, told)
    assert SECRET not in str(refused.value)
