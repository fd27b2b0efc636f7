"""Inputs that nobody would send: valid ones, bent at random, by seed."""

import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Iterator
from typing import Any

from shared.delivery import Poison
from shared.refusal import LONGEST_FIELD, Refusal

LONGEST = 1000
MAX_PAYLOAD = 8 * 1024 * 1024

WORDS = (
    *(
        "",
        " ",
        "\0",
        "\ud800",
        "é" * 300,
        "x" * 5000,
        "../../etc/passwd",
        "$(id)",
        "'; DROP TABLE contacts; --",
    ),
    *(
        "{{step1.n}}",
        "{{step9.n}}",
        "{{",
        "}}",
        "{{ input.x | first }}",
        "{{step1.__class__}}",
        "evt.*.session.>",
    ),
    *("00000000-0000-4000-8000-00000000000a", "not-a-uuid", "2026-11-24T00:00:00Z", "1e999", "NaN", "true"),
)
PERSONAL = ("Zephyrine Birdcage", "z.birdcage7731@example.org", "+44 1632 960881")
NUMBERS = (0, -1, 1, 2**31, 2**63, 10**400, -0.0, 1e308, 5e-324, True, None)


def value(chance: random.Random, depth: int = 0) -> Any:
    """Return any JSON value, sometimes a deep or a wide one."""
    roll = chance.random()
    if depth > 3 or roll < 0.4:
        return chance.choice((*WORDS, *PERSONAL, *NUMBERS))
    if roll < 0.45:
        return _nested(chance.choice((5, 120, 900)))
    if roll < 0.7:
        return [value(chance, depth + 1) for _ in range(chance.randint(0, 4))]
    return {str(chance.choice(WORDS)): value(chance, depth + 1) for _ in range(chance.randint(0, 4))}


def bent(chance: random.Random, given: Any) -> Any:
    """Return it with something changed, dropped, added or doubled somewhere."""
    match given:
        case dict() if given and chance.random() < 0.9:
            key = chance.choice(list(given))
            match chance.randint(0, 4):
                case 0:
                    return {name: inner for name, inner in given.items() if name != key}
                case 1:
                    return {**given, str(chance.choice(WORDS)): value(chance)}
                case _:
                    return {**given, key: bent(chance, given[key])}
        case list() if given and chance.random() < 0.8:
            place = chance.randrange(len(given))
            changed = [*given[:place], bent(chance, given[place]), *given[place + 1 :]]
            return changed * chance.choice((1, 1, 2, 60)) if isinstance(changed[0], dict) else changed
        case _:
            return value(chance)


def torn(chance: random.Random, data: bytes) -> bytes:
    """Return the bytes with some of them cut, swapped or made up."""
    place = chance.randrange(len(data) + 1)
    match chance.randint(0, 3):
        case 0:
            return data[:place]
        case 1:
            return data[:place] + chance.randbytes(chance.randint(1, 8)) + data[place:]
        case 2:
            return data[:place] + data[place + chance.randint(1, 8) :]
        case _:
            return data[:place] + bytes(chance.choices(b'{}[]":,\\-!&*|>%@`#\t\n ', k=3)) + data[place:]


def bodies(chance: random.Random, valid: list[Any]) -> Iterator[bytes]:
    """Yield bent and torn forms of valid bodies for ever, as long as NATS takes them at most."""
    while True:
        given = chance.choice(valid)
        for _ in range(chance.randint(0, 3)):
            given = bent(chance, given)
        body = json.dumps(given).encode()
        body = torn(chance, body) if chance.random() < 0.2 else body
        if len(body) <= MAX_PAYLOAD:
            yield body


def _nested(depth: int) -> Any:
    inner: Any = 1
    for _ in range(depth):
        inner = [inner]
    return inner


class Watch:
    """Takes the CPU time of each input, and looks at each refusal; nothing else may be raised."""

    def __init__(self) -> None:
        self.inputs = self.done = 0
        self.slowest_s = 0.0
        self.codes: Counter[str] = Counter()

    async def see(self, answering: Awaitable[Any]) -> None:
        began = time.process_time()
        try:
            await answering
        except (Refusal, Poison) as refusal:
            self._check(refusal)
        else:
            self.done += 1
        self.inputs += 1
        self.slowest_s = max(self.slowest_s, time.process_time() - began)

    def _check(self, refusal: Refusal | Poison) -> None:
        """Code, field and message are there, short, and none of them repeats a value that may be personal."""
        code, field, message = (
            getattr(refusal, "code", "poison"),
            getattr(refusal, "field", None),
            str(refusal),
        )
        self.codes[code] += 1
        assert code
        assert field is None or (isinstance(field, str) and len(field) <= LONGEST_FIELD)
        assert 8 < len(message) <= LONGEST
        assert not [word for word in PERSONAL if word in f"{field} {message}"], message
