"""Answers are told in words, with intervals, sources and what is not known."""

from typing import Any

import pytest

from library.claimed_text import say
from library.markdown import Table, columns
from skillmodules import shipped
from totalaud.told.answers import TELLERS, answer, told, told_step
from totalaud.told.figures import rate
from totalaud.told.lines import wrapped

META = {"basis": "own_data", "n": 3, "as_of": "2026-11-24T12:00:00+00:00", "sources": [], "warnings": []}
RATE = {"k": 3, "n": 48, "mean": 0.0625, "lo": 0.0214, "hi": 0.1684, "method": "wilson"}
CHANCE = {
    "p": 0.12,
    "lo": 0.04,
    "hi": 0.3,
    "factors": [{"name": "type", "effect": 1.0, "why": "type is radio"}],
}
CONTACT = {
    "name": "Asha Example",
    "outlet": "Tees Valley FM",
    "role": "presenter",
    "type": "radio",
    "email": "asha@example.org",
    "relevance_score": 0.8,
    "score_parts": [{"name": "genre", "points": 0.4, "of": 0.4, "why": "plays synthpop"}],
    "source_url": "https://example.org/asha",
    "history": RATE,
    "last_contacted_at": "2026-10-01T09:00:00+00:00",
}


@pytest.mark.parametrize(
    "between", ["渋谷ラジオの番組" * 20, "東京 ネオン 2025年 " * 20, "a" + "渋" * 100, "📻 FM " * 40]
)
def test_lines_of_wide_letters_fit_as_well(between):
    lines = wrapped(between, "  ", "    ")
    assert max(map(columns, lines)) <= 80
    assert "".join("".join(lines).split()) == "".join(between.split())


def test_tables_of_wide_letters_stand_in_columns():
    rows = [
        [say("outlet"), say("days")],
        [say("渋谷ラジオ"), say("seven")],
        [say("วิทยุกรุงเทพ"), say("twelve")],
    ]
    assert {columns(line) for line in Table(rows).lines()} == {10 + 6 + 7}


def text(skill, output) -> str:
    return "\n".join(answer([skill], [output]))


def test_a_prediction_has_names_bounds_reasons_and_how_good_it_was():
    one = {"contact_id": "k1", "name": "Asha Example", "outlet": "Tees Valley FM", **CHANCE}
    output = {
        "predictions": [
            one,
            {"contact_id": "k2", **CHANCE, "factors": []},
            *[{**CHANCE, "factors": []}] * 10,
        ],
        "expected": RATE | {"n": 12},
        "model": {"kind": "logistic", "outcome": "placed", "brier_skill": 0.031, "n_validated": 90},
        "meta": META,
    }
    told = text("predict-success", output)
    for part in (
        "Likely to place it",
        "1. Asha Example, Tees Valley FM: 12.0 % (4.0\u201330.0)\n   type is radio",
        "2. k2: 12.0 %",
        "and 2 more",
        "Of all 12 together 6.3 % (2.1\u201316.8).",
        "Tried on 90 older pitches: 3.1 % better than one rate for all.",
    ):
        assert part in told


def test_a_model_that_did_worse_is_told_as_such():
    card = {"kind": "logistic", "outcome": "placed", "brier_skill": -0.002, "n_validated": 90}
    output = {
        "predictions": [{"contact_id": "k1", **CHANCE}],
        "expected": {**RATE, "n": 1},
        "model": card,
        "meta": META,
    }
    assert "Tried on 90 older pitches: 0.2 % worse than one rate for all." in text("predict-success", output)


def test_where_nobody_can_be_predicted_only_why_is_told():
    card = {"kind": "none", "outcome": "replied", "brier_skill": None, "n_validated": 0}
    warned = META | {"warnings": ["no contact is known"]}
    output = {"predictions": [], "expected": {**RATE, "n": 0}, "model": card, "meta": warned}
    assert text("predict-success", output) == "! no contact is known"


def test_a_rate_has_its_interval_and_its_counts():
    assert rate(RATE).startswith("6.3 % (2.1")
    assert rate(RATE).endswith("3 of 48")


def test_days_are_told_as_days():
    days = {"k": 5, "n": 9, "mean": 3.5, "lo": 2.0, "hi": 6.1, "method": "days, geometric mean, log-normal"}
    assert rate(days) == "3.5 days (2.0 to 6.1), 5 answers"


