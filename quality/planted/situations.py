"""Situations with one right thing to do, among other data that call for nothing or for little.

Around each lie traps that look like work and are none: suppressed people, corrected drafts, expired or
unfitting opportunities, answered interest, another user's rows; and now and then a rival that is worth less.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import numpy as np

from quality.generator import SPACE
from quality.harness import NOW

GENRE, OTHER = "synthpop", "metal"
SEALED = {"$sealed": "00000000-0000-4000-8000-000000000009", "n": "bg==", "c": "Yw=="}
TODAY = NOW.date()
Rows = list[dict[str, Any]]


@dataclass
class Desk:
    """One user's rows in the making; ids follow from the user and a running number."""

    user: UUID
    rng: np.random.Generator
    rows: dict[str, Rows] = field(default_factory=dict)
    planted: set[str] = field(default_factory=set)
    traps: set[str] = field(default_factory=set)

    def add(self, table: str, **values: Any) -> dict[str, Any]:
        rows = self.rows.setdefault(table, [])
        row = {"id": uuid5(self.user, f"{table}/{len(rows)}"), "user_id": self.user, **values}
        rows.append(row)
        return row

    def contact(self, genre: str = OTHER, **values: Any) -> dict[str, Any]:
        kind = str(self.rng.choice(["radio", "blogger", "playlist"]))
        return self.add("contacts", type=kind, genres=[genre], email=SEALED, outlet="An outlet", **values)

    def pitch(
        self, campaign: dict[str, Any], days: float, *, to: dict[str, Any] | None = None, **values: Any
    ) -> dict[str, Any]:
        """Pitch somebody `days` ago."""
        sent = NOW - timedelta(days=days)
        times = {"sent_at": sent, "last_sent_at": sent, "sends": 1}
        who = to or self.contact()
        return self.add("pitches", campaign_id=campaign["id"], contact_id=who["id"], **{**times, **values})

    def plant(self, *ids: UUID) -> None:
        self.planted |= set(map(str, ids))

    def many(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    @property
    def act(self) -> dict[str, Any]:
        return self.rows["campaigns"][0]

    @property
    def artist(self) -> dict[str, Any]:
        return self.rows["artists"][0]


def desk(kind: str, seed: int) -> Desk:
    """Return the rows of a user for whom `kind` is the right thing to do next."""
    order = list(SITUATIONS)
    rng = np.random.default_rng([seed, order.index(kind)])
    made = Desk(uuid5(SPACE, f"desk/{kind}/{seed}"), rng)
    _begin(made)
    _traps(made)
    _rivals(made)
    SITUATIONS[kind](made)
    return made


def stranger(kind: str, seed: int) -> Desk:
    """Return another user's rows with everything to do."""
    made = Desk(uuid5(SPACE, f"stranger/{kind}/{seed}"), np.random.default_rng(seed))
    _begin(made)
    for plant in SITUATIONS.values():
        plant(made)
    return made


def _begin(at: Desk) -> None:
    """An artist with facts, an open campaign, and a closed one whose outcomes are known."""
    artist = at.add("artists", name="Vela Marsh", genres=[GENRE], mine=True)
    for number in range(3):
        at.add("artist_facts", artist_id=artist["id"], text=f"Fact {number}")
    at.add("campaigns", name="Glass Coast", artist_id=artist["id"], genres=[GENRE], created_at=_ago(50))
    old = at.add("campaigns", name="Old", artist_id=artist["id"], created_at=_ago(300), closed_at=_ago(70))
    rate = float(at.rng.uniform(0.05, 0.09))
    for _ in range(at.many(200, 320)):
        days = float(at.rng.uniform(75, 250))
        at.pitch(old, days, template="short", **_answer(at, days, rate))
    at.pitch(at.act, 30.0, template="short", replied_at=_ago(28), declined_at=_ago(28))


def _traps(at: Desk) -> None:
    for _ in range(at.many(3, 12)):
        at.contact(GENRE, suppressed=True)
    hidden = [at.contact(suppressed=True), at.contact(erased=True)]
    at.traps |= {str(one["id"]) for one in hidden}
    for one in hidden:
        at.pitch(at.act, 6.0, to=one)
        at.pitch(at.act, 9.0, to=one, positive_at=_ago(2), replied_at=_ago(2))
        at.pitch(at.act, 12.0, to=one, bounced_at=_ago(12))
        _draft(at, one)
    for _ in range(at.many(2, 6)):
        followed = at.pitch(at.act, 8.0, sends=2, last_sent_at=_ago(4))
        answered = at.pitch(
            at.act, 12.0, sends=2, last_sent_at=_ago(3), positive_at=_ago(5), replied_at=_ago(5)
        )
        at.traps |= {str(followed["contact_id"]), str(answered["contact_id"])}
    sent = at.pitch(at.act, 2.0)
    _draft(at, {"id": sent["contact_id"]})
    _draft(at, at.contact(), corrected=True)
    for genre, days in ((GENRE, -3), (GENRE, 40), (OTHER, 4)):
        trap = at.add("opportunities", title="A trap", kind="submission", genres=[genre], deadline=_in(days))
        at.traps.add(str(trap["id"]))
    at.add("releases", artist_id=at.artist["id"], title="Far", type="single", date=_in(at.many(70, 200)))


def _rivals(at: Desk) -> None:
    """What may be done as well, and is worth less than any planted thing."""
    if at.rng.random() < 0.7:
        at.pitch(at.act, float(at.rng.uniform(7, 12)))
    if at.rng.random() < 0.7:
        at.pitch(at.act, 15.0, bounced_at=_ago(15))


def _answer(at: Desk, days: float, rate: float) -> dict[str, Any]:
    if at.rng.random() >= rate:
        return {}
    answered = _ago(days - float(at.rng.exponential(4)))
    return {"replied_at": answered, "declined_at": answered}


def _draft(at: Desk, to: dict[str, Any], **values: Any) -> None:
    when = _ago(float(at.rng.uniform(1, 8)))
    at.add("outreach", campaign_id=at.act["id"], contact_id=to["id"], kind="drafted", at=when, **values)


def _interested(at: Desk) -> None:
    for _ in range(at.many(1, 3)):
        row = at.pitch(at.act, 10.0, positive_at=_ago(2), replied_at=_ago(2))
        at.plant(row["contact_id"])


def _silent(at: Desk) -> None:
    for _ in range(at.many(15, 30)):
        at.plant(at.pitch(at.act, float(at.rng.uniform(3.5, 6)))["contact_id"])


def _drafts(at: Desk) -> None:
    for _ in range(at.many(12, 25)):
        to = at.contact()
        _draft(at, to)
        at.plant(to["id"])


def _deadline(at: Desk) -> None:
    due = _in(at.many(1, 6))
    found = at.add("opportunities", title="Harbour Hall", kind="festival", genres=[GENRE], deadline=due)
    at.plant(found["id"])


def _release(at: Desk) -> None:
    date = _in(at.many(10, 25))
    at.plant(at.add("releases", artist_id=at.artist["id"], title="New", type="ep", date=date)["id"])


def _few_fitting(at: Desk) -> None:
    for _ in range(at.many(12, 20)):
        at.plant(at.contact(GENRE)["id"])


def _many_fitting(at: Desk) -> None:
    for _ in range(at.many(40, 150)):
        at.plant(at.contact(GENRE)["id"])


def _bounces(at: Desk) -> None:
    for _ in range(at.many(8, 15)):
        at.plant(at.pitch(at.act, 14.0, bounced_at=_ago(14))["contact_id"])


def _silence(at: Desk) -> None:
    act = at.add("campaigns", name="Silent", artist_id=at.artist["id"], created_at=_ago(60))
    for _ in range(at.many(80, 150)):
        at.pitch(act, float(at.rng.uniform(25, 50)))
    at.plant(act["id"])


def _tired(at: Desk) -> None:
    acts = [at.add("campaigns", name=f"Try {n}", artist_id=at.artist["id"], closed_at=None) for n in range(3)]
    for _ in range(at.many(8, 14)):
        to = at.contact()
        for act in acts:
            at.pitch(act, float(at.rng.uniform(24, 55)), to=to)
        at.plant(to["id"])


def _template(at: Desk) -> None:
    old = at.rows["campaigns"][1]
    for _ in range(300):
        days = float(at.rng.uniform(75, 250))
        at.pitch(old, days, template="story", **_answer(at, days, 0.25))
    for _ in range(at.many(50, 70)):
        at.pitch(at.act, float(at.rng.uniform(22, 27.9)), template="short", **_answer(at, 22.0, 0.05))


def _no_facts(at: Desk) -> None:
    bare = at.add("artists", name="Lowtide", genres=["jazz"], mine=True)
    release = at.add("releases", artist_id=bare["id"], title="Ebb", type="album", date=_in(at.many(20, 55)))
    at.add("campaigns", name="Ebb", artist_id=bare["id"], release_id=release["id"], created_at=_ago(3))
    at.plant(bare["id"])


SITUATIONS: dict[str, Callable[[Desk], None]] = {
    "answer_interested": _interested,
    "follow_up": _silent,
    "send_drafts": _drafts,
    "apply": _deadline,
    "plan_release": _release,
    "pitch_fitting": _few_fitting,
    "rank_contacts": _many_fitting,
    "clean_bounces": _bounces,
    "record_answers": _silence,
    "rest_contacts": _tired,
    "switch_template": _template,
    "add_facts": _no_facts,
}


def _ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def _in(days: int) -> Any:
    return TODAY + timedelta(days=days)
