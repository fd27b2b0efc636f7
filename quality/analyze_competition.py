"""Artists of planted scenes, and outlets at home in one: who is found alike, and which gaps are told.

An artist's tags are names that people of its scene use, some of them noise; what is judged is the scene.
Popular artists are covered more, whatever they play. Outlets are written now and then in other ways, and
another user's coverage of the same names lies beside.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import numpy as np

from quality.harness import Bench
from quality.row import Row, led, never
from quality.scenes import SCENES, tags

Json = dict[str, Any]

SKILL = "analyze-competition"
ARTISTS, OUTLETS, ASKED, SHOWN = 200, 70, 30, 10
AT_HOME, ELSEWHERE = 0.25, 0.03
LEAD_BAR, GAPS_BAR = 0.3, 0.2


class World(NamedTuple):
    """Artists with their scene and popularity; which outlets, of which scene, covered them."""

    names: list[str]
    scenes: list[str]
    tags: list[list[str]]
    popularity: np.ndarray
    homes: list[str]
    covered: np.ndarray


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """The baselines are the artists, and the outlets, that are talked of most."""
    found, popular, gaps, popular_gaps, wrong = [], [], [], [], 0
    for seed in seeds:
        rng, user = np.random.default_rng([seed, 23]), uuid4()
        world = drawn(rng)
        await bench.load(_tables(user, world, rng))
        await bench.load(_tables(uuid4(), drawn(rng)._replace(names=world.names), rng))
        figures = []
        for you in range(ASKED):
            given = {"artist": world.names[you], "limit": SHOWN}
            output = await bench.run(SKILL, given, user=user)
            alike = [world.names.index(one["name"]) for one in output["similar"]]
            told = [(_number(one["outlet"]), one["covered"]) for one in output["gaps"]]
            wrong += sum(not _is_gap(world, you, alike, *one) for one in told)
            figures.append((*_alike(world, you, alike), *_gaps(world, you, [one for one, _ in told])))
        mine, theirs, own, others = np.mean(figures, axis=0)
        found.append(mine)
        popular.append(theirs)
        gaps.append(own)
        popular_gaps.append(others)
    return [
        led(SKILL, f"MAP@{SHOWN} of artists alike", found, popular, LEAD_BAR),
        led(SKILL, f"gaps of the own scene, of the first {SHOWN}", gaps, popular_gaps, GAPS_BAR),
        never(SKILL, "gaps that are none", wrong),
    ]


def drawn(rng: np.random.Generator) -> World:
    scenes = [str(one) for one in rng.choice(list(SCENES), ARTISTS)]
    homes = [str(one) for one in rng.choice(list(SCENES), OUTLETS)]
    popularity = rng.pareto(2.0, ARTISTS) + 0.5
    home = np.array([[scene == other for other in homes] for scene in scenes])
    likely = np.where(home, AT_HOME, ELSEWHERE) * np.minimum(popularity, 3)[:, None]
    covered = rng.random((ARTISTS, OUTLETS)) < likely
    written = [sorted(set(tags(scene, rng))) for scene in scenes]
    return World([f"Act {n:03}" for n in range(ARTISTS)], scenes, written, popularity, homes, covered)


def _tables(user: UUID, world: World, rng: np.random.Generator) -> dict[str, list[Json]]:
    artists = [
        {"id": uuid4(), "user_id": user, "name": name, "genres": tags, "mine": number == 0}
        for number, (name, tags) in enumerate(zip(world.names, world.tags, strict=True))
    ]
    coverage = [
        {
            "id": uuid4(),
            "user_id": user,
            "artist": world.names[who],
            "artist_key": world.names[who].replace(" ", "").casefold(),
            "outlet": str(rng.choice([f"Outlet {outlet:02}", f"outlet-{outlet:02}"], p=[0.9, 0.1])),
        }
        for who, outlet in np.argwhere(world.covered).tolist()
    ]
    return {"artists": artists, "coverage": coverage}


def _alike(world: World, you: int, found: list[int]) -> tuple[float, float]:
    relevant = {n for n, scene in enumerate(world.scenes) if scene == world.scenes[you] and n != you}
    popular = [int(n) for n in np.argsort(-world.popularity) if n != you]
    return average_precision(found, relevant), average_precision(popular, relevant)


def average_precision(found: Sequence[int], relevant: set[int]) -> float:
    """Return the average precision of the first ten (Buckley, Voorhees 2000)."""
    hits, gained = 0, 0.0
    for place, one in enumerate(found[:SHOWN], 1):
        hits += one in relevant
        gained += hits / place if one in relevant else 0.0
    return gained / (min(SHOWN, len(relevant)) or 1)


def _gaps(world: World, you: int, told: list[int]) -> tuple[float, float]:
    """Return the share of outlets at home in one's own scene: of those told, and of those that cover most."""
    order = np.argsort(-world.covered.sum(axis=0), kind="stable")
    popular = [int(one) for one in order if not world.covered[you, one]]
    shares = [
        np.mean([world.homes[one] == world.scenes[you] for one in some[:SHOWN]]) if some else 0.0
        for some in (told, popular)
    ]
    return float(shares[0]), float(shares[1])


def _is_gap(world: World, you: int, alike: list[int], outlet: int, covered: list[str]) -> bool:
    """Whether it covered all that are named and no other of those alike, and never you."""
    true = {world.names[one] for one in alike if world.covered[one, outlet]}
    return bool(covered) and set(covered) == true and not world.covered[you, outlet]


def _number(outlet: str) -> int:
    return int(outlet[-2:])
