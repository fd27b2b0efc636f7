"""Lays out the steps that answer a question, with their inputs taken from the user's own records."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from totalaud.planner import facts as own
from totalaud.planner.facts import Artist, Chosen, Facts, Release
from totalaud.planner.prices import Cost, expected
from totalaud.planner.question import Intent, Missing, Question, Window
from totalaud.planner.timing import notes

Json = dict[str, Any]
MOST_PITCHES = 5
PERIODS: dict[Window, str] = {"7d": "week", "28d": "month", "all": "all"}
FOUND = "{{step1.contacts}}"
RANKED = "{{step2.contacts}}"


@dataclass(frozen=True, slots=True)
class Step:
    skill: str
    input: Json
    why: str
    cost: Cost

    def command(self) -> Json:
        return {"skill": self.skill, "input": self.input, "description": self.why}


@dataclass(frozen=True, slots=True)
class Plan:
    """`notes` say which record was taken where several fit, and what was not understood."""

    agent: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()

    @property
    def free(self) -> bool:
        return all(step.cost.free for step in self.steps)


@dataclass
class _Draft:
    """Collects steps and notes; the first record that is missing ends it."""

    question: Question
    facts: Facts
    steps: list[Step]
    notes: list[str]

    def step(self, skill: str, given: Mapping[str, Any], why: str, items: int = 1) -> None:
        row = self.facts.skills.get(skill)
        if row is None:
            raise _Absent(
                f"the skill {skill} is not there or disabled: 'totalaud skills push' or 'enable' brings it"
            )
        input_ = {name: value for name, value in given.items() if value is not None}
        self.steps.append(Step(skill, input_, why, expected(row, items)))

    def take(self, chosen: Chosen | Missing) -> Any:
        if isinstance(chosen, Missing):
            raise _Absent(chosen.reason)
        if chosen.note:
            self.notes.append(chosen.note)
        return chosen.one

    def release(self) -> Release:
        found: Release = self.take(own.release(self.question, self.facts))
        return found

    def artist(self, artist_id: str | None = None) -> Artist:
        found: Artist = self.take(own.artist(self.facts, artist_id))
        return found


class _Absent(Exception):  # noqa: N818 - what it says
    pass


def planned(question: Question, facts: Facts, *, prose: bool = False) -> Plan | Missing:
    """Return the plan, or which record is missing for it; with `prose` a model words what is found."""
    draft = _Draft(question, facts, [], [])
    if question.unused:
        draft.notes.append(f"not understood and not used: {', '.join(question.unused)}")
    agent, lay = LAID[question.intent]
    try:
        lay(draft)
        if prose:
            _worded(draft)
    except _Absent as absent:
        return Missing(str(absent))
    return Plan(agent, tuple(draft.steps), tuple(draft.notes))


def _find(draft: _Draft) -> None:
    asked = draft.question
    genres, regions = list(asked.genres), list(asked.regions)
    said = " ".join([*regions, *genres, asked.type or "contacts"])
    draft.step(
        "research-contacts",
        {"query": said, "type": asked.type, "genres": genres or None, "regions": regions or None},
        "Find contacts that fit",
    )
    types = [asked.type] if asked.type else None
    criteria = {"genres": genres or None, "regions": regions or None, "types": types}
    if asked.intent == "pitch":
        criteria["limit"] = MOST_PITCHES  # type: ignore[assignment]
    kept = {name: value for name, value in criteria.items() if value is not None}
    draft.step("score-contacts", {"contacts": FOUND, "criteria": kept}, "Rank them, and say why")


def _pitch(draft: _Draft) -> None:
    asked = draft.question
    release = draft.release()
    given = {
        "artistInfo": artist_info(draft.artist(release.artist_id), draft.facts, "generate-pitch"),
        "release": release_info(release, draft.facts, "generate-pitch"),
    }
    draft.notes += notes(
        asked.outlet,
        asked.type,
        release=release.date,
        today=draft.facts.today,
        lead=draft.facts.lead_times,
    )
    if asked.outlet is None:
        _find(draft)
        draft.step("generate-pitch", {"contacts": RANKED, **given}, "Write to each", MOST_PITCHES)
        return
    contacts: list[Json] = [dict(contact) for contact in draft.facts.contacts][:MOST_PITCHES]
    if not contacts:
        draft.notes.append(f"none of your contacts is at {asked.outlet}: the pitch is to the outlet itself")
        contacts = [{"outlet": asked.outlet}]
    draft.step("generate-pitch", {"contacts": contacts, **given}, f"Write to {asked.outlet}", len(contacts))


def _performance(draft: _Draft) -> None:
    found = draft.take(own.campaign(draft.question, draft.facts))
    window = draft.question.window or "7d"
    draft.step("track-campaign", {"campaign_id": found.id, "window": window}, f"Look at {found.name}")


def _report(draft: _Draft) -> None:
    asked = draft.question
    found = draft.take(own.campaign(asked, draft.facts))
    given = {
        "campaign_id": found.id,
        "period": PERIODS[asked.window or "7d"],
        "audience": asked.audience,
        "detail": asked.detail,
    }
    draft.step("generate-report", given, f"Report on {found.name}")


def _patterns(draft: _Draft) -> None:
    asked = draft.question
    scope = "cohort" if asked.cohort else "mine"
    artist = draft.artist() if draft.facts.artists else None
    which = {"artist_id": artist.id} if artist else {}
    cohort = {"cohort": {"genres": list(asked.genres)}} if asked.genres else {}
    draft.step("identify-patterns", {"scope": scope}, "Look for what is answered more often")
    draft.step("benchmark-performance", {**which, **cohort}, "Set your results beside others'")
    draft.step("recommend-next-steps", {**which, "limit": 3}, "Say what to do next")


def _next(draft: _Draft) -> None:
    named = draft.question.campaign is not None
    which = {"campaign_id": draft.take(own.campaign(draft.question, draft.facts)).id} if named else {}
    draft.step("recommend-next-steps", which, "Say what to do next")


def _timing(draft: _Draft) -> None:
    draft.step("optimize-timing", {"type": draft.question.type}, "Look for times that do better")


def _plan(draft: _Draft) -> None:
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


def _hashtags(draft: _Draft) -> None:
    release = draft.release()
    name = "suggest-hashtags"
    draft.step(
        name,
        {
            "artist": artist_info(draft.artist(release.artist_id), draft.facts, name),
            "release": release_info(release, draft.facts, name),
            "platform": draft.question.platform,
        },
        "Suggest hashtags",
    )


def _press(draft: _Draft) -> None:
    release = draft.release()
    name = "write-press-release"
    artist = artist_info(draft.artist(release.artist_id), draft.facts, name)
    draft.step(name, {"artist": artist, "release": release_info(release, draft.facts, name)}, "Write it")


def _opportunities(draft: _Draft) -> None:
    asked = draft.question
    name = "discover-opportunities"
    given: Json = {"genres": list(asked.genres), "regions": list(asked.regions) or None}
    if not asked.genres:
        release = draft.release()
        artist = draft.artist(release.artist_id)
        given |= {"genres": list(artist.genres), "artist_id": artist.id}
        given["release"] = release_info(release, draft.facts, name)
    draft.step(name, given, "Look for what is open")


def _worded(draft: _Draft) -> None:
    """Let the last findings be put into words; what a model writes anyway needs none."""
    last = draft.steps[-1]
    if last.cost.free:
        found = f"{{{{step{len(draft.steps)}}}}}"
        draft.step("write-summary", {"findings": found}, f"Say in words what {last.skill} found")


LAID: dict[Intent, tuple[str, Callable[[_Draft], None]]] = {
    "find": ("scout-agent", _find),
    "pitch": ("coach-agent", _pitch),
    "performance": ("tracker-agent", _performance),
    "report": ("tracker-agent", _report),
    "patterns": ("insight-agent", _patterns),
    "next": ("insight-agent", _next),
    "timing": ("insight-agent", _timing),
    "plan": ("coach-agent", _plan),
    "hashtags": ("coach-agent", _hashtags),
    "press": ("coach-agent", _press),
    "opportunities": ("scout-agent", _opportunities),
}


def artist_info(artist: Artist, facts: Facts, skill: str) -> Json:
    """Write an artist in the fields that a skill's `ArtistInfo` and `Fact` have."""
    told = [_fields({**fact}, facts, skill, "Fact") for fact in artist.facts]
    info = {
        "name": artist.name,
        "genre": artist.genres[0] if artist.genres else None,
        "genres": list(artist.genres),
        "location": artist.location,
        "bio": artist.bio,
        "facts": told,
    }
    return _fields(info, facts, skill, "ArtistInfo")


def release_info(release: Release, facts: Facts, skill: str) -> Json:
    """Write a release in the fields that a skill's `Release` has."""
    info = {
        "id": release.id,
        "title": release.title,
        "type": release.type,
        "date": release.date.isoformat(),
        "links": list(release.links),
    }
    return _fields(info, facts, skill, "Release")


def _fields(value: Json, facts: Facts, skill: str, type_: str) -> Json:
    schema = (facts.skills.get(skill) or {}).get("input_schema") or {}
    known = schema.get("$defs", {}).get(type_, {}).get("properties")
    return {
        name: each for name, each in value.items() if each is not None and (known is None or name in known)
    }