def test_days_that_nobody_answered_in_are_no_figures():
    none = {"k": 0, "n": 300, "mean": 0.0, "lo": 0.0, "hi": 0.0, "method": "days; nobody answered yet"}
    assert rate(none) == "no answer yet"


def test_a_contact_has_parts_source_history_and_last_contact():
    told = text("score-contacts", {"contacts": [CONTACT], "meta": META})
    for part in (
        "Asha Example, 0.80",
        "   asha@example.org\n",
        "0.40 of 0.40 genre",
        "https://example.org/asha",
        "2026-10-01",
        "answered 6.3 %",
        "3 of 48",
    ):
        assert part in told


def test_of_a_contact_of_whom_little_is_known_only_that_is_told():
    told = text("research-contacts", {"contacts": [{"outlet": "Dock FM", "type": "radio"}, {}]})
    assert told.splitlines()[1:] == [
        "1. Dock FM: Dock FM, radio",
        "   never contacted; source unknown",
        "2. no name:",
        "   never contacted; source unknown",
    ]


def test_an_expectation_is_not_told_as_what_was_counted():
    likely = {"k": 1, "n": 1, "mean": 0.138, "lo": 0.05, "hi": 0.26, "method": "beta posterior"}
    told = text("score-contacts", {"contacts": [{**CONTACT, "history": likely}], "meta": META})
    assert "expected to answer 13.8 % (5.0" in told
    assert "answered 1 of 1 pitches" in told
    assert "answered 13.8 %" not in told


def test_nothing_is_counted_of_a_contact_of_whom_nothing_is_known():
    likely = {"k": 0, "n": 0, "mean": 0.138, "lo": 0.05, "hi": 0.26, "method": "beta posterior"}
    told = text("score-contacts", {"contacts": [{**CONTACT, "history": likely}], "meta": META})
    assert "expected to answer 13.8 % (5.0\u201326.0); no pitch to them is old enough" in told
    assert "0 of 0 pitches" not in told


def test_found_contacts_are_told_once_when_they_are_ranked_as_well():
    found = {"contacts": [CONTACT], "widened": ["nobody fits in wales: looked in uk"], "total": 1}
    lines = answer(["research-contacts", "score-contacts"], [found, {"contacts": [CONTACT]}])
    assert lines[0] == "note: nobody fits in wales: looked in uk"
    assert sum("Asha Example" in line for line in lines) == 1


def test_nobody_is_an_answer():
    assert text("score-contacts", {"contacts": []}) == "Nobody fits."


def test_a_template_is_called_one():
    pitch = {
        "subject": "Hello",
        "body": "One line.\nAnother.",
        "pitches": [],
        "meta": META | {"basis": "template"},
    }
    assert "! This is from the template: no model wrote it." in text("generate-pitch", pitch)


def test_a_template_is_called_one_once_where_a_warning_says_so():
    said = "no model wrote this text: it is from the template"
    pitch = {
        "subject": "Hello",
        "body": "One line.",
        "meta": META | {"basis": "template", "warnings": [said]},
    }
    assert text("generate-pitch", pitch).count("template") == 1


PITCH = {"subject": "Hello", "body": "One line.", "facts_used": ["f1"], "basis": "model", "checks": []}


def test_of_several_pitches_the_one_from_the_template_is_named():
    mixed = {"pitches": [PITCH, PITCH | {"basis": "template"}], "meta": META | {"basis": "model"}}
    told = text("generate-pitch", mixed)
    assert told.count("! This one is from the template: no model wrote it.") == 1
    assert "facts used: f1" in told


def test_a_pitch_is_told_whole_with_the_other_subjects_that_it_might_have():
    pitch = {
        **PITCH,
        "body": "Dear [[name]],\n\nOne line.",
        "pitches": [],
        "subject_options": ["Hello", "Hi there"],
        "notes": ["one fact is not used"],
        "meta": META | {"basis": "model"},
    }
    lines = answer(["generate-pitch"], [pitch])
    assert lines == [
        *["Subject: Hello", "", "Dear [[name]],", "", "One line.", "", "facts used: f1", ""],
        *["Other subjects:", "  Hi there", "! one fact is not used"],
    ]
    bare = {**PITCH, "facts_used": [], "pitches": None}
    assert answer(["generate-pitch"], [bare]) == ["Subject: Hello", "", "One line.", ""]


