"""What contacts call for: each rule looks at a situation and points to the rows its proposal rests on."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from library.actions import Action, Gain, evidence, record, skill
from library.expected import reply_rate, still_to_come
from library.figures import counted
from library.followups import MOST_SENDS, PATIENCE
from library.outcomes import HORIZON_DAYS, answered
from library.situation import MOST_FITTING, REMEMBERED, TIRED_SENDS, Row, Situation, waits

AT_ONCE = 20
ENOUGH_TO_PREDICT, ENOUGH_ANSWERS = 100, 10
INTERESTED_LOST, DRAFT_LOST, FRESH_LOST = 0.5, 0.5, 0.3
HARM_OF_BOUNCE, HARM_OF_TIRING = 0.02, 0.02
FATIGUE_A_SEND = 0.003
INTERESTED = "interested, and not answered yet"
WORTH_IT = f"silent for more than {PATIENCE.days} days, and an answer may still come"
ANSWERING = "Thank you for your interest"
ONCE_MORE = "I wrote to you about this before, and would like to ask once more"
MOST_NAMED = 3

Json = dict[str, Any]


def answer_interested(at: Situation) -> Iterator[Action]:
    """Somebody is interested and was not written to since."""
    rows = [row for row in at.pitches if waits(row)]
    if not rows:
        return
    waiting = _once_each(rows)
    gain = Gain(1.0, 0.5).times(INTERESTED_LOST * len(waiting))
    yield Action(
        "answer_interested",
        f"Answer {counted(len(waiting), 'contact')} who wrote that they are interested",
        gain,
        10 * len(waiting),
        (evidence("replies", _contacts(waiting), f"{INTERESTED}{_where(at, rows)}"),),
        _pitch_command(at, waiting, tone="friendly", angle=ANSWERING),
        due=at.now.date() + timedelta(days=1),
    )


def follow_up(at: Situation) -> Iterator[Action]:
    """Silent pitches to which an answer may still come; one follow-up each, while it is worth it.

    None to whoever was written to a day ago for another campaign, or has heard too much; one to whoever is
    silent in several.
    """
    delays, spared = still_to_come(at.history, at.now), at.tired | _just_written_to(at)
    silent = (row for row in at.pitches if _silent(row) and row["sends"] < MOST_SENDS)
    worth = []
    for row in _once_each(row for row in silent if row["contact_id"] not in spared):
        days = at.days_since(row["sent_at"])
        chance = delays.chance(days)
        if PATIENCE.days < days < HORIZON_DAYS and chance.mean > FATIGUE_A_SEND * (row["sends"] + 1):
            worth.append((row, chance))
    if not worth:
        return
    rows, chances = [row for row, _ in worth], [chance for _, chance in worth]
    yield Action(
        "follow_up",
        f"Follow up {counted(len(rows), 'pitch', 'pitches')} without an answer",
        Gain(sum(one.mean for one in chances), sum(one.low for one in chances)),
        3 * min(len(rows), AT_ONCE),
        (evidence("pitches", _contacts(rows), f"{WORTH_IT}{_where(at, rows)}"),),
        _pitch_command(at, rows, tone="brief", angle=ONCE_MORE),
        fatigue=sum(FATIGUE_A_SEND * (row["sends"] + 1) for row in rows),
        due=at.now.date() + timedelta(days=2),
    )


def send_drafts(at: Situation) -> Iterator[Action]:
    if not at.drafts:
        return
    oldest = max(at.days_since(row["at"]) for row in at.drafts)
    many, ids = len(at.drafts), _contacts(_once_each(at.drafts))
    yield Action(
        "send_drafts",
        f"Send {counted(many, 'draft')}, the oldest of {counted(round(oldest), 'day')}",
        reply_rate(at.history, at.now).times(DRAFT_LOST * many),
        2 * many,
        (evidence("contacts", ids, "a draft and nothing sent"),),
        skill("optimize-timing", {"contacts": [{"id": one} for one in ids[:AT_ONCE]]}),
    )


def pitch_fitting(at: Situation) -> Iterator[Action]:
    """Contacts of the campaign's genres that were not pitched: all of them, or the likeliest of many."""
    rate, old = reply_rate(at.history, at.now), at.mature
    known = len(old) >= ENOUGH_TO_PREDICT and sum(map(answered, old)) >= ENOUGH_ANSWERS
    for campaign_id, fitting in at.fitting.items():
        if not fitting:
            continue
        contacts, more = fitting[:MOST_FITTING], len(fitting) > MOST_FITTING
        name, some = at.campaign(campaign_id)["name"], contacts[:AT_ONCE]
        first = f", the first {MOST_FITTING} of more" if more else ""
        said = f"of the genre and not pitched in {name}{first}"
        why = (evidence("contacts", [one["id"] for one in contacts], said),)
        if len(contacts) > AT_ONCE and known:
            ids = [{"id": one["id"]} for one in contacts]
            command = skill("predict-success", {"contacts": ids, "campaign_id": campaign_id})
            many = f"{'more than ' if more else ''}{len(contacts)} contacts"
            title = f"Rank {many} for {name}, and pitch the likeliest {AT_ONCE}"
            told = evidence("pitches", [campaign_id], f"{len(old)} pitches with a known outcome to rank by")
            gain = rate.times(1.5 * AT_ONCE * FRESH_LOST)
            yield Action("rank_contacts", title, gain, 5 + 3 * AT_ONCE, (*why, told), command)
            continue
        title = f"Pitch {counted(len(some), 'contact')} of the genre in {name}"
        command = _written_to(at, campaign_id, some)
        gain = rate.times(len(some) * FRESH_LOST)
        yield Action("pitch_fitting", title, gain, 3 * len(some), why, command)


