"""Two hundred opportunities that are shut, each for one reason, among open ones entered up to three times.

And open ones of several scenes, named as people of the scene name what they play: those of the artist's own
scene are to come first.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations
from typing import Any
from uuid import uuid4

import numpy as np

from quality.harness import NOW, Bench
from quality.row import Row, interval, led, mean, never
from quality.scenes import SCENES, tags
from quality.score_contacts import ndcg

Json = dict[str, Any]

SKILL = "discover-opportunities"
TRAPS, OPEN = 200, 60
F1_BAR, GAIN_BAR = 0.95, 0.3
FITTING, SHOWN = 120, 10
PLACES = ("Harbour", "Quarry", "Lantern", "Meadow", "Foundry", "Orchard", "Viaduct", "Saltmarsh", "Cinder")
THINGS = ("Festival", "Sessions", "Grant", "Showcase", "Weekender", "Residency", "Bursary")
TODAY = NOW.date()
SHUT: tuple[Json, ...] = (
    {"deadline": TODAY - timedelta(days=1)},
    {"opens": TODAY + timedelta(days=2)},
    {"cost": 31.0},
    {"rules": {"territory": ["Scotland", "US"]}},
    {"rules": {"released": True}},
    {"rules": {"min_lead_days": 28}},
    {"rules": {"release_types": ["album", "ep"]}},
    {"rules": {"genres_only": True}, "genres": ["metal"]},
)
GIVEN: Json = {
    "genres": ["synthpop"],
    "regions": ["Leeds"],
    "release": {"title": "Glass Coast", "type": "single", "date": str(TODAY + timedelta(days=26))},
    "budget": 30,
    "max_results": 100,
}


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """Duplicates are judged by pairs; the baselines merge titles alike but for case, show what ends first."""
    trapped, ours, naive, gains = 0, [], [], []
    for seed in seeds:
        rng, user = np.random.default_rng([seed, 13]), uuid4()
        traps = [_entry(user, rng, number, **SHUT[number % len(SHUT)]) for number in range(TRAPS)]
        groups = [_group(user, rng, number) for number in range(OPEN)]
        entries = [entry for group in groups for entry in group]
        await bench.load({"opportunities": [*traps, *entries]})
        found = (await bench.run(SKILL, GIVEN, user=user))["opportunities"]
        shut = {str(trap["id"]) for trap in traps}
        trapped += sum(bool(shut & {one["id"], *one["merged"]}) for one in found)
        true = _pairs([[str(one["id"]) for one in group] for group in groups])
        ours.append(_f1(_pairs([[one["id"], *one["merged"]] for one in found]), true))
        naive.append(_f1(_pairs(_by_title(entries)), true))
        gains += [
            await _gains(bench, scene, np.random.default_rng([seed, 14, n])) for n, scene in enumerate(SCENES)
        ]
    told, soonest = zip(*gains, strict=True)
    low, high = interval(ours)
    return [
        never(SKILL, f"shut ones of {TRAPS} returned", trapped),
        Row(SKILL, "F1 of duplicates", mean(naive), mean(ours), low, high, f"≥ {F1_BAR}", low >= F1_BAR),
        led(SKILL, f"nDCG@{SHOWN}", told, soonest, GAIN_BAR),
    ]


async def _gains(bench: Bench, scene: str, rng: np.random.Generator) -> tuple[float, float]:
    """Return the gain of what an artist of the scene is shown, and of what ends first."""
    user = uuid4()
    homes = [str(rng.choice(list(SCENES))) for _ in range(FITTING)]
    rows = [_entry(user, rng, number, genres=tags(home, rng, most=2)) for number, home in enumerate(homes)]
    await bench.load({"opportunities": rows})
    worth = np.array([float(home == scene) for home in homes])
    place = {str(row["id"]): number for number, row in enumerate(rows)}
    given = {"genres": tags(scene, rng, most=2, noise=0), "max_results": SHOWN}
    found = (await bench.run(SKILL, given, user=user))["opportunities"]
    soonest = np.array(sorted(range(FITTING), key=lambda number: rows[number]["deadline"]))
    told = np.array([place[one["id"]] for one in found], dtype=int)
    return ndcg(told, worth, SHOWN), ndcg(soonest, worth, SHOWN)


def _entry(user: Any, rng: np.random.Generator, number: int, **changes: Any) -> Json:
    title = f"{rng.choice(PLACES)} {rng.choice(THINGS)} {rng.choice(PLACES)}"
    return {
        "id": uuid4(),
        "user_id": user,
        "title": title,
        "kind": str(rng.choice(["festival", "funding", "submission"])),
        "url": f"https://site{number}-{uuid4().hex[:6]}.example.org/open",
        "deadline": TODAY + timedelta(days=int(rng.integers(0, 120))),
        "genres": ["synthpop"],
        "rules": {},
        **changes,
    }


def _group(user: Any, rng: np.random.Generator, number: int) -> list[Json]:
    first = _entry(user, rng, number)
    return [first, *(_copy(first, rng) for _ in range(int(rng.integers(0, 3))))]


def _copy(first: Json, rng: np.random.Generator) -> Json:
    """Enter the same once more: from a link with tracking, or by hand, with a title written otherwise."""
    title = str(first["title"])
    written = [title.upper(), f"{title} (open call)", title.replace(" ", " - ", 1), _slip(title, rng)]
    url = f"{first['url']}/?utm_source=letter".replace("https://", "http://www.")
    changes = {"url": url, "title": "Apply now"} if rng.random() < 0.4 else {"url": None}
    return {**first, "id": uuid4(), "title": str(rng.choice(written)), **changes}


def _slip(title: str, rng: np.random.Generator) -> str:
    at = int(rng.integers(1, len(title) - 1))
    return title[:at] + title[at + 1 :]


def _by_title(entries: Sequence[Json]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for entry in entries:
        groups.setdefault(entry["title"].casefold(), []).append(str(entry["id"]))
    return list(groups.values())


def _pairs(groups: Sequence[Sequence[str]]) -> set[tuple[str, ...]]:
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def _f1(found: set[tuple[str, ...]], true: set[tuple[str, ...]]) -> float:
    return 2 * len(found & true) / ((len(found) + len(true)) or 1)