def test_a_text_that_did_not_pass_a_check_says_which():
    checks = [{"name": "body words", "passed": False}, {"name": "numbers", "passed": True}]
    told = text("generate-pitch", {"pitches": [PITCH | {"checks": checks}], "meta": META}).splitlines()
    assert "! not as it should be: body words" in told


PRESS = {
    "headline": "Neon Harbour: Glass Coast",
    "standfirst": "A single by Neon Harbour is out on 20 December 2026. " * 3,
    "body": "First paragraph. " * 20 + "\n\n“A quote.”",
    "boilerplate": "About Neon Harbour: they make synthpop.",
    "notes_to_editors": "For immediate release\nTitle: Glass Coast",
    "word_count": 41,
    "facts_used": ["f1"],
    "missing": ["links", "quotes"],
    "checks": [],
    "meta": META,
}


def test_a_press_release_is_told_part_by_part_in_eighty_columns():
    lines = answer(["write-press-release"], [PRESS])
    assert lines[0] == "NEON HARBOUR: GLASS COAST"
    assert all(len(line) <= 80 for line in lines)
    end = ["Notes to editors", "For immediate release", "Title: Glass Coast", ""]
    assert lines[-6:] == [*end, "41 words; facts used: f1", "! missing: links, quotes"]
    whole = {**PRESS, "facts_used": [], "missing": []}
    assert answer(["write-press-release"], [whole])[-1] == "41 words; facts used: none"


def test_prose_follows_the_figures_it_is_about():
    told = answer(
        ["score-contacts", "write-summary"], [{"contacts": []}, {"text": "Nobody was found.", "meta": META}]
    )
    assert told == ["Nobody fits.", "", "Nobody was found."]


def test_an_action_has_its_day_its_minutes_its_reasons_and_how_it_is_done():
    action = {
        "title": "Follow up 35 pitches",
        "due": "2026-11-04",
        "effort_min": 20,
        "evidence": [{"kind": "pitches", "ref": "", "n": 35, "why": "35 pitches are silent"}],
        "command": {"door": "skill.execute", "skill": "generate-pitch", "input": {}},
    }
    plain = {**action, "due": None, "evidence": [], "command": {"door": "contacts.import", "input": {}}}
    told = text("recommend-next-steps", {"actions": [action, plain, plain | {"command": None}], "meta": META})
    assert told.splitlines() == [
        "Next:",
        "1. Follow up 35 pitches, due 2026-11-04, 20 min",
        "   because: 35 pitches are silent",
        "   with: totalaud skill generate-pitch",
        "2. Follow up 35 pitches, 20 min",
        "   with: totalaud contacts import",
        "3. Follow up 35 pitches, 20 min",
    ]
    assert text("recommend-next-steps", {"actions": [], "meta": META}) == "No next step is proposed."


SOMEBODY = "00000000-0000-4000-8000-0000000000a1"


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        (
            {
                "door": "skill.execute",
                "skill": "track-campaign",
                "input": {"campaign_id": "c", "window": "all"},
            },
            "totalaud skill track-campaign --input campaign_id=c --input window=all",
        ),
        (
            {"door": "contacts.suppress", "input": {"contact_id": SOMEBODY}},
            f"totalaud contacts suppress {SOMEBODY}",
        ),
        ({"door": "campaign.close", "input": {"campaign": "c d"}}, "totalaud campaigns close 'c d'"),
    ],
)
def test_the_command_of_an_action_can_be_pasted(command, typed):
    action = {"title": "Look at it", "effort_min": 5, "command": command}
    told = text("recommend-next-steps", {"actions": [action], "meta": META})
    assert told.splitlines()[-1] == f"   with: {typed}"


def test_an_action_on_contacts_says_at_which_outlets_they_are():
    people = [{"id": SOMEBODY, "outlet": f"Radio {number}"} for number in range(7)]
    command = {"door": "skill.execute", "skill": "generate-pitch", "input": {"contacts": people}}
    action = {"title": "Pitch 7 contacts", "effort_min": 21, "command": command}
    assert text("recommend-next-steps", {"actions": [action], "meta": META}).splitlines()[2:] == [
        "   at: Radio 0, Radio 1, Radio 2, Radio 3, Radio 4 and 2 more",
        "   with: totalaud skill generate-pitch --input @FILE",
        "FILE: the action's command.input, as --json tells it.",
    ]


