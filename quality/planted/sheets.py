"""Fact sheets of fictional artists, and a writer who uses them honestly or plants a trap: the truth is known.

The writer stands in for a model: sentences are drawn from forms of its own, not from the skills'.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

Json = dict[str, Any]
TODAY = date(2026, 11, 24)
FIRST = ("Neon", "Paper", "Quiet", "Salt", "Velvet", "Amber", "Hollow", "Silver", "Winter", "Copper")
LAST = ("Harbour", "Foxes", "Engines", "Meadow", "Lanterns", "Parade", "Orchard", "Signals", "Rooms", "Tides")
TITLES = (
    "Glass Coast",
    "Night Shift",
    "Slow Maps",
    "Low Water",
    "Second Sun",
    "Paper Moons",
    "Blue Hour",
    "Long Way",
)
PLACES = (
    "Leeds",
    "Bristol",
    "Cardiff, Wales",
    "Glasgow",
    "Newcastle upon Tyne",
    "Whitby",
    "Margate",
    "Belfast",
)
GENRES = ("synthpop", "dream pop", "indie folk", "post-punk", "techno", "neo soul", "shoegaze", "electropop")
OUTLETS = ("Tees Valley FM", "Radio Lumen", "BBC Radio 6 Music", "The Quiet Hour", "Nachtfunk", "Pier Radio")
FOREIGN = (
    "NME",
    "Pitchfork",
    "The Guardian",
    "Rough Trade",
    "Radio Caroline",
    "Clash Magazine",
    "Mojo",
    "KEXP",
)
SPEAKERS = ("Ana Sample", "Ben Muster", "Cleo Fiction", "Dai Placeholder")
SAID = (
    "It is a song about the last train home",
    "We wanted it to sound like a room with the windows open",
    "I wrote it in one evening and we kept the first take",
)
FACTS: tuple[Callable[[Random, str], str], ...] = (
    lambda draw, name: (
        f"{name} record at home with {draw.choice(['two', 'three'])} synthesizers and a drum machine"
    ),
    lambda draw, _: f"They played Long Meadow Festival in {draw.randrange(2019, 2026)}",
    lambda draw, _: f"Their last single had {draw.randrange(11, 90)},000 streams in its first month",
    lambda draw, _: (
        f"The song was written on a night train to {draw.choice(['Whitby', 'Penzance', 'Inverness'])}"
    ),
    lambda draw, _: f"The cover was painted by {draw.choice(SPEAKERS)}",
    lambda _, name: f"{name} sang in a choir before they bought their first guitar",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A skill's input, and what is true of it; `quotes` are used by press releases only."""

    name: str
    place: str
    genre: str
    title: str
    day: date
    outlet: str
    facts: tuple[Json, ...]
    quotes: tuple[Json, ...]

    @property
    def artist(self) -> Json:
        return {"name": self.name, "genres": [self.genre], "location": self.place, "facts": list(self.facts)}

    @property
    def release(self) -> Json:
        links = [f"https://example.org/{self.title.lower().replace(' ', '-')}"]
        return {"title": self.title, "type": "single", "date": self.day.isoformat(), "links": links}


def drawn(seed: int, number: int) -> Case:
    draw = Random(seed * 1000 + number)
    name = f"{draw.choice(FIRST)} {draw.choice(LAST)}"
    told = [make(draw, name) for make in draw.sample(FACTS, draw.randrange(2, 6))]
    speaker = f"{draw.choice(SPEAKERS)}, singer"
    return Case(
        name=name,
        place=draw.choice(PLACES),
        genre=draw.choice(GENRES),
        title=draw.choice(TITLES),
        day=TODAY + timedelta(days=draw.randrange(5, 120)),
        outlet=draw.choice(OUTLETS),
        facts=tuple({"id": f"f{index}", "text": text} for index, text in enumerate(told, 1)),
        quotes=tuple({"text": text, "speaker": speaker} for text in draw.sample(SAID, draw.randrange(1, 3))),
    )


def when(day: date, draw: Random) -> str:
    """Write a date as people do."""
    ahead = (day - TODAY).days
    forms = [
        f"on {day.day} {day:%B %Y}",
        f"on {day:%A} {day.day} {day:%B}",
        f"on {day:%B} {day.day}",
        f"in {day:%B}",
        f"in {ahead} days",
    ]
    return draw.choice(forms)


