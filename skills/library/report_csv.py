"""The figures of a report as CSV: one line each, whatever the report shows of them."""

from collections.abc import Iterator
from typing import Any

from library.campaign_numbers import FUNNEL, Side, rates
from library.csvtext import csv_text
from library.report_material import Material

COLUMNS = ("part", "item", "value", "low", "high", "k", "n", "rows")

Line = tuple[Any, ...]
Json = dict[str, Any]


def report_csv(of: Material) -> str:
    return csv_text(COLUMNS, _lines(of))


def _lines(of: Material) -> Iterator[Line]:
    now, then = of.numbers.current, of.numbers.previous
    yield from _side("this period", now, of, before=False)
    if then is not None:
        yield from _side("before", then, of, before=True)
    for metric, one in of.changes.items():
        both = f"{of.refs.pitches()}; {of.refs.pitches(before=True)}"
        chance = one["p_worse_in_the_end"]
        yield _figure("lower than before, probability", metric, chance, both)
    yield _rate("expected in the end", "replied", of.eventual, of.refs.pitches())
    for one in of.answers.groups:
        ref = of.refs.settled(f"type = {one['key']}")
        yield _rate("type, known outcomes", one["key"], one["rate"], ref)
        yield _figure("type, likely the best", one["key"], one["p_best"], ref)
    for kind, many in of.answers.categories.items():
        yield _figure("pitches by reply", kind, many, of.refs.replies(f"category = {kind}"))
    for one in of.rivals:
        ref = of.refs.all_settled(f"campaign_id = {one['key']}")
        yield _rate("campaign, known outcomes", one["name"], one["rate"], ref)
        yield _figure("campaign, likely the best", one["name"], one["p_best"], ref)
    yield _figure("follow-ups due", None, of.followups_due, of.refs.silent())


def _side(part: str, side: Side, of: Material, *, before: bool) -> Iterator[Line]:
    for stage in FUNNEL:
        yield _figure(part, stage, side.funnel[stage], of.refs.pitches(stage, before=before))
    for one in rates(side):
        ref = of.refs.delivered(f"{one['metric']}_at", before=before)
        yield _rate(f"{part}, of delivered", one["metric"], one["rate"], ref)


def _figure(part: str, item: Any, value: float, ref: str) -> Line:
    return (part, item, value, None, None, None, None, ref)


def _rate(part: str, item: Any, given: Json, ref: str) -> Line:
    return (part, item, given["mean"], given["lo"], given["hi"], given["k"], given["n"], ref)
