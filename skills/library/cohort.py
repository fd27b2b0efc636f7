"""Which artists of other users may stand in a comparison: those who opted in, and never fewer than ten."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from skill_runner.context import Context

FEWEST = 10
OPTED_IN = """
SELECT a.id, a.user_id, a.genre_keys
FROM artists a
WHERE a.in_cohort AND EXISTS (SELECT 1 FROM campaigns c WHERE c.artist_id = a.id AND c.user_id = a.user_id)
ORDER BY a.id
LIMIT 1000
"""


class Whose(NamedTuple):
    """The artist of each pitch, and which of them are the user's own."""

    artists: Sequence[str]
    own: Collection[str]


def opted_in(context: Context) -> list[dict[str, Any]]:
    """Return the artists of all users who opted in and have a campaign, at most a thousand."""
    return context.rows(OPTED_IN)


def is_own(artist: dict[str, Any], context: Context) -> bool:
    return bool(artist["user_id"] == str(context.user))


def admitted(artists: Sequence[dict[str, Any]], context: Context) -> list[str]:
    """Return the ids that may be shown together; none when they are too few.

    Ten of other users are needed before any of theirs counts, so that nobody uncovers a stranger by adding
    artists of their own. Ten of one's own may always be compared.
    """
    own = [one["id"] for one in artists if is_own(one, context)]
    others = [one["id"] for one in artists if not is_own(one, context)]
    shown = own + others if len(others) >= FEWEST else own
    return shown if len(shown) >= FEWEST else []


def hides_each(artists: Iterable[str], own: Collection[str]) -> bool:
    """Whether their figures tell of no artist alone: ten are others', or all one's own, and ten."""
    every = set(artists)
    return len(every.difference(own) or every) >= FEWEST


def withheld(count: int) -> str:
    """Say why nothing is shown."""
    return (
        f"the cohort is withheld: it has fewer than {FEWEST} artists" if count else "nobody else has opted in"
    )
