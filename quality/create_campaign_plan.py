"""Plans for random releases, by the rules that every plan has to keep: which ones are broken.

The least lead times are written down here too, as channels publish them or as is usual, apart from those of
the skill; and where there is time for everything, everything has to be planned.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from math import ceil
from random import Random
from typing import Any
from uuid import uuid4

from library.plan_tasks import ALL, tasks_for
from library.schedule import planned
from quality.harness import NOW, Bench
from quality.row import Row, interval, mean

SKILL = "create-campaign-plan"
Json = dict[str, Any]

GOALS = {
    "radio": ["radio"],
    "press": ["online_press", "print_press"],
    "playlists": ["spotify", "apple", "amazon", "curators"],
    "live": ["live"],
    "all": sorted({task.channel for task in ALL} - {"release"}),
}
RELEASES = 10_000
ROUNDING_H = 1e-6
AT_LEAST_DAYS = {
    "deliver": 7,
    "spotify-pitch": 7,
    "apple-pitch": 10,
    "amazon-pitch": 14,
    "radio-pitch": 28,
    "online_press-pitch": 14,
    "print_press-pitch": 120,
    "curators-pitch": 7,
    "live-booking": 28,
    "social-plan": 7,
}
ENOUGH_DAYS, ENOUGH_H = 240, 8


def release_of(seed: int, today: date) -> Json:
    """Draw an input: a release from ten days ago to a year ahead, and 0 to 40 hours a week."""
    draw = Random(seed)
    chosen = draw.sample(GOALS["all"], draw.randint(1, len(GOALS["all"])))
    return {
        "release": {
            "title": draw.choice(["Glass Coast", "Nachtfährte", "A, B; C"]),
            "type": draw.choice(["single", "ep", "album"]),
            "date": str(today + timedelta(days=draw.randint(-10, 365))),
        },
        "goal": draw.choice(sorted(GOALS)),
        **({"channels": chosen} if draw.random() < 0.5 else {}),
        "hours_per_week": draw.choice([0, 0.5, 1, 2, 3, 5, 8, 15, 40]),
        "budget": draw.choice([0, 0, 50, 123.45, 1000]),
        "today": str(today),
    }


def broken(given: Json, plan: Json, today: date) -> list[str]:
    """Return the rules that a plan breaks; none for a good one."""
    return [
        *_dependencies(plan["tasks"]),
        *_lead_times(given, plan["tasks"]),
        *_hours(given, plan["tasks"], today),
        *_named(given, plan),
        *_given_up(given, plan, today),
        *_comes_first(given, plan, today),
    ]


def _dependencies(tasks: list[Json]) -> Iterator[str]:
    known = {task["id"]: task for task in tasks}
    for task in tasks:
        for before in task["depends_on"]:
            if before not in known or known[before]["due"] > task["start"]:
                yield f"{task['id']} does not wait for {before}"


def _lead_times(given: Json, tasks: list[Json]) -> Iterator[str]:
    release = date.fromisoformat(given["release"]["date"])
    for task in tasks:
        days = (release - date.fromisoformat(task["due"])).days
        if days < AT_LEAST_DAYS.get(task["id"], days):
            yield f"{task['id']} is only {days} days before the release"


def _hours(given: Json, tasks: list[Json], today: date) -> Iterator[str]:
    """Look from any task's start to any one's due: what lies wholly inside has to fit into it."""
    spans = [(date.fromisoformat(task["start"]), date.fromisoformat(task["due"])) for task in tasks]
    if any(first < today or last < first for first, last in spans):
        yield "a task lies in the past or ends before it starts"
    for first in {first for first, _ in spans}:
        for last in {last for _, last in spans if last >= first}:
            inside = sum(
                task["effort_h"]
                for task, span in zip(tasks, spans, strict=True)
                if first <= span[0] and span[1] <= last
            )
            if inside > given["hours_per_week"] / 7 * ((last - first).days + 1) + ROUNDING_H:
                yield f"{inside} h from {first} to {last}"


def _named(given: Json, plan: Json) -> Iterator[str]:
    """Everything that belongs to the wish is planned or named, once."""
    channels = given.get("channels") or GOALS[given["goal"]]
    wanted = sorted(task.id for task in tasks_for(channels))
    told = [task["id"] for task in plan["tasks"]] + [line.split(":")[0] for line in plan["infeasible"]]
    if sorted(told) != wanted:
        yield f"neither planned nor named, or twice: {set(wanted) ^ set(told)}"


def _given_up(given: Json, plan: Json, today: date) -> Iterator[str]:
    """With eight months and eight hours a week nothing has to be given up."""
    days = (date.fromisoformat(given["release"]["date"]) - today).days
    if days >= ENOUGH_DAYS and given["hours_per_week"] >= ENOUGH_H and plan["infeasible"]:
        yield f"given up without need: {plan['infeasible']}"


def _comes_first(given: Json, plan: Json, today: date) -> Iterator[str]:
    """What every release needs is planned wherever it can be had without any channel."""
    days = (today - date.fromisoformat(given["release"]["date"])).days
    needed = [task for task in tasks_for([]) if task.id != "kit"]
    alone = planned(needed, days, given["hours_per_week"])[0]
    if lost := alone.keys() - {task["id"] for task in plan["tasks"]}:
        yield f"given up for a channel: {sorted(lost)}"


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """Plan for 10,000 releases, the seeds' shares of them, with the shipped file in process."""
    user, today, each = uuid4(), NOW.date(), RELEASES // len(seeds)
    shares, naive = [], []
    for seed in seeds:
        bad = worse = 0
        for index in range(each):
            given = release_of(seed * RELEASES + index, today)
            bad += bool(broken(given, await bench.run(SKILL, given, user=user), today))
            worse += index % 10 == 0 and bool(broken(given, all_in_time(given), today))
        shares.append(bad / each)
        naive.append(10 * worse / each)
    what = f"plans that break a rule, of {each * len(seeds)}"
    return [Row(SKILL, what, mean(naive), mean(shares), *interval(shares), "0", passed=not any(shares))]


def all_in_time(given: Json) -> Json:
    """Plan as a fixed template does: each task just in time, whatever today is and whatever else is due."""
    release = date.fromisoformat(given["release"]["date"])
    channels = given.get("channels") or GOALS[given["goal"]]
    tasks = []
    for task in tasks_for(channels):
        due = release + timedelta(days=-30 if task.latest is None else task.latest)
        days = max(ceil(task.effort_h * 7 / max(given["hours_per_week"], 1)), 1)
        needs = [after.task for after in task.after]
        tasks.append(
            {
                "id": task.id,
                "channel": task.channel,
                "start": str(due - timedelta(days=days - 1)),
                "due": str(due),
                "effort_h": task.effort_h,
                "depends_on": needs,
            }
        )
    return {"tasks": tasks, "infeasible": []}
