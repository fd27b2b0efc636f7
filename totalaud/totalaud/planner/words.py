"""The words of the grammar."""

from typing import get_args

from totalaud.planner.question import Intent


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WRITE = _words("write draft create generate compose make prepare")
LOOK = _words(
    """
    find search look looking searching show list get recommend suggest who which need want discover
    locate give
    """
)
PITCH = _words("pitch pitches email message mail")
RELEASE_TYPES = {
    "single": "single",
    "track": "single",
    "song": "single",
    "ep": "ep",
    "album": "album",
    "lp": "album",
}
RELEASE = frozenset({*RELEASE_TYPES, "release", "record"})
CAMPAIGN = _words("campaign campaigns outreach pitches")
DOING = _words(
    """
    how hows performing performance performed doing going status progress track results stats numbers
    """
)
FOLLOW_UP = _words("followup followups follow-up follow-ups chase")
REPORT = _words("report reports")
AUDIENCES = {"artist": "artist", "pr": "pr", "publicist": "pr", "label": "label"}
DETAILS = {
    "brief": "brief",
    "short": "brief",
    "detailed": "detailed",
    "detail": "detailed",
    "full": "detailed",
    "long": "detailed",
}
TONES = {
    "friendly": _words("friendly warm"),
    "professional": _words("professional formal"),
    "playful": _words("playful funny"),
    "brief": _words("brief short quick"),
}
OPENINGS = {
    "festival": "festival",
    "festivals": "festival",
    "funding": "funding",
    "grant": "funding",
    "grants": "funding",
    "playlist": "playlist",
    "playlists": "playlist",
    "podcast": "podcast",
    "podcasts": "podcast",
    "blog": "blog",
    "blogs": "blog",
}
PEERS = _words("artists artist musicians bands band acts other others peers people")
WORKS = _words(
    """
    working works work worked effective successful patterns pattern resonates resonating
    """
)
COMPARE = _words("compare compared benchmark")
ASKED = _words("what whats which how")
COVER = _words("cover covers covering feature features featuring review reviews support supports")
PEOPLE = _words("contacts contact people someone anyone somebody anybody")

ANSWERS = _words("reply replies replied response responses respond answer answers answered")
LIKELY = _words(
    """
    likely likeliest likelihood probable probably probability chance chances odds predict predicts
    prediction predictions
    """
)
SUCCESS = _words("success succeed successful")
OUTCOMES = {
    **dict.fromkeys(("interested", "interest", "positive", "positively"), "positive"),
    **dict.fromkeys(("place", "placed", "placement", "placements"), "placed"),
}
GROUPS = {
    "type": "type",
    "types": "type",
    "genre": "genre",
    "genres": "genre",
    "region": "region",
    "regions": "region",
    "country": "region",
    "countries": "region",
    "outlet": "outlet",
    "outlets": "outlet",
    "template": "template",
    "templates": "template",
    "weekday": "weekday",
    "weekdays": "weekday",
    "day": "weekday",
    "days": "weekday",
}
RULES: dict[Intent, tuple[tuple[frozenset[str], ...], ...]] = {
    "find": (),
    "pitch": ((WRITE, PITCH), (frozenset({"pitch"}), RELEASE)),
    "performance": ((CAMPAIGN, DOING), (FOLLOW_UP,)),
    "report": ((REPORT,),),
    "patterns": ((ASKED, WORKS), (COMPARE, PEERS), (WORKS, PEERS)),
    "next": ((frozenset({"next"}), _words("do steps step should recommend")),),
    "timing": (
        (frozenset({"when"}), _words("send pitch email write mail contact")),
        (
            _words("time times day days"),
            frozenset({"best", "good", "should"}),
            _words("send pitch email write mail"),
        ),
    ),
    "plan": (
        (
            _words("plan schedule timeline"),
            frozenset({*RELEASE, "campaign", "launch", "outreach"}),
        ),
    ),
    "hashtags": ((frozenset({"hashtags", "hashtag"}),),),
    "press": ((WRITE, frozenset({"pressrelease"})), (frozenset({"pressrelease"}), RELEASE)),
    "opportunities": (
        (
            _words(
                """
    opportunities opportunity festivals festival funding grants grant submissions
    """
            ),
        ),
    ),
    "similar": ((_words("similar competition competitor competitors rival rivals"),),),
    "trends": ((_words("trend trends trending rising falling growing"),),),
    "answers": (
        (_words("rate rates"), ANSWERS),
        (frozenset({"how"}), _words("long soon quickly fast"), ANSWERS),
        (frozenset(GROUPS), ANSWERS),
    ),
    "predict": ((LIKELY,),),
}
STRONGER: dict[Intent, frozenset[Intent]] = {
    "report": frozenset({"performance"}),
    "plan": frozenset({"performance"}),
    "timing": frozenset({"pitch", "press"}),
    "answers": frozenset({"performance", "patterns"}),
    "predict": frozenset({"performance"}),
}
assert set(RULES) == set(get_args(Intent))

