"""The form of PostgreSQL's URL, looked at before a library reads it, whose error would quote the password."""

import re

from shared.refusal import Refusal

NAME = "TOTALAUD_DATABASE_URL"
_HOST = r"(\[[0-9a-fA-F:.]+\]|[\w.%-]*)(:\d+)?"
_FORM = re.compile(rf"postgres(ql)?://([^@/?#\s]*@)?{_HOST}(,{_HOST})*([/?]\S*)?")


def database_url(text: str) -> str:
    """Return it; raises Refusal for what is no such URL."""
    if not _FORM.fullmatch(text):
        raise Refusal(
            "invalid",
            NAME,
            f"{NAME}: not postgresql://USER:PASSWORD@HOST:PORT/NAME; "
            "what is special in a password is escaped, %2F for a slash",
        )
    return text
