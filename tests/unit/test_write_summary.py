"""A summary has no number, date or name that the findings have not, and never takes an open for a result."""

import pytest

from orchestrator.templates import CheckedStep, check
from skill_runner.context import SkillError
from skillmodules import shipped, skill_module

summary = skill_module("coach/write_summary.py")
RATE = {"k": 3, "n": 48, "mean": 0.0625, "lo": 0.0214, "hi": 0.1684, "method": "wilson"}
FINDINGS = {
    "funnel": {"sent": 48, "bounced": 0, "replied": 3, "placed": 1, "opened": 20},
    "rates": [{"metric": "replied", "rate": RATE}],
    "change": [{"metric": "replied", "p_worse": 0.8431, "verdict": "no_clear_change"}],
    "followups_due": [
        {
            "contact_id": "00000000-0000-4000-8000-00000000000a",
            "name": "[[name]]",
            "outlet": "Tees Valley FM",
        },
        {"contact_id": "00000000-0000-4000-8000-00000000000b", "name": "[[name_2]]", "outlet": "Radio Lumen"},
    ],
    "text": "Three of 48 pitches were answered since 2026-11-17",
    "meta": {
        "basis": "own_data",
        "n": 48,
        "sources": ["your pitches"],
        "warnings": ["Answers are still coming in"],
    },
}
TOLD = summary.brief({"findings": FINDINGS, "max_words": 120}, "2026-11-24T10:00:00+00:00")


def failed(text, told=TOLD):
    return {one["name"] for one in summary.check(told, {"text": text}) if not one["passed"]}


@pytest.mark.parametrize(
    "text",
    [
        "Of 48 pitches, three were answered: 6.3 % (2.1 to 16.8 %).",
        "About 6 % answered, which is 6.25% to be exact; the range is 2 % to 17 %.",
        "Tees Valley FM and Radio Lumen have not answered: that makes two follow-ups.",
        "There is no clear change, with a probability of 0.84, or 84 percent.",
        "Since 17 November 2026 one was placed. Answers are still coming in.",
        "Nobody bounced, and it is too early to say more.",
    ],
)
def test_what_was_found_may_be_told_and_rounded(text):
    assert failed(text) == set()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Of 49 pitches, three were answered so far.", {"facts"}),
        ("The rate is 7 % so far, which is good.", {"facts"}),
        ("That is twice the usual rate of 3.1 %.", {"facts"}),
        ("Radio Caroline has not answered so far.", {"facts"}),
        ("Since 16 November there were three answers.", {"facts"}),
        ("It was the best week of the year 2025.", {"facts"}),
        ("Your mails were opened 20 times so far.", {"opens"}),
        ("The open rate is good, and three answered.", {"opens"}),
        ("[[name]] has not answered so far, it seems.", {"placeholders"}),
        ("Three.", {"words"}),
        ("word " * 121, {"words"}),
    ],
)
def test_what_was_not_found_is_noticed(text, names):
    assert failed(text) == names


def test_the_model_sees_no_person_and_no_id():
    assert "[[" not in str(TOLD)
    assert "00000000" not in str(TOLD)
    assert [one["outlet"] for one in TOLD["findings"]["followups_due"]] == ["Tees Valley FM", "Radio Lumen"]


def test_the_template_says_what_the_findings_say_and_passes():
    made = summary.template(TOLD)
    assert made["text"].startswith("Three of 48 pitches were answered since 2026-11-17.")
    assert "opened" not in made["text"]
    assert failed(made["text"]) == set()


@pytest.mark.parametrize(
    "findings", [{}, {"contacts": []}, {"rates": [RATE]}, {"text": "“x” said NME " * 80}]
)
def test_the_template_passes_on_findings_of_any_kind(findings):
    told = summary.brief({"findings": findings, "max_words": 30}, "2026-11-24T10:00:00+00:00")
    assert failed(summary.template(told)["text"], told) == set()


def test_it_rests_on_what_the_findings_rest_on():
    assert summary.rests_on(TOLD) == {"n": 48, "sources": ["your pitches"], "warnings": []}


@pytest.mark.parametrize(
    ("meta", "n"),
    [("as of today", 0), (["a"], 0), ({"n": "48"}, 0), ({"n": 48, "sources": "your pitches"}, 48)],
)
def test_findings_of_a_skill_that_says_otherwise_what_they_rest_on_are_told_all_the_same(meta, n):
    told = summary.brief({"findings": {"meta": meta}, "max_words": 120}, "2026-11-24T10:00:00+00:00")
    assert summary.rests_on(told) == {"n": n, "sources": [], "warnings": []}


@pytest.mark.parametrize("number", [1e30, 10**40, 1e-30])
def test_a_number_of_many_digits_is_held_against_the_text_too(number):
    told = summary.brief({"findings": {"plays": number}, "max_words": 120}, "2026-11-24T10:00:00+00:00")
    assert failed("There were 12 plays so far, it seems.", told) == {"facts"}


@pytest.mark.parametrize("most", [29, 401])
def test_a_length_that_no_summary_has_is_refused(most):
    with pytest.raises(SkillError, match="max_words"):
        summary.brief({"findings": {}, "max_words": most}, "2026-11-24")


CUSTOM = sorted(name for name, skill in shipped().items() if skill.provider == "custom")


@pytest.mark.parametrize("name", CUSTOM)
def test_the_whole_output_of_any_skill_may_be_put_into_words(name):
    found = CheckedStep(1, None, {}, {}, shipped()[name].output_schema)
    told = {"findings": "{{step1}}"}
    wanted = shipped()["write-summary"]
    check([found, CheckedStep(2, None, told, wanted.input_schema, wanted.output_schema)], {})
