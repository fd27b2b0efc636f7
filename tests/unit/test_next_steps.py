"""What is worth doing: ranks, chances of a late answer, and rules at their edges."""

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from library.actions import Action, Gain, evidence, ranked, skill
from library.expected import better_template, reply_rate, rivals, still_to_come
from library.situation import Situation, tired
from library.steps_people import (
    answer_interested,
    clean_bounces,
    follow_up,
    pitch_fitting,
    rest_contacts,
    send_drafts,
)
from library.steps_plans import plan_release, record_answers
from quality.harness import NOW

WHY = (evidence("contacts", ["a"], "why"),)


def action(kind, mean, low=0.0, *, minutes=0, why=WHY, **values):
    return Action(kind, kind, Gain(mean, low), minutes, why, skill("x", {}), **values)


def pitch(days, *, after=None, template="short", **values):
    sent = NOW - timedelta(days=days)
    names = ("replied_at", "positive_at", "placed_at", "declined_at", "bounced_at")
    row = dict.fromkeys(names) | {"campaign_id": "k", "contact_id": "c", "sends": 1, "type": "radio"}
    answered = {} if after is None else {"replied_at": sent + timedelta(days=after)}
    return {**row, "sent_at": sent, "last_sent_at": sent, "template": template, **answered, **values}


def situation(*pitches):
    acts = [{"id": "k", "name": "Glass Coast", "artist": None}]
    rows = [{"outlet": None, **row, "type": None} for row in pitches]
    told = {"k": {"artistInfo": {"name": "Neon Harbour"}}}
    return Situation(now=NOW, pitches=rows, campaigns=acts, acts=told)


@pytest.mark.parametrize(
    ("fitting", "many", "why"),
    [
        (200, "200 contacts", "not pitched in Glass Coast"),
        (201, "more than 200 contacts", "not pitched in Glass Coast, the first 200 of more"),
    ],
)
def test_that_more_contacts_fit_than_are_ranked_is_told(fitting, many, why):
    known = [pitch(60, after=2 if number < 10 else None) for number in range(100)]
    people = [{"id": f"c{number}"} for number in range(fitting)]
    (action,) = pitch_fitting(replace(situation(), history=known, fitting={"k": people}))
    assert action.title == f"Rank {many} for Glass Coast, and pitch the likeliest 20"
    assert action.evidence[0]["why"] == f"of the genre and {why}"
    assert len(action.command["input"]["contacts"]) == 200


def test_the_cautious_rank_by_what_is_gained_at_least():
    sure, wild = action("sure", 0.5, 0.4), action("wild", 0.9, 0.1)
    assert [one.kind for one in ranked([sure, wild], "balanced")] == ["wild", "sure"]
    assert [one.kind for one in ranked([sure, wild], "cautious")] == ["sure", "wild"]


def test_effort_and_fatigue_are_taken_off_and_what_is_left_with_nothing_is_left_out():
    dear, tiring = action("dear", 0.5, minutes=300), action("tiring", 0.5, fatigue=0.6)
    assert ranked([dear, tiring, action("easy", 0.1)], "balanced")[0].kind == "easy"
    assert len(ranked([dear, tiring], "balanced")) == 0


def test_without_evidence_nothing_is_recommended():
    assert ranked([action("baseless", 9.0, why=())], "balanced") == []


def test_a_gain_that_is_a_guess_is_not_shown():
    assert "gain" not in action("guess", 0.5, estimated=False).told()
    assert action("figure", 0.5, 0.2).told()["gain_low"] == 0.2


def test_with_no_pitches_the_rate_is_the_usual_one_and_wide():
    rate = reply_rate([], NOW)
    assert rate.mean == pytest.approx(0.05)
    assert rate.low < 0.01


def test_the_longer_a_pitch_is_silent_the_less_is_to_come():
    history = [pitch(60, after=number % 10) if number % 5 == 0 else pitch(60) for number in range(200)]
    delays = still_to_come(history, NOW)
    chances = [delays.chance(days).mean for days in (0, 2, 4, 6, 20)]
    assert chances == sorted(chances, reverse=True)
    assert chances[-1] == 0.0


