"""Lays out the steps that answer a question, with their inputs taken from the user's own records."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from totalaud.planner import facts as own
from totalaud.planner import whom
from totalaud.planner.draft import Absent, Draft, Plan, Template
from totalaud.planner.facts import Campaign, Chosen, Facts, Release
from totalaud.planner.inputs import artist_info, release_info
from totalaud.planner.question import MOST_PITCHES, Intent, Missing, Question, Window
from totalaud.planner.times import DAYS, looked_at
from totalaud.planner.timing import notes, window

Json = dict[str, Any]
PERIODS: dict[Window, str] = {"7d": "week", "28d": "month", "all": "all"}
MOST_SHOWN, MOST_AT_OUTLET = 20, 50
LEAVES_OUT = "leaves out whom you have pitched for {} already"
RANKED = Template("{{step2.contacts}}")


def planned(question: Question, facts: Facts, *, prose: bool = False) -> Plan | Missing:
    """Return the plan, or which record is missing for it; with `prose` a model words what is found."""
    draft = Draft(question, facts, [], [])
    if question.unused:
        draft.notes.append(f"not understood and not used: {', '.join(question.unused)}")
    if question.hidden:
        draft.notes.append(f"to name {question.hidden}, put it in quotation marks")
    agent, lay = LAID[question.intent]
    try:
        lay(draft)
        if prose:
            _worded(draft)
    except Absent as absent:
        return Missing(str(absent))
    return Plan(agent, tuple(draft.steps), tuple(draft.notes))


def _find(draft: Draft, unpitched_for: Release | None = None) -> None:
    asked = draft.question
    genres, regions = list(asked.genres), list(asked.regions)
    named = asked.contact or asked.outlet
    contacts = whom.named(draft) if named else whom.found(draft, unpitched_for)
    if not contacts:
        raise Absent(f"none of your contacts is at {asked.outlet}")
    types = [asked.type] if asked.type else None
    shown = (MOST_AT_OUTLET if len(contacts) > MOST_AT_OUTLET else None) if named else MOST_SHOWN
    limit = asked.limit or (MOST_PITCHES if asked.intent == "pitch" else shown)
    criteria: Json = {"genres": genres or None, "regions": regions or None, "types": types, "limit": limit}
    criteria["unpitched_for"] = unpitched_for.id if unpitched_for else None
    kept = {name: value for name, value in criteria.items() if value is not None}
    why = "Say how they fit" if named else "Rank them, and say why"
    draft.step("score-contacts", {"contacts": contacts, "criteria": kept or None}, why)


def _whom(draft: Draft) -> None:
    """Look for contacts of the genres that were named, else of the artist's, not pitched for it yet."""
    asked, release = draft.question, draft.release()
    genres = asked.genres or draft.artist(release.artist_id).genres
    if not genres and not asked.regions and not asked.type:
        raise Absent("the release's artist has no genre yet: 'totalaud artists set' takes one")
    draft.question = replace(asked, genres=genres)
    draft.notes.append(LEAVES_OUT.format(release.title))
    _find(draft, unpitched_for=release)


def _pitch(draft: Draft) -> None:
    asked = draft.question
    release = draft.release()
    given = {
        "artistInfo": artist_info(draft.artist(release.artist_id), draft.facts, "generate-pitch"),
        "release": release_info(release, draft.facts, "generate-pitch"),
        "tone": asked.tone,
    }
    there = whom.unpitched(draft, release)
    whom.told_of_all(draft, there)
    contacts = there[:MOST_PITCHES]
    if len(there) > MOST_PITCHES:
        draft.notes.append(f"writes to the first {MOST_PITCHES} of your contacts there, who are more")
    outlet = contacts[0].get("outlet") if asked.contact else asked.outlet
    draft.notes += notes(
        outlet,
        asked.type or asked.outlet_type or whom.kind(contacts),
        release=release.date,
        today=draft.facts.today,
        lead=draft.facts.lead_times,
    )
    if asked.outlet is None and asked.contact is None:
        draft.notes.append(LEAVES_OUT.format(release.title))
        _find(draft, unpitched_for=release)
        most = asked.limit or MOST_PITCHES
        draft.step("generate-pitch", {"contacts": RANKED, **given}, "Write to each", most)
        return
    if not contacts:
        draft.notes.append(f"none of your contacts is at {asked.outlet}: the pitch is to the outlet itself")
        contacts = [{"outlet": asked.outlet}]
    to = asked.outlet or "this contact"
    draft.step("generate-pitch", {"contacts": contacts, **given}, f"Write to {to}", len(contacts))


