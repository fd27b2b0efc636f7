"""English words that say nothing by themselves, and those that claim something."""

ORDINARY_WORDS = """
a about above according across act add after afternoon again against ahead airy album albums all almost
alone along already also although always am among an and another anthemic any anyone anything appreciate
are around arrangement artist artists as ask at atmosphere atmospheric attached available away back
background band based bass be beat beautiful because become before begin behind being believe below
beside besides best better between beyond big body bold born both bottom brief bright bring bringing
built busy but by call came can catchy check cheers chorus cinematic clear close club colour come
consider contact contacts could crisp curator dance dark date day days dear description despite details
did dj do does down download drawing dreamy drive driven drums due during each earlier early easy echo
echoes editor editors either electronic else email embargo enclosed end enjoy enough ep equal ethereal
euphoric even evening ever every everyone everything expansive expect fan fancy fans far fast feel few
file files find first fit five folk follow for four fresh friendly from front full further furthermore
genre gentle get give given glad go going good grab grateful great greetings guitar guitars had happy
harmonies harmony has have having he headline hear heard heavy hello help hence her here hey hi his home
honest hope hopes how however hypnotic i ideal if imagine in include included indie information inside
instead intimate into is it its join just keep kind kindest kindly know last late later layered learn
less let light like link links listen listener listeners listening little live long look looking lots
love lush lyrics made mail mainly make makes making many material may maybe me meanwhile meet
melancholic melancholy melodic melodies melody message midway might mind minus mix mood moody more
moreover morning most mostly much music my near need neither never new news next nice night nights no
nobody none nor nostalgic not note notes nothing now of off offer often oh okay old on once one only
open or other others otherwise our out outside over overall page part partly patient people perfect
perhaps person picture piece pitch place play playing playlist please plus point pop presenter press
production proud ps public pure put quick quiet quite radio rarely rather raw read ready real really
recently recording regards release released releases remember replies reply restrained reverb rhythm
rhythms right same say see send sent set several shall share she short should show side simple simply
since sincerely single singles sit six slow small so soft some someone something sometimes somewhere
songs songwriting soon sound sounding sounds sparse speak start station stay still stop story stream
subject such suits summary summer support sure synth synths take takes talk tell ten tender text texture
textures than thank thankful thanks that the their them then there therefore these they thing things
think this those though thoughtful three through throughout thus time title to together tone too track
tracks true truly tune two under understated unless until up upon us use using usually verse version
versions very video vocal vocals voice wait want warm warmest warmth was we well were what whatever when
whenever where wherever whether which whichever while who whoever whole whose why will winter wish
wishes with within without wonder word words work would write writing written yes yet you your yours
"""
CLAIMING_WORDS = """
acclaim acclaimed accolade award award-winning best-selling bestseller bestselling celebrated chart
chart-topping charted charting co-produced co-written collaborate collaborated collaboration
collaborator critic debut duo exclusive famous festival headlined headlining iconic international
internationally legendary mastered mixed nominated nomination nominee number-one platinum playlisted
praise praised premiered prize produced producer quartet quintet record-breaking recorded remastered
remix remixed renowned residency sell-out signed sold-out streamed supported tour toured touring trio
viral winner winning won world-famous
"""
NEUTRAL_WORDS = "i im id ill ive ep eps lp lps dj djs ps cd pr ok wav wavs"
ORDINARY = frozenset(ORDINARY_WORDS.split())
NEUTRAL = frozenset(NEUTRAL_WORDS.split())
ENDINGS = ("ing", "ed", "ly", "ness")
SHORTEST_WITH_ENDING = 6
CLAIMED = frozenset(CLAIMING_WORDS.split())
CLAIMED_PHRASES = ("sold out", "number one", "first ever", "best new", "top ten", "top forty")
FIRST_OF = "single|ep|lp|album|release|record|song|track|artist|band|act|woman|time|ever|headline"

MONTH_NAMES = """
january february march april may june july august september october november december
"""
NUMBER_WORDS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen
"""
TENS_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
ORDINAL_WORDS = """
first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
fifteenth sixteenth seventeenth eighteenth nineteenth
"""
DECADE_WORDS = "noughties teens twenties thirties forties fifties sixties seventies eighties nineties"
WEEKDAY_NAMES = "monday tuesday wednesday thursday friday saturday sunday"


def numbered(names: str, first: int = 0) -> dict[str, int]:
    return {name: number for number, name in enumerate(names.split(), first)}


MONTHS = {
    written: number
    for name, number in numbered(MONTH_NAMES, 1).items()
    for written in (name, name[:3], *(["sept"] if name == "september" else []))
}
WEEKDAYS = numbered(WEEKDAY_NAMES)
UNITS = numbered(NUMBER_WORDS)
TENS = {name: 10 * number for name, number in numbered(TENS_WORDS, 2).items()}
SCALES = {"dozen": 12, "hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
ORDINALS = {
    **numbered(ORDINAL_WORDS, 1),
    **{f"{name.removesuffix('y')}ieth": number for name, number in TENS.items()},
    "hundredth": 100,
    "thousandth": 1_000,
}
DAYS = {
    **numbered(ORDINAL_WORDS, 1),
    **numbered("twentieth " + " ".join(f"twenty-{name}" for name in ORDINAL_WORDS.split()[:9]), 20),
    **numbered("thirtieth thirty-first", 30),
}
DECADES = {name: 10 * number for name, number in numbered(DECADE_WORDS).items() if name != "teens"}


def stem(word: str) -> str:
    """Cut what grammar adds, so that record, records and recorded are one."""
    for ending in ("ings", "ing", "ies", "ied", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) > 2:  # noqa: PLR2004 - what is left must be a word
            return word.removesuffix(ending)
    return word
