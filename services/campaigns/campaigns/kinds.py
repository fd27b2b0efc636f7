"""The types of contact, and what people write for them."""

from campaigns.values import word

ALIASES: dict[str, tuple[str, ...]] = {
    "radio": (
        "dj", "radio dj", "presenter", "station", "radio station", "broadcaster", "radio presenter",
        "sender", "radiosender", "moderator", "moderatorin", "animateur", "animatrice", "emisora", "locutor",
        "locutora", "emittente", "conduttore", "conduttrice", "zender", "presentator", "presentatrice",
    ),
    "playlist": ("playlists", "playlister", "spotify", "playlist editor"),
    "journalist": (
        "press", "journo", "journalists", "writer", "music writer", "editor", "reporter", "magazine",
        "newspaper", "media", "critic", "reviewer", "presse", "journalistin", "redakteur", "redakteurin",
        "redaktion", "zeitung", "zeitschrift", "magazin", "journaliste", "prensa", "periodista", "revista",
        "stampa", "giornalista", "rivista", "pers", "redacteur", "krant", "tijdschrift",
    ),
    "curator": (
        "curators", "playlist curator", "music curator", "tastemaker", "kurator", "kuratorin", "curateur",
        "curatrice", "curador", "curadora", "curatore",
    ),
    "blogger": (
        "blog", "blogs", "bloggers", "music blog", "webzine", "fanzine", "bloggerin", "blogueur", "blogueuse",
    ),
    "podcast": ("podcasts", "podcaster", "podcast host"),
    "label": ("labels", "record label", "a r", "a&r", "imprint", "plattenfirma"),
    "venue": ("venues", "promoter", "booker", "festival", "club", "veranstalter"),
}  # fmt: skip
KINDS = tuple(ALIASES)
_KIND_OF = {alias: kind for kind, aliases in ALIASES.items() for alias in (kind, *aliases)}


def kind_of(text: str) -> str | None:
    """Return the type that is meant."""
    return _KIND_OF.get(word(text))
