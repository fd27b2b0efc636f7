"""What a user has recorded, looked up by the id that is asked about."""

from typing import Any

from skill_runner.context import Context, SkillError

CAMPAIGN = """
SELECT id, name, artist_id, release_id, genres, created_at, closed_at
FROM campaigns WHERE user_id = :user AND id = CAST(:campaign AS uuid)
"""
ARTIST = "SELECT id, genres, location FROM artists WHERE user_id = :user AND id = CAST(:artist AS uuid)"

Row = dict[str, Any]


def campaign(context: Context, campaign_id: str) -> Row:
    """Return a campaign of the user's; raises SkillError."""
    found = context.rows(CAMPAIGN, campaign=campaign_id)
    if not found:
        raise SkillError("campaign_id: you have no campaign of this id")
    return found[0]


def artist(context: Context, artist_id: str) -> Row:
    """Return an artist of the user's; raises SkillError."""
    found = context.rows(ARTIST, artist=artist_id)
    if not found:
        raise SkillError("artist_id: you have no artist of this id")
    return found[0]
