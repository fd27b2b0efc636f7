"""The most that a call can cost."""

from dataclasses import replace

import pytest

from skill_runner.asking import read
from skill_runner.bounds import LONGEST_WRONG, most_usd, repeated
from skill_runner.chats.chat import Question, Reply
from skill_runner.failure import Failure
from skill_runner.pricing import price

QUESTION = Question("gpt-5.5", "Be brief.", "{}", {"type": "object"}, max_tokens=50, timeout_s=1, key="k")


@pytest.mark.parametrize("repairs", [False, True])
def test_a_longer_answer_that_settings_ask_for_is_set_aside(*, repairs: bool) -> None:
    asked = replace(QUESTION, repairs=repairs)
    longer = replace(asked, settings={"max_tokens": 500})
    assert most_usd("openai", longer) == most_usd("openai", replace(asked, max_tokens=500))
    shorter = replace(asked, settings={"max_tokens": 5})
    assert most_usd("openai", shorter) == most_usd("openai", asked)


@pytest.mark.parametrize("answer", ["é" * 500, "\U0001f3a4" * 500, "\ud800" * 500, "{}"])
def test_a_repair_sends_no_more_than_was_set_aside_for_it(answer: str) -> None:
    asked = replace(QUESTION, repairs=True)
    said = len(repeated(asked, answer).encode())
    sent = len(asked.system) + len(asked.user) + len('{"type": "object"}') + said + LONGEST_WRONG
    most = price("openai", asked.model, sent, asked.max_tokens, {})
    assert most is not None
    assert most <= (most_usd("openai", asked) or 0)


def test_an_answer_that_is_as_long_as_its_tokens_can_be_is_repeated_whole() -> None:
    assert repeated(QUESTION, "word" * 50) == "word" * 50
    assert repeated(QUESTION, "x" + "é" * 200) == "x" + "é" * 99


@pytest.mark.parametrize(("said", "how"), [("{", "the answer was cut off"), ("", "gpt-5.5 thought for")])
def test_an_answer_that_a_model_s_settings_cut_off_says_so(said: str, how: str) -> None:
    capped = replace(QUESTION, settings={"max_tokens": 5})
    with pytest.raises(Failure, match=f"{how}.* 5 tokens.*: raise max_tokens in the settings of gpt-5.5"):
        read(Reply(said, "length", "length", "id", "gpt-5.5", {}), capped)


@pytest.mark.parametrize("odd", [None, "many", [500], 5.5])
def test_what_is_no_number_of_tokens_is_left_to_the_server(odd: object) -> None:
    assert most_usd("openai", replace(QUESTION, settings={"max_tokens": odd})) == most_usd("openai", QUESTION)
