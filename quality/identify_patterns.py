"""How often patterns told as supported are false, and how often a true doubling is found, at 1,200 pitches.

One doubling among twenty attributes of the pitches, or none, beside the skill's own attributes, which mean
nothing but for contact type; campaigns differ in luck, and each sticks to one template. A pattern is false if
one of its conditions is. Worlds are judged by the library that the skill is made of; the first of each seed
goes through the tables too, and must come out the same.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import numpy as np

from library.exact import Table, fisher_mid_p
from library.patterns import Rules, search
from library.pitched import columns
from library.subgroups import Column, Sample
from quality.generator import SPACE, TYPES
from quality.harness import NOW, Bench
from quality.row import Row, at_least, interval, mean

SKILL = "identify-patterns"
SENDS, CONTACTS, CAMPAIGNS, ATTRIBUTES = 1200, 200, 10, 20
WITH, WITHOUT = 100, 60
BASE, LIFT, SHARE, LUCK = 0.06, 2.0, 0.4, 0.3
TRUE, TYPE = "attribute_0", "contact type"
RULES = Rules(fdr=0.1, min_support=20, adjust=TYPE)
TEMPLATES = ("short", "story", "question")
FALSE_BAR, POWER_BAR = 0.1, 0.75
GENRES, REGIONS = ("synthpop", "indie", "techno"), ("UK", "Wales", "Germany", "US")

Json = dict[str, Any]
Told = list[tuple[str, ...]]


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """Measure with a true doubling and without; the baseline tells every raw p below 0.05."""
    told, raw, told_without, raw_without, hits = [], [], [], [], []
    for seed in seeds:
        for number in range(WITH + WITHOUT):
            true = number < WITH
            world = drawn(seed, number, LIFT if true else 1.0)
            found, naive = supported(world), below_five_percent(world)
            if number == 0:
                await _same_through_tables(bench, seed, world, found)
            (told if true else told_without).append(false_share(found, true=true))
            (raw if true else raw_without).append(false_share(naive, true=true))
            if true:
                hits.append(float((TRUE,) in found))
    return [
        _false("false share, one doubling", raw, told),
        _false("false share, nothing true", raw_without, told_without),
        at_least(SKILL, "power, lift 2, 1,200 pitches", mean(hits), POWER_BAR, of=hits),
    ]


def drawn(seed: int, number: int, lift: float) -> list[Json]:
    """Draw pitches as the skill reads them: contacts of four types, campaigns of different luck."""
    rng = np.random.default_rng([seed, number])
    kinds = rng.choice(list(TYPES), CONTACTS)
    homes, tastes = rng.choice(REGIONS, CONTACTS), rng.choice(GENRES, CONTACTS)
    luck = rng.normal(0.0, LUCK, CAMPAIGNS)
    rows = []
    for _ in range(SENDS):
        to, act = int(rng.integers(CONTACTS)), int(rng.integers(CAMPAIGNS))
        coins = {f"attribute_{n}": "yes" if rng.random() < 0.5 else "no" for n in range(ATTRIBUTES)}
        coins[TRUE] = "yes" if rng.random() < SHARE else "no"
        odds = BASE / (1 - BASE) * TYPES[kinds[to]] * float(np.exp(luck[act]))
        p = min(odds / (1 + odds) * (lift if coins[TRUE] == "yes" else 1.0), 1.0)
        rows.append(
            {
                "replied": bool(rng.random() < p),
                "sent_at": _sent(rng),
                "channel": "email",
                "template": TEMPLATES[act % len(TEMPLATES)],
                "attributes": coins,
                "campaign": str(act),
                "wanted": [GENRES[act % len(GENRES)]],
                "own": None,
                "type": str(kinds[to]),
                "genre_keys": [str(tastes[to])],
                "region": str(homes[to]),
                "timezone": None,
                "contact": to,
            }
        )
    return rows


def supported(rows: list[Json]) -> Told:
    """Return the attributes of each supported pattern."""
    made = {name: Column.of(values) for name, values in columns(rows).items()}
    outcome = np.array([row["replied"] for row in rows])
    whose = (Column.of([str(row[name]) for row in rows]) for name in ("campaign", "contact"))
    sample = Sample(outcome, made, made[TYPE], *whose)
    findings, _ = search(sample, RULES)
    return [tuple(name for name, _ in one.rule) for one in findings if one.verdict == "supported"]


def below_five_percent(rows: list[Json]) -> Told:
    """Return what the obvious shortcut tells: each value of each attribute whose p is below 0.05."""
    outcome = np.array([row["replied"] for row in rows])
    found = []
    for name, values in columns(rows).items():
        given = np.array([str(value) for value in values])
        for value in np.unique(given):
            inside = given == value
            counts = (outcome & inside).sum(), inside.sum(), (outcome & ~inside).sum(), (~inside).sum()
            if fisher_mid_p(Table(*map(int, counts))) < 0.05:
                found.append((name,))
    return found


def false_share(told: Told, *, true: bool) -> float:
    """Return the share of what was told that is false; of nothing, 0."""
    truths = {TRUE, TYPE} if true else {TYPE}
    return sum(not set(rule) <= truths for rule in told) / max(len(told), 1)


async def _same_through_tables(bench: Bench, seed: int, world: list[Json], found: Told) -> None:
    user = uuid5(SPACE, f"patterns/{seed}")
    await bench.load(_tables(user, world))
    output = await bench.run(SKILL, {}, user=user)
    told = [tuple(one["attributes"]) for one in output["patterns"] if one["verdict"] == "supported"]
    if sorted(told) != sorted(found):
        raise AssertionError(f"{SKILL}: {told} from tables, {found} from its library")


def _tables(user: UUID, world: list[Json]) -> dict[str, list[Json]]:
    contacts = {
        row["contact"]: {
            "id": uuid5(user, f"contact/{row['contact']}"),
            "user_id": user,
            "type": row["type"],
            "genres": row["genre_keys"],
            "regions": [row["region"]],
        }
        for row in world
    }
    campaigns = {
        row["campaign"]: {"id": uuid5(user, row["campaign"]), "user_id": user, "genres": row["wanted"]}
        for row in world
    }
    pitches = [
        {
            "id": uuid5(user, f"pitch/{number}"),
            "user_id": user,
            "campaign_id": campaigns[row["campaign"]]["id"],
            "contact_id": contacts[row["contact"]]["id"],
            "sent_at": row["sent_at"],
            "replied_at": row["sent_at"] + timedelta(days=2) if row["replied"] else None,
            **{name: row[name] for name in ("channel", "template", "attributes")},
        }
        for number, row in enumerate(world)
    ]
    return {"contacts": [*contacts.values()], "campaigns": [*campaigns.values()], "pitches": pitches}


def _sent(rng: np.random.Generator) -> datetime:
    day = NOW - timedelta(days=30 + int(rng.integers(200)))
    return day.replace(hour=int(rng.integers(7, 21)), minute=int(rng.integers(60)))


def _false(what: str, raw: list[float], ours: list[float]) -> Row:
    error = float(np.std(ours) / np.sqrt(len(ours)))
    bar, passed = f"≤ {FALSE_BAR} (+ 1 s.e.)", mean(ours) <= FALSE_BAR + error
    return Row(SKILL, what, mean(raw), mean(ours), *interval(ours), bar, passed)