def sentences(case: Case, draw: Random) -> list[str]:
    """Say what is true of a case in words of the writer's own; each fact once."""
    town = case.place.split(",")[0]
    first = draw.choice(
        [
            f"{case.name} are from {town} and make {case.genre}.",
            f"I look after {case.name}, a {case.genre} act from {town}.",
            f"Here is something new from {town}: {case.name}, who play {case.genre}.",
        ]
    )
    second = draw.choice(
        [
            f"Their single “{case.title}” is out {when(case.day, draw)}.",
            f"{case.title}, the new single, arrives {when(case.day, draw)}.",
            f"The next thing we release is {case.title}. It comes {when(case.day, draw)}.",
        ]
    )
    linking = ("", "You should know this: ", "A little more: ", "Also, ", "For what it is worth, ")
    return [first, second, *(_linked(draw.choice(linking), fact["text"], case) for fact in case.facts)]


def _linked(linking: str, fact: str, case: Case) -> str:
    keeps = not linking or linking.endswith(": ") or fact.startswith(case.name)
    return f"{linking}{fact if keeps else fact[0].lower() + fact[1:]}."


Trap = Callable[[Case, Random], str]


def _one_of(*forms: str) -> Trap:
    return lambda _case, draw: draw.choice(forms)


def _foreign(_case: Case, draw: Random) -> str:
    outlet = draw.choice(FOREIGN)
    return draw.choice(
        [f"{outlet} loves it.", f"It was played on {outlet}.", f"It glows, as {outlet} put it."]
    )


def _wrong_date(case: Case, draw: Random) -> str:
    other = case.day + timedelta(days=draw.choice([-3, -2, 2, 3, 9, 31, 365]))
    return draw.choice(
        [
            f"Mark the day: {other.day} {other:%B %Y}.",
            f"It comes on {other:%d/%m/%Y}.",
            f"It comes on {other:%A} {other.day} {other:%B}, {other.year}.",
            f"It is out on a {case.day + timedelta(days=1):%A}.",
            f"It arrives in {(case.day - TODAY).days + draw.randrange(9, 60)} days.",
            f"It came out {draw.choice(['a year', 'two months', 'a couple of weeks'])} ago.",
            "It was recorded last summer.",
        ]
    )


def _number(_case: Case, draw: Random) -> str:
    return draw.choice(
        [
            f"More than {draw.randrange(101, 999)},000 people have heard it.",
            f"It has {draw.choice(['two', 'three', 'five'])} million streams.",
            f"It has {draw.randrange(2, 9)}.{draw.randrange(1, 9)}m streams.",
            f"Some {draw.randrange(41, 99)} % of listeners come back.",
            "A quarter of a million people have heard it.",
            "Hundreds came to hear it.",
            f"They have a {draw.choice(['dozen', 'hundred'])} songs.",
        ]
    )


def _changed(case: Case, draw: Random) -> str:
    first = draw.choice([case.title, case.name]).split(" ")[0]
    return f"You will hear more of {first} {draw.choice(['Shore', 'Avenue', 'Theory', 'Machine'])}."


def _person(_case: Case, draw: Random) -> str:
    return f"{draw.choice(['Mixed', 'Produced', 'Sung'])} by {draw.choice(['Ada', 'Max'])} Unknown."


TRAPS: dict[str, Trap] = {
    "missing award": _one_of(
        *("It has already won an award.", "They are an award-winning act.", "It was nominated for a prize."),
        *("A prize-winning song.", "Awards were had for it."),
    ),
    "foreign outlet": _foreign,
    "wrong date": _wrong_date,
    "invented number": _number,
    "invented quote": _one_of(
        "“The sound of the year,” one listener wrote.",
        'A friend called it "pure gold".',
        "They say \N{LEFT SINGLE QUOTATION MARK}nothing like it\N{RIGHT SINGLE QUOTATION MARK}.",
    ),
    "changed title": _changed,
    "invented person": _person,
    "invented place": lambda _, draw: f"It was filmed in {draw.choice(['Lisbon', 'Reykjavik', 'Osaka'])}.",
    "invented link": lambda _, draw: f"Listen at https://example.org/{draw.randrange(1000, 9999)}.",
    "false rank": _one_of("It reached number one.", "It is their third single.", "A chart-topping song."),
    "false fame": _one_of(
        "The tour is sold out.", "Critics agree.", "They are signed now.", "It went viral."
    ),
}
