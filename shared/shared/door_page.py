"""A service's doors for a person to read; nothing of the page comes from elsewhere."""

import re
from collections.abc import Iterable
from html import escape

from shared.doors import Door

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>totalaud {name}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem }}
h2 {{ margin-top: 2rem }}
code {{ background: #8882; padding: 0 .2em; overflow-wrap: anywhere }}
</style>
<h1>totalaud {name}</h1>
<p>{what} As AsyncAPI, for programs: <a href="docs.json">docs.json</a>.</p>
{doors}
</html>
"""
ASKED = "Requests on NATS that it answers, with JSON: the second part of a subject is the user's id."
NONE = "It answers no requests."
CODE = re.compile(r"`([^`]+)`")


def page(name: str, doors: Iterable[Door]) -> str:
    """Return HTML; of a door's Markdown it knows paragraphs and code."""
    told = "\n".join(_told(door) for door in doors)
    return PAGE.format(name=escape(name), what=ASKED if told else NONE, doors=told)


def _told(door: Door) -> str:
    paragraphs = door.description.split("\n\n") if door.description else []
    texts = [f"<code>{escape(door.subject)}</code>", *(_code(one) for one in paragraphs)]
    return "\n".join([f"<h2>{escape(door.title)}</h2>", *(f"<p>{text}</p>" for text in texts)])


def _code(text: str) -> str:
    return CODE.sub(r"<code>\1</code>", escape(text))