def test_while_nobody_answered_the_usual_delays_hold():
    delays = still_to_come([pitch(60) for _ in range(9)], NOW)
    assert delays.curve is None
    assert delays.chance(3).mean == pytest.approx(delays.chance(0).mean / 2)


@pytest.mark.parametrize(
    "row",
    [
        pitch(2),
        pitch(30),
        pitch(6, sends=2),
        pitch(6, after=1),
        pitch(6, bounced_at=NOW),
        pitch(6, sent_at=None),
    ],
    ids=["young", "old", "followed up", "answered", "bounced", "never sent"],
)
def test_no_follow_up_where_none_is_called_for(row):
    assert list(follow_up(situation(row))) == []


def test_a_pitch_silent_for_some_days_is_followed_up():
    (found,) = follow_up(situation(pitch(4)))
    assert found.title == "Follow up 1 pitch without an answer"
    assert found.command["input"]["contacts"] == [{"id": "c"}]
    assert found.evidence[0]["why"].endswith("an answer may still come, in Glass Coast")


def test_nobody_is_followed_up_the_day_after_a_pitch_for_another_campaign():
    sent = situation(pitch(4))
    assert list(follow_up(replace(sent, history=[pitch(1, campaign_id="other")]))) == []
    assert len(list(follow_up(replace(sent, history=[pitch(5, campaign_id="other")])))) == 1


def test_nobody_is_written_to_twice_at_once_however_many_campaigns_wait_for_it():
    rows = [pitch(days, campaign_id=name) for days, name in ((4, "k"), (6, "other"))]
    at = situation(*rows, pitch(7, contact_id="d"))
    at = replace(at, campaigns=[*at.campaigns, {"id": "other", "name": "Low Tide", "artist": None}])
    (silent,) = follow_up(at)
    assert silent.title == "Follow up 2 pitches without an answer"
    assert silent.evidence[0]["ref"] == "c, d"
    interested = [{**row, "replied_at": NOW, "positive_at": NOW} for row in at.pitches[:2]]
    (answer,) = answer_interested(replace(at, pitches=interested))
    assert answer.title == "Answer 1 contact who wrote that they are interested"
    assert answer.evidence[0]["why"].endswith("in Glass Coast, Low Tide")


def test_drafts_are_counted_and_whoever_has_two_is_given_one_time():
    drafts = [
        {"campaign_id": name, "contact_id": "c", "at": NOW - timedelta(days=1)} for name in ("k", "other")
    ]
    (found,) = send_drafts(replace(situation(), drafts=drafts))
    assert found.title == "Send 2 drafts, the oldest of 1 day"
    assert found.command["input"]["contacts"] == [{"id": "c"}]


@pytest.mark.parametrize(("left", "due"), [(1, 0), (3, 2), (30, 3)])
def test_a_plan_is_due_before_the_release_that_it_is_for(left, due):
    today = NOW.date()
    release = {"id": "r", "title": "Glass Coast", "type": "single", "planned": False}
    at = replace(situation(), releases=[{**release, "date": today + timedelta(days=left)}])
    (found,) = plan_release(at)
    assert found.due == today + timedelta(days=due)


def test_whom_it_says_to_leave_alone_it_does_not_follow_up():
    often = situation(pitch(5), *(pitch(days, campaign_id="other") for days in (25, 45)))
    acts = [*often.campaigns, {"id": "other", "name": "Low Tide", "artist": None}]
    told = replace(often, campaigns=acts, tired=tired(often.pitches, NOW))
    assert len(list(rest_contacts(told))) == 1
    assert list(follow_up(told)) == []


def test_who_has_heard_too_much_by_a_closed_campaign_is_left_alone_too():
    history = [pitch(days, campaign_id="closed") for days in (25, 35, 45)]
    at = replace(situation(pitch(6)), history=history)
    assert len(list(follow_up(at))) == 1
    assert list(follow_up(replace(at, tired=tired(history, NOW)))) == []
    assert len(list(rest_contacts(replace(at, tired=tired(history, NOW))))) == 1
    assert tired([*history, pitch(90, after=1)], NOW) == frozenset()


