"""The most that a call can cost."""

from dataclasses import replace

import pytest

from skill_runner.bounds import most_usd
from skill_runner.chats.chat import Question

QUESTION = Question("gpt-5.5", "Be brief.", "{}", {"type": "object"}, max_tokens=50, timeout_s=1, key="k")


@pytest.mark.parametrize("repairs", [False, True])
def test_a_longer_answer_that_settings_ask_for_is_set_aside(*, repairs: bool) -> None:
    asked = replace(QUESTION, repairs=repairs)
    longer = replace(asked, settings={"max_tokens": 500})
    assert most_usd("openai", longer) == most_usd("openai", replace(asked, max_tokens=500))
    shorter = replace(asked, settings={"max_tokens": 5})
    assert most_usd("openai", shorter) == most_usd("openai", asked)


@pytest.mark.parametrize("odd", [None, "many", [500], 5.5])
def test_what_is_no_number_of_tokens_is_left_to_the_server(odd: object) -> None:
    assert most_usd("openai", replace(QUESTION, settings={"max_tokens": odd})) == most_usd("openai", QUESTION)
