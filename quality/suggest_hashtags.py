"""Hashtags for forty artists, none of whom exists: well written, none twice, of many kinds, and to the point.

The tags that fit are written down artist by artist, after what is posted with such music; what is not listed
does not fit. The list is not made from the skill's tables, and many of its genres are not in them.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from quality.harness import Bench
from quality.row import Row, led, mean, never

Json = dict[str, Any]

SKILL = "suggest-hashtags"
JUDGED = Path(__file__).parent / "labelled" / "hashtags.tsv"
FIRST, KINDS, LEAD_BAR = 8, 4, 0.2
WRITTEN = re.compile(r"#(?=\w*[^\W\d_])[^\W_]{1,64}")


async def measure(bench: Bench, _seeds: Sequence[int]) -> list[Row]:
    """Judge the first eight; the baseline puts a hash before every word of name, title, genre and place."""
    user = uuid4()
    judged = list(artists())
    found = [(await bench.run(SKILL, given, user=user))["hashtags"] for given, _ in judged]
    tags = [[one["tag"] for one in own] for own in found]
    good = [precision(own, fit) for own, (_, fit) in zip(tags, judged, strict=True)]
    naive = [precision(words(given), fit) for given, fit in judged]
    bad = sum(not WRITTEN.fullmatch(one) for own in tags for one in own)
    twice = sum(len(own) - len({one.casefold() for one in own}) for own in tags)
    many = [len({one["kind"] for one in own}) >= KINDS for own in found]
    return [
        led(SKILL, "P@8 of forty judged artists", good, naive, LEAD_BAR),
        never(SKILL, "tags badly written or twice", bad + twice),
        Row(SKILL, "share with 4 kinds or more", None, mean(many), None, None, "1", all(many)),
    ]


def artists() -> Iterable[tuple[Json, set[str]]]:
    """Yield what is asked for each artist, and the tags that fit, without hash and in small letters."""
    with JUDGED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            release = {"title": row["title"], **({"type": row["type"]} if row["type"] else {})}
            artist: Json = {"name": row["name"], "genres": row["genres"].split(";")}
            artist |= {"location": row["place"]} if row["place"] else {}
            given = {"artist": artist, "release": release, "platform": row["platform"]}
            yield given, set(row["fitting"].split())


def words(given: Json) -> list[str]:
    artist = given["artist"]
    said = [artist["name"], given["release"]["title"], *artist["genres"], artist.get("location", "")]
    bare = (re.sub(r"[\W_]", "", word) for name in said for word in name.split())
    return [f"#{word}" for word in bare if word]


def precision(tags: Sequence[str], fitting: set[str]) -> float:
    """Return the share of the first eight that fit; where there are fewer, the missing ones do not."""
    return sum(one.removeprefix("#").casefold() in fitting for one in tags[:FIRST]) / FIRST
