"""Short texts of the trade from the prompt's own words; whoever shows them says that they are simulated."""

import random
from collections.abc import Callable

from totalaud.model_server.material import Material, plain

ARTIST = ("artist_name", "artist.name", "artist", "act", "band")
GENRE = ("genre", "genres", "style")
RELEASE = ("release_title", "release.title", "single", "track", "song", "album", "release")
PERSON = ("contact_name", "contact.name", "recipient", "first_name")
OUTLET = ("outlet", "show", "station", "publication", "playlist")
Words = tuple[tuple[str, ...], Callable[[], str]]
PLACE = ("hometown", "city", "region", "country", "location")


class Writer:
    """Writes the text for a field by the field's name."""

    def __init__(self, material: Material, placeholders: list[str], chance: random.Random) -> None:
        self._material = material
        self._chance = chance
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

    def _makers(self) -> tuple[Words, ...]:
        return (
            (("contactname", "recipient", "addressee", "firstname"), lambda: self.person or "you"),
            (("subject", "headline", "title"), self._subject),
            (("body", "message", "pitch", "email", "letter"), self._body),
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
        return f"“{self.release}”" if self.release else "a new single"

    def _subject(self) -> str:
        where = f" for {self.outlet}" if self.outlet else ""
        return self._pick(
            f"{self.artist}: {self.genre}{where}",
            f"New {self.genre} from {self.artist}{where}",
            f"{self.artist}, {self._work()}{where}",
        )

    def _body(self) -> str:
        listener = f" on {self.outlet}" if self.outlet else ""
        origin = self._material.text(*PLACE)
        by = f"{self.artist} from {origin}" if origin else self.artist
        opening = self._pick(
            f"I am writing about {by}, who makes {self.genre}.",
            f"{by} makes {self.genre}, and I think it could be of use to you.",
            f"May I send you some {self.genre} by {by}?",
        )
        offer = self._pick(
            f"There is {self._work()} to hear, and it may well suit your listeners"
            f"{listener}. I would rather ask than guess: is this the kind of music you are looking for now?",
            f"We would be glad if {self._work()} found a place{listener}. To hear it first, just say so; "
            "there is no hurry, and a short answer is as good as a long one.",
        )
        close = self._pick(
            "Shall I send a private link and the files?",
            "If it is of interest, I will send the files and a short biography.",
        )
        fact = self._material.text("facts.text", "fact", "bio")
        about = f" {fact.rstrip('.')}." if fact else ""
        return "\n\n".join(
            (
                f"Hi {self.person or 'there'},",
                f"{opening}{about} {offer}",
                close,
                f"Best wishes\n{self.artist}",
            )
        )

    def _reason(self) -> str:
        return f"It fits {self.artist}: {self.genre}" + (f", {self.outlet}." if self.outlet else ".")

    def _summary(self) -> str:
        return f"{self.artist} makes {self.genre}; {self._work()} is what this is about."
