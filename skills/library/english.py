"""English words that say nothing by themselves, and those that claim something."""

ORDINARY_WORDS = """
a about above according across act add after again against ahead album albums all almost alone along
already also although always am among an and another any anyone anything are around arrangement artist
artists as ask at atmosphere attached available away back background band based bass be beat because
become before begin behind being believe below beside besides best better between beyond big body bold
both brief bright bring bringing built busy but by call came can chorus clear close club colour come
contact contacts could curator dance dark date day days dear description details did dj do does down
drawing dreamy drive drums during each earlier early easy editor editors either electronic else email
embargo enclosed end enjoy enough ep even evening ever every everyone everything expect fan fans far
fast feel few file files find first fit five folk for four fresh friendly from front full further genre
gentle get give given glad go going good great greetings guitar guitars happy harmonies harmony has have
having he headline hear heard heavy hello help her here hey hi his home honest hope hopes how however i
if imagine in include included indie information inside instead into is it its join just keep kind
kindly know last late later layered learn less let light like link links listen listener listeners
listening little live long look looking lots love lush lyrics made mail mainly make makes making many
material may maybe me meanwhile meet melodies melody message midway might mind minus mix mood more
moreover morning most mostly much music my near need neither never new news next nice night nights no
nobody none nor not note notes nothing now of off offer often oh okay old on once one only open or other
others our out outside over overall page partly patient people perhaps person piece pitch place play
playing playlist please plus point pop presenter press production ps public pure put quick quiet quite
radio rarely rather raw read ready really recently recording regards release released releases remember
replies reply restrained rhythm rhythms right same say see send sent set several shall share she short
should show side simple simply since sincerely single singles sit six slow small so soft some someone
something songs songwriting soon sound sounding sounds sparse start station stay still stop story
subject such suits summary summer support sure synth synths take takes talk tell ten tender text texture
textures than thank thankful thanks that the their them then there these they thing things think this
those though thoughtful three through thus time title to together tone too track tracks tune two under
understated unless until up upon us use usually verse version versions very video vocal vocals voice
wait want warm warmth was we well were what whatever when whenever where wherever whether which while
who whole whose why will winter wish wishes with within without wonder word words work would write
writing yes yet you your yours
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
ORDINARY = frozenset(ORDINARY_WORDS.split())
NEUTRAL = frozenset(
    {"i", "im", "id", "ill", "ive", "ep", "eps", "lp", "lps", "dj", "djs", "ps", "cd", "pr", "ok"}
)
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
ORDINAL_WORDS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
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
ORDINALS = numbered(ORDINAL_WORDS, 1)
DECADES = {name: 10 * number for name, number in numbered(DECADE_WORDS).items() if name != "teens"}


def stem(word: str) -> str:
    """Cut what grammar adds, so that record, records and recorded are one."""
    for ending in ("ings", "ing", "ies", "ied", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) > 2:  # noqa: PLR2004 - what is left must be a word
            return word.removesuffix(ending)
    return word