def clean_bounces(at: Situation) -> Iterator[Action]:
    """Addresses that the last pitch did not reach, of contacts who never answered."""
    heard, reached = _heard(at), _last_reached(at)
    bounced = (row for row in at.pitches if row["bounced_at"] and row["contact_id"] not in heard)
    ids = sorted(
        {
            row["contact_id"]
            for row in bounced
            if reached.get(row["contact_id"], row["sent_at"]) <= row["sent_at"]
        }
    )
    if not ids:
        return
    harm = HARM_OF_BOUNCE * len(ids)
    yield Action(
        "clean_bounces",
        f"Correct or suppress {counted(len(ids), 'address', 'addresses')} that bounced",
        Gain(harm, harm / 2),
        2 * len(ids),
        (evidence("contacts", ids, "bounced, never answered"),),
        record("contacts.suppress", {"contact_id": ids[0]}),
        estimated=False,
    )


def rest_contacts(at: Situation) -> Iterator[Action]:
    """Contacts that were written to again and again, and never answered."""
    resting = sorted(at.tired & {row["contact_id"] for row in at.pitches})
    if not resting:
        return
    harm = HARM_OF_TIRING * len(resting)
    later = (at.now + REMEMBERED).isoformat()
    people = [{"id": one} for one in resting[:AT_ONCE]]
    yield Action(
        "rest_contacts",
        f"Leave {counted(len(resting), 'contact')} alone for {REMEMBERED.days} days",
        Gain(harm, harm / 2),
        1,
        (
            evidence(
                "contacts", resting, f"{TIRED_SENDS} or more pitches in {REMEMBERED.days} days, no answer"
            ),
        ),
        skill("optimize-timing", {"contacts": people, "not_before": later}),
        estimated=False,
    )


PEOPLE = (answer_interested, follow_up, send_drafts, pitch_fitting, clean_bounces, rest_contacts)


def _heard(at: Situation) -> set[str]:
    """Return who ever answered."""
    return {row["contact_id"] for row in (*at.history, *at.pitches) if row["replied_at"]}


def _just_written_to(at: Situation) -> set[str]:
    """Return who was sent anything, for whichever campaign, within the days of patience."""
    return {row["contact_id"] for row in at.history if at.now - row["last_sent_at"] <= PATIENCE}


def _last_reached(at: Situation) -> dict[str, datetime]:
    """Return when the last pitch that did not bounce was sent to each contact."""
    return {row["contact_id"]: row["sent_at"] for row in reversed(at.history) if not row["bounced_at"]}


def _silent(row: Row) -> bool:
    ends = ("replied_at", "bounced_at", "positive_at", "placed_at", "declined_at")
    return row["sent_at"] is not None and not any(row[name] for name in ends)


def _where(at: Situation, rows: list[Row]) -> str:
    """Say which campaigns these are of, the first three by name."""
    ids = list(dict.fromkeys(row["campaign_id"] for row in rows))
    names = [str(at.campaign(one)["name"]) for one in ids[:MOST_NAMED]]
    more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
    return f", in {', '.join(names)}{more}"


def _once_each(rows: Iterable[Row]) -> list[Row]:
    """Return the first row of each contact: nobody is written to twice at once, whatever it is for."""
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(row["contact_id"], row)
    return [*found.values()]


def _contacts(rows: list[Row]) -> list[str]:
    return [row["contact_id"] for row in rows]


def _pitch_command(at: Situation, rows: list[Row], **how: str) -> Json | None:
    """Write to the contacts of one campaign, the first one's."""
    campaign = rows[0]["campaign_id"]
    people = [{**row, "id": row["contact_id"]} for row in rows if row["campaign_id"] == campaign]
    return _written_to(at, campaign, people[:AT_ONCE], **how)


def _written_to(at: Situation, campaign_id: str, people: list[Row], **more: str) -> Json | None:
    """Return the command that writes; none where nobody has said whose music it is."""
    act = at.acts.get(campaign_id)
    return act and skill("generate-pitch", {**act, "contacts": _people(people), **more})


def _people(rows: list[Row]) -> list[Json]:
    return [
        {"id": row["id"], **{name: row[name] for name in ("outlet", "type") if row[name]}} for row in rows
    ]
