"""Standard output in whatever encoding it has: what that lacks is written as JSON escapes it."""

import codecs
import io
import json
import sys

ESCAPED = "totalaud.escaped"


def escape_on_stdout() -> None:
    """Let no letter of a name end a command, and leave JSON valid."""
    codecs.register_error(ESCAPED, escaped)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=ESCAPED)


def escaped(error: UnicodeError) -> tuple[str, int]:
    r"""Return the letters as `\uXXXX`, and where to go on; for `codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end
