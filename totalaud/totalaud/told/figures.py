"""Figures and people as they are told, and what an answer says about itself."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from totalaud.told.lines import all_wrapped, counted, wrapped

Json = Mapping[str, Any]
Lines = list[str]


def rate(value: Json) -> str:
    """Write a rate with its interval: 6.3 % (2.1-16.8), 3 of 48; days as they are."""
    if str(value.get("method", "")).startswith("days"):
        if not value["k"]:
            return "no answer yet"
        days = f"{value['mean']:.1f} days ({value['lo']:.1f} to {value['hi']:.1f})"
        return f"{days}, {counted(value['k'], 'answer')}"
    figures = (percent(value[name]) for name in ("mean", "lo", "hi"))
    return "{} % ({}\u2013{}), {} of {}".format(*figures, value["k"], value["n"])


def percent(share: float) -> Decimal:
    """Write a share as its reader would round it: 0.0625 is 6.3."""
    return Decimal(f"{100 * share:.6f}").quantize(Decimal("0.1"), ROUND_HALF_UP)


def amount(value: float) -> str:
    """Write money in full, however much it is."""
    return f"{value:.2f}".removesuffix(".00")


def who(one: Json) -> str:
    """Name a contact by name and outlet, where they are known, else by id."""
    known = ", ".join(str(one[name]) for name in ("name", "outlet") if one.get(name))
    return known or one.get("contact_id") or "one without an id"


def meta(output: Json) -> Lines:
    """Say what an answer rests on, where that needs saying."""
    told = output.get("meta") or {}
    lines = all_wrapped(told.get("warnings") or (), "! ", "  ")
    if told.get("basis") == "insufficient" and told.get("needed") and not lines:
        lines = wrapped(f"Not enough data: about {told['needed']} more outcomes are needed.", "! ", "  ")
    if told.get("basis") == "template" and not lines:
        lines += wrapped("This is from the template: no model wrote it.", "! ", "  ")
    return lines
