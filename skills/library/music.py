"""Genres, places and kinds of contact: which names mean the same, which are near, and what a question says.

The one table of each, for every skill and for the reading of questions: no other module is imported here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import NamedTuple
from unicodedata import category, combining, normalize
from unicodedata import name as name_of

GENRES = """
synthpop: electropop .9, new wave .8, synthwave .7, indietronica .7, dance pop .5, dream pop .5, electronic .5
electropop: dance pop .8, indietronica .7, electronic .7, synthwave .5, pop .5
new wave: post-punk .8, dark wave .7, indie .5
indie: indie pop .9, indie rock .9, alternative .8, dream pop .6, shoegaze .6, lo-fi .5, folk .4
indie pop: dream pop .7, bedroom pop .8, pop .5
indie rock: alternative .8, post-punk .6, rock .6, garage rock .7
dream pop: shoegaze .8, bedroom pop .6, ambient .4
electronic: house .7, techno .7, ambient .6, drum and bass .6, indietronica .7, trip hop .5
house: techno .7, disco .7, dance pop .6
hip hop: rap .9, trip hop .6, grime .7, r&b .6
r&b: soul .9, neo soul .8, funk .6
folk: singer songwriter .8, acoustic .8, americana .7, country .5
metal: hardcore .7, hard rock .8, punk .4
punk: hardcore .7, post-punk .7, garage rock .6
rock: hard rock .8, alternative .7, garage rock .7
jazz: soul .5, neo soul .6, funk .5
drum and bass: jungle .9, breakbeat .8, dubstep .6, grime .5
ambient: drone .7, neoclassical .6, downtempo .7
techno: trance .6, acid house .7
country: bluegrass .7, americana .8
synthwave: retrowave .9, dark wave .5
reggae: dub .8, dancehall .8, ska .7
"""
PLACES = """
europe: uk & ireland, dach, benelux, nordics, scandinavia, france, spain, italy, poland, baltics, portugal, \
greece, czechia, slovakia, hungary, slovenia, croatia, serbia, north macedonia, romania, bulgaria, ukraine, \
malta
uk: england, scotland, wales, northern ireland
england: london, manchester, leeds, bristol, birmingham, liverpool, sheffield, newcastle, brighton, nottingham
scotland: glasgow, edinburgh, dundee, aberdeen
wales: cardiff, swansea, newport, wrexham
northern ireland: belfast, derry
north america: us & canada
us: california, new york, los angeles, texas, chicago, nashville, seattle
canada: toronto, montreal, vancouver
germany: berlin, hamburg, munich, cologne
ireland: dublin, cork, galway
france: paris, lyon
netherlands: amsterdam
sweden: stockholm
"""
TERRITORIES = """
uk & ireland: uk, ireland
us & canada: us, canada
dach: germany, austria, switzerland
benelux: belgium, netherlands, luxembourg
nordics: sweden, norway, denmark, finland, iceland
scandinavia: sweden, norway, denmark
baltics: estonia, latvia, lithuania
australia & new zealand: australia, new zealand
"""
SAME = """
uk: gb, great britain, united kingdom, britain, großbritannien, royaume-uni, reino unido, regno unito
us: usa, united states, united states of america, america, états-unis, estados unidos, stati uniti
germany: deutschland, allemagne, alemania, duitsland
ireland: eire, irland, irlande, irlanda
france: frankreich, francia, frankrijk
spain: españa, spanien, espagne, spagna, spanje
italy: italia, italien, italie, italië
netherlands: holland, nederland, niederlande, pays-bas
belgium: belgique, belgië, belgien
austria: österreich, autriche, oostenrijk
switzerland: schweiz, suisse, svizzera, zwitserland
luxembourg: luxemburg
sweden: sverige, schweden
norway: norge, norwegen
denmark: danmark, dänemark
finland: suomi, finnland
poland: polska, polen
portugal: portogallo
greece: hellas, griechenland, grèce, grecia
czechia: czech republic, česko, česká republika, tschechien
slovakia: slovensko, slowakei
hungary: magyarország, ungarn
slovenia: slovenija, slowenien
croatia: hrvatska, kroatien
serbia: srbija, serbien
north macedonia: macedonia
romania: românia, rumänien
bulgaria: bulgarien
ukraine: ukraina
estonia: eesti, estland
latvia: latvija, lettland
lithuania: lietuva, litauen
turkey: türkiye, turkiye, türkei
myanmar: burma
eswatini: swaziland
cabo verde: cape verde
ivory coast: côte d'ivoire
timor-leste: east timor
brazil: brasil, brasilien
europe: europa
uk & ireland: uk and ireland, uk/ireland
us & canada: us and canada, us/canada, usa & canada, usa and canada, usa/canada
dach: gsa
nordics: nordic countries
australia & new zealand: australia and new zealand, australia/new zealand, anz, australasia
"""
CODES = """
germany: de
ireland: ie
france: fr
spain: es
italy: it
netherlands: nl
belgium: be
austria: at
switzerland: ch
luxembourg: lu
sweden: se
norway: no
denmark: dk
finland: fi
iceland: is
poland: pl
portugal: pt
greece: gr
czechia: cz
slovakia: sk
hungary: hu
slovenia: si
croatia: hr
serbia: rs
romania: ro
bulgaria: bg
ukraine: ua
estonia: ee
latvia: lv
lithuania: lt
turkey: tr
brazil: br
australia: au
new zealand: nz
"""
OF_THERE = """
uk: british
us: american
england: english
scotland: scottish
wales: welsh
germany: german
ireland: irish
france: french
spain: spanish
italy: italian
netherlands: dutch
sweden: swedish
belgium: belgian
denmark: danish
norway: norwegian
austria: austrian
switzerland: swiss
finland: finnish
iceland: icelandic
nordics: nordic
scandinavia: scandinavian
canada: canadian
australia: australian
europe: european
"""
EVERYWHERE = frozenset(
    {"worldwide", "world", "wholeworld", "global", "international", "anywhere", "everywhere"}
)
NO_PLACE = re.compile(
    r"(?:\b(?:worldwide|anywhere|everywhere|(?:around|all over|in) the (?:whole )?world)\W*)+$", re.IGNORECASE
)
ALIKE = """
drum and bass: dnb, drum & bass, drum n bass
r&b: rnb, rhythm and blues
electronic: electronica
hip hop: hip-hop music
"""
TYPES = {
    "radio": ("radio", "dj", "djs", "presenter", "presenters", "station", "stations"),
    "playlist": ("playlist", "playlists"),
    "journalist": ("journalist", "journalists", "press", "writer", "writers"),
    "curator": ("curator", "curators"),
    "blogger": ("blog", "blogs", "blogger", "bloggers"),
    "podcast": ("podcast", "podcasts"),
    "label": ("label", "labels"),
    "venue": ("venue", "venues"),
}
FILLERS = frozenset(
    """
    a about all an and any are at by can contacts find for from get good i in into like likes list looking me
    music my need of on or people play playing plays please some that the their them to want which who with
    """.split()  # noqa: SIM905 - one word list reads better than fifty strings
)
COMMAS = re.compile("[,\u060c\u3001\uff0c]")
ACCENTS = range(200, 256)
POINTS = range(10, 36)
Table = dict[str, list[str]]


class Understood(NamedTuple):
    """What a text names; `words` are those left over, without fillers and words for kinds."""

    genres: tuple[str, ...]
    regions: tuple[str, ...]
    type: str | None
    words: tuple[str, ...]


def understood(text: str) -> Understood:
    """Read genres, places and the kind of contact out of a text; two kinds are none."""
    spaced = re.sub(r"[^\w&]", lambda beside: _kept(beside) or " ", NO_PLACE.sub("", normalize("NFKC", text)))
    words = [word.casefold() for word in spaced.split() if word != "us"]
    genres, rest = _named(words, known_genres())
    regions, rest = _named(rest, known_places())
    kinds = [kind for kind, said in TYPES.items() if any(word in said for word in rest)]
    kind_words = {word for said in TYPES.values() for word in said}
    left = tuple(word for word in rest if word not in FILLERS | kind_words and any(map(str.isalnum, word)))
    return Understood(tuple(genres), tuple(regions), kinds[0] if len(kinds) == 1 else None, left)


def key(name: str) -> str:
    """Make Synth-Pop, synth pop and synthpop one: the form of the tables' keys of genres, places, artists.

    Letters and digits of any script are kept, and marks that are letters; a name without is its own key.
    """
    plain = normalize("NFKC", name).casefold()
    return re.sub(r"[^\w&]|_", _kept, plain) or plain


@lru_cache(10_000)
def genre_key(name: str) -> str:
    """Return the key under which all names of a genre are one: dnb is drum and bass."""
    own = key(name)
    return genre_names().get(own, own)


@cache
def genre_names() -> dict[str, str]:
    """Return for each other name of a genre, as a key, that of the genre."""
    return {key(other): key(name) for name, others in _parts(ALIKE).items() for other in others}


@lru_cache(10_000)
def place_key(name: str) -> str:
    """Return the key under which all names of a place are one: GB is the UK, DE is Germany."""
    same = (place for place, others in _same().items() if key(name) in map(key, others))
    return key(next(same, name))


@cache
def known_genres() -> dict[str, str]:
    """Return every genre by its key."""
    table = _parts(GENRES)
    near = [_neighbour(other)[0] for others in table.values() for other in others]
    names = {key(name): name for name in (*table, *near)}
    return names | {key(other): name for name, others in _parts(ALIKE).items() for other in others}


@cache
def known_places() -> dict[str, str]:
    """Return every place by its key, and by what is said of those who are there."""
    tables = [_parts(PLACES), _parts(TERRITORIES), _parts(SAME)]
    names = {name for table in tables for whole, parts in table.items() for name in (whole, *parts)}
    there = {key(said): name for name, others in _parts(OF_THERE).items() for said in others}
    return {key(name): name for name in sorted(names)} | there


@cache
def near_genres() -> Mapping[str, Mapping[str, float]]:
    """Return for each genre its neighbours and how near they are, both ways, by key."""
    near: dict[str, dict[str, float]] = {}
    for name, others in _parts(GENRES).items():
        for neighbour, weight in map(_neighbour, others):
            near.setdefault(key(name), {})[key(neighbour)] = weight
            near.setdefault(key(neighbour), {})[key(name)] = weight
    for name, others in _parts(ALIKE).items():
        same = {key(name), *map(key, others)}
        around = {other: weight for other, weight in near.get(key(name), {}).items() if other not in same}
        for one in same:
            near[one] = {**around, **dict.fromkeys(same - {one}, 1.0)}
            for other, weight in around.items():
                near[other][one] = weight
    return near


def nearness(genre: str) -> dict[str, float]:
    """Return the keys of a genre (1.0) and of what is near to it, the nearest first."""
    near = {**near_genres().get(key(genre), {}), key(genre): 1.0}
    return dict(sorted(near.items(), key=lambda one: (-one[1], one[0])))


def closeness(wanted: Iterable[str], has: Iterable[str]) -> float:
    """Return how near the nearest pair of genres is, from 0 to 1."""
    held = {key(genre) for genre in has}
    return max((w for genre in wanted for name, w in nearness(genre).items() if name in held), default=0.0)


def inside_of(place: str) -> set[str]:
    """Return the keys of a place, of all that lies in it, and of their other names."""
    inside = {key(name): parts for name, parts in _wholes().items()}
    found: set[str] = set()
    open_ = [place_key(place)]
    while open_:
        here = open_.pop()
        found.add(here)
        open_ += [key(part) for part in inside.get(here, [])]
    return found.union(*(_names_of(name) for name in _same() if key(name) in found))


def places_in(location: str | None) -> list[str]:
    """Return the places that a location names, the smallest first: Leeds and UK of Leeds, UK."""
    return [place for part in COMMAS.split(location or "") if (place := part.strip())]


def is_everywhere(place: str) -> bool:
    """Tell whether what stands for a place leaves none out."""
    return key(place) in EVERYWHERE


def served_from(place: str) -> set[str]:
    """Return the keys of where somebody may be who reaches a place: in it, in its territory, or everywhere.

    Who is in "UK & Ireland" is in the UK; who is in Europe is somewhere in Europe.
    """
    inside = inside_of(place)
    wider = (whole for whole, parts in _parts(TERRITORIES).items() if not inside.isdisjoint(map(key, parts)))
    return inside.union(EVERYWHERE, *(_names_of(whole) for whole in wider))


def around_of(place: str) -> list[str]:
    """Return the names of what a place lies in, one step out; a territory is none."""
    around = (around_of(whole) if whole in _parts(TERRITORIES) else [whole] for whole in _has(place))
    return list(dict.fromkeys(chain.from_iterable(around)))


def reach(place: str) -> set[str]:
    """Return the keys of a place and of everything that it lies in: where it is eligible."""
    found, open_ = set[str](), [place]
    while open_:
        here = open_.pop()
        found |= _names_of(here)
        open_ += _has(here)
    return found


def _kept(beside: re.Match[str]) -> str:
    sign = beside[0]
    kind, place = category(sign), combining(sign)
    passed = place in ACCENTS or place in POINTS or "SELECTOR" in name_of(sign, "")
    return sign if kind == "Mc" or (kind == "Mn" and not passed) else ""


def _names_of(place: str) -> set[str]:
    """Return the keys under which a place is named."""
    own = place_key(place)
    return {
        own,
        *(key(other) for name, others in _same().items() if key(name) == own for other in others),
    }


def _has(place: str) -> list[str]:
    """Return the names of what a place is a part of."""
    return [whole for whole, parts in _wholes().items() if place_key(place) in map(key, parts)]


@cache
def _same() -> Table:
    """Return the other names of each place, and its code: in a sentence that may be a word, such as it."""
    names, codes = _parts(SAME), _parts(CODES)
    return {place: [*names.get(place, ()), *codes.get(place, ())] for place in names | codes}


@cache
def _wholes() -> Table:
    """Return what each place consists of."""
    return _parts(PLACES) | _parts(TERRITORIES)


def _neighbour(entry: str) -> tuple[str, float]:
    name, _, weight = entry.rpartition(" ")
    return name, float(weight)


def _named(words: Sequence[str], known: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Find names of up to three words; return them and the words that are left."""
    found, rest = list[str](), list(words)
    for length in (3, 2, 1):
        index = 0
        while index + length <= len(rest):
            if (name := known.get(key("".join(rest[index : index + length])))) is not None:
                found.append(name)
                del rest[index : index + length]
            else:
                index += 1
    return found, rest


@cache
def _parts(table: str) -> Table:
    lines = [line.split(": ") for line in table.strip().splitlines()]
    return {name: parts.split(", ") for name, parts in lines}
