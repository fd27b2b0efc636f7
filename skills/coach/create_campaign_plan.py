"""Plans a campaign back from its release date: lead times kept, hours kept, and what does not fit is named.

Lead times and efforts are usual ones, not measured on the user; the answer says so.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from library.figures import counted
from library.ics import Entry, calendar
from library.lead_times import LEAD_TIMES
from library.meta import meta
from library.plan_tasks import Task, tasks_for
from library.schedule import Missed, Placed, critical_path, placed_all, planned
from skill_runner.context import Context, SkillError

Json = dict[str, Any]

CHANNELS_OF = {
    "radio": ["radio"],
    "press": ["online_press", "print_press"],
    "playlists": ["spotify", "apple", "amazon", "curators"],
    "live": ["live"],
}
CHANNELS_OF["all"] = [*(one for some in CHANNELS_OF.values() for one in some), "social"]
HOURS_OF_A_WEEK = 168
LOOK_AHEAD_DAYS = 281
FARTHEST_DAYS = 3 * 365
FIRST_YEAR, LAST_YEAR = 1900, 2199
FRIDAY = 4
NOT_A_FRIDAY = "The release is on a {}: charts, playlists and new music pages go by Friday releases"
ESTIMATED = "Efforts and lead times are usual ones, not measured on your own campaigns"


def run(given: Json, context: Context) -> Json:
    """Return `tasks` by their start, the `critical_path`, `infeasible`, `budget_split`, and `ics`."""
    release, today = _release_date(given), _today(given, context)
    hours, budget = _amount(given, "hours_per_week", HOURS_OF_A_WEEK), _amount(given, "budget")
    channels = given.get("channels") or CHANNELS_OF[given["goal"]]
    tasks, now = tasks_for(channels), (today - release).days
    if abs(now) > FARTHEST_DAYS:
        raise SkillError("release.date: it is more than three years away; plan within three years")
    placed, missed = planned(tasks, now, hours)
    kept = [task for task in tasks if task.id in placed]
    split = shares(kept, budget)
    told = [_told(task, placed[task.id], release, split) for task in kept]
    told.sort(key=lambda task: (task["start"], task["due"], task["id"]))
    return {
        "tasks": told,
        "critical_path": critical_path(kept, now, hours) if hours else [],
        "infeasible": [_reason(one, release, today, hours) for one in missed],
        "budget_split": by_channel(kept, split, budget),
        "ics": calendar([_entry(task, given["release"], context) for task in told], context.now()),
        "meta": meta(
            context,
            "prior_only",
            0,
            sources=sorted({LEAD_TIMES[name].source for name in [*channels, "distributor"]}),
            warnings=[ESTIMATED, *_advice(tasks, missed, now, hours, release)],
        ),
    }


def shares(tasks: Sequence[Task], budget: float) -> dict[str, float]:
    """Split a budget over what can be paid for, by weight, to the hundredth (largest remainder)."""
    paid = [task for task in tasks if task.paid]
    weights, cents = sum(task.paid for task in paid), round(budget * 100)
    exact = {task.id: cents * task.paid / weights for task in paid}
    whole = {name: int(share) for name, share in exact.items()}
    rest = cents - sum(whole.values()) if paid else 0
    for name in sorted(exact, key=lambda name: (whole[name] - exact[name], name))[:rest]:
        whole[name] += 1
    return {name: share / 100 for name, share in whole.items()}


def by_channel(tasks: Sequence[Task], split: Mapping[str, float], budget: float) -> Json:
    """Add up the shares; what nothing can be bought for stays `unspent`."""
    found: dict[str, float] = {}
    for task in tasks:
        if split.get(task.id):
            found[task.channel] = round(found.get(task.channel, 0) + split[task.id], 2)
    return found if found or not budget else {"unspent": budget}


def _told(task: Task, days: Placed, release: date, split: Mapping[str, float]) -> Json:
    return {
        "id": task.id,
        "title": task.title,
        "channel": task.channel,
        "start": (release + timedelta(days=days.start)).isoformat(),
        "due": (release + timedelta(days=days.due)).isoformat(),
        "effort_h": task.effort_h,
        "cost": split.get(task.id, 0),
        "depends_on": [after.task for after in task.after],
        "why": task.why,
    }


def _reason(missed: Missed, release: date, today: date, hours: float) -> str:
    task = missed.task
    if missed.depends_on:
        return f"{task.id}: needs {missed.depends_on}, which does not fit"
    if missed.serves_nothing:
        return f"{task.id}: would only serve what does not fit"
    if missed.gives_way:
        return (
            f"{task.id}: {hours:g} h a week are too few for it beside {missed.gives_way}, which comes first"
        )
    days = task.latest or 0
    limit = f"{release + timedelta(days=days)}, {_distance(days)}"
    if release + timedelta(days=days) < today:
        return f"{task.id}: had to be done by {limit}, which is past"
    if not hours:
        return f"{task.id}: there are no hours to do it in"
    late = counted(missed.late_by, "day")
    return f"{task.id}: has to be done by {limit}; at {hours:g} h a week it is {late} late"


def _distance(days: int) -> str:
    if not days:
        return "the day of the release"
    return f"{abs(days)} days {'before' if days < 0 else 'after'} the release"


def _advice(
    tasks: Sequence[Task], missed: Sequence[Missed], now: int, hours: float, release: date
) -> list[str]:
    """Say on which Friday the release could be so that everything fits, where one within nine months does it.

    And say so of a day to come on which music is not usually released. What is out cannot be put off.
    """
    told = [NOT_A_FRIDAY.format(f"{release:%A}")] if now < 0 and release.weekday() != FRIDAY else []
    if not missed or not hours or now >= 0:
        return told
    for days in range((FRIDAY - release.weekday()) % 7 or 7, LOOK_AHEAD_DAYS, 7):
        if placed_all(tasks, now - days, hours)[1] is None:
            return [*told, f"Everything would fit if the release were on {release + timedelta(days=days)}"]
    return [*told, "At these hours everything would not fit within nine months: choose fewer channels"]


def _entry(task: Json, release: Json, context: Context) -> Entry:
    uid = uuid5(NAMESPACE_URL, f"totalaud/{context.user}/{release['title']}/{task['id']}")
    first, last = date.fromisoformat(task["start"]), date.fromisoformat(task["due"])
    return Entry(str(uid), first, last, f"{release['title']}: {task['title']}", task["why"])


def _release_date(given: Json) -> date:
    if not (text := given["release"].get("date")):
        raise SkillError("release.date: a plan is made back from it; give it as YYYY-MM-DD")
    return _date(text, "release.date")


def _today(given: Json, context: Context) -> date:
    return _date(given["today"], "today") if given.get("today") else context.now().date()


def _date(text: str, field: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise SkillError(f"{field}: is no date; give it as YYYY-MM-DD") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise SkillError(f"{field}: must lie between the years {FIRST_YEAR} and {LAST_YEAR}")
    return found


def _amount(given: Json, field: str, most: float = 1_000_000_000) -> float:
    value = float(given[field])
    if not 0 <= value <= most:
        raise SkillError(f"{field}: must lie between 0 and {most:,.0f}")
    return value
