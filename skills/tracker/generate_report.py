"""Writes a report on a campaign from what the other skills' library says of it; it computes nothing itself.

The same records, asked at the same time, give the same report to the letter.
"""

from typing import Any

from library.claimed_text import claims_of, flat
from library.markdown import markdown, texts
from library.meta import own_data
from library.report_csv import report_csv
from library.report_material import read
from library.report_sentences import unknown
from library.report_shapes import shaped
from skill_runner.context import Context

Json = dict[str, Any]


def run(given: Json, context: Context) -> Json:
    """Return the report as `markdown` and `csv`, and its `claims`."""
    audience, detail = given.get("audience") or "artist", given.get("detail") or "brief"
    of = read(
        context,
        given["campaign_id"],
        given["period"],
        patterns=detail == "detailed",
        rivals=audience == "label",
    )
    blocks = shaped(of, audience, detail)
    return {
        "markdown": markdown(blocks),
        "csv": report_csv(of),
        "claims": claims_of(texts(blocks)),
        "log_offset": of.offset,
        "meta": own_data(context, of.delivered, missing=of.missing, warnings=map(flat, unknown(of))),
    }
