"""Does nothing but pass a document on, so that what is measured is the engine."""

from typing import Any


def run(given: dict[str, Any], _context: Any) -> dict[str, Any]:
    document = given["document"]
    return {"document": {**document, "count": document["count"] + 1}}
