"""What others have published about answers to pitches: shown beside a user's own figures, never mixed in."""

from typing import Any

PUBLISHED = "Propel, Media Barometer (publisher's own figures, all industries, journalists only)"
YEARS = "2022-2023"
REPLY_RATES: list[dict[str, Any]] = [
    {"label": "answers to pitches to journalists", "value": 0.0299, "source": PUBLISHED, "year": YEARS},
    {
        "label": "answers to pitches to journalists of 51 to 150 words",
        "value": 0.065,
        "source": PUBLISHED,
        "year": YEARS,
    },
]


def references(metric: str) -> list[dict[str, Any]]:
    """Return the published figures for a metric; for most there are none that could be cited."""
    return [dict(one) for one in REPLY_RATES] if metric in ("reply_rate", "replied") else []
