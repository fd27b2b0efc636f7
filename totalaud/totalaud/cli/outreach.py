"""`outreach …`: what happened between campaigns and contacts."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from totalaud.cli.loading import DryRun, File, load
from totalaud.cli.options import group
from totalaud.cli.reading import texts
from totalaud.cli.recording import Campaign, Contact, Limit, send, show_list

app = group("Record what was sent and answered.")


@app.command("record")
def record(
    context: typer.Context,
    campaign: Campaign,
    contact: Contact,
    event: Annotated[
        str,
        typer.Argument(
            metavar="EVENT", help="drafted, approved, sent, bounced, replied, positive, declined or placed."
        ),
    ],
    *,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="ISO 8601 with its offset; default now.")
    ] = None,
    channel: Annotated[str | None, typer.Option(metavar="CHANNEL", help="email, form, …")] = None,
    template: Annotated[str | None, typer.Option(metavar="NAME", help="Which text was sent.")] = None,
    detail: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The answer's words, or a note; kept sealed.")
    ] = None,
    category: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="Of a reply: interested, placed, declined, objected, auto, other; otherwise by its words.",
        ),
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="What to compare by, such as hook=question; repeatable."),
    ] = None,
    propensity: Annotated[
        float | None,
        typer.Option(min=0, max=1, metavar="SHARE", help="How likely this time of sending was chosen."),
    ] = None,
) -> None:
    """Record one event."""
    attributes = texts(attribute or [], "--attribute")
    when = at or datetime.now(UTC).isoformat(timespec="seconds")
    send(
        context,
        lambda records: records.record_outreach(
            campaign, contact, event, when, channel=channel, template=template, detail=detail,
            category=category, attributes=attributes, propensity=propensity,
        ),
        "outreach",
        "is recorded",
    )  # fmt: skip


@app.command("correct")
def correct(
    context: typer.Context,
    campaign: Campaign,
    outreach_id: Annotated[
        str, typer.Argument(metavar="OUTREACH", help="Its UUID, from 'totalaud outreach list --json'.")
    ],
) -> None:
    """Take back an event that did not happen."""
    send(context, lambda records: records.correct_outreach(campaign, outreach_id), "outreach", "is corrected")


@app.command("import")
def import_(context: typer.Context, file: File, dry_run: DryRun = False) -> None:
    """Import events. Good rows load even if others are wrong, and a repetition changes nothing."""
    raise load(context, "outreach", file, dry_run=dry_run)


@app.command("list")
def list_(
    context: typer.Context,
    campaign: Annotated[str | None, typer.Option(metavar="CAMPAIGN", help="Name or UUID.")] = None,
    limit: Limit = 20,
) -> None:
    """List events, the latest first. With --json the answers' words too."""
    show_list(context, "outreach", limit=limit, of=campaign)
