"""Back-scheduling by critical path (Kelley & Walker 1959), then levelling by hours.

Tasks are placed one by one, the one that has to end first before others (serial, latest finish first).
A day has a seventh of the week's hours, so that no seven days in a row ever hold more than a week's.
All dates are days relative to the release; today is a negative one before it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from library.plan_tasks import ALWAYS, Task

FOREVER = 10_000
MARGIN = 7
ENOUGH = 1e-9


@dataclass(frozen=True, slots=True)
class Placed:
    """First and last day of work on a task."""

    start: int
    due: int


@dataclass(frozen=True, slots=True)
class Missed:
    """A task that cannot be done in time, `late_by` that many days, or because it `depends_on` such a one.

    One that could be, but `gives_way` to a task that every release needs, is missed as well.
    """

    task: Task
    late_by: int = 0
    depends_on: str | None = None
    serves_nothing: bool = False
    gives_way: str | None = None


def planned(
    tasks: Sequence[Task], today: int, hours_per_week: float
) -> tuple[dict[str, Placed], list[Missed]]:
    """Place as many tasks as fit and name all others; `tasks` are in the order of their dependencies.

    What every release needs comes first: without it pitches would be for nothing.
    """
    needed = [task for task in tasks if task.id in ALWAYS]
    kept = _as_many_as_fit(needed, today, hours_per_week, frozenset())[0]
    return _as_many_as_fit(tasks, today, hours_per_week, frozenset(kept))


def _as_many_as_fit(
    tasks: Sequence[Task], today: int, hours_per_week: float, first: frozenset[str]
) -> tuple[dict[str, Placed], list[Missed]]:
    """Give up one task after the other, with what hangs on it; those that come `first` after all others."""
    left, missed = list(tasks), list[Missed]()
    while True:
        placed, late = placed_all(left, today, hours_per_week)
        if late is None:
            return placed, missed
        task, days = late
        culprit = binding(left, task, hours_per_week)
        gone = [Missed(culprit, late_by=days)]
        if culprit.id in first and (other := _least_missed(tasks, left, today, hours_per_week)):
            gone = [Missed(other, gives_way=culprit.id)]
        left, with_it = _given_up(tasks, left, gone[0].task)
        missed += [*gone, *with_it]


def _least_missed(
    tasks: Sequence[Task], left: Sequence[Task], today: int, hours_per_week: float
) -> Task | None:
    """Return the other task without which the rest is least late, of equals the one of fewest hours."""

    def price(task: Task) -> tuple[int, float, str]:
        rest, with_it = _given_up(tasks, left, task)
        late = placed_all(rest, today, hours_per_week)[1]
        hours = task.effort_h + sum(one.task.effort_h for one in with_it)
        return late[1] if late else 0, hours, task.id

    ends = (task for task in left if task.id not in ALWAYS and task.latest is not None)
    return min(ends, key=price, default=None)


def _given_up(tasks: Sequence[Task], left: Sequence[Task], task: Task) -> tuple[list[Task], list[Missed]]:
    """Return what is left without a task, and what goes with it."""
    following = _following(left, task)
    rest = _without(left, [Missed(task), *following])
    useless = _useless(tasks, rest)
    return _without(rest, useless), [*following, *useless]


def placed_all(
    tasks: Sequence[Task], today: int, hours_per_week: float
) -> tuple[dict[str, Placed], tuple[Task, int] | None]:
    """Place when it suits each channel, else as early as can be; or return what is late, and by how much."""
    last, suits = latest(tasks, hours_per_week), opening(tasks, hours_per_week)
    from_now = {task.id: suits[task.id] if tied(task) else today for task in tasks}
    for opens in (suits, from_now):
        placed, late = _placed(tasks, today, hours_per_week, opens, last)
        if late is None:
            return placed, None
    return placed, late


def latest(tasks: Sequence[Task], hours_per_week: float) -> dict[str, int]:
    """Return the last day on which each task may end: the backward pass."""
    days: dict[str, int] = {}
    for task in reversed(tasks):
        own = FOREVER if task.latest is None else task.latest
        days[task.id] = min([own, *(day for _, day in _needs(task, tasks, days, hours_per_week))])
    return days


def earliest(tasks: Sequence[Task], today: int, hours_per_week: float) -> dict[str, int]:
    """Return the first day on which each task could end, hours shared with nobody: the forward pass."""
    days: dict[str, int] = {}
    for task in tasks:
        ready = max([today, *(days[after.task] + after.days for after in task.after)])
        days[task.id] = ready + duration(task, hours_per_week) - 1
    return days


def opening(tasks: Sequence[Task], hours_per_week: float) -> dict[str, int]:
    """Return from when on each task makes sense: its channel's time, or early enough for what follows.

    What waits for days to pass makes sense as soon as they have: a second letter, a week after the first.
    """
    days: dict[str, int] = {}
    for task in reversed(tasks):
        if any(after.days for after in task.after):
            days[task.id] = -FOREVER
            continue
        followers = [days[other.id] for other in _followers(task, tasks) if days[other.id] > -FOREVER]
        ahead = min(followers, default=0) - duration(task, hours_per_week) - MARGIN
        days[task.id] = ahead if task.earliest is None else min([task.earliest, *(ahead for _ in followers)])
    return days


def critical_path(tasks: Sequence[Task], today: int, hours_per_week: float) -> list[str]:
    """Return the chain of tasks with the least slack before the release, first to last."""
    first, last = earliest(tasks, today, hours_per_week), latest(tasks, hours_per_week)
    known = {task.id: task for task in tasks}
    ends = [task for task in tasks if task.latest is not None and not tied(task)]
    if not ends:
        return []
    task = min(ends, key=lambda end: (last[end.id] - first[end.id], -last[end.id], end.id))
    chain = [task.id]
    while task.after:
        before = max(task.after, key=lambda after: (first[after.task] + after.days, after.task))
        task = known[before.task]
        chain.append(task.id)
    return chain[::-1]


def binding(tasks: Sequence[Task], task: Task, hours_per_week: float) -> Task:
    """Return the task whose own limit makes `task` late: itself or one that follows from it."""
    days = latest(tasks, hours_per_week)
    while task.latest is None or task.latest > days[task.id]:
        needs = _needs(task, tasks, days, hours_per_week)
        task = min(needs, key=lambda needed: (needed[1], needed[0].id))[0]
    return task


def tied(task: Task) -> bool:
    """Tell whether a task belongs to the time about and after the release, and cannot be done ahead."""
    return task.earliest is not None and task.latest is not None and task.latest > 0


def duration(task: Task, hours_per_week: float) -> int:
    """Return how many days a task takes when nothing else is done."""
    return max(ceil(task.effort_h * 7 / hours_per_week - ENOUGH), 1) if hours_per_week > 0 else FOREVER


def _placed(
    tasks: Sequence[Task],
    today: int,
    hours_per_week: float,
    opens: Mapping[str, int],
    last: Mapping[str, int],
) -> tuple[dict[str, Placed], tuple[Task, int] | None]:
    placed, used, open_ = dict[str, Placed](), dict[int, float](), list(tasks)
    while open_:
        ready = [task for task in open_ if all(after.task in placed for after in task.after)]
        task = min(ready, key=lambda one: (last[one.id], one.id))
        begin = max([today, opens[task.id], *(placed[after.task].due + after.days for after in task.after)])
        done, taken = _worked(task.effort_h, begin, hours_per_week / 7, used)
        if done.due > last[task.id]:
            return placed, (task, done.due - last[task.id])
        placed[task.id] = done
        used.update({day: used.get(day, 0.0) + hours for day, hours in taken.items()})
        open_.remove(task)
    return placed, None


def _worked(
    effort_h: float, begin: int, a_day: float, used: Mapping[int, float]
) -> tuple[Placed, dict[int, float]]:
    """Take the free hours of day after day; with no hours at all the work is never done."""
    if a_day <= 0:
        return Placed(begin, FOREVER), {}
    taken, day, left = dict[int, float](), begin, effort_h
    while left > ENOUGH and day < FOREVER:
        hours = min(left, a_day - used.get(day, 0.0))
        if hours > ENOUGH:
            taken[day] = hours
            left -= hours
        day += 1
    return Placed(min(taken, default=begin), max(taken, default=begin) if left <= ENOUGH else FOREVER), taken


def _needs(
    task: Task, tasks: Iterable[Task], days: Mapping[str, int], hours_per_week: float
) -> list[tuple[Task, int]]:
    """Return each follower and the last day on which `task` may end for its sake."""
    return [
        (other, days[other.id] - duration(other, hours_per_week) + 1 - after.days)
        for other in _followers(task, tasks)
        for after in other.after
        if after.task == task.id
    ]


def _followers(task: Task, tasks: Iterable[Task]) -> list[Task]:
    return _all_followers(tuple(tasks)).get(task.id, [])


@lru_cache(1)
def _all_followers(tasks: tuple[Task, ...]) -> dict[str, list[Task]]:
    """Return, by the id of a task, those that come after it."""
    found: dict[str, list[Task]] = {}
    for other in tasks:
        for name in dict.fromkeys(after.task for after in other.after):
            found.setdefault(name, []).append(other)
    return found


def _following(tasks: Sequence[Task], culprit: Task) -> list[Missed]:
    gone, missed = {culprit.id}, list[Missed]()
    for task in tasks:
        if reason := next((after.task for after in task.after if after.task in gone), None):
            gone.add(task.id)
            missed.append(Missed(task, depends_on=reason))
    return missed


def _useless(all_: Sequence[Task], left: Sequence[Task]) -> list[Missed]:
    """Name what only prepared tasks that are gone by now."""
    kept = list(left)
    for task in reversed(left):
        if task.latest is None and not _followers(task, kept) and _followers(task, all_):
            kept.remove(task)
    return [Missed(task, serves_nothing=True) for task in left if task not in kept]


def _without(tasks: Sequence[Task], gone: Iterable[Missed]) -> list[Task]:
    names = {one.task.id for one in gone}
    return [task for task in tasks if task.id not in names]
