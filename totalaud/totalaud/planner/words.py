"""The words of the grammar."""


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def meanings(**said: str) -> dict[str, str]:
    """Return what each word stands for."""
    return {word: meant for meant, others in said.items() for word in others.split()}


WRITE = words("write draft create generate compose make prepare")
LOOK = words(
    """
    find search look looking searching show list get recommend suggest who which need want discover
    locate give
    """
)
PITCH = words("pitch pitches email message mail")
RELEASE_TYPES = meanings(
    single="single singles track tracks song songs", ep="ep eps", album="album albums lp lps"
)
RELEASE = frozenset({*RELEASE_TYPES, "release", "releases", "record", "records"})
CAMPAIGN = words("campaign campaigns outreach pitches")
DOING = words(
    """
    how hows performing performance performed doing going status progress track results stats numbers
    """
)
FOLLOW_UP = words("followup followups follow-up follow-ups chase")
REPORT = words("report reports summary recap")
LANGUAGES = words(
    """
    english german french spanish italian portuguese dutch polish czech swedish norwegian danish finnish
    icelandic hungarian romanian greek turkish ukrainian russian arabic hebrew hindi japanese korean chinese
    irish welsh catalan
    """
)
AUDIENCES = meanings(artist="artist", pr="pr publicist", label="label")
DETAILS = meanings(brief="brief short", detailed="detailed detail full long")
TONES = {
    "friendly": words("friendly warm"),
    "professional": words("professional formal"),
    "playful": words("playful funny"),
    "brief": words("brief short quick"),
}
OPENINGS = meanings(
    festival="festival festivals",
    funding="funding grant grants",
    playlist="playlist playlists",
    podcast="podcast podcasts",
    blog="blog blogs",
)
PEERS = words("artists artist musicians bands band acts other others peers people")
RIVALS = words("artists musicians bands acts others peers")
WORKS = words(
    """
    working works work worked effective successful patterns pattern resonates resonating
    """
)
COMPARE = words("compare compared comparison versus vs benchmark")
RANKED = words("best better well most did do done")
DID_WELL = words("best better well performing performance performed doing")
ASKED = words("what whats which how")
COVER = words("cover covers covering feature features featuring review reviews support supports")
PEOPLE = words("contacts contact people someone anyone somebody anybody")
PERSONS = words(
    "dj djs presenter presenters journalist journalists writer writers curator curators blogger bloggers"
)
ANSWERS = words("reply replies replied response responses respond answer answers answered")
SENT = words("send sent emails pitches pitched placements placed")
MEASURED = words("streams listener listeners follower followers")
MOVING = words("how hows up down develop developed developing grow change changed changing")
LIKELY = words(
    """
    likely likeliest likelihood probable probably probability chance chances odds predict predicts
    prediction predictions
    """
)
SUCCESS = words("success succeed successful")
OUTCOMES = meanings(
    positive="interested interest positive positively", placed="place placed placement placements"
)
OUTLETS = words("outlet outlets")
GROUPS = meanings(
    type="type types kind kinds",
    genre="genre genres",
    region="region regions country countries",
    outlet="outlet outlets",
    template="template templates",
    weekday="weekday weekdays day days",
)
WINDOWS = {
    "7d": (
        "this week",
        "last week",
        "past week",
        "last 7 days",
        "past 7 days",
        "last seven days",
        "7 days",
        "last 7d",
        "7d",
        "weekly",
        "week",
    ),
    "28d": (
        "this month",
        "last month",
        "past month",
        "last 28 days",
        "last 28d",
        "28d",
        "last 30 days",
        "last 4 weeks",
        "last four weeks",
        "monthly",
        "month",
    ),
    "all": ("so far", "overall", "all time", "in total", "altogether", "since the start", "ever"),
}
NO_WINDOW = words(
    """
    today yesterday tomorrow daily fortnight fortnightly year years yearly annual annually quarter
    quarterly hour hours monday tuesday wednesday thursday friday
    saturday sunday january february march april june july august september october november
    december
    """
)
TIMES = words("tonight weekend weekends mtd ytd q1 q2 q3 q4")
PARTS_OF_TIME = words(
    """
    spring summer autumn winter christmas easter night morning afternoon evening jan feb mar apr jun jul
    aug sep sept oct nov dec
    """
)
BOUNDS = words("before after until till since between")
AT = words("last this in over since during past until before after")
NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "fifty": 50,
}
PLATFORMS = meanings(
    instagram="instagram insta", tiktok="tiktok", youtube="youtube", x="x twitter", bluesky="bluesky"
)
CHANNELS = {
    word: channels
    for said, channels in (
        ("radio djs stations", ("radio",)),
        ("blog blogs bloggers", ("online_press",)),
        ("magazines", ("print_press",)),
        ("press journalists", ("online_press", "print_press")),
        ("spotify", ("spotify",)),
        ("apple", ("apple",)),
        ("amazon", ("amazon",)),
        ("playlist playlists", ("spotify", "apple", "amazon", "curators")),
        ("curators", ("curators",)),
        ("social socials", ("social",)),
        ("live", ("live",)),
    )
    for word in said.split()
}
NEGATIONS = words(
    """
    no not dont doesnt didnt isnt arent wasnt werent hasnt havent hadnt wont wouldnt cant cannot couldnt
    shouldnt never without except but neither nor unless hate hates dislike dislikes outside beyond
    excluding exclude excl avoid avoiding least worst minus
    besides excluded cancelled canceled skip skipping ignore ignoring omit omitting unlikely unlike dnt aint
    nope non
    """
)
LEFT_OUT = words(
    """
    drop bar save less leave lose forget stop remove cut cancel zero none nothing hardly barely exc
    """
)
CONDITIONS = words("if")
POLITE = ("if possible", "if any", "if you can", "if you could", "if you would", "if you please")
BEFORE_WRITING = words("until till before after once when whenever while")
ACTS = words(
    """
    delete erase remove cancel send import export forget suppress unsubscribe call buy pay post
    publish
    """
)
GOVERN = words(
    """
    for to in of by with from like likes love loves into play plays near about at on called
    """
)
NEAR = words("like likes love loves into play plays near about")
FILLERS = words(
    """
    a about all am an and any are as at be been by can could do does doing for from get gets getting good
    great has have hello hey hi how i id ill im in into is it its just kindly like likes list love loves
    make me music my new newest latest next of on or our out please play playing plays right some tell
    that the their them there these they this to up upcoming us we what whats take takes taking which
    who whom whose will with would you your now currently so far best better most more really near based
    yet located for fans fan fit fits short quick nice friendly should could need want called shows show
    hosts host producers producer top pls asap thanks &
    """
)
