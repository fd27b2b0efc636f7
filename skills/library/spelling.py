"""Names that are written in several ways, told as they are written most often."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping


def usual(written: Mapping[str, int], key: Callable[[str], str]) -> dict[str, str]:
    """Return the most frequent spelling of each key, of equals the first; `written` counts them."""
    ways: dict[str, Counter[str]] = defaultdict(Counter)
    for name, many in written.items():
        ways[key(name)][name] += many
    return {one: max(sorted(some), key=some.__getitem__) for one, some in ways.items()}
