"""What every answer says about itself: what it rests on, how much of it, and as of when."""

from collections.abc import Iterable
from typing import Any

from skill_runner.context import Context


def meta(
    context: Context,
    basis: str,
    n: int,
    *,
    needed: int | None = None,
    sources: Iterable[str] = (),
    warnings: Iterable[str] = (),
) -> dict[str, Any]:
    """Return a `Meta`; `needed` is how many more observations are missing."""
    return {
        "basis": basis,
        "n": n,
        **({} if needed is None else {"needed": needed}),
        "as_of": context.now().isoformat(),
        "sources": list(sources),
        "warnings": list(warnings),
    }
