"""How long before a release each channel wants to hear of it, as published or usual in the trade."""

from typing import NamedTuple


class LeadTime(NamedTuple):
    """Days before the release: `min_days` is the last moment, `good_days` what the channel asks or likes."""

    min_days: int
    good_days: int
    source: str


LEAD_TIMES = {
    "distributor": LeadTime(7, 28, "distributors' delivery guides: a week at least, four to be safe"),
    "spotify": LeadTime(7, 28, "Spotify for Artists: pitch an unreleased track 7 days ahead, better 28"),
    "apple": LeadTime(10, 28, "Apple Music for Artists: deliver 10 days ahead"),
    "amazon": LeadTime(14, 28, "Amazon Music for Artists: pitch 14 days ahead"),
    "curators": LeadTime(7, 21, "independent playlists, usual practice: 1 to 3 weeks"),
    "radio": LeadTime(28, 56, "radio plugging, usual practice: 4 to 8 weeks"),
    "online_press": LeadTime(14, 28, "online press, usual practice: 2 to 4 weeks"),
    "print_press": LeadTime(120, 150, "monthly print, usual practice: 4 months or more"),
    "live": LeadTime(56, 84, "small venues, usual practice: 8 to 12 weeks"),
    "social": LeadTime(7, 21, "own channels, usual practice: 1 to 3 weeks"),
}
