"""Tests on figures as sentences write them."""

from library.exact import Table
from library.figures import counted, needing, percent, span, with_outcome
from library.patterns import Finding
from library.rates import wilson
from library.told_patterns import sentence
from skillmodules import skill_module


def test_one_is_singular():
    assert [counted(1, "day"), counted(2, "pitch", "pitches")] == ["1 day", "2 pitches"]
    assert [needing(1), needing(2)] == ["1 more is needed", "2 more are needed"]
    assert [with_outcome(1), with_outcome(2)] == [
        "1 pitch with a known outcome",
        "2 pitches with a known outcome",
    ]


def test_a_share_is_written_alike_wherever_it_is_told_a_half_rounded_up():
    assert percent(3 / 48) == "6.3 %"
    assert span(wilson(5, 40)) == "12.5 % (5.5–26.1)"  # noqa: RUF001
    own = {"mean": 3 / 48}
    place = {"mean": 0.4, "lo": 0.2, "hi": 0.6, "n": 20}
    compared = skill_module("insight/benchmark_performance.py").sentence(own, place, "reply_rate")
    assert compared.startswith("Your reply rate in the last year is 6.3 %: 40 % (20 to 60) of 20 artists")
    finding = Finding((("region", "UK"),), Table(3, 45, 5, 35), 0.5, adjusted=False, verdict="suggestive")
    rates = {"rate": wilson(3, 48), "baseline": wilson(5, 40), "lift": 0.5}
    assert "reply 6.3 % (2.1–16.8) vs 12.5 % (5.5" in sentence(finding, rates, "replied")  # noqa: RUF001