def test_a_plan_marks_what_must_not_be_late_and_says_what_does_not_fit():
    task = {"id": "a", "title": "Press photos", "start": "2026-11-02", "due": "2026-11-06", "effort_h": 3.5}
    tasks = [task | {"cost": 0}, task | {"id": "b", "title": "Master", "cost": 120.0}]
    plan = {"tasks": tasks, "critical_path": ["b"], "infeasible": ["14 h too much in week 1"], "meta": META}
    assert text("create-campaign-plan", plan).splitlines() == [
        "2026-11-02 to 2026-11-06   Press photos (3.5 h)",
        "2026-11-02 to 2026-11-06 * Master (3.5 h, 120)",
        "",
        "* has the least slack",
        "",
        "What does not fit:",
        "- 14 h too much in week 1",
    ]
    easy = text("create-campaign-plan", {**plan, "critical_path": [], "infeasible": []})
    assert len(easy.splitlines()) == 2


def test_hashtags_are_told_in_one_line_to_copy_and_then_with_their_reasons():
    tags = [
        {"tag": tag, "kind": "genre", "why": "the release is synthpop"} for tag in ("#synthpop", "#synth")
    ]
    assert text("suggest-hashtags", {"hashtags": tags, "meta": META}).splitlines() == [
        "#synthpop #synth",
        "  #synthpop (genre): the release is synthpop",
        "  #synth (genre): the release is synthpop",
    ]
    assert text("suggest-hashtags", {"hashtags": [], "meta": META}) == "No hashtag fits."


def test_one_s_own_rate_stands_below_that_of_others_and_nothing_is_said_twice():
    cohort = {"n": 20, "p10": 0.01, "p50": 0.05, "p90": 0.1234}
    compared = {"verdict": "Among the better half.", "you": RATE, "cohort": cohort, "references": []}
    warned = META | {"warnings": ["Among the better half.", "the cohort is small"]}
    assert text("benchmark-performance", {**compared, "meta": warned}).splitlines() == [
        "Among the better half.",
        "  among 20 artists: p10 0.010, p50 0.050, p90 0.123",
        f"  you: {rate(RATE)}",
        "! the cohort is small",
    ]


def test_a_pattern_is_told_by_its_sentence_or_else_its_rule():
    found = [{"rule": "type = radio", "text": "Radio answers more often."}, {"rule": "type = blog"}]
    told = text("identify-patterns", {"patterns": found, "references": [], "meta": META})
    assert told.splitlines() == [
        "What is answered more often, and what is not known:",
        "- Radio answers more often.",
        "- type = blog",
    ]
    assert "No pattern can be shown." in text("identify-patterns", {"patterns": [], "meta": META})


def test_too_little_data_says_how_much_is_missing():
    meta = META | {"basis": "insufficient", "needed": 140}
    assert "140 more" in text("identify-patterns", {"patterns": [], "references": [], "meta": meta})


def test_published_figures_are_marked_as_not_one_s_own():
    cited = [{"label": "replies to pitches", "value": 0.03, "source": "A survey", "year": "2023"}]
    told = text("identify-patterns", {"patterns": [], "references": cited, "meta": META})
    assert "published, not yours: replies to pitches 3.0 % (A survey, 2023)" in told


def test_published_figures_are_cited_once_in_an_answer():
    cited = [{"label": "replies to pitches", "value": 0.03, "source": "A survey", "year": "2023"}]
    found = {"patterns": [], "references": cited, "meta": META}
    beside = {"verdict": "Your reply rate stands alone", "you": RATE, "references": cited, "meta": META}
    lines = answer(["identify-patterns", "benchmark-performance"], [found, beside])
    assert sum("A survey" in line for line in lines) == 1


def test_a_report_is_told_as_it_is_written_with_its_tables_whole():
    table = "|        | sent |\n| ------ | ---: |\n| A \\| B |   48 |"
    long = "- Follow up 35 pitches without an answer, by 2026-11-04. " + "Because: silent. " * 5
    said = r"1\. \_Tide\_: 48 sent."
    told = text("generate-report", {"markdown": f"{said}\n\n## The funnel\n\n{table}\n\n{long}\n"})
    assert told.startswith("1. _Tide_: 48 sent.\n\nThe funnel\n\n|        | sent |")
    assert "| A | B |   48 |" in told
    assert all(len(line) <= 80 for line in told.splitlines())


@pytest.mark.parametrize("output", [None, "text", 5, []])
def test_an_output_that_is_no_object_is_left_out(output):
    assert answer(["score-contacts", "x"], [{"contacts": []}, output]) == ["Nobody fits."]


