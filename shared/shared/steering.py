"""What could steer a terminal or turn the direction of writing, and JSON leaves as it is."""

import re

STEERING = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def harmless(json: str) -> str:
    """Return the same JSON, whatever its texts hold, for a reader who looks at it as it stands."""
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", json)
