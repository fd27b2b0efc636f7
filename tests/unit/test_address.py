"""E-mail addresses as people write them."""

import time

import pytest

from shared.address import address


@pytest.mark.parametrize("text", ["words " * 400_000, "ada@example.org, " * 150_000])
def test_a_long_text_is_no_address_and_takes_no_time(text: str):
    begun = time.process_time()
    for _ in range(100):
        with pytest.raises(ValueError, match="is not an e-mail address"):
            address(text)
    assert time.process_time() - begun < 1


def test_what_cannot_be_seen_makes_nobody_else_of_an_address():
    assert address("\ufeffada@exam\u00adple.org\u200b") == "ada@example.org"


def test_a_long_name_around_an_address_is_read():
    assert address(f"{'Ada ' * 50}<ada@example.org>") == "ada@example.org"
