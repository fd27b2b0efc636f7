"""Lines of text that show what steers terminals in place of steering them."""

import sys

PICTURES = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"}
TURNING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
SHOWN = PICTURES | {0x7F: 0x2421} | dict.fromkeys((*range(0x80, 0xA0), *TURNING), 0xFFFD)


def plain(text: str) -> str:
    """Return the text with a picture for each control character, but for tabs and ends of lines.

    So it is with what has the letters after it run the other way: a whole line could be told backwards.
    """
    return text.translate(SHOWN)


def echo(*lines: str, err: bool = False) -> None:
    """Write lines: whatever they repeat of a file or a name is plain."""
    for line in lines:
        print(plain(line), file=sys.stderr if err else sys.stdout, flush=True)
