"""Where a connection hears its answers: below its own user's name, so that no user can read another's."""

import re
from urllib.parse import urlsplit

from shared.nats_urls import servers

_NAME = re.compile(r"[A-Za-z0-9_-]+")


def inbox(url: str) -> str:
    """Return `_INBOX_<user>` for a URL with a user, else the usual `_INBOX`."""
    user = urlsplit(servers(url)[0]).username or ""
    return f"_INBOX_{user}" if _NAME.fullmatch(user) else "_INBOX"
