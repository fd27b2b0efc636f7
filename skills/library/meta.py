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


def own_data(
    context: Context, n: int, *, missing: int = 0, sources: Iterable[str] = (), warnings: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the `Meta` of an answer from the user's own rows; it is insufficient where some are missing."""
    basis = "insufficient" if missing else "own_data"
    return meta(context, basis, n, needed=missing or None, sources=sources, warnings=warnings)
