"""How alike artists are by what they play: rare genres say more, near ones count in part."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import log, sqrt

from library import music

NEAR = 0.5


def rarity(genres: Sequence[Iterable[str]]) -> dict[str, float]:
    """Return each genre's weight over all artists: inverse document frequency (Spärck Jones 1972)."""
    many = Counter(name for own in genres for name in {music.genre_key(one) for one in own})
    return {name: 1 + log((1 + len(genres)) / (1 + count)) for name, count in many.items()}


def profile(genres: Iterable[str], weights: Mapping[str, float]) -> dict[str, float]:
    """Return an artist's weights by genre: its own, and half of those near to them."""
    found: dict[str, float] = {}
    for genre in genres:
        for name, near in music.nearness(genre).items():
            same = music.genre_key(name)
            share = near if same == music.genre_key(genre) else NEAR * near
            found[same] = max(found.get(same, 0.0), share * weights.get(same, 1.0))
    return found


def cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return 0 to 1; 0 where either is empty."""
    length = sqrt(sum(w * w for w in one.values()) * sum(w * w for w in other.values()))
    return min(sum(w * other.get(name, 0.0) for name, w in one.items()) / length, 1.0) if length else 0.0
