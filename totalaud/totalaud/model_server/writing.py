"""Short texts of the trade from the prompt's own words; whoever shows them says that they are simulated."""

import random
from collections.abc import Callable

from totalaud.model_server.material import Material, plain
from totalaud.model_server.request import Json

ARTIST = ("artist_name", "artist.name", "artist", "act", "band")
GENRE = ("artist.genres", "artist.genre", "genre", "genres", "style")
RELEASE = ("release_title", "release.title", "single", "track", "song", "album", "release")
PERSON = ("contact_name", "contact.name", "recipient", "first_name")
OUTLET = ("outlet", "show", "station", "publication", "playlist")
TELLING = ("text", "verdict", "title", "warnings", "why")
PLACE = ("hometown", "city", "location", "region", "country")
LONGEST_SUBJECT = 9
SUMMARY = 3

Words = tuple[tuple[str, ...], Callable[[], str]]


class Writer:
    """Writes the text for a field by the field's name; `fields` are those of the whole answer."""

    def __init__(
        self, material: Material, placeholders: list[str], chance: random.Random, fields: Json
    ) -> None:
        self._material = material
        self._chance = chance
        self._for_press = "headline" in fields
        named = (mark for mark in placeholders if "name" in mark and "artist" not in mark)
        own = material.text("name")
        self.person = material.text(*PERSON) or (own if own in placeholders else None) or next(named, None)
        self.artist = material.text(*ARTIST) or "the artist"
        self.genre = material.text(*GENRE) or "new music"
        self.release = material.text(*RELEASE)
        self.outlet = material.text(*OUTLET)

    def write(self, name: str, description: str | None) -> str:
        """Return a text for a field; one that is no text of ours is taken from the input, if it is there."""
        field = plain(name)
        for words, make in self._makers():
            if any(word in field for word in words):
                return make()
        return (
            self._material.text(name) or f"{description or name.replace('_', ' ')} for {self.artist}".strip()
        )

    def listed(self, name: str) -> list[str] | None:
        """Return the texts of a list that has to fit to the rest of the answer; None for any other list."""
        field = plain(name)
        if "factsused" in field:
            ids = self._material.texts("facts.id")
            return ids if self._for_press else ids[:1]
        return self._subjects()[1:3] if "subject" in field else None

    def _makers(self) -> tuple[Words, ...]:
        return (
            (("contactname", "recipient", "addressee", "firstname"), lambda: self.person or "you"),
            (("subject", "title"), lambda: self._subjects()[0]),
            (("headline",), lambda: f"{self.artist}: {self.release or self.genre}"),
            (("standfirst",), self._announced),
            (("body",), self._release_body if self._for_press else self._body),
            (("message", "pitch", "email", "letter"), self._body),
            (("tone", "voice", "mood"), lambda: self._pick("warm", "friendly and brief", "direct")),
            (
                ("hashtag", "tag"),
                lambda: f"#{plain(self._pick(self.artist, self.genre, self.release or 'newmusic'))}",
            ),
            (("greeting", "salutation"), lambda: f"Hi {self.person or 'there'},"),
            (("reason", "rationale", "why", "explanation"), self._reason),
            (("summary", "overview", "abstract", "text", "answer", "paragraph"), self._summary),
            (("currency",), lambda: "USD"),
            (("artist",), lambda: self.artist),
        )

    def _pick(self, *choices: str) -> str:
        return self._chance.choice(choices)

    def _work(self) -> str:
        return f"“{self.release}”" if self.release else "new music"

    def _subjects(self) -> list[str]:
        """Return short ones, all different; which comes first depends on whom they are about only."""
        where = f" for {self.outlet}" if self.outlet else ""
        drafts = [
            f"{self.artist}: {self.genre}{where}",
            f"New {self.genre.removeprefix('new ')} from {self.artist}",
            f"{self.release or self.genre}{where}",
            f"{self.artist}, {self._work()}",
            "Something new to hear",
            "A short note about new music",
            "New music, if you like",
        ]
        short = [text for text in dict.fromkeys(drafts) if len(text.split()) <= LONGEST_SUBJECT]
        first = sum(map(ord, f"{self.artist}{self.outlet}")) % max(1, len(short) - 3)
        return short[first:] + short[:first]

    def _body(self) -> str:
        origin = self._material.text(*PLACE)
        by = f"{self.artist} from {origin}" if origin else self.artist
        opening = self._pick(
            f"I am writing about {by}, who makes {self.genre}.",
            f"{by} makes {self.genre}, and I think it could be of use to you.",
            f"Here is some {self.genre} by {by}.",
        )
        audience = f"the audience of {self.outlet}" if self.outlet else "your audience"
        offer = self._pick(
            f"There is {self._work()} to hear, and it may well suit {audience}. I would rather ask than "
            "guess what you are looking for now.",
            f"We would be glad if {self._work()} found its way to {audience} one of these days. "
            "There is no hurry, and a short answer is as good as a long one.",
        )
        close = self._pick("Shall I send you the files?", "Would you like to hear it?")
        fact = next(iter(self._material.texts("facts.text")), None) or self._material.text("fact", "bio")
        about = f" {fact.rstrip('.')}." if fact else ""
        polite = "I know that you hear a lot of new music, so I will keep this short."
        return "\n\n".join(
            (
                f"Hi {self.person or 'there'},",
                f"{opening}{about} {offer}",
                f"{polite} {close}",
                f"Best wishes\n{self.artist}",
            )
        )

    def _announced(self) -> str:
        day = self._material.text("release.date")
        kind = self._material.text("release.type") or "release"
        when = f" It is dated {day}." if day else ""
        return f"{self._work()} is a new {kind} by {self.artist}.{when}"

    def _release_body(self) -> str:
        facts = [f"{text.rstrip('.')}." for text in self._material.texts("facts.text")]
        said = zip(self._material.texts("quotes.text"), self._material.texts("quotes.speaker"), strict=False)
        quotes = [f"{speaker}: “{text}”" for text, speaker in said]
        bio = self._material.text("artist.bio")
        return "\n\n".join(filter(None, (self._announced(), " ".join(facts), *quotes, bio)))

    def _reason(self) -> str:
        return f"It fits {self.artist}: {self.genre}" + (f", {self.outlet}." if self.outlet else ".")

    def _summary(self) -> str:
        told = (text for name in TELLING for text in self._material.texts(name) if " " in text)
        found = list(told) if self._material.has("findings") else []
        if found:
            return " ".join(f"{text.rstrip('.')}." for text in dict.fromkeys(found[:SUMMARY]))
        return f"{self.artist} makes {self.genre}; {self._work()} is what this is about."
