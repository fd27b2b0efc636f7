"""An input for every shipped skill that is about one contact of one campaign."""

from typing import Any

ARTIST = {"name": "Neon Harbour", "genres": ["synthpop"], "facts": [{"text": "Played a fictional festival"}]}
RELEASE = {"title": "Glass Coast", "type": "single", "date": "2027-03-05"}


def inputs(contact: dict[str, Any], campaign_id: str) -> dict[str, dict[str, Any]]:
    """Return an input by the name of the skill; `contact` holds what a person typed: name, e-mail, notes."""
    return {
        "analyze-competition": {"artist": "Neon Harbour", "genres": ["synthpop"]},
        "analyze-responses": {"campaign_id": campaign_id, "group_by": "outlet"},
        "benchmark-performance": {"campaign_id": campaign_id},
        "create-campaign-plan": {"release": RELEASE, "goal": "radio"},
        "discover-opportunities": {"genres": ["synthpop"], "release": RELEASE},
        "generate-pitch": {"contacts": [contact], "artistInfo": ARTIST, "release": RELEASE},
        "generate-report": {"campaign_id": campaign_id, "period": "all", "detail": "detailed"},
        "identify-patterns": {},
        "optimize-timing": {"contacts": [contact]},
        "predict-success": {"contacts": [contact], "campaign_id": campaign_id},
        "recommend-next-steps": {"campaign_id": campaign_id},
        "research-contacts": {"query": "UK synthpop radio", "type": "radio", "genres": ["synthpop"]},
        "score-contacts": {"contacts": [contact], "criteria": {"genres": ["synthpop"]}},
        "suggest-hashtags": {"artist": ARTIST, "platform": "instagram"},
        "track-campaign": {"campaign_id": campaign_id, "window": "all"},
        "track-trends": {"genres": ["synthpop"]},
        "write-press-release": {"artist": ARTIST, "release": RELEASE, "contact_line": contact["name"]},
        "write-summary": {"findings": {"contacts": [contact], "replied": 2}},
    }
