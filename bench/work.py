"""The work, the same for everybody: a document of about 1 KB that three steps pass on, each counting one up.

Standard library only: peers run this in environments of their own.
"""

import random
import string
from typing import Any

Document = dict[str, Any]
STEPS = 3
IN_FLIGHT = 50
TEXT = "".join(random.Random(7).choices(string.ascii_lowercase + " ", k=900))


class Wrong(Exception):  # noqa: N818 - what it says
    """What came out is not what was asked for."""


def document(number: int) -> Document:
    return {"number": number, "count": 0, "kind": "bench", "tags": ["a", "b", "c"], "text": TEXT}


def passed_on(given: Document) -> Document:
    """Do one step."""
    return {**given, "count": given["count"] + 1}


def check(final: Document) -> None:
    """Raise Wrong for a document that not every step has seen."""
    if final["count"] != STEPS or final["text"] != TEXT:
        raise Wrong(f"a document came back after {final['count']} of {STEPS} steps")
