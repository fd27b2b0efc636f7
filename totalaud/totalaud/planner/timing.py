"""What a pitch's reader should know about dates and ways in, before it is written."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from totalaud.told.lines import counted

UPLOAD = "plays on BBC Introducing need an upload at BBC Introducing first"
CHANNELS = {
    "radio": "radio",
    "playlist": "curators",
    "curator": "curators",
    "journalist": "online_press",
    "blogger": "online_press",
    "venue": "live",
}
WANT = {
    "radio": "radio wants",
    "curators": "playlist curators want",
    "online_press": "online press wants",
    "live": "venues want",
}
RADIO = ("radio", "fm", "bbc", "kexp")


def notes(
    outlet: str | None, type_: str | None, *, release: date, today: date, lead: Mapping[str, Any]
) -> list[str]:
    """Say where a release is nearer than such readers want it; `lead` has lead times by channel."""
    words = (outlet or "").casefold().split()
    channel = "radio" if any(word in RADIO for word in words) else CHANNELS.get(type_ or "", "")
    days, wanted = (release - today).days, lead.get(channel)
    found = []
    if wanted and 0 <= days < wanted.min_days:
        span = f"{wanted.min_days} to {wanted.good_days} days that {WANT[channel]}"
        fall = "falls" if days == 1 else "fall"
        found.append(f"{counted(days, 'day')} to the release {fall} short of the {span}")
    if "bbc" in words:
        found.append(UPLOAD)
    return found


def window(type_: str | None, release: date, *, today: date, lead: Mapping[str, Any]) -> list[str]:
    """Say between which days such contacts want to hear of a release."""
    wanted = lead.get(CHANNELS.get(type_ or "", ""))
    if wanted is None or release < today:
        return []
    first, last = (release - timedelta(days=days) for days in (wanted.good_days, wanted.min_days))
    usual = f"{type_} usually wants to hear of a release {wanted.min_days} to {wanted.good_days} days ahead"
    return [f"{usual}: of this one from {first} to {last}{', which is past' if last < today else ''}"]