def test_long_values_stay_within_eighty_columns():
    long = {"outlet": "O" * 20 + " word" * 40, "name": "N", "type": "radio"}
    lines = answer(["score-contacts"], [{"contacts": [long]}])
    assert all(len(line) <= 80 for line in lines)


def test_addresses_and_urls_are_never_broken():
    url = f"https://example.org/{'a-long-way-to-the-show/' * 5}"
    sent_to = "somebody-with-a-long-name@a-very-long-name-of-a-station-in-the-north.example.org"
    told = text("score-contacts", {"contacts": [{"name": "N", "email": sent_to[-70:], "source_url": url}]})
    assert url in told
    assert sent_to[-70:] in told
    between = f"{'word ' * 12}https://example.org/a-b-c"
    assert "https://example.org/a-b-c" in "\n".join(wrapped(between))


NONE = {"k": 0, "n": 0, "mean": 0.0, "lo": 0.0, "hi": 1.0, "method": "none observed"}
FUNNEL = dict.fromkeys(("sent", "bounced", "replied", "positive", "placed", "declined", "pending"), 0)
TRACKED = {
    "funnel": {**FUNNEL, "sent": 48, "replied": 3},
    "rates": [{"metric": "replied", "rate": RATE}],
    "previous": [{"metric": "replied", "rate": NONE}],
    "change": [],
    "expected_eventual": RATE,
    "followups_due": [],
    "meta": META,
}


def test_answers_are_still_coming_in_only_where_some_are_awaited():
    assert "still coming in" not in text("track-campaign", TRACKED)
    awaited = {**TRACKED, "funnel": {**TRACKED["funnel"], "pending": 45}}
    assert "Answers are still coming in; expected in the end: 6.3 %" in text("track-campaign", awaited)


def test_an_expectation_that_leaves_nothing_out_is_none():
    sent = {**TRACKED["funnel"], "pending": 45}
    anything = {**RATE, "k": 0, "mean": 0.0, "lo": 0.0, "hi": 1.0}
    told = text("track-campaign", {**TRACKED, "funnel": sent, "expected_eventual": anything})
    assert "expected in the end" not in told


def test_a_share_is_held_against_the_one_before_once():
    change = {"metric": "replied", "p_worse": 0.071, "verdict": "no_clear_change"}
    before = [{"metric": "replied", "rate": RATE | {"k": 9}}]
    told = text("track-campaign", {**TRACKED, "previous": before, "change": [change]})
    assert told.splitlines()[1:] == [
        f"  replied: {rate(RATE)}",
        f"    before: {rate(RATE | {'k': 9})}",
        "    no clear change, worse with probability 0.07",
        "Follow-ups due: none",
    ]


def test_who_is_to_be_asked_once_more_is_told_by_name_or_id_with_the_days_of_silence():
    assert "Follow-ups due: none" in text("track-campaign", TRACKED)
    due = [{"contact_id": "k1", "name": "Asha Example", "outlet": "Dock FM", "days": 9}]
    due += [{"contact_id": "k2", "days": 8}] * 10
    told = text("track-campaign", {**TRACKED, "followups_due": due, "followups_total": 35}).splitlines()
    assert told[-12:-9] == [
        "Follow-ups due: 35",
        "  Asha Example, Dock FM: 9 days of silence",
        "  k2: 8 days of silence",
    ]


def test_how_many_follow_ups_are_not_shown_is_told():
    due = [{"contact_id": f"k{number}", "days": 9} for number in range(11)]
    told = text("track-campaign", {**TRACKED, "followups_due": due, "followups_total": 37})
    assert "k9: 9 days of silence\n  and 27 more" in told
    assert "more" not in text("track-campaign", {**TRACKED, "followups_due": due[:10], "followups_total": 10})


def test_a_funnel_is_told_from_sent_to_pending_in_whatever_order_a_kept_answer_has_it():
    kept = {**TRACKED, "funnel": dict(sorted(TRACKED["funnel"].items()))}
    assert text("track-campaign", kept).startswith("sent 48, bounced 0, replied 3, positive 0, placed 0")


def test_a_share_of_nothing_is_not_told():
    assert "0 of 0" not in text("track-campaign", TRACKED)
    nothing = {**TRACKED, "funnel": FUNNEL, "rates": [{"metric": "replied", "rate": NONE}]}
    told = text("track-campaign", {**nothing, "previous": TRACKED["rates"]})
    assert "replied before: 6.3 %" in told
    assert "0 of 0" not in told
    compared = {"verdict": "Not enough data", "you": NONE, "references": [], "meta": META}
    assert text("benchmark-performance", compared) == "Not enough data"


