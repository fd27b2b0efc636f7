"""The form of URLs, looked at before a library reads one, whose error is late or quotes a password."""

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from shared.refusal import Refusal

DATABASE_URL = "TOTALAUD_DATABASE_URL"
_HOST = r"(\[[0-9a-fA-F:.]+\]|[\w.%-]*)(:\d+)?"
_FORM = re.compile(rf"postgres(ql)?://([^@/?#\s]*@)?{_HOST}(,{_HOST})*([/?]\S*)?")
_HTTP = re.compile(
    r"https?://([^@/?#\s]*@)?(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:(?P<port>\d{1,5}))?([/?]\S*)?", re.IGNORECASE
)
_PORT = re.compile(r":(\d+)(?=,|$)")
LAST_PORT = 65_535


def is_read(url: str) -> bool:
    """Tell whether libraries read it: what urllib refuses (brackets in a password), it quotes."""
    try:
        hosts = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return False
    return all(int(port) <= LAST_PORT for port in _PORT.findall(hosts))


def database_url(text: str) -> str:
    """Return it; raises Refusal for what is no such URL."""
    if not (_FORM.fullmatch(text) and is_read(text)):
        raise Refusal(
            "invalid",
            DATABASE_URL,
            f"{DATABASE_URL}: not postgresql://USER:PASSWORD@HOST:PORT/NAME; "
            "what is special in a password is escaped, %2F for a slash",
        )
    return text


def http_url(name: str, env: Mapping[str, str] = os.environ) -> str | None:
    """Return the variable's URL, None where there is none; raises Refusal for what is none of HTTP."""
    text = env.get(name)
    if not text:
        return None
    found = _HTTP.fullmatch(text)
    if found is None or int(found["port"] or 0) > LAST_PORT:
        raise Refusal("invalid", name, f"{name}: not a URL such as https://HOST/v1 or http://HOST:PORT")
    return text
