"""Parsing the headers of a NATS message: the client's own way looks at every character of every name.

It did so for seven headers of each commit that is read from the log, and took half of the time of reading it.
"""

from functools import lru_cache

from nats.aio.client import Client


def parse(raw: bytes) -> dict[str, str]:
    """Return the headers by name; a line that has no name is passed over."""
    found: dict[str, str] = {}
    for line in raw.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon and (known := _name(name)):
            found[known] = value.strip().decode("utf-8", "replace")
    return found


@lru_cache(maxsize=512)
def _name(raw: bytes) -> str | None:
    name = raw.strip()
    return None if not name.isascii() or len(name.split()) != 1 else name.decode()


def quicken(client: Client) -> None:
    """Let a client parse headers this way."""
    client._parse_header_lines = parse  # type: ignore[method-assign]  # noqa: SLF001 - there is no other door
