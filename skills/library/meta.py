"""What every answer says about itself: what it rests on, how much of it, and as of when."""

from collections.abc import Iterable
from datetime import datetime
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
    as_of: datetime | None = None,
) -> dict[str, Any]:
    """Return a `Meta` of now, or of another time; `needed` is how many more observations are missing."""
    return {
        "basis": basis,
        "n": n,
        **({} if needed is None else {"needed": needed}),
        "as_of": (as_of or context.now()).isoformat(),
        "sources": list(sources),
        "warnings": list(warnings),
    }


def own_data(
    context: Context,
    n: int,
    *,
    missing: int = 0,
    sources: Iterable[str] = (),
    warnings: Iterable[str] = (),
    as_of: datetime | None = None,
) -> dict[str, Any]:
    """Return the `Meta` of an answer from the user's own rows; it is insufficient where some are missing."""
    basis, needed = "insufficient" if missing else "own_data", missing or None
    return meta(context, basis, n, needed=needed, sources=sources, warnings=warnings, as_of=as_of)