def _performance(draft: Draft) -> None:
    found = draft.take(own.campaign(draft.question, draft.facts))
    window = _window(draft, found)
    draft.step("track-campaign", {"campaign_id": found.id, "window": window}, f"Look at {found.name}")


def _window(draft: Draft, found: Campaign) -> Window:
    latest, days = found.latest_at, timedelta(DAYS["7d"])
    over = found.pitched and latest is not None and latest.date() <= draft.facts.today - days
    window, told = looked_at(draft.question, over=over)
    draft.notes += told
    return window


def _report(draft: Draft) -> None:
    asked = draft.question
    found = draft.take(own.campaign(asked, draft.facts))
    given = {
        "campaign_id": found.id,
        "period": PERIODS[_window(draft, found)],
        "audience": asked.audience,
        "detail": asked.detail,
    }
    draft.step("generate-report", given, f"Report on {found.name}")


def _patterns(draft: Draft) -> None:
    asked = draft.question
    scope = "cohort" if asked.cohort else "mine"
    which = _whose(draft)
    cohort = {"cohort": {"genres": list(asked.genres)}} if asked.genres else {}
    if asked.artist and scope == "mine":
        draft.notes.append(
            f"patterns are looked for in all of your pitches, not in those for {asked.artist} alone"
        )
    draft.step("identify-patterns", {"scope": scope}, "Look for what is answered more often")
    draft.step("benchmark-performance", {**which, **cohort}, "Set your results beside others'")
    draft.step("recommend-next-steps", {**which, "limit": 3}, "Say what to do next")


def _whose(draft: Draft) -> Json:
    """Narrow to an artist where that is asked for, or where it leaves out nothing of the user's."""
    artists, campaigns = draft.facts.artists, draft.facts.campaigns
    if draft.question.artist:
        return {"artist_id": draft.artist().id}
    alone = len(artists) == 1 and all(one.artist_id == artists[0].id for one in campaigns)
    return {"artist_id": artists[0].id} if alone else {}


def _next(draft: Draft) -> None:
    asked = draft.question
    if asked.window:
        draft.notes.append("tells what there is to do now, whatever time was said")
    given: Json = {"artist_id": draft.artist().id} if asked.artist else {}
    if asked.campaign is not None:
        given["campaign_id"] = draft.take(own.campaign(asked, draft.facts)).id
    if asked.limit is not None:
        given["limit"] = asked.limit
    draft.step("recommend-next-steps", given, "Say what to do next")


def _timing(draft: Draft) -> None:
    asked = draft.question
    if asked.release or asked.release_type or asked.artist:
        release, today = draft.release(), draft.facts.today
        draft.notes += window(asked.type, release.date, today=today, lead=draft.facts.lead_times)
    given = {"type": asked.type, "contacts": whom.ids(draft) if asked.contact else None}
    draft.step("optimize-timing", given, "Look for times that do better")


def _plan(draft: Draft) -> None:
    asked, release = draft.question, draft.release()
    draft.step(
        "create-campaign-plan",
        {
            "release": release_info(release, draft.facts, "create-campaign-plan"),
            "channels": list(asked.channels) or None,
            "hours_per_week": asked.hours_per_week,
            "budget": asked.budget,
        },
        f"Plan back from {release.date}",
    )


def _hashtags(draft: Draft) -> None:
    given = {**_about(draft, "suggest-hashtags"), "platform": draft.question.platform}
    draft.step("suggest-hashtags", given, "Suggest hashtags")


def _press(draft: Draft) -> None:
    draft.step("write-press-release", _about(draft, "write-press-release"), "Write it")


def _about(draft: Draft, skill: str) -> Json:
    """Return the release that is spoken of, and its artist, as a skill wants them."""
    release, facts = draft.release(), draft.facts
    artist = draft.artist(release.artist_id)
    return {"artist": artist_info(artist, facts, skill), "release": release_info(release, facts, skill)}