def test_an_opportunity_is_told_with_deadline_cost_reasons_and_place():
    call = {
        "id": "00000000-0000-4000-8000-000000000001",
        "title": "Fictional Open Call",
        "kind": "festival",
        "url": "https://example.org/call",
        "deadline": "2026-12-20",
        "cost": 15,
        "currency": "GBP",
        "fit": 0.85,
        "eligible": True,
        "reasons": ["for synthpop", "23 days to the deadline"],
    }
    told = text("discover-opportunities", {"opportunities": [call], "total": 3, "meta": META})
    assert told.splitlines() == [
        "Open and fitting, the best first, 1 of 3:",
        "1. Fictional Open Call, festival, until 2026-12-20, fit 0.85",
        "   costs 15 GBP",
        "   for synthpop",
        "   23 days to the deadline",
        "   https://example.org/call",
    ]
    dear = {"opportunities": [{**call, "cost": 1234567.5, "currency": "IDR"}], "meta": META}
    assert "costs 1234567.50 IDR" in text("discover-opportunities", dear)
    free = {**call, "cost": 0, "deadline": None, "reasons": []}
    unknown = {**free, "cost": None, "url": None, "source": "a list"}
    told = text("discover-opportunities", {"opportunities": [free, unknown], "total": 2, "meta": META})
    assert told.splitlines() == [
        "Open and fitting, the best first:",
        "1. Fictional Open Call, festival, fit 0.85",
        "   free",
        "   https://example.org/call",
        "2. Fictional Open Call, festival, fit 0.85",
        "   a list",
    ]
    nothing = {"opportunities": [], "total": 0, "meta": META}
    assert text("discover-opportunities", nothing) == "Nothing is open."


def test_times_of_the_week_are_told_with_how_sure_they_are():
    slot = {"weekday": "tuesday", "hour_local": 9, "p_best": 0.83, "expected": RATE}
    told = text("optimize-timing", {"slots": [slot], "schedule": [], "exploration": 0.25, "meta": META})
    assert "tuesday 9:00: best with probability 0.83, 6.3 % (2.1\u201316.8) expected; answered" in told
    assert "25.0 % of pitches would go out at another time" in told


def test_a_time_at_which_nothing_was_sent_has_an_expectation_only():
    slot = {"weekday": "friday", "hour_local": 9, "p_best": 0.08, "expected": {**RATE, "k": 0, "n": 0}}
    output = {"slots": [slot], "schedule": [], "exploration": 0.9, "meta": META}
    assert "expected; answered so far 0 of 0" in " ".join(text("optimize-timing", output).split())


def test_a_time_is_told_for_whom_it_is_by_name_or_by_id():
    output = {
        "slots": [],
        "schedule": [{"contact_id": "k1", "outlet": "Tees Valley FM", "local": "Tuesday 2026-12-01 10:00"}],
        "unscheduled": [{"contact_id": "k2", "reason": "it is none of your contacts"}, {"reason": "no id"}],
        "meta": META,
    }
    told = text("optimize-timing", output)
    assert "  Tuesday 2026-12-01 10:00: Tees Valley FM\n" in told
    assert "  k2: it is none of your contacts\n  one without an id: no id" in told


def test_how_many_times_are_not_shown_is_told():
    sends = [{"contact_id": f"k{number}", "local": "Tuesday 2026-12-01 10:00"} for number in range(23)]
    told = text("optimize-timing", {"slots": [], "schedule": sends, "meta": META})
    assert "10:00: k19\n  and 3 more" in told


def test_no_time_is_named_where_none_is_known():
    warned = {**META, "basis": "insufficient", "warnings": ["no evidence yet: 4 pitches"]}
    told = text("optimize-timing", {"slots": [], "schedule": [], "exploration": 1.0, "meta": warned})
    assert told.splitlines() == ["No time of the week is known to do better.", "! no evidence yet: 4 pitches"]


