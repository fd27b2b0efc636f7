"""What each question is known by, and which of its slots its answer can use."""

from typing import get_args

from totalaud.planner import words as w
from totalaud.planner.question import Intent

TO_SOMEBODY = "@to"
AN_OUTLET = "@outlet"
SOMEBODY = "@who"
CAMPAIGNS_COMPARED = "@campaigns"
RELEASES_COMPARED = "@releases"
SEVERAL_NAMED = "@several"
FOR_A_RELEASE = "@release"
WHO_LIKES = "@likes"
ANY_ANSWERS = "@any"
WHICH_GROUP = "@group"
HOW_IT_GOES = "@goes"
WHAT = frozenset({"what", "whats"})

RULES: dict[Intent, tuple[tuple[frozenset[str], ...], ...]] = {
    "find": (),
    "whom": (
        (frozenset({SOMEBODY}), frozenset({"should"}), w.words("hear pitch contact email mail send write")),
    ),
    "pitch": (
        (w.WRITE, w.PITCH),
        (frozenset({"pitch"}), w.RELEASE),
        (frozenset({TO_SOMEBODY}),),
    ),
    "performance": (
        (w.CAMPAIGN, w.DOING),
        (frozenset({HOW_IT_GOES}),),
        (w.FOLLOW_UP,),
        (frozenset({"many"}), w.ANSWERS | w.SENT),
        (frozenset({ANY_ANSWERS}),),
        (w.words("did has have"), w.words("anybody anyone somebody someone"), w.ANSWERS),
    ),
    "report": ((w.REPORT,),),
    "patterns": ((w.ASKED, w.WORKS), (w.COMPARE, w.PEERS), (w.WORKS, w.PEERS)),
    "next": (
        (frozenset({"next"}), w.words("do steps step should recommend")),
        (WHAT, frozenset({"should"}), frozenset({"do"})),
        (WHAT, w.words("due todo urgent")),
    ),
    "timing": (
        (frozenset({"when"}), w.words("send pitch email write mail contact")),
        (
            w.words("time times day days"),
            frozenset({"best", "good", "should"}),
            w.words("send pitch email write mail contact"),
        ),
    ),
    "plan": (
        (
            w.words("plan schedule timeline"),
            frozenset({*w.RELEASE, "campaign", "launch", "outreach"}),
        ),
    ),
    "hashtags": ((frozenset({"hashtags", "hashtag"}),),),
    "press": ((w.WRITE, frozenset({"pressrelease"})), (frozenset({"pressrelease"}), w.RELEASE)),
    "opportunities": (
        (
            w.words(
                """
    opportunities opportunity festivals festival funding grants grant submissions deadlines
    """
            ),
        ),
    ),
    "similar": (
        (w.words("similar competition competitor competitors rival rivals"),),
        (
            w.words("which who find"),
            w.words("artists bands acts musicians sound sounds"),
            frozenset({"like"}),
        ),
    ),
    "trends": (
        (w.words("trend trends trending rising falling growing"),),
        (w.MEASURED, w.MOVING),
    ),
    "answers": (
        (w.words("rate rates"), w.ANSWERS),
        (frozenset({"how"}), w.words("long soon quickly fast"), w.ANSWERS),
        (frozenset(w.GROUPS), w.ANSWERS),
        (frozenset({WHICH_GROUP}), w.WORKS),
        (WHAT, w.words("say says said"), w.ANSWERS),
        (frozenset({CAMPAIGNS_COMPARED}), w.ANSWERS | w.COMPARE | w.DOING | w.WORKS | w.RANKED),
        (frozenset({RELEASES_COMPARED}), w.ANSWERS | w.COMPARE | w.DID_WELL),
        (frozenset({SEVERAL_NAMED}), w.COMPARE | w.DOING | w.RANKED),
    ),
    "predict": ((w.LIKELY,), (frozenset({"will"}), w.words("who anybody anyone many"), w.ANSWERS | w.SENT)),
}
STRONGER: dict[Intent, frozenset[Intent]] = {
    "report": frozenset({"performance"}),
    "plan": frozenset({"performance"}),
    "patterns": frozenset({"similar"}),
    "timing": frozenset({"pitch", "press", "whom"}),
    "whom": frozenset({"pitch"}),
    "answers": frozenset({"performance", "patterns"}),
    "predict": frozenset({"performance"}),
}
assert set(RULES) == set(get_args(Intent))

COMPARED = frozenset({CAMPAIGNS_COMPARED, RELEASES_COMPARED, SEVERAL_NAMED})
MARKS = COMPARED | {
    SOMEBODY,
    TO_SOMEBODY,
    AN_OUTLET,
    FOR_A_RELEASE,
    ANY_ANSWERS,
    WHO_LIKES,
    WHICH_GROUP,
    HOW_IT_GOES,
}
EVERY = (
    w.FILLERS.union(
        *(group for rules in RULES.values() for rule in rules for group in rule),
        *(w.LOOK, w.WRITE, w.PEOPLE, w.COVER, w.CAMPAIGN, w.RELEASE, w.DOING, w.PEERS, w.NEGATIONS, w.ACTS),
        *(w.NO_WINDOW, w.MEASURED, w.NUMBERS),
        *(w.CHANNELS, w.PLATFORMS, w.AUDIENCES, w.DETAILS, w.OPENINGS, w.GROUPS, w.OUTCOMES, w.SUCCESS),
        *w.TONES.values(),
    )
    - MARKS
)
SLOTS: dict[Intent, frozenset[str]] = {
    "find": w.words("genres regions type outlet contact"),
    "whom": w.words("genres regions type release release_type artist"),
    "pitch": w.words("genres regions type outlet contact release release_type artist"),
    "performance": w.words("campaign release release_type artist window"),
    "report": w.words("campaign release release_type artist window"),
    "patterns": w.words("artist genres cohort"),
    "next": w.words("campaign artist window"),
    "timing": w.words("type contact release release_type artist"),
    "plan": w.words("release release_type artist channels hours_per_week budget"),
    "hashtags": w.words("release release_type artist platform"),
    "press": w.words("release release_type artist"),
    "opportunities": w.words("genres regions release release_type artist budget"),
    "similar": w.words("artist genres"),
    "trends": w.words("genres regions"),
    "answers": w.words("campaign release release_type"),
    "predict": w.words("genres regions type outlet contact campaign release release_type artist"),
}
