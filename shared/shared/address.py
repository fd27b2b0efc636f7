"""E-mail addresses as people write them: the same person however the address is dressed up."""

import re
from unicodedata import category

_EMAIL = re.compile(r"[^@\s,;:<>()\[\]\"\\]{1,64}@[^@\s,;:<>()\[\]\"\\.]+(\.[^@\s,;:<>()\[\]\"\\.]+)+")
_ADDRESSED = re.compile(r"[^<>]*<([^<>]+)>")


def address(text: str) -> str:
    """Return the bare e-mail address, without what cannot be seen; a ValueError says the rule."""
    seen = "".join(sign for sign in text if category(sign) != "Cf").strip()
    addressed = _ADDRESSED.fullmatch(seen)
    bare = (addressed[1] if addressed else seen).strip().removeprefix("mailto:").strip()
    if not _EMAIL.fullmatch(bare):
        raise ValueError("is not an e-mail address")
    return bare
