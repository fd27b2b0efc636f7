"""What a release campaign consists of: tasks with their usual effort, and when they make sense."""

from collections.abc import Iterable
from typing import NamedTuple

from library.lead_times import LEAD_TIMES

RELEASE = "release"
ALWAYS = frozenset({"master", "deliver", "links", "release-day", "review"})


class After(NamedTuple):
    """`task` has to be done first, and then some days have to pass."""

    task: str
    days: int = 0


class Task(NamedTuple):
    """`earliest` and `latest` are days relative to the release; `paid` is its weight in the budget."""

    id: str
    channel: str
    title: str
    effort_h: float
    why: str
    after: tuple[After, ...] = ()
    earliest: int | None = None
    latest: int | None = None
    paid: int = 0


def tasks_for(channels: Iterable[str]) -> list[Task]:
    """Return the tasks of these channels, and those that every release needs."""
    wanted = {RELEASE, *channels}
    return [task for task in ALL if task.channel in wanted]


def _led(
    channel: str, what: str, title: str, effort_h: float, *, after: Iterable[After] = (), paid: int = 0
) -> Task:
    """Make a task that a channel's lead time governs."""
    lead = LEAD_TIMES[channel]
    id_ = f"{channel}-{what}"
    return Task(
        id_, channel, title, effort_h, lead.source, tuple(after), -lead.good_days, -lead.min_days, paid
    )


HEARD = (After("master"), After("kit"))


def _outreach(channel: str, whom: str, pitch_h: float, paid: int = 0) -> list[Task]:
    """Make the three tasks of writing to people: whom, what, and once more."""
    contacts, pitch = f"{channel}-contacts", f"{channel}-pitch"
    return [
        Task(contacts, channel, f"Find {whom}", 1, "a short list that fits"),
        _led(channel, "pitch", f"Pitch to {whom}", pitch_h, after=[After(contacts), *HEARD], paid=paid),
        Task(
            f"{channel}-follow-up",
            channel,
            f"Write once more to {whom}",
            1,
            "one follow-up after a week, before the release",
            (After(pitch, 7),),
            None,
            0,
        ),
    ]


DISTRIBUTOR = LEAD_TIMES["distributor"]
DELIVERED = After("deliver")
ALL = [
    Task("master", RELEASE, "Finish master, artwork and credits", 3, "everything else needs them"),
    Task("kit", RELEASE, "Write bio and facts, choose photos", 3, "pitches refer to them", latest=0, paid=2),
    Task(
        "deliver",
        RELEASE,
        "Deliver to the distributor",
        1,
        DISTRIBUTOR.source,
        (After("master"),),
        -DISTRIBUTOR.good_days - 7,
        -DISTRIBUTOR.min_days,
    ),
    Task(
        "links",
        RELEASE,
        "Make the release page and its links",
        1,
        "posts and pitches need a link",
        (DELIVERED,),
        -21,
        0,
    ),
    Task("release-day", RELEASE, "Check all links, thank and share", 1, "the day itself", (), 0, 14),
    Task("review", RELEASE, "Record answers, look at the results", 1, "for the next release", (), 14, 60),
    _led("spotify", "pitch", "Pitch to Spotify's editors", 1, after=[DELIVERED]),
    _led("apple", "pitch", "Pitch to Apple Music", 0.5, after=[DELIVERED]),
    _led("amazon", "pitch", "Pitch to Amazon Music", 0.5, after=[DELIVERED]),
    *_outreach("curators", "playlist curators", 2, paid=3),
    *_outreach("radio", "radio presenters and producers", 2),
    *_outreach("online_press", "blogs and online press", 2, paid=1),
    *_outreach("print_press", "monthly magazines", 1.5),
    _led("live", "booking", "Book a release show", 3, paid=2),
    Task(
        "live-announce",
        "live",
        "Announce the show",
        1,
        "people plan ahead",
        (After("live-booking"),),
        -28,
        -7,
        2,
    ),
    _led("social", "plan", "Plan posts and hashtags", 2, after=[After("kit")]),
    Task(
        "social-posts",
        "social",
        "Post in the week of the release",
        2,
        "where the links are shared",
        (After("social-plan"), After("links")),
        -3,
        7,
        4,
    ),
]
