"""Which command tells or does what was asked for, where no plan does."""

import re

from totalaud.planner.words import ANSWERS, PITCH, words

WORD = re.compile(r"[a-z]+")
OUTREACH = "'totalaud outreach list' tells what was sent and who answered"
HAPPENED = words(
    """
    answered replied responded pitched emailed contacted wrote written sent played covered reviewed
    supported heard said say
    """
)
LISTED = words("list show see all many have coming")
COMMANDS = (
    ((words("erase remove delete forget"),), "'totalaud contacts erase ADDRESS' erases somebody"),
    (
        (words("stop suppress unsubscribe"),),
        "'totalaud contacts suppress ADDRESS' keeps somebody from being written to",
    ),
    ((words("cost costs spent spend spending"),), "'totalaud budget get' tells what was spent"),
    (
        (words("open opens opened"), words("rate rates many often")),
        "opens are not counted, since mail programs load pictures by themselves: ask for the reply rate",
    ),
    (
        (words("unsubscribed suppressed objected"),),
        "'totalaud contacts list' shows who must not be written to",
    ),
    (
        (words("find get give show what whats"), words("mail email address phone number")),
        "'totalaud contacts list' has addresses",
    ),
    ((HAPPENED,), OUTREACH),
    ((words("did has have"), PITCH | ANSWERS), OUTREACH),
    *(
        ((LISTED, frozenset({noun})), f"'totalaud {noun} list' shows them")
        for noun in ("releases", "campaigns", "artists", "contacts", "opportunities", "coverage")
    ),
)


def with_command(reason: str, text: str) -> str:
    """Add the command that serves, if one does, to why a question was not read."""
    said = set(WORD.findall(text.casefold()))
    told = next((told for groups, told in COMMANDS if all(said & group for group in groups)), None)
    return reason if told is None or "totalaud " in reason else f"{reason}; {told}"