def test_who_answers_is_told_with_how_sure_and_how_soon():
    group = {"key": "radio", "rate": RATE, "shrunk": 0.05, "p_best": 0.31}
    output = {
        "groups": [group, {**group, "key": "blogger"}],
        "alike_p": 0.58,
        "time_to_reply": {"p25_days": 1.0, "median_days": 6.2, "p75_days": None, "plateau": 0.193},
        "categories": {"auto": 1, "other": 2, "interested": 15, "placed": 0, "declined": 12},
        "meta": META,
    }
    told = " ".join(text("analyze-responses", output).split())
    assert f"radio: {rate(RATE)}; drawn to what all share 5.0 %" in told
    assert "probability 0.58: that may be chance" in told
    assert "a quarter within 1.0, half within 6.2 days; 19.3 % answer in the end" in told
    assert "interested 15, placed 0, declined 12, auto 1, other 2" in told
    many = text("analyze-responses", {**output, "groups": [group] * 12, "alike_p": 0.05})
    assert "  and 2 more\n" in many
    assert "0.05: they do differ." in " ".join(many.split())
    for alone in ({"groups": [group]}, {"alike_p": None}):
        assert "If all answered alike" not in text("analyze-responses", {**output, **alone})


def test_where_nobody_has_answered_yet_nothing_is_said_of_how_soon():
    none = dict.fromkeys(("auto", "other", "interested", "placed", "declined"), 0)
    times = {"p25_days": None, "median_days": None, "p75_days": None, "plateau": 0.0}
    output = {"groups": [], "alike_p": None, "time_to_reply": times, "categories": none, "meta": META}
    assert text("analyze-responses", output) == "No outcome is known yet."


def test_what_moves_is_told_before_what_does_not():
    flat = {
        "key": "folk",
        "metric": "reply_rate",
        "slope_per_week": -0.016,
        "lo": -0.1,
        "hi": 0.07,
        "q_value": 0.9,
        "direction": "flat",
        "needed": None,
    }
    up = {**flat, "key": "Glass", "metric": "streams", "slope_per_week": 13.7, "lo": 12.0, "hi": 15.0}
    rising = {**up, "direction": "rising", "q_value": 0.0003, "points": [{}] * 9}
    short = {**flat, "key": "jazz", "direction": "insufficient", "needed": 1}
    told = text("track-trends", {"trends": [short, flat, rising], "meta": META}).splitlines()
    assert [line.strip() for line in told] == [
        "Glass, streams a day: rising over 9 weeks, 13.7 a week (12.0 to 15.0), q 0.000",
        "folk, reply rate: flat, -1.6 points a week (-10.0 to 7.0), q 0.900",
        "jazz, reply rate: not enough data, 1 more week needed",
    ]


def test_nothing_is_told_as_less_than_nothing():
    flat = {"key": "folk", "metric": "streams", "direction": "flat", "q_value": 0.9, "needed": None}
    trend = flat | {"slope_per_week": -0.004, "lo": -1.0, "hi": 1.0}
    assert "flat, 0.0 a week (-1.0 to 1.0)" in text("track-trends", {"trends": [trend], "meta": META})


def test_artists_alike_are_told_with_their_outlets_and_the_gaps():
    similar = {
        "name": "Grey Heron",
        "similarity": 0.66,
        "basis": ["same genres"],
        "shared_genres": ["folk"],
        "outlets": ["Dock FM"],
    }
    output = {
        "similar": [similar],
        "gaps": [{"outlet": "Dock FM", "covered": ["Grey Heron"], "you": False}],
        "summary": "One artist is like you.",
        "meta": META,
    }
    told = text("analyze-competition", output)
    assert "1. Grey Heron, 0.66: folk\n   covered by Dock FM\n" in told
    assert "- Dock FM covered Grey Heron, and not you" in told
    many = {**output, "similar": [{**similar, "outlets": [f"No. {number}" for number in range(1, 13)]}]}
    assert (
        "covered by No. 1, No. 2, No. 3, No. 4, No. 5, No. 6, No. 7, No. 8, No. 9, No.\n     10 and 2 more"
        in text("analyze-competition", many)
    )
    alone = {**output, "similar": [], "gaps": [], "meta": {**META, "basis": "insufficient", "needed": 1}}
    assert "no other artist is recorded that is near" in text("analyze-competition", alone)


def test_a_step_by_itself_is_told_whole_with_where_else_was_looked():
    found = {"contacts": [CONTACT], "widened": ["nobody fits in wales: looked in uk"]}
    lines = told("research-contacts", found)
    assert lines[:2] == ["note: nobody fits in wales: looked in uk", "1 contact, the best fit first:"]


