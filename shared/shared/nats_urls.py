"""`TOTALAUD_NATS_URL` names one server, or those of a cluster with commas between: any of them will do.

`tls://` means TLS before anything is said: a client that waited for the server's greeting to hear of TLS
would send its password in the clear to whoever greets without. The server has to be set to `handshake_first`.
"""

import logging
import os
import re
import ssl
from typing import Any
from urllib.parse import urlsplit

from shared.refusal import Refusal
from shared.urls import is_read

CA = "TOTALAUD_NATS_CA"
TLS = "tls://"
NATS_URL = "TOTALAUD_NATS_URL"
_FORM = re.compile(r"((nats|tls)://)?([^/?#\s]*@)?(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?/?")


def servers(url: str) -> list[str]:
    """Return each server's URL; raises Refusal for what is none, which nats-py would look for without end."""
    listed = [one.strip() for one in url.split(",") if one.strip()]
    if not listed or not all(_FORM.fullmatch(one) and is_read(_whole(one)) for one in listed):
        raise Refusal(
            "invalid",
            NATS_URL,
            f"{NATS_URL}: not nats://USER:PASSWORD@HOST:PORT or tls://…, several with commas between; "
            "a password stands as it is, it has no comma and none of / ? # [ ]",
        )
    return listed


def secured(url: str) -> dict[str, Any]:
    """Return what nats-py has to be told of TLS: nothing for `nats://`.

    The server's certificate must be signed by the CA in TOTALAUD_NATS_CA, else by one that the system trusts.
    """
    with_tls = [one.startswith(TLS) for one in servers(url)]
    if not any(with_tls):
        return {}
    if not all(with_tls):
        raise Refusal("tls", NATS_URL, f"{NATS_URL}: all servers are tls://, or none")
    logging.getLogger("asyncio").addFilter(_means_something)
    return {"tls": _trusting(os.environ.get(CA)), "tls_handshake_first": True}


def credentials(url: str) -> dict[str, str]:
    """Return what nats-py has to tell every server, also those that it hears of from a cluster.

    It takes them from the URL otherwise, and those have none in theirs. Servers that are given other
    credentials each keep their own.
    """
    given = {urlsplit(_whole(one)).netloc.rpartition("@")[0] for one in servers(url)}
    if len(given) != 1 or given == {""}:
        return {}
    user, colon, password = given.pop().partition(":")
    return {"user": user, "password": password} if colon else {"token": user}


def told(error: BaseException) -> str:
    """Say in a few words why a connection failed."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is refused, {error.verify_message}: see {CA}"
        case ssl.SSLError():
            return "it does not speak TLS first: nats://, or handshake_first at the server"
        case TimeoutError():
            return "no greeting in time: it stands still, or wants tls:// in the URL"
        case _:
            return str(error).removeprefix("nats: ").strip("'") or type(error).__name__


def _whole(url: str) -> str:
    return url if "://" in url else f"nats://{url}"


def _means_something(record: logging.LogRecord) -> bool:
    """Leave out what asyncio warns of at the end of each TLS connection that nats-py has made."""
    return "eof_received() has no effect" not in str(record.msg)


def _trusting(file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=file or None)
    except OSError as error:
        why = error.strerror if not isinstance(error, ssl.SSLError) else "no certificate in it"
        raise Refusal("tls", CA, f"{CA}: the file {file} cannot be used: {why}") from None
