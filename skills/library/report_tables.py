"""The tables and lists of a detailed report."""

from library.actions import Action
from library.campaign_numbers import FUNNEL, rates
from library.claimed_text import Text, joined, named, number, percent, quoted, rate, say
from library.markdown import Block, Heading, Items, Paragraph, Table, head
from library.report_material import Json, Material
from library.report_sentences import PAIR, ahead, coming, evidence, name, silent, step, unknown, when

MOST_DUE, MOST_GROUPS, MOST_PATTERNS, MOST_STEPS = 10, 12, 8, 5
LONGEST = 24
NONE = say("not known")
DRAWN = ("drawn, %", "best, %")
LEGEND = say("Drawn: what few pitches show, drawn to what all share. Best: how likely it is the best.")
BESIDE = "Your campaigns, by pitches with a known outcome"


def section(heading: str, *blocks: Block) -> list[Block]:
    return [Heading(say(heading)), *blocks]


def funnel(of: Material) -> list[Block]:
    """Set the counts of this period beside those of the one before."""
    now, then = of.numbers.current, of.numbers.previous
    rows = [head("", "this period", *(["before"] if then else []))]
    for stage in FUNNEL:
        cells = [say(stage), (number(now.funnel[stage], of.refs.pitches(stage)),)]
        if then:
            cells.append((number(then.funnel[stage], of.refs.pitches(stage, before=True)),))
        rows.append(cells)
    return section("The funnel", Paragraph(say("{name}, {when}.", name=name(of), when=when(of))), Table(rows))


def shares(of: Material) -> list[Block]:
    """Set shares of what was delivered beside those before, with how likely each is lower now."""
    if of.missing:
        return []
    if of.numbers.previous is None or not of.numbers.previous.delivered:
        return section("Shares of what was delivered", Table(_shares_alone(of)))
    then = {one["metric"]: one["rate"] for one in rates(of.numbers.previous)}
    rows = [head("", "this period", "before", "lower, %")]
    for one in rates(of.numbers.current):
        metric, ref = one["metric"], of.refs.delivered(f"{one['metric']}_at")
        before = of.refs.delivered(f"{metric}_at", before=True)
        rows.append(
            [
                say(metric),
                rate(one["rate"], ref),
                rate(then[metric], before),
                (percent(of.changes[metric]["p_worse_in_the_end"], f"{ref}; {before}"),)
                if metric in of.changes
                else NONE,
            ]
        )
    return section("Shares of what was delivered", Paragraph(say("Lower: how likely it is.")), Table(rows))


def _shares_alone(of: Material) -> list[list[Text]]:
    refs = ((one, of.refs.delivered(f"{one['metric']}_at")) for one in rates(of.numbers.current))
    return [head("", "this period"), *([say(one["metric"]), rate(one["rate"], ref)] for one, ref in refs)]


def expected(of: Material) -> list[Block]:
    return [Paragraph(told)] if (told := coming(of)) else []


def who(of: Material) -> list[Block]:
    """Tell which types of contacts answer, by pitches whose outcome is known."""
    found = of.answers.groups[:MOST_GROUPS]
    if not found:
        return section("Who answers", Paragraph(say("No pitch is old enough for its outcome to be known.")))
    beside = len(found) > 1
    rows = [head("type", "answered", *(DRAWN if beside else ()))]
    for one in found:
        ref = of.refs.settled(f"type = {one['key']}")
        drawn = [(percent(one[key], ref),) for key in ("shrunk", "p_best") if beside]
        rows.append([(named(one["key"], ref),), rate(one["rate"], ref), *drawn])
    legend = [Paragraph(LEGEND)] if beside else []
    return section("Who answers", *legend, Table(rows), Paragraph(how_soon(of)))


def how_soon(of: Material) -> Text:
    curve = of.answers.curve
    half, most = curve.delay_quantile(0.5), curve.delay_quantile(0.75)
    if half is None or most is None:
        return say(
            "Too few answers have come to say how soon." if curve.answered else "No answer has come yet."
        )
    ref = of.refs.answered()
    return say(
        "{middle} % of the answers came within {half} days, {most} % within {long}.",
        middle=number(50, of.refs.rule("median")),
        half=number(half, ref, places=1),
        most=number(75, of.refs.rule("upper quartile")),
        long=number(most, ref, places=1),
    )


def said(of: Material) -> list[Block]:
    """Tell how many pitches had which kind of reply."""
    ref = of.refs.replies()
    told = [say(f"{{n}} {kind}", n=number(many, ref)) for kind, many in of.answers.categories.items() if many]
    if not told:
        return []
    return section("What they said", Paragraph(say("Pitches by reply: {told}.", told=joined(told, ", "))))


def silent_ones(of: Material) -> list[Block]:
    """List who has been silent for longest; people by their outlets, their names stay sealed."""
    if not of.followups:
        return []
    rows = [head("the longest silent", "days")]
    for one in of.followups[:MOST_DUE]:
        ref = of.refs.silent(f"contact_id = {one['contact_id']}")
        who_ = (named(one["outlet"], ref),) if one.get("outlet") else say("a contact without an outlet")
        rows.append([who_, (number(one["days"], ref),)])
    return section("Whom to remind", Paragraph(silent(of)), Table(rows))


def patterns(of: Material) -> list[Block]:
    """Tell what goes together with more answers, among all the user's pitches."""
    found = [one for one in (of.patterns or {}).get("patterns", ()) if one["verdict"] != "not_enough_data"]
    if not found:
        return section("What goes with more answers", Paragraph(say("No pattern can be shown.")))
    return section("What goes with more answers", Items([_pattern(of, one) for one in found[:MOST_PATTERNS]]))


def steps(of: Material) -> list[Block]:
    if not of.actions:
        return section("Next", Paragraph(say("No step is worth its effort now.")))
    return section("Next", Items([_step(of, one) for one in of.actions[:MOST_STEPS]]))


def rivals(of: Material) -> list[Block]:
    """Set the user's campaigns beside each other, the most answered first."""
    if len(of.rivals) < PAIR:
        return section(BESIDE, Paragraph(ahead(of)))
    rows = [head("campaign", "answered", *DRAWN)]
    for one in of.rivals[:MOST_GROUPS]:
        ref = of.refs.all_settled(f"campaign_id = {one['key']}")
        drawn, best = (percent(one[key], ref) for key in ("shrunk", "p_best"))
        rows.append([(name(of, one, LONGEST),), rate(one["rate"], ref), (drawn,), (best,)])
    return section(BESIDE, Paragraph(ahead(of)), Paragraph(LEGEND), Table(rows))


def open_questions(of: Material) -> list[Block]:
    told = unknown(of)
    return section("What is not known", Items(told)) if told else []


def _pattern(of: Material, one: Json) -> Text:
    ref = of.refs.all_settled(one["rule"])
    return quoted(one["text"], ref)


def _step(of: Material, action: Action) -> Text:
    why = [quoted(one["why"], evidence(of, action)) for one in action.evidence]
    told = step(of, action)
    if action.due is not None:
        told = say("{told}, by {due}", told=told, due=named(action.due.isoformat(), evidence(of, action)))
    return say("{told}. Because: {why}.", told=told, why=joined(why, "; "))
