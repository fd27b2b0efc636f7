"""What a reply's words are taken for: rules that anybody can read, for English; no model.

It is decided when the reply is recorded: afterwards the words are sealed, and nothing has to open them for
it. Automatic answers come first, since they thank for everything; then what was placed; a refusal before an
interest, since it is polite.
"""

import re

from shared.record_events import ReplyCategory

READ = 4000
QUOTATION = re.compile(r"^(on [^\n]{3,100} wrote:|-{2,} ?original message|_{10,}|from: )", re.MULTILINE)
DONE = "added|featured|published|posted|played|aired|spun|reviewed|included"
DO = "play|feature|add|include|spin|air|review|cover|run|take|accept|find"
DOING = "playing|featuring|adding|including|covering|running|taking|accepting"
VERY = "(really |quite |a |the )*"
RULES: dict[ReplyCategory, tuple[str, ...]] = {
    "auto": (
        "out of (the )?office",
        "auto(matic|mated)?[- ]?(reply|response|responder|message)",
        "on (annual|parental|maternity|paternity|sick|summer)? ?leave",
        "(on holiday|on vacation|away|travelling|back( in the office)?) (until|till|from|on) ",
        "limited access to (my )?e-?mails?",
        "(in|during) my absence",
        "do not reply to this",
        "no longer (works?|working|with|monitor)",
        "(not|no longer) (being )?monitored|unmonitored",
        "thank(s| you) for (contacting|getting in touch with|your submission|submitting)",
        "(has|have) been (received|forwarded)",
        "received your (e-?mail|message|submission)",
        "volume of (e-?mails|submissions|messages)",
    ),
    "placed": (
        f"(i|we|just)( have|'ve)?( just)? ({DONE})",
        "(is|are|went|now) (live|up|online) (on|at|now|here|in)",
        "added to (my|our|the) ",
        f"(was|got|has been|have been) ({DONE})",
        "link to (the|our|my) (review|feature|article|playlist|show|interview|piece)",
    ),
    "declined": (
        f"not {VERY}(right|good|great|fit|match|for|my|our|something)",
        f"(isn't|wasn't) {VERY}(right|good|great|fit|match|for|my|our|what|something)",
        "(i'll|we'll|have to|going to|i'm|we're|will) pass",
        "pass(ing)? on (this|it)",
        "not interested",
        "no,? thank",
        "unsubscribe",
        "(take|remove) (me|us) (off|from)",
        "stop (e-?mailing|sending|contacting|writing)",
        "(do not|don't) (contact|e-?mail|write|send)",
        f"(won't|will not|can't|cannot|couldn't|do not|don't|unable to) (be )?({DO}|{DOING}|able)",
        "not (currently )?(taking|accepting|looking for)",
        "unfortunately|regret|declin",
        f"(didn't|doesn't|did not|does not) {VERY}(work|fit|grab|connect|suit|feel)",
    ),
    "interested": (
        "(love|loved|loving|like|liked|enjoy|enjoyed|digging|dig) (it|this|the|your|that|what)",
        "interested|keen",
        "(send|e-?mail|forward|shoot) (me|us|over|it|the|a|through)",
        "(can|could) (you|i|we) (send|have|get)",
        "(do you have|have you got) (a|an|the|any)",
        "(sounds|looks) (good|great|lovely|fantastic|brilliant|interesting)",
        "(great|lovely|brilliant|fantastic|beautiful|nice) (track|song|tune|single|record|stuff|work)",
        "(happy|glad|pleased|delighted) to",
        f"(i'll|we'll|i will|we will|going to) ({DO})",
        "(would|i'd|we'd) (love|like)",
        "(call|ring|phone) me",
        "tell me more|count (me|us) in",
        "let'?s (talk|do|set|arrange|chat|schedule)",
        "when is (it|the|this)",
    ),
}
_COMPILED = {category: re.compile(rf"\b({'|'.join(rules)})") for category, rules in RULES.items()}


def category_of(words: str) -> ReplyCategory:
    """Return the first category of which a rule fits the person's own words; `other` when none does."""
    said = words[:READ].casefold().replace("\u2019", "'")
    said = QUOTATION.split(said, maxsplit=1)[0]
    own = " ".join(" ".join(line for line in said.splitlines() if not line.startswith(">")).split())
    return next((category for category, rules in _COMPILED.items() if rules.search(own)), "other")
