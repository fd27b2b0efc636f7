"""What a pitch's reader should know about dates and ways in, before it is written."""

from collections.abc import Mapping
from datetime import date
from typing import Any

UPLOAD = "plays on BBC Introducing need an upload at BBC Introducing first"
RADIO = ("radio", "fm", "bbc", "kexp")


def notes(
    outlet: str | None, type_: str | None, *, release: date, today: date, lead: Mapping[str, Any]
) -> list[str]:
    """Say where a release is nearer than radio wants it; `lead` has lead times by channel."""
    words = (outlet or "").casefold().split()
    radio = type_ == "radio" or any(word in RADIO for word in words)
    days, wanted = (release - today).days, lead.get("radio")
    found = []
    if radio and wanted and 0 <= days < wanted.min_days:
        window = f"{wanted.min_days} to {wanted.good_days} days"
        found.append(f"{days} days to the release fall short of the {window} that radio wants")
    if "bbc" in words:
        found.append(UPLOAD)
    return found