def test_contacts_that_a_later_step_ranks_are_told_in_that_step_alone():
    skills = ["research-contacts", "score-contacts"]
    found = {"contacts": [{**CONTACT, "id": "k1"}], "widened": ["nobody fits in wales: looked in uk"]}
    assert told_step(1, skills, {1: found, 2: found}) == [
        "note: nobody fits in wales: looked in uk",
        "1 contact, told in step 2, where they are ranked",
    ]
    assert "Asha Example" in str(told_step(2, skills, {1: found, 2: found}))


def test_how_many_fit_is_told_where_not_all_are_shown():
    found = {"contacts": [{**CONTACT, "id": "k1"}], "total": 110}
    assert told("research-contacts", found)[0] == "1 of 110 contacts, the best fit first:"
    skills = ["research-contacts", "score-contacts"]
    assert told_step(1, skills, {1: found, 2: found})[0].startswith("1 of 110 contacts, told in step 2")
    assert answer(skills, [found, found])[0] == "note: 110 contacts fit, 1 of them were looked at"


@pytest.mark.parametrize("later", [{}, {2: {"contacts": []}}, {2: {"contacts": [{"id": "k2"}]}}, {2: None}])
def test_contacts_that_no_later_step_has_told_are_told_where_they_were_found(later):
    found = {"contacts": [{**CONTACT, "id": "k1"}]}
    assert "Asha Example" in str(told_step(1, ["research-contacts", "score-contacts"], {1: found, **later}))


def test_what_a_skill_of_one_s_own_calls_as_we_do_is_told_once():
    assert told("mine", {"widened": ["nobody fits"]}) == ["widened: nobody fits"]
    assert told("score-contacts", "text") == ["output: text"]


def test_a_published_figure_that_is_no_share_is_told_as_it_is():
    days = {"label": "days to an answer", "value": 2.5, "source": "A survey", "year": "2023"}
    all_ = {"label": "opened", "value": 1, "source": "A survey", "year": "2023"}
    lines = answer(["identify-patterns"], [{"patterns": [], "references": [days, all_], "meta": META}])
    assert lines[1:] == [
        "  published, not yours: days to an answer 2.5 (A survey, 2023)",
        "  published, not yours: opened 100.0 % (A survey, 2023)",
    ]


ODD = [
    {"contacts": 2},
    {"contacts": [{"id": "k1"}], "widened": True},
    {"contacts": [{"id": "k1"}], "meta": "x"},
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: list(odd)[-1])
def test_fields_of_another_form_than_ours_are_told_too(odd):
    ranked = {"contacts": [{"id": "k1"}]}
    skills = ["research-contacts", "score-contacts"]
    for first, second in ((odd, ranked), (ranked, odd)):
        assert answer(skills, [first, second])
        assert told_step(1, skills, {1: first, 2: second})
    assert told(skills[0], odd)


@pytest.mark.parametrize("output", [{"contacts": "two of them"}, {"contacts": [{"score_parts": [{}]}]}])
def test_what_has_not_the_form_of_a_skill_s_own_words_is_told_plainly(output):
    assert told("score-contacts", output)[0].startswith("contacts:")


@pytest.mark.parametrize("sparse", [False, True], ids=["whole", "sparse"])
@pytest.mark.parametrize("skill", TELLERS)
def test_whatever_a_skill_of_ours_may_answer_has_words_of_its_own(skill: str, *, sparse: bool):
    schema = shipped()[skill].output_schema
    assert TELLERS[skill](allowed(schema, schema["$defs"], sparse=sparse))


def allowed(schema: dict[str, Any], types: dict[str, Any], *, sparse: bool) -> Any:
    """Return what the schema allows, null and the last of its words where it is to be sparse."""
    if "$ref" in schema:
        return allowed(types[schema["$ref"].removeprefix("#/$defs/")], types, sparse=sparse)
    if "enum" in schema:
        return schema["enum"][-1 if sparse else 0]
    if "anyOf" in schema:
        return None if sparse else allowed(schema["anyOf"][0], types, sparse=sparse)
    match schema.get("type"):
        case [kind, "null"]:
            return None if sparse else allowed({**schema, "type": kind}, types, sparse=sparse)
        case "object":
            fields = schema.get("properties", {})
            return {name: allowed(inner, types, sparse=sparse) for name, inner in fields.items()}
        case "array":
            return [allowed(schema["items"], types, sparse=sparse)]
        case kind:
            return {"integer": 1, "number": 0.5, "boolean": True}.get(kind, "2026-12-01")