def test_who_was_written_to_or_has_answered_is_not_written_to_as_a_stranger():
    (silent,) = follow_up(situation(pitch(4)))
    (interested,) = answer_interested(situation(pitch(6, positive_at=NOW - timedelta(days=1))))
    assert "once more" in silent.command["input"]["angle"]
    assert "your interest" in interested.command["input"]["angle"]


@pytest.mark.parametrize(
    "values",
    [{}, {"placed_at": NOW}, {"declined_at": NOW}, {"last_sent_at": NOW}],
    ids=["no interest", "placed", "declined", "answered since"],
)
def test_interest_that_was_met_does_not_wait(values):
    interest = {"positive_at": NOW - timedelta(days=1)} if values else {}
    assert list(answer_interested(situation(pitch(6, **interest, **values)))) == []


def test_interest_waits_even_where_nothing_was_sent():
    row = pitch(6, sent_at=None, last_sent_at=None, positive_at=NOW - timedelta(days=1))
    assert len(list(answer_interested(situation(row)))) == 1


def templates(good, bad, *, n=300):
    """Mature pitches, the newer half with the template `bad`."""
    newer = [pitch(30, template="bad", after=1 if number < bad * n else None) for number in range(n)]
    older = [pitch(60, template="good", after=1 if number < good * n else None) for number in range(n)]
    return newer + older


def better(history, types=MappingProxyType({})):
    found = rivals(history, NOW)
    return found and better_template(found, history, NOW, types)


def test_a_template_that_is_surely_better_is_named():
    found = better(templates(0.15, 0.05))
    assert (found.name, found.than, found.n) == ("good", "bad", 600)
    assert found.more.mean == pytest.approx(0.1)


def test_a_template_may_be_better_than_one_that_nobody_answers():
    assert better(templates(0.1, 0.0)).more.mean == pytest.approx(0.1)


@pytest.mark.parametrize(("good", "bad", "n"), [(0.06, 0.05, 300), (0.05, 0.15, 300), (0.5, 0.0, 20)])
def test_a_template_that_may_be_luck_is_not(good, bad, n):
    assert better(templates(good, bad, n=n)) is None


def test_a_template_is_not_better_for_having_gone_to_those_who_answer_more():
    told = [
        pitch(days, template=template, contact_id=kind, after=1 if number < rate * many else None)
        for template, days, by_kind in (
            ("good", 60, {"radio": 270, "blogger": 30}),
            ("bad", 30, {"radio": 30, "blogger": 270}),
        )
        for kind, many in by_kind.items()
        for rate in [0.2 if kind == "radio" else 0.04]
        for number in range(many)
    ]
    newest_first = sorted(told, key=lambda row: row["sent_at"], reverse=True)
    assert better(newest_first, {"radio": "radio", "blogger": "blogger"}) is None
    assert better(newest_first) is not None, "as if all were of one type"


def test_no_history_names_no_template():
    assert better([]) is None


BOUNCED = pitch(40, bounced_at=NOW - timedelta(days=40))


@pytest.mark.parametrize(
    "later",
    [pitch(30, after=1, campaign_id="other"), pitch(30, campaign_id="other"), pitch(200, after=1)],
    ids=["answered since", "reached since", "answered before"],
)
def test_whoever_was_reached_after_a_bounce_or_ever_answered_is_not_to_be_suppressed(later):
    both = sorted([BOUNCED, later], key=lambda row: row["sent_at"], reverse=True)
    assert list(clean_bounces(replace(situation(BOUNCED), history=both))) == []


def test_whom_the_last_pitch_did_not_reach_is_to_be_corrected_or_suppressed():
    before = pitch(50, campaign_id="other")
    (found,) = clean_bounces(replace(situation(BOUNCED), history=[BOUNCED, before]))
    assert found.command == {"door": "contacts.suppress", "input": {"contact_id": "c"}}


def test_answers_are_missed_where_none_is_known_and_not_where_only_a_young_pitch_has_one():
    silent = [pitch(40) for _ in range(60)]
    assert len(list(record_answers(replace(situation(), history=silent)))) == 1
    assert list(record_answers(replace(situation(), history=[pitch(3, after=1), *silent]))) == []
