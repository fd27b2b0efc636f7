"""Whom a question is about: of an outlet, of an e-mail address, or found by genre, place and kind."""

from collections.abc import Sequence
from typing import Any

from totalaud.planner.draft import Absent, Draft, Template
from totalaud.planner.facts import Release

Json = dict[str, Any]
FOUND = Template("{{step1.contacts}}")
MOST_LOOKED_AT = 200
MOST_THERE = 1000


def found(draft: Draft, unpitched_for: Release | None = None) -> Template:
    """Begin with a search for as many as there are to choose from; return where its contacts will be."""
    asked = draft.question
    if not draft.facts.anybody:
        raise Absent("there is no contact yet: 'totalaud contacts import FILE' brings whom you know")
    genres, regions = list(asked.genres), list(asked.regions)
    said = " ".join([*regions, *genres, asked.type or "contacts"])
    draft.step(
        "research-contacts",
        {
            "query": said,
            "type": asked.type,
            "genres": genres or None,
            "regions": regions or None,
            "max_results": MOST_LOOKED_AT,
            "unpitched_for": unpitched_for.id if unpitched_for else None,
        },
        "Find contacts that fit",
    )
    return FOUND


def named(draft: Draft) -> list[Json]:
    """Return whom an outlet or an e-mail address means, but for those who must not be written to."""
    asked = draft.question
    where = "by this address" if asked.contact else f"at {asked.outlet}"
    there = [dict(contact) for contact in draft.facts.contacts[:MOST_THERE]]
    if len(draft.facts.contacts) > MOST_THERE:
        draft.notes.append(
            f"more than {MOST_THERE} of your contacts are there: the first of them are looked at"
        )
    kept: list[Json] = [one for one in there if not one.pop("suppressed", False)]
    if there and not kept:
        raise Absent(f"whom you know {where} must not be written to: they are suppressed")
    if asked.contact and not kept:
        raise Absent("none of your contacts has this e-mail address: 'totalaud contacts import' brings one")
    return [{name: value for name, value in one.items() if name != "pitched_for"} for one in kept]


def unpitched(draft: Draft, release: Release) -> list[Json]:
    """Return the same, but of an outlet for those only who were not pitched for this release."""
    asked, kept = draft.question, _of_the_kind(draft, named(draft))
    pitched = {one["id"] for one in draft.facts.contacts if release.id in one.get("pitched_for", ())}
    known = [one for one in kept if one["id"] in pitched]
    if not known:
        return kept
    if asked.contact:
        draft.notes.append(f"this contact was pitched for {release.title} already")
        return kept
    if len(known) == len(kept):
        raise Absent(
            f"whom you know at {asked.outlet} was pitched for {release.title} already: "
            "name one by an e-mail address to write once more"
        )
    draft.notes.append(f"leaves out {len(known)} there who were pitched for {release.title} already")
    return [one for one in kept if one["id"] not in pitched]


def _of_the_kind(draft: Draft, contacts: list[Json]) -> list[Json]:
    """Leave out who is known to be of another kind than the people at an outlet that were asked for."""
    asked = draft.question
    if asked.outlet is None or asked.type is None:
        return contacts
    kept = [one for one in contacts if one.get("type") in {None, asked.type}]
    if contacts and not kept:
        raise Absent(f"nobody you know at {asked.outlet} is of the kind {asked.type}")
    if others := len(contacts) - len(kept):
        draft.notes.append(f"leaves out {others} there of another kind than {asked.type}")
    return kept


def told_of_all(draft: Draft, contacts: Sequence[Json]) -> None:
    """Say what an outlet's or an address's contacts are not narrowed by."""
    asked = draft.question
    said = [*asked.genres, *asked.regions]
    if any(one.get("type") not in {None, asked.outlet_type} for one in contacts):
        said += [asked.outlet_type] if asked.outlet_type else []
    if said and (asked.outlet or asked.contact):
        draft.notes.append(f"not used to choose whom to write to: {', '.join(said)}")


def kind(contacts: Sequence[Json]) -> str | None:
    """Return what all of these are, None where they differ or nobody knows."""
    kinds = {one.get("type") for one in contacts}
    return kinds.pop() if len(kinds) == 1 else None


def ids(draft: Draft) -> list[Json]:
    """Return the same by their ids alone."""
    return [{"id": one["id"]} for one in named(draft)]
