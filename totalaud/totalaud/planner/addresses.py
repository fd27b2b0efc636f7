"""Takes e-mail addresses out of a question: they are personal, and no answer repeats a part of one."""

import re

from shared.address import address

NONE_OF_IT = r"\s<>()\[\]\",;:\u201c\u201d"
SAID = re.compile(rf"(?:mailto:)?[^@{NONE_OF_IT}]+@[^{NONE_OF_IT}]*", re.IGNORECASE)
AROUND = ".!?'\u2018\u2019\u2026"
OWNS = re.compile("['\u2019]s$")
IN_ITS_PLACE = " contact "


def taken(text: str) -> tuple[str, list[str]]:
    """Return the text with a plain word for each address, and the addresses; a ValueError says the rule."""
    found = [_bare(said) for said in SAID.findall(text)]
    return SAID.sub(IN_ITS_PLACE, text), list(dict.fromkeys(found))


def _bare(said: str) -> str:
    return address(OWNS.sub("", said.strip(AROUND)))
