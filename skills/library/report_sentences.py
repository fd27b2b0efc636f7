"""What a report says in sentences; an empty text is one that has nothing to say."""

from typing import Any

from library.actions import Action
from library.campaign_numbers import FEWEST, FUNNEL, rates, says_anything
from library.claimed_text import LONGEST_NAME, Piece, Text, joined, named, number, percent, quoted, rate, say
from library.followups import PATIENCE
from library.outcomes import HORIZON_DAYS
from library.report_material import Material

VERDICTS = {
    "better": "That is clearly better than {rate} in the {days} days before.",
    "worse": "That is clearly worse than {rate} in the {days} days before.",
    "no_clear_change": "That is no clear change from {rate} in the {days} days before.",
}
REPLIED = "replied"
PAIR = 2

Json = dict[str, Any]


def name(of: Material, given: Json | None = None, longest: int = LONGEST_NAME) -> Piece:
    """Name a campaign, by default the report's own."""
    one = given or of.campaign
    return named(one["name"] or "a campaign without a name", of.refs.campaign(one.get("key")), longest)


def days(of: Material) -> Piece:
    return number(of.numbers.window.days or 0, of.refs.rule("length of the period"))


def when(of: Material) -> Text:
    return say("so far") if of.numbers.window.days is None else say("in the last {days} days", days=days(of))


def sent(of: Material) -> Text:
    """Say what was sent, as one would to the artist."""
    funnel, refs = of.numbers.current.funnel, of.refs
    if not funnel["sent"]:
        return say("You sent nothing for {name} {when}.", name=name(of), when=when(of))
    told = number(funnel["sent"], refs.pitches())
    pitches = "pitch" if funnel["sent"] == 1 else "pitches"
    return say(f"You sent {{sent}} {pitches} for {{name}} {{when}}.", sent=told, name=name(of), when=when(of))


def answered(of: Material) -> Text:
    """Say what share was answered, where there is enough to speak of a share; else what is missing."""
    current, refs = of.numbers.current, of.refs
    if not current.funnel["sent"]:
        return ()
    if not of.delivered:
        return say("It bounced." if current.funnel["sent"] == 1 else "All of them bounced.")
    told = number(current.funnel[REPLIED], refs.delivered("replied_at is known"))
    verb = "was" if current.funnel[REPLIED] == 1 else "were"
    if of.missing:
        return say(f"{{replied}} {verb} answered.", replied=told)
    shown = rate(rates(current)[0]["rate"], refs.delivered())
    return say(f"{{replied}} {verb} answered: {{rate}}.", replied=told, rate=shown)


def answered_share(of: Material) -> Text:
    """Say what share was answered, where the counts stand already."""
    if of.missing:
        return ()
    shown = rate(rates(of.numbers.current)[0]["rate"], of.refs.delivered())
    return say("Answered: {rate}.", rate=shown)


def lacking(of: Material) -> Text:
    """Say how much is missing to speak of a rate."""
    if not of.missing:
        return ()
    more = number(of.missing, of.refs.delivered())
    noun = "pitch is" if of.missing == 1 else "pitches are"
    return say(f"Not enough data: {{more}} more delivered {noun} needed to speak of a rate.", more=more)


def placed(of: Material) -> Text:
    many = of.numbers.current.funnel["placed"]
    if not many:
        return ()
    told = number(many, of.refs.delivered("placed_at is known"))
    return say("{placed} placed you.", placed=told)


def changed(of: Material) -> Text:
    """Set the share answered beside that of the period before; its figures only where both have enough."""
    then = of.numbers.previous
    if of.missing or then is None or then.delivered < FEWEST or REPLIED not in of.changes:
        return ()
    before = rates(then)[0]["rate"]
    told = rate(before, of.refs.delivered(before=True))
    return say(VERDICTS[of.changes[REPLIED]["verdict"]], rate=told, days=days(of))


def coming(of: Material) -> Text:
    """Say what share is to be expected in the end, while answers are still coming in."""
    if of.missing or not of.numbers.current.funnel["pending"]:
        return ()
    if not says_anything(of.eventual):
        return say("Answers are still coming in, and it is too early to say how many there will be.")
    told = rate(of.eventual, of.refs.delivered())
    horizon = number(HORIZON_DAYS, of.refs.rule("horizon in days"))
    return say(
        "Answers are still coming in: {rate} are to be expected within {horizon} days of sending.",
        rate=told,
        horizon=horizon,
    )


def silent(of: Material) -> Text:
    """Say how many pitches have been silent for longer than one waits."""
    if not of.followups_due:
        return ()
    told = number(of.followups_due, of.refs.silent())
    noun = "pitch has" if of.followups_due == 1 else "pitches have"
    patience = number(PATIENCE.days, of.refs.rule("patience in days"))
    return say(f"{{due}} {noun} been silent for more than {{patience}} days.", due=told, patience=patience)


def step(of: Material, action: Action) -> Text:
    return quoted(action.title, evidence(of, action))


def evidence(of: Material, action: Action) -> str:
    """Refer to the rows that an action rests on."""
    told = [f"{one['kind']} ({one['n']}): {one['ref']}" for one in action.evidence]
    return of.refs.rows(f"next step {action.kind}", *told)


def following(of: Material) -> Text:
    """Say what to do next."""
    if not of.actions:
        return say("No step is worth its effort now.")
    return say("Next: {step}.", step=step(of, of.actions[0]))


def counts(of: Material) -> Text:
    """Tell the funnel in one line."""
    funnel, refs = of.numbers.current.funnel, of.refs
    told = [say(f"{{n}} {stage}", n=number(funnel[stage], refs.pitches(stage))) for stage in FUNNEL]
    return say("{name}, {when}: {counts}.", name=name(of), when=when(of), counts=joined(told, ", "))


def ahead(of: Material) -> Text:
    """Say which campaign is answered most, and how sure that is; one that nobody answered is none."""
    if len(of.rivals) < PAIR:
        return say("No two campaigns have pitches with a known outcome, so there is nothing to compare.")
    many = number(len(of.rivals), of.refs.all_settled("by campaign"))
    which = "the {many} campaigns with most of your latest pitches" if of.few_rivals else "{many} campaigns"
    first = next((one for one in of.rivals if one["rate"]["k"]), None)
    if first is None:
        horizon = number(HORIZON_DAYS, of.refs.rule("horizon in days"))
        return say(
            f"Of {which} none has an answer to a pitch older than {{horizon}} days.",
            many=many,
            horizon=horizon,
        )
    ref = of.refs.all_settled(f"campaign_id = {first['key']}")
    return say(
        f"Of {which} {{name}} is answered most, {{rate}}; it is the best with a probability of {{p}} %.",
        many=many,
        name=name(of, first),
        rate=rate(first["rate"], ref),
        p=percent(first["p_best"], ref),
    )


def unknown(of: Material) -> list[Text]:
    """Say what there is too little data for, beside the rates."""
    told = [lacking(of)] if of.missing else []
    found = of.patterns
    if found is not None and (needed := found["meta"].get("needed")):
        more = number(needed, of.refs.all_settled())
        noun, verb = ("pitch", "is") if needed == 1 else ("pitches", "are")
        told.append(
            say(f"For patterns about {{more}} more {noun} with a known outcome {verb} needed.", more=more)
        )
    if not of.steady:
        told.append(say("Something was recorded while this was written: figures may differ by it."))
    return told