def _opportunities(draft: Draft) -> None:
    """Look for whom and with what: the release that was asked for, else the next one, if there is any."""
    asked, name = draft.question, "discover-opportunities"
    wanted = asked.release or asked.release_type
    chosen = own.release(asked, draft.facts)
    release: Release | None = draft.take(chosen) if wanted or isinstance(chosen, Chosen) else None
    artist = draft.artist(release.artist_id if release else None)
    given: Json = {
        "artist_id": artist.id,
        "genres": list(asked.genres or artist.genres),
        "regions": list(asked.regions) or None,
        "kinds": list(asked.kinds) or None,
        "budget": asked.budget,
        "currency": asked.currency,
        "release": release_info(release, draft.facts, name) if release else None,
    }
    draft.step(name, given, "Look for what is open")


def _similar(draft: Draft) -> None:
    artist = draft.artist()
    given = {"artist_id": artist.id, "genres": list(draft.question.genres) or None}
    draft.step("analyze-competition", given, f"Look for artists like {artist.name}")


def _trends(draft: Draft) -> None:
    genres, regions = list(draft.question.genres), list(draft.question.regions)
    draft.step("track-trends", {"genres": genres or None, "regions": regions or None}, "Look for what moves")


def _answers(draft: Draft) -> None:
    asked = draft.question
    if asked.compared:
        chosen = [
            replace(asked, campaign=name) if what == "campaign" else replace(asked, release=name)
            for what, name in asked.compared
        ]
        ids = dict.fromkeys(draft.take(own.campaign(one, draft.facts)).id for one in chosen)
        if len(ids) == 1:
            raise Absent("these are one campaign, so there is nothing to compare")
        _compared(draft, ids, asked.group_by)
        return
    if asked.group_by == "release" and not asked.campaign and not asked.release:
        ids = dict.fromkeys(one.id for one in own.of_releases(asked.release_type, draft.facts))
        if not ids:
            raise Absent(f"no campaign is for {own.a_kind(asked.release_type)} of yours")
        draft.notes.append("a release is told by the campaigns for it, and by who answers these")
        _compared(draft, ids, "campaign")
        return
    named = asked.campaign or asked.release or asked.release_type
    which = draft.take(own.campaign(asked, draft.facts)).id if named else None
    by = "campaign" if asked.group_by == "release" else asked.group_by
    given = {"campaign_id": which, "group_by": by}
    draft.step("analyze-responses", given, "Look at who answers, and how soon")


def _compared(draft: Draft, ids: Iterable[str], by: str | None) -> None:
    given = {"campaign_ids": list(ids), "group_by": by}
    draft.step("analyze-responses", given, "Compare them by who answers, and how soon")


def _predict(draft: Draft) -> None:
    """Predict for whom the question names, else for all whom the campaign has not pitched yet."""
    asked = draft.question
    chosen = own.campaign(asked, draft.facts)
    named = asked.outlet or asked.contact
    some = named or asked.type or asked.genres or asked.regions
    of = asked.campaign or asked.release or asked.release_type or asked.artist
    act = draft.take(chosen) if of or not some or isinstance(chosen, Chosen) else None
    contacts = whom.ids(draft) if named else whom.found(draft) if some else None
    if contacts == []:
        raise Absent(f"none of your contacts is at {asked.outlet}: nobody to predict for")
    given = {"contacts": contacts, "campaign_id": act.id if act else None, "outcome": asked.outcome}
    draft.step("predict-success", given, "Say how likely each is to answer")


def _worded(draft: Draft) -> None:
    """Let the last findings be put into words; what a model writes anyway needs none."""
    last = draft.steps[-1]
    if last.cost.free:
        found = Template(f"{{{{step{len(draft.steps)}}}}}")
        draft.step("write-summary", {"findings": found}, f"Say in words what {last.skill} found")


LAID: dict[Intent, tuple[str, Callable[[Draft], None]]] = {
    "find": ("scout-agent", _find),
    "pitch": ("coach-agent", _pitch),
    "performance": ("tracker-agent", _performance),
    "report": ("tracker-agent", _report),
    "patterns": ("insight-agent", _patterns),
    "whom": ("scout-agent", _whom),
    "next": ("insight-agent", _next),
    "timing": ("insight-agent", _timing),
    "plan": ("coach-agent", _plan),
    "hashtags": ("coach-agent", _hashtags),
    "press": ("coach-agent", _press),
    "opportunities": ("scout-agent", _opportunities),
    "similar": ("scout-agent", _similar),
    "trends": ("scout-agent", _trends),
    "answers": ("tracker-agent", _answers),
    "predict": ("tracker-agent", _predict),
}
