"""What releases, campaigns and opportunities call for, each proposal with the rows that it rests on."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from library.actions import Action, Gain, evidence, record, skill
from library.applying import applying, taken_by
from library.expected import better_template, reply_rate
from library.figures import counted
from library.rates import USUAL_RATE
from library.situation import Row, Situation, waits

PITCHES_OF_A_RELEASE, PLANNED_IN = 40, timedelta(days=3)
LATE_DAYS, LATE_LOST, EARLY_LOST = 28, 0.3, 0.15
SOON_DAYS, SOON_LOST, LATER_LOST = 7, 1.0, 0.5
PLACEMENT_IN_ANSWERS, PLACED_SHARE = 3.0, 0.1
SILENT_PITCHES, USE_OF_LATE_ANSWERS = 60, 0.2
MONTH_DAYS, WEEKS = 28, 4
DONE_DAYS = 45

Json = dict[str, Any]


def apply(at: Situation) -> Iterator[Action]:
    """Opportunities that end within two weeks and are open to an artist of the user's, as their rules say."""
    some = applying(at)
    for row in at.opportunities:
        if (taker := taken_by(row, some)) is None:
            continue
        left = (row["deadline"] - at.now.date()).days
        lost = SOON_LOST if left <= SOON_DAYS else LATER_LOST
        worth = PLACEMENT_IN_ANSWERS * PLACED_SHARE * lost
        why = f"open until {row['deadline']}, and it fits{taker.words}"
        yield Action(
            "apply",
            f"Apply to {row['title']}: {counted(left, 'day')} left",
            Gain(worth, worth / 2),
            30,
            (evidence("opportunity", [row["id"]], why),),
            skill("discover-opportunities", taker.input),
            due=row["deadline"],
            estimated=False,
        )


def plan_release(at: Situation) -> Iterator[Action]:
    """A release is near and no campaign speaks of it."""
    rate = reply_rate(at.history, at.now)
    for row in (row for row in at.releases if not row["planned"]):
        left = (row["date"] - at.now.date()).days
        share = LATE_LOST if left < LATE_DAYS else EARLY_LOST
        release = {"title": row["title"], "type": row["type"], "date": row["date"].isoformat()}
        yield Action(
            "plan_release",
            f"Plan {row['title']}: out in {counted(left, 'day')}, and no campaign yet",
            rate.times(PITCHES_OF_A_RELEASE * share),
            20,
            (evidence("release", [row["id"]], f"out on {row['date']}, no campaign"),),
            skill("create-campaign-plan", {"release": release, "goal": "all"}),
            due=min(at.now.date() + PLANNED_IN, row["date"] - timedelta(days=1)),
        )


def switch_template(at: Situation) -> Iterator[Action]:
    """Another template than the usual one surely does better, and pitches still go out."""
    weekly = sum(at.days_since(row["sent_at"]) <= MONTH_DAYS for row in at.history) / WEEKS
    better = better_template(at.rivals, at.history, at.now, at.types) if at.rivals else None
    if better is None or not weekly:
        return
    why = f"of {better.n} pitches, those with {better.name} are answered more often than with {better.than}"
    yield Action(
        "switch_template",
        f"Use {better.name} instead of {better.than}",
        better.more.times(weekly),
        10,
        ({"kind": "pitches", "ref": f"{better.name}, {better.than}", "n": better.n, "why": why},),
        skill("analyze-responses", {"group_by": "template"}),
    )


def record_answers(at: Situation) -> Iterator[Action]:
    """So many pitches without a single answer are more likely a log that was not kept."""
    heard = {row["campaign_id"] for row in at.history if row["replied_at"] or row["declined_at"]}
    settled = Counter(row["campaign_id"] for row in at.mature)
    for campaign in at.campaigns:
        silent = settled[campaign["id"]]
        if silent < SILENT_PITCHES or campaign["id"] in heard:
            continue
        lost = USE_OF_LATE_ANSWERS * USUAL_RATE * silent
        yield Action(
            "record_answers",
            f"Record the answers to {campaign['name']}: not one is known",
            Gain(lost, lost / 2),
            15,
            (evidence("campaign", [campaign["id"]], f"{silent} pitches, no answer recorded"),),
            skill("track-campaign", {"campaign_id": campaign["id"], "window": "all"}),
            estimated=False,
        )


def add_facts(at: Situation) -> Iterator[Action]:
    """A release is near and texts have nothing to repeat about its artist."""
    bare = {artist["id"]: artist for artist in at.artists if not artist["facts"]}
    for row in (row for row in at.releases if row["artist_id"] in bare):
        artist = bare.pop(row["artist_id"], None)
        if artist is None:
            continue
        release = {"title": row["title"], "type": row["type"], "date": row["date"].isoformat()}
        given = {"artist": {"name": artist["name"], "genres": artist["genres"] or []}, "release": release}
        why = evidence("artist", [artist["id"]], "no facts that a text may repeat, and a release is near")
        title = f"Add facts about {artist['name']} before {row['title']}"
        gain = Gain(0.1, 0.06)
        yield Action(
            "add_facts", title, gain, 15, (why,), skill("write-press-release", given), estimated=False
        )


def close_campaign(at: Situation) -> Iterator[Action]:
    """Nothing is open in it any more."""
    open_ = {row["campaign_id"] for row in (*at.drafts, *filter(waits, at.pitches))}
    open_ |= {one["id"] for one in at.campaigns if one["out"] and one["out"] > at.now.date()}
    sent = defaultdict[str, list[Row]](list)
    for row in at.history:
        sent[row["campaign_id"]].append(row)
    for campaign in at.campaigns:
        rows = sent[campaign["id"]]
        busy = any(
            waits(row) or at.days_since(row["last_sent_at"] or row["sent_at"]) < DONE_DAYS for row in rows
        )
        if not rows or busy or campaign["id"] in open_ or at.fitting.get(campaign["id"]):
            continue
        why = evidence("campaign", [campaign["id"]], f"nothing sent for {DONE_DAYS} days, nobody waits")
        command = record("campaign.close", {"campaign": campaign["id"]})
        title = f"Close {campaign['name']}"
        yield Action("close_campaign", title, Gain(0.01, 0.01), 1, (why,), command, estimated=False)


PLANS = (apply, plan_release, switch_template, record_answers, add_facts, close_campaign)
