"""Whom a question is about: of an outlet, of an e-mail address, or found by genre, place and kind."""

from typing import Any

from totalaud.planner.draft import Absent, Draft, Template

Json = dict[str, Any]
FOUND = Template("{{step1.contacts}}")
MOST_LOOKED_AT = 200


def found(draft: Draft) -> Template:
    """Begin with a search for as many as there are to choose from; return where its contacts will be."""
    asked = draft.question
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
        },
        "Find contacts that fit",
    )
    return FOUND


def named(draft: Draft) -> list[Json]:
    """Return whom an outlet or an e-mail address means, but for those who must not be written to."""
    asked = draft.question
    where = "by this address" if asked.contact else f"at {asked.outlet}"
    there = [dict(contact) for contact in draft.facts.contacts]
    kept: list[Json] = [one for one in there if not one.pop("suppressed", False)]
    if there and not kept:
        raise Absent(f"whom you know {where} must not be written to: they are suppressed")
    if asked.contact and not kept:
        raise Absent("none of your contacts has this e-mail address: 'totalaud contacts import' brings one")
    return kept


def ids(draft: Draft) -> list[Json]:
    """Return the same by their ids alone."""
    return [{"id": one["id"]} for one in named(draft)]
