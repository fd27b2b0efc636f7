"""E-mail addresses as people write them: the same person however the address is dressed up."""

import re
from unicodedata import category

_EMAIL = re.compile(r"[^@\s,;:<>()\[\]\"\\]{1,64}@[^@\s!-,./:-?\[-^`{-~]+(\.[^@\s!-,./:-?\[-^`{-~]+)+")
_ADDRESSED = re.compile(r"[^<>]*<([^<>]+)>")
_LINK = re.compile(r"mailto:([^?]*)(\?.*)?", re.IGNORECASE)
_LONGEST = 1000
_QUOTES = "'\"`\u00b4\u2018\u2019\u201c\u201d\u201e"


def address(text: str) -> str:
    """Return the bare e-mail address, without what cannot be seen; a ValueError says the rule."""
    if "@" not in text or len(text) > _LONGEST:
        raise ValueError("is not an e-mail address")
    seen = "".join(sign for sign in text if category(sign) != "Cf").strip()
    addressed = _ADDRESSED.fullmatch(seen)
    bare = (addressed[1] if addressed else seen).strip().strip(_QUOTES)
    link = _LINK.fullmatch(bare)
    bare = (link[1] if link else bare).strip()
    if not _EMAIL.fullmatch(bare):
        raise ValueError("is not an e-mail address")
    return bare
