"""A plan keeps lead times, dependencies and hours for whatever release, and names all that it leaves out."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from library.ics import Entry, calendar
from library.plan_tasks import tasks_for
from library.schedule import critical_path, planned
from quality.create_campaign_plan import broken, release_of
from skill_runner.context import SkillError
from skillmodules import Asked, skill_module

plan = skill_module("coach/create_campaign_plan.py")
TODAY = date(2026, 11, 2)


def made(days=200, **changes):
    given = {
        "release": {"title": "Glass Coast", "type": "single", "date": str(TODAY + timedelta(days=days))},
        "goal": "all",
        "hours_per_week": 5,
        "budget": 0,
    } | changes
    return plan.run(given, Asked())


@pytest.mark.parametrize("seed", range(300))
def test_no_plan_breaks_a_rule(seed):
    given = release_of(seed, TODAY)
    assert broken(given, plan.run(given, Asked()), TODAY) == []


def test_with_time_enough_everything_fits():
    found = made(242)
    assert found["infeasible"] == []
    assert found["meta"]["warnings"] == [plan.ESTIMATED]


def test_twenty_six_days_are_too_few_for_radio_and_it_says_so():
    found = made(26, goal="radio")
    named = {line.split(":")[0] for line in found["infeasible"]}
    assert named == {"radio-contacts", "radio-pitch", "radio-follow-up"}
    assert "28 days before the release" in " ".join(found["infeasible"])
    assert found["meta"]["warnings"][-1].startswith("Everything would fit if the release were on 20")


def test_one_day_late_is_singular():
    (late,) = (one for one in made(15, hours_per_week=7)["infeasible"] if one.startswith("curators-pitch"))
    assert late.endswith("at 7 h a week it is 1 day late")


@pytest.mark.parametrize("days", [0, -8])
def test_nobody_is_told_to_put_off_what_is_out(days):
    found = made(days, goal="radio")
    assert found["infeasible"]
    assert found["meta"]["warnings"] == [plan.ESTIMATED]


@pytest.mark.parametrize("days", range(19, 26))
def test_a_release_is_put_off_to_the_next_friday_on_which_everything_fits(days):
    told = made(days, goal="radio")["meta"]["warnings"][-1]
    later = date.fromisoformat(told.removeprefix("Everything would fit if the release were on "))
    assert later.weekday() == plan.FRIDAY
    assert made((later - TODAY).days, goal="radio")["infeasible"] == []
    before = min(later - timedelta(days=7), TODAY + timedelta(days=days))
    assert made((before - TODAY).days, goal="radio")["infeasible"]


@pytest.mark.parametrize(
    ("days", "goal", "hours"), [(28, "all", 3), (70, "radio", 1), (35, "press", 2), (42, "playlists", 1.5)]
)
def test_what_every_release_needs_is_not_given_up_for_a_channel(days, goal, hours):
    found = made(days, goal=goal, hours_per_week=hours)
    assert {"master", "deliver", "links"} <= {task["id"] for task in found["tasks"]}


def test_what_gives_way_says_to_what():
    found = made(42, goal="playlists", hours_per_week=1.5)
    reason = "spotify-pitch: 1.5 h a week are too few for it beside links, which comes first"
    assert reason in found["infeasible"]


@pytest.mark.parametrize("days", [60, 100, 200])
def test_nobody_is_pitched_what_is_not_finished(days):
    tasks = {task["id"]: task for task in made(days)["tasks"]}
    pitches = [task for name, task in tasks.items() if name.endswith("-pitch")]
    assert pitches
    assert all(tasks["master"]["due"] <= task["start"] for task in pitches)


def test_no_hours_means_no_tasks_and_all_are_named():
    found = made(240, hours_per_week=0)
    assert found["tasks"] == []
    assert len(found["infeasible"]) == len(tasks_for(plan.CHANNELS_OF["all"]))


def test_after_the_release_only_what_follows_it_is_left():
    found = made(-1)
    assert {task["id"] for task in found["tasks"]} == {"release-day", "review"}


def test_channels_come_before_the_goal():
    found = made(200, channels=["live"], goal="radio")
    assert {task["channel"] for task in found["tasks"]} == {"release", "live"}


def test_pitches_go_out_when_their_channel_wants_them():
    due = {task["id"]: date.fromisoformat(task["due"]) for task in made(240)["tasks"]}
    before = (TODAY + timedelta(days=240)) - due["radio-pitch"]
    assert 28 <= before.days <= 56


@pytest.mark.parametrize("days", [70, 120, 240])
def test_who_is_written_to_once_more_has_had_a_week_and_not_much_more(days):
    tasks = {task["id"]: task for task in made(days, hours_per_week=8)["tasks"]}
    waited = {
        name: date.fromisoformat(task["start"]) - date.fromisoformat(tasks[task["depends_on"][0]]["due"])
        for name, task in tasks.items()
        if name.endswith("-follow-up")
    }
    assert waited
    assert all(timedelta(days=7) <= one <= timedelta(days=14) for one in waited.values()), waited


def test_a_release_on_another_day_than_friday_is_told():
    wednesday = made((date(2027, 3, 17) - TODAY).days)
    assert "The release is on a Wednesday" in wednesday["meta"]["warnings"][1]
    friday = made((date(2027, 3, 19) - TODAY).days)
    assert not any("Friday" in one for one in friday["meta"]["warnings"])
    assert not any("Friday" in one for one in made(-5)["meta"]["warnings"])


def test_the_critical_path_is_a_chain_of_dependencies():
    found = made(60, goal="playlists")
    known = {task["id"]: task for task in found["tasks"]}
    path = found["critical_path"]
    assert len(path) >= 2
    assert all(first in known[second]["depends_on"] for first, second in pairwise(path))


def test_the_critical_path_is_that_with_the_least_slack():
    tasks = tasks_for(["spotify"])
    placed, _ = planned(tasks, -30, 5)
    assert critical_path([task for task in tasks if task.id in placed], -30, 5) == [
        "master",
        "deliver",
        "spotify-pitch",
    ]


@pytest.mark.parametrize("budget", [0, 0.01, 100, 333.33])
def test_the_budgets_parts_add_up(budget):
    found = made(240, budget=budget)
    assert round(sum(found["budget_split"].values()), 2) == budget
    assert round(sum(task["cost"] for task in found["tasks"]), 2) == budget


def test_a_budget_that_buys_nothing_stays_unspent():
    assert made(240, budget=100, hours_per_week=0)["budget_split"] == {"unspent": 100}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"release": {"title": "Glass Coast"}}, "release.date"),
        ({"release": {"title": "Glass Coast", "date": "soon"}}, "release.date"),
        ({"release": {"title": "Glass Coast", "date": "2126-01-01"}}, "release.date"),
        ({"release": {"title": "Coast", "date": "0001-01-02"}, "today": "0001-01-01"}, "release.date"),
        ({"release": {"title": "Coast", "date": "9999-12-31"}, "today": "9999-12-30"}, "release.date"),
        ({"today": "9999-12-31"}, "today: must lie between"),
        ({"hours_per_week": -1}, "hours_per_week"),
        ({"hours_per_week": 1000}, "hours_per_week"),
        ({"budget": -5}, "budget"),
        ({"today": "yesterday"}, "today"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(changes, field):
    with pytest.raises(SkillError, match=field):
        made(200, **changes)


def test_the_same_input_gives_the_same_plan():
    assert made(90, budget=50) == made(90, budget=50)


def test_the_calendar_is_folded_and_escaped_by_the_rfc():
    title = "Ü" * 60 + "; a, b\\ \nnext\r\x07"
    text = calendar([Entry("1", TODAY, TODAY, title, "why")], datetime(2026, 11, 2, 12, tzinfo=UTC))
    lines = text.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    assert lines[-1] == ""
    assert "\n" not in text.replace("\r\n", "")
    assert "SUMMARY:" + "Ü" * 60 + "\\; a\\, b\\\\ \\nnext" in text.replace("\r\n ", "")
    assert "DTSTART;VALUE=DATE:20261102\r\nDTEND;VALUE=DATE:20261103\r\n" in text
