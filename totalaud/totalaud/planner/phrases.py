"""Makes one of what is said in several ways, so that the grammar has to know one of them."""

import re

APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u201b\u02bc\u2032\uff07\u00b4`", "'"))
FOR_US = "find tell show give get send write draft create generate compose make prepare recommend suggest"
US = re.compile(
    rf"\b((?i:{FOR_US.replace(' ', '|')})|for|like|similar to) us\b"
    r"|\b((?i:e-?mail|mail|message|pitch|plan)) us(?= (?:an?|the|my|our|some)\b)"
)
FIXED = (
    ("us$", "$"),
    ("write to ", "pitch to "),
    ("press release", "pressrelease"),
    ("press-release", "pressrelease"),
    ("tik-tok", "tiktok"),
    ("playlist curator", "playlist"),
    ("r & b", "r&b"),
    ("follow up", "followup"),
    ("tik tok", "tiktok"),
)
NO_APOSTROPHE = r"\b((?:do|does|did|is|are|was|were|has|have|had|wo|would|ca|could|should)n) (t)\b(?!-)"
THANKS = r"^thank you(?=\s*[.,;:!])|[.,;:!]\s*(?:many thanks|thank you(?: (?:so|very) much)?)\W*$"
SILENT = (
    r"\b(?:(?:has|have|did|does|do)(?:n't| not)|(?<!will )(?<!would )(?<!might )not)(?: yet)? "
    r"(?:answer|answered|reply|replied|respond|responded)(?: yet)?\b"
)
THAN_BEFORE = (
    r"\b(?:compared (?:to|with)|than|versus|vs\.?) (?:the |my )?(?:last|previous|past) (week|month)\b"
)
SENDING = (
    r"^((?:(?:hi|hey|hello|please|pls|just|can|could|would|you)\W+)*)(?:send|e-?mail|mail|message) (?=me\b)"
)
WRITING = r"^((?:who|which|find|show|list|get|give|recommend|suggest)\b.*) writ(?:e|es|ing) about\b"
INSTEAD = tuple(
    (re.compile(said), one)
    for said, one in (
        (NO_APOSTROPHE, r"\1'\2"),
        (THANKS, ""),
        (SILENT, "followup"),
        (THAN_BEFORE, r" this \1"),
        *((re.escape(said), one) for said, one in FIXED),
        (r"(?<=\w)-based\b", " based"),
        (r"^what(?:'?s| is)? next\W*$", "what should i do next"),
        (SENDING, r"\1give "),
        (WRITING, r"\1 about"),
    )
)


def plain(text: str) -> str:
    """Lower-case a text, its apostrophes and fixed phrases made one, each after those before it."""
    text = " ".join(US.sub(r"\1\2 me", text.translate(APOSTROPHES)).casefold().split())
    for said, one in INSTEAD:
        text = said.sub(one, text)
    return text
