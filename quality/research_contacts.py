"""Sixty judged queries on 5,000 contacts a seed: what each truly plays is drawn, tags show some of it.

A contact has a scene; its tags are names that people of the scene use, some noise. What is judged is the
scene, never the tags: scenes are written down apart from the skill's own table of genres.
"""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import numpy as np

from quality.harness import Bench
from quality.row import Row, led, never
from quality.scenes import SCENES, tags
from quality.score_contacts import ndcg

Json = dict[str, Any]

SKILL = "research-contacts"
CONTACTS, QUERIES, SHOWN = 5000, 60, 10
BAR = 0.15
PLACES = {
    "UK": ("UK", "GB", "England", "Wales", "Leeds", "Glasgow"),
    "Germany": ("Germany", "Deutschland", "Berlin", "Hamburg"),
    "US": ("US", "USA", "New York", "Los Angeles"),
}
KINDS = ("radio", "playlist", "journalist", "podcast")
HIDDEN, UNREACHABLE = 0.1, 0.3


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """The baseline is a search for the query's words as parts of tags, with the same filters of kind."""
    ours, naive, wrong_place, suppressed, invented = [], [], 0, 0, 0
    for seed in seeds:
        rng, user = np.random.default_rng([seed, 41]), uuid4()
        people = [_person(user, rng) for _ in range(CONTACTS)]
        await bench.load({"contacts": [person["row"] for person in people]})
        known = {str(person["row"]["id"]): number for number, person in enumerate(people)}
        for _ in range(QUERIES):
            scene, country, kind = (str(rng.choice(list(names))) for names in (SCENES, PLACES, KINDS))
            genre = SCENES[scene][int(rng.integers(len(SCENES[scene])))]
            given = {"query": f"{country} {genre} {kind}", "max_results": SHOWN}
            found = (await bench.run(SKILL, given, user=user))["contacts"]
            shown = [people[known[one["id"]]] for one in found]
            wrong_place += sum(person["country"] != country for person in shown)
            suppressed += sum(person["row"]["suppressed"] for person in shown)
            invented += sum(
                one.get("email") != person["row"]["email"] for one, person in zip(found, shown, strict=True)
            )
            worth = np.array([_worth(person, scene, country, kind) for person in people])
            ours.append((seed, ndcg(np.array([known[one["id"]] for one in found], dtype=int), worth, SHOWN)))
            naive.append((seed, ndcg(_substring(people, (country, genre), kind), worth, SHOWN)))
    return [
        led(SKILL, "nDCG@10", _by_seed(ours), _by_seed(naive), BAR),
        never(SKILL, "shown from elsewhere", wrong_place),
        never(SKILL, "shown though suppressed", suppressed),
        never(SKILL, "e-mail addresses that are not theirs", invented),
    ]


def _person(user: Any, rng: np.random.Generator) -> Json:
    scene, country, kind = (str(rng.choice(list(names))) for names in (SCENES, PLACES, KINDS))
    written = tags(scene, rng)
    row = {
        "id": uuid4(),
        "user_id": user,
        "outlet": f"Outlet {rng.integers(1_000_000)}",
        "type": kind,
        "genres": sorted(set(written)),
        "regions": [str(rng.choice(PLACES[country]))],
        "suppressed": bool(rng.random() < HIDDEN),
        "email": None if rng.random() < UNREACHABLE else _sealed(rng),
        "seq": 1,
    }
    return {"row": row, "scene": scene, "country": country}


def _sealed(rng: np.random.Generator) -> Json:
    return {"$sealed": str(uuid4()), "n": "bg==", "c": f"{rng.integers(10**9)}"}


def _worth(person: Json, scene: str, country: str, kind: str) -> float:
    row = person["row"]
    fits = (person["scene"], person["country"], row["type"], row["suppressed"])
    return float(fits == (scene, country, kind, False))


def _substring(people: Sequence[Json], words: Sequence[str], kind: str) -> np.ndarray:
    """Rank by how many of the words are found, as LIKE finds them; the first entered comes first."""
    texts = [" ".join([*one["row"]["genres"], *one["row"]["regions"]]).casefold() for one in people]
    open_ = np.array([one["row"]["type"] == kind and not one["row"]["suppressed"] for one in people])
    hits = np.array([sum(word.casefold() in text for word in words) for text in texts])
    order = np.argsort(-np.where(open_, hits, -1), kind="stable")
    return order[(open_ & (hits > 0))[order]]


def _by_seed(values: Sequence[tuple[int, float]]) -> np.ndarray:
    seeds = dict.fromkeys(seed for seed, _ in values)
    return np.array([np.mean([value for own, value in values if own == seed]) for seed in seeds])