WINDOWS = {
    "7d": (
        "this week",
        "last week",
        "past week",
        "last 7 days",
        "past 7 days",
        "last seven days",
        "7 days",
        "weekly",
        "week",
    ),
    "28d": (
        "this month",
        "last month",
        "past month",
        "last 28 days",
        "last 30 days",
        "last 4 weeks",
        "last four weeks",
        "monthly",
        "month",
    ),
    "all": ("so far", "overall", "all time", "in total", "altogether", "since the start", "ever"),
}
NO_WINDOW = _words(
    """
    today yesterday tomorrow daily fortnight fortnightly year years yearly annual annually quarter
    quarterly hour hours monday tuesday wednesday thursday friday
    saturday sunday january february march april june july august september october november
    december
    """
)
PLATFORMS = {
    "instagram": "instagram",
    "insta": "instagram",
    "tiktok": "tiktok",
    "youtube": "youtube",
    "x": "x",
    "twitter": "x",
    "bluesky": "bluesky",
}
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
NEGATIONS = _words(
    """
    no not dont doesnt didnt isnt arent wasnt werent hasnt havent hadnt wont wouldnt cant cannot couldnt
    shouldnt never without except but neither nor unless hate hates dislike dislikes outside beyond
    excluding exclude avoid avoiding least worst
    """
)
ACTS = _words(
    """
    delete erase remove cancel send import export forget suppress unsubscribe call buy pay post
    publish
    """
)
GOVERN = _words(
    """
    for to in of by with from like likes love loves into play plays near about at on called
    """
)
NEAR = _words("like likes love loves into play plays near about")
FILLERS = _words(
    """
    a about all an and any are as at be been by can could do does doing for from get gets getting good
    great has have hello hey hi how i id ill im in into is it its just kindly like likes list love loves
    make me music my new newest latest next of on or our out please play playing plays right some tell
    that the their them there these they this to up upcoming us we what whats take takes taking which
    who whom whose will with would you your now currently so far best better most more really near based
    located for fans fan fit fits short quick nice friendly should could need want called shows show
    hosts host producers producer top pls thanks thank &
    """
)

EVERY = FILLERS.union(
    *(group for rules in RULES.values() for rule in rules for group in rule),
    *(LOOK, WRITE, PEOPLE, COVER, CAMPAIGN, RELEASE, DOING, PEERS, NEGATIONS, ACTS, NO_WINDOW),
    *(CHANNELS, PLATFORMS, AUDIENCES, DETAILS, OPENINGS, GROUPS, OUTCOMES, SUCCESS),
    *TONES.values(),
)
SLOTS: dict[Intent, frozenset[str]] = {
    "find": _words("genres regions type outlet contact"),
    "pitch": _words("genres regions type outlet contact release release_type artist"),
    "performance": _words("campaign release release_type artist window"),
    "report": _words("campaign release release_type artist window"),
    "patterns": _words("artist genres cohort"),
    "next": _words("campaign artist"),
    "timing": _words("type contact release release_type artist"),
    "plan": _words("release release_type artist channels hours_per_week budget"),
    "hashtags": _words("release release_type artist platform"),
    "press": _words("release release_type artist"),
    "opportunities": _words("genres regions release release_type artist budget"),
    "similar": _words("artist genres"),
    "trends": _words("genres regions"),
    "answers": _words("campaign release release_type"),
    "predict": _words("genres regions type outlet contact campaign release release_type artist"),
}
